"""Words of regions, of hurried speech and of engines that misheard, as the tables write them: "goela" is "garganta".

One word stays one word, so that places in a sentence stay true.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.suggestions.catalogue import DATA, read_rows
from balto_cli.suggestions.families import families
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.phrases import phrase, phrases
from balto_cli.terms.finder import own_finder
from balto_cli.terms.phonetics import phonetic_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TABLE = DATA / "falares.csv"
_SHORTEST_GARBLED = 6
"""Letters from which a word that nobody knows is compared with those of complaints."""
_SHORTEST_FOR_TWO = 9
"""Letters from which two of them may be wrong."""
_SHORTEST_STEM = 4
_STEM = re.compile(rf"[a-z]{{{_SHORTEST_STEM},}}")
_WORD = re.compile(r"(?<![a-z\\])[a-z]{4,}(?![a-z?*+\\\[({])")
"""A whole word in a pattern, as far as its letters tell."""
_SMALL = re.compile(r"([a-z]{3,}?)z?inh([oa])(s?)")
_OWN_MEANING = frozenset("caminha caminho caminhos carinho carinhos galinha galinhas".split())  # noqa: SIM905
"""They end like small things and are none."""
_BEGINNING = frozenset("para param parava comeca comecou comecei comecaram desatou".split())  # noqa: SIM905
_DENYING_NUM = phrase("spoken.num")
"""After "num", what tells a spoken "não" from "em um"."""


def as_written(words: Sequence[str]) -> list[str]:
    """The folded words of a sentence as the tables write them, as many as there were."""
    found = [_written(word) for word in words]
    for index, word in enumerate(found[:-1]):
        if word in ("num", "nun") and _DENYING_NUM.search(found[index + 1]):
            found[index] = "nao"
        elif (pair := f"{word} {found[index + 1]}") in _table()[0]:
            found[index + 1] = _table()[0][pair]
        elif word in _BEGINNING and index + 2 < len(found) and found[index + 1] in ("a", "de"):
            found[index + 2] = _in_course(found[index + 2])
    return found


def _in_course(word: str) -> str:
    """Of what does not stop or has begun: "não para de pingar" is "pingando"."""
    return f"{word[:-1]}ndo" if len(word) > _SHORTEST_STEM and word.endswith(("ar", "er", "ir")) else word


@lru_cache(maxsize=8192)
def _written(word: str) -> str:
    exact, sounds, alike = _table()
    if word in exact:
        return exact[word]
    if word not in alike and (plain := _without_endearment(word)):
        return plain
    if len(word) < _SHORTEST_GARBLED or not word.isalpha() or word in alike or _is_known(word):
        return word
    return sounds.get(phonetic_key(word)) or _nearest(word, alike) or word


def _without_endearment(word: str) -> str | None:
    """The word of the tables of which this is the small form, unless they have it too: "receitinha" is "receita"."""
    match = _SMALL.fullmatch(word)
    if match is None or word in _OWN_MEANING or word in _whole_words() or word in _looked_for():
        return None
    stem, ending, plural = match.groups()
    hard = {"qu": "c", "gu": "g"}.get(stem[-2:])
    # "Corizinha" is of "coriza", "bebezinho" of "bebê".
    stems = [stem, *([stem[:-2] + hard] if hard else []), *([f"{stem}z"] if word[len(stem)] == "z" else [])]
    plain = [one + last + plural for one in stems for last in (ending, "e", "")]
    return next((one for one in plain if one in _whole_words()), None)


def _is_known(word: str) -> bool:
    """Whether it is a word of everyday Portuguese or a medicine's name, or begins like one that a table looks for."""
    finder = own_finder()
    return (
        word in finder.common
        or finder.is_name(word)
        or any(word[:size] in _looked_for() for size in range(_SHORTEST_STEM, len(word) + 1))
    )


def _nearest(word: str, alike: frozenset[str]) -> str | None:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    most = 2 if len(word) >= _SHORTEST_FOR_TWO else 1
    first = [other for other in alike if other[0] == word[0]]
    near = process.extractOne(word, first, scorer=OSA.distance, score_cutoff=most)
    return near[0] if near else None


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """Words by the word that is meant, words of complaints by their sound, and those words."""
    rows = read_rows(TABLE)
    alike = [row["lido"] for row in rows if not row["dito"]]
    return (
        {row["dito"]: row["lido"] for row in rows if row["dito"]},
        {phonetic_key(word): word for word in alike},
        frozenset(alike),
    )


def _patterns() -> Iterator[str]:
    lexicon = load_lexicon()
    yield from (need.pattern.source for need in lexicon.needs)
    yield from (sign.pattern.source for sign in lexicon.signs)
    yield from (condition.pattern.source for condition in lexicon.conditions if condition.pattern)
    yield from families().values()


@lru_cache(maxsize=1)
def _looked_for() -> frozenset[str]:
    """The letters of words in the tables: whole words, and stems that go on."""
    return frozenset(stem for pattern in _patterns() for stem in _STEM.findall(pattern))


@lru_cache(maxsize=1)
def _whole_words() -> frozenset[str]:
    """Words that a table, or a turn of everyday speech, writes out."""
    exact, _, alike = _table()
    patterns = (*_patterns(), *phrases().values())
    return alike.union(exact.values(), (word for pattern in patterns for word in _WORD.findall(pattern)))
