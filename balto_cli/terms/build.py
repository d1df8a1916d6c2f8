"""`python -m balto_cli.terms.build CATALOGO_DIR`: distils the public facts on medicines into `data/termos.csv`.

Reads `substancias.csv` and `marcas.csv` of CATALOGO_DIR, the decisions that a person wrote into `data/revisao.csv` and
the names added by hand in `data/acrescimos.csv`; the frequency of Portuguese words comes from the `wordfreq` package.
Writes `data/termos.csv`, `data/palavras_comuns.csv` and `data/palavras_parecidas.csv`: the same inputs give the same
bytes.

A brand that is an everyday word as well (frequency of at least `EVERYDAY`) needs context, unless a person decided
otherwise. A name is left out by `fora` in `revisao.csv`.
"""

from __future__ import annotations

import csv
import io
import math
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.files import write_atomically
from balto_cli.terms.catalogue import COLUMNS, DATA, MEDICINE_CATEGORIES, load_terms
from balto_cli.terms.matching import NameIndex
from balto_cli.terms.phonetics import phonetic_key
from balto_cli.terms.spelling import fold, spelling_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from balto_cli.terms.catalogue import CatalogueTerm

Row = dict[str, str]

EVERYDAY = 1.0
"""Zipf frequency (log10 of uses in a thousand million words) from which a brand counts as an everyday word."""
COMMON = 3.5
"""Zipf frequency of the words that never begin a medicine's name by themselves: about 17,000."""
KNOWN = 1.0
"""Zipf frequency from which a word is one that people use, and not a slip of somebody's pen."""
NEAR = 0.81
"""Nearness to a name from which a known word is listed as an everyday one."""
_STRICTEST = ("controlado", "antimicrobiano", "tarja_vermelha", "verificar", "conforme_apresentacao", "isento")
_REGISTRATIONS = (2, 6, 20)
"""Registrations of an ingredient from which its relevance is at least 1, 2 and 3."""
_LATIN_AUTHOR = re.compile(r"[(.]")
_MAX_WORDS = 5
_SHORT = 4
"""Letters up to which a brand is heard only in context: "Tess", "Etna"."""
_LONG = 7
_SUFFIX = 2


