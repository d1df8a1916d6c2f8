"""Words of regions, of hurried speech and of engines that misheard, as the tables write them: "goela" is "garganta".

One word stays one word, so that places in a sentence stay true.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.suggestions.catalogue import DATA, read_rows
from balto_cli.suggestions.phrases import phrase
from balto_cli.terms.catalogue import DATA as TERMS
from balto_cli.terms.phonetics import phonetic_key

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE = DATA / "falares.csv"
_SHORTEST_GARBLED = 6
"""Letters from which a word that nobody knows is compared with those of complaints."""
_SHORTEST_FOR_TWO = 9
"""Letters from which two of them may be wrong."""
_SHORTEST_STEM = 4
_STEM = re.compile(rf"[a-z]{{{_SHORTEST_STEM},}}")
_DENYING_NUM = phrase("spoken.num")
"""After "num", what tells a spoken "não" from "em um"."""


def as_written(words: Sequence[str]) -> list[str]:
    """The folded words of a sentence as the tables write them, as many as there were."""
    found = [_written(word) for word in words]
    for index, word in enumerate(found[:-1]):
        if word in ("num", "nun") and _DENYING_NUM.search(found[index + 1]):
            found[index] = "nao"
    return found


@lru_cache(maxsize=8192)
def _written(word: str) -> str:
    exact, sounds, alike = _table()
    if word in exact:
        return exact[word]
    if len(word) < _SHORTEST_GARBLED or not word.isalpha() or word in alike or _is_known(word):
        return word
    return sounds.get(phonetic_key(word)) or _nearest(word, alike) or word


def _is_known(word: str) -> bool:
    """Whether it is a word of everyday Portuguese, or begins like one that a table looks for."""
    return word in _common() or any(word[:size] in _looked_for() for size in range(_SHORTEST_STEM, len(word) + 1))


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


@lru_cache(maxsize=1)
def _looked_for() -> frozenset[str]:
    """The letters of words in the tables: whole words, and stems that go on."""
    rows = (
        row
        for name in ("necessidades", "encaminhamentos", "conceitos", "condicoes")
        for row in read_rows(DATA / f"{name}.csv")
    )
    return frozenset(stem for row in rows for stem in _STEM.findall(row["padrao"]))


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    with (TERMS / "palavras_comuns.csv").open(encoding="utf-8") as file:
        return frozenset(line.partition(",")[0] for line in file)