@dataclass(slots=True)
class Review:
    """What a person decided about a name; empty cells leave it to the rules."""

    use: str = ""
    relevance: str = ""
    spelling: str = ""
    variants: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Build the tables from the folder named in `arguments`; return the exit code."""
    if len(arguments) != 1:
        print("Uso: python -m balto_cli.terms.build PASTA_DO_CATALOGO", file=sys.stderr)  # noqa: T201
        return 2
    folder = Path(arguments[0])
    review = {row["nome"]: _review(row) for row in _rows(DATA / "revisao.csv")}
    additions = _rows(DATA / "acrescimos.csv")
    terms = distil(_rows(folder / "substancias.csv"), _rows(folder / "marcas.csv"), review, additions)
    write_atomically(DATA / "termos.csv", _csv(COLUMNS, terms))
    common, near = everyday_words(load_terms())
    for name, words in (("palavras_comuns.csv", common), ("palavras_parecidas.csv", near)):
        write_atomically(DATA / name, _csv(("palavra", "som"), map(_with_sound, words)))
    return 0


def distil(
    substances: Iterable[Row], brands: Iterable[Row], review: Mapping[str, Review], additions: Iterable[Row]
) -> list[Row]:
    """Return the rows of the catalogue: ingredients, then brands, each by name."""
    substances, brands, additions = list(substances), list(brands), list(additions)
    key_of = {row["substancia"]: row["chave"] for row in substances}
    registrations = {row["chave"]: int(row["registros_ativos"]) + int(row["notificados"]) for row in substances}
    sold = _sold(brands, key_of)
    rows = [
        *additions,
        *(row for item in substances for row in _ingredient(item, sold, review.get(item["substancia"], Review()))),
        *_brands(brands, key_of, registrations, review),
    ]
    return sorted(_without_clashes(rows), key=lambda row: (row["tipo"] != "principio", fold(row["nome"]), row["nome"]))


def everyday_words(terms: Sequence[CatalogueTerm]) -> tuple[list[str], list[str]]:
    """Return the common words of Portuguese, and the rarer ones that would be taken for a name of the catalogue."""
    index = NameIndex(terms)
    words = [word for word in sorted(frequencies()) if word.isalpha() and index.exact(word) is None]
    common = [word for word in words if frequency(word) >= COMMON]
    near = [word for word in words if KNOWN <= frequency(word) < COMMON and _comes_near(index, word)]
    return common, near


def _with_sound(word: str) -> Row:
    return {"palavra": word, "som": phonetic_key(word)}


def _comes_near(index: NameIndex, word: str) -> bool:
    match = index.phonetic(word) or index.approximate(word)
    return match is not None and match.score >= NEAR


def _ingredient(item: Row, sold: Mapping[str, int], review: Review) -> Iterable[Row]:
    """The row of an ingredient, unless it is the name of a plant with its author or a phrase that nobody says."""
    name, key = item["substancia"].rstrip("."), item["chave"]
    if review.use == "fora" or _LATIN_AUTHOR.search(name) or len(spelling_of(name)) > _MAX_WORDS:
        return
    count = int(item["registros_ativos"]) + int(item["notificados"])
    relevance = max(sold.get(key, 0), sum(count >= least for least in _REGISTRATIONS))
    everyday = item["categoria_venda"] == "verificar" and " " not in name
    yield {
        "nome": review.spelling or name,
        "tipo": "principio",
        "principios": key,
        "categoria": item["categoria_venda"],
        "classe": item["subgrupo"],
        "relevancia": review.relevance or str(relevance),
        "registros": str(count),
        "uso": review.use or ("contexto" if everyday else "livre"),
        "variantes": ";".join(_unique([*_synonyms(name, item["sinonimos"]), *review.variants])),
        "fonte": item["fonte"],
        "data": item["data"],
    }


def _synonyms(name: str, cell: str) -> Iterable[str]:
    """Synonyms that the name itself would not find: salts of it are found by it."""
    words = spelling_of(name)
    for synonym in cell.split(";"):
        spelt = spelling_of(synonym)
        short = len("".join(spelt)) < _SHORT
        if not spelt or "(" in synonym or short or frequency("".join(spelt)) >= EVERYDAY + 1:
            continue
        if any(spelt[start : start + len(words)] == words for start in range(len(spelt))):
            continue
        yield synonym.strip()


def _brands(
    brands: Iterable[Row], key_of: Mapping[str, str], registrations: Mapping[str, int], review: Mapping[str, Review]
) -> Iterable[Row]:
    """One row a brand that is sold, however many compositions carry its name: the most sold ones decide."""
    compositions: dict[str, list[Row]] = defaultdict(list)
    for row in brands:
        compositions[row["marca"]].append(row)
    for brand, rows in compositions.items():
        decided = review.get(brand, Review())
        relevance = max(int(row["relevancia"]) for row in rows)
        if decided.use == "fora" or not (relevance or decided.relevance):
            continue
        most_sold = [row for row in rows if int(row["relevancia"]) == relevance]
        category = min((row["tarja"] for row in most_sold), key=_strictness)
        ingredients: list[str] = []
        if category in MEDICINE_CATEGORIES:
            contents = (name for row in most_sold for name in row["principios"].split(";") if name)
            ingredients = _unique(key for name in contents for key in _keys_in(name, key_of))
        yield {
            "nome": decided.spelling or brand,
            "tipo": "marca",
            "principios": ";".join(sorted(ingredients)),
            "categoria": category,
            "classe": most_sold[0]["classe_terapeutica"],
            "relevancia": decided.relevance or str(relevance),
            "registros": str(max((registrations.get(key, 0) for key in ingredients), default=0)),
            "uso": decided.use or _use(brand),
            "variantes": ";".join(decided.variants),
            "fonte": most_sold[0]["fonte"],
            "data": most_sold[0]["data"],
        }


def _keys_in(content: str, key_of: Mapping[str, str]) -> list[str]:
    """The keys of the ingredients in a content: one, or those that the text of a notified product mentions."""
    if content in key_of:
        return [key_of[content]]
    text = f" {' '.join(spelling_of(content))} "
    found = [key for key in key_of.values() if f" {key} " in text]
    longest = [key for key in found if not any(key != other and f" {key} " in f" {other} " for other in found)]
    return longest or [fold(content)]


def _use(brand: str) -> str:
    """`contexto` for brands that are everyday words, alone or one by one, or hardly longer than one syllable."""
    words = spelling_of(brand)
    if len("".join(words)) <= _SHORT:
        return "contexto"
    alone = frequency(words[0]) >= EVERYDAY if len(words) == 1 else False
    together = len(words) > 1 and all(frequency(word) >= COMMON or len(word) == 1 for word in words)
    return "contexto" if alone or together else "livre"


def _without_clashes(rows: Iterable[Row]) -> list[Row]:
    """Drop names that are there already, add what people shorten them to, and keep each variant with its first owner.

    Addera D3 is asked for as "addera", and brometo de ipratrópio as "ipratrópio".
    """
    kept: dict[str, Row] = {}
    for row in rows:
        kept.setdefault("".join(spelling_of(row["nome"])), row)
    taken = set(kept)
    uses = Counter(
        word for row in kept.values() if row["tipo"] == "principio" for word in set(spelling_of(row["nome"]))
    )
    for row in sorted(kept.values(), key=lambda row: (-int(row["relevancia"]), len(row["nome"]), row["nome"])):
        variants = [variant for variant in row["variantes"].split(";") if variant]
        words = spelling_of(row["nome"])
        if row["tipo"] == "marca":
            variants += [stem for stem in _stems(words) if len(stem) > _SHORT and frequency(stem.split()[0]) < EVERYDAY]
        elif len(words) > 1:
            variants += [word for word in words if uses[word] == 1 and _says_it_all(word)]
        row["variantes"] = ";".join(_claimed(variants, taken))
    return list(kept.values())


def _stems(words: tuple[str, ...]) -> list[str]:
    """What a brand of several words is shortened to: its first word, or all but a short suffix."""
    suffixed = len(words) > 2 and len(words[-1]) <= _SUFFIX and words[-1].isalpha()
    return _unique([words[0], *([" ".join(words[:-1])] if suffixed else [])]) if len(words) > 1 else []


def _says_it_all(word: str) -> bool:
    """Whether a word of an ingredient's name is enough to ask for it: "ipratrópio", but not "ácido" or "sódio"."""
    return len(word) >= _LONG and frequency(word) < EVERYDAY


def _claimed(variants: Iterable[str], taken: set[str]) -> Iterable[str]:
    for variant in variants:
        joined = "".join(spelling_of(variant))
        if joined not in taken:
            taken.add(joined)
            yield variant


def _sold(brands: Iterable[Row], key_of: Mapping[str, str]) -> dict[str, int]:
    """How much the brands of an ingredient alone are sold, 0 to 3."""
    sold: dict[str, int] = {}
    for row in brands:
        if ";" not in row["principios"] and row["principios"] in key_of:
            key = key_of[row["principios"]]
            sold[key] = max(sold.get(key, 0), int(row["relevancia"]))
    return sold


def _strictness(category: str) -> int:
    return _STRICTEST.index(category) if category in _STRICTEST else len(_STRICTEST)


@cache
def frequencies() -> dict[str, float]:
    """Zipf frequency of every Portuguese word of `wordfreq`, the highest of the spellings that fold into one."""
    from wordfreq import get_frequency_dict

    found: dict[str, float] = {}
    for word, value in get_frequency_dict("pt").items():
        folded = fold(word)
        found[folded] = max(found.get(folded, 0.0), round(math.log10(value * 1e9), 2))
    return found


def frequency(word: str) -> float:
    """Zipf frequency of a folded word, 0 where it is not known."""
    return frequencies().get(word, 0.0)


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _review(row: Row) -> Review:
    variants = [part.strip() for part in row["variantes"].split(";") if part.strip()]
    return Review(row["uso"], row["relevancia"], row["grafia"], variants)


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _csv(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
