"""Patterns of everyday speech that people edit in CSV, made fast: most are ruled out by a look for their letters.

A pattern is a regular expression over folded words (small letters, no accents, single spaces). `<dor>` and other names
in angle brackets stand for families of words (`data/conceitos.csv`), and `A ~ B` for both near one another in either
order ("<peito> ~ <aperto>"), `A ~~ B` for both farther apart. Each alternative is looked for on its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError
from balto_cli.suggestions.families import expand
from balto_cli.suggestions.letters import START, alternatives_of, letters_of, starts_in

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAR = {" ~~ ": 14, " ~ ": 7}
"""Between two parts of an alternative: both stand in the sentence, in either order, with at most so many words between,
none of them a denial."""
_DENYING = re.compile(r" (?:nao|sem|nem|nunca)(?: |$)")
_GOES_ON = re.compile(
    r" (?:mas|porem|so que|agora|ai|e (?:ta|to|tou|esta|estou|tem|tenho|fica|fico|ficou|com|de repente)) "
)
_SPEAKS_OF_DENIAL = re.compile(r"\b(?:nao|sem|(?<!que )nem|nunca)\b")
_KEPT_SENTENCES = 2048


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pattern matches in a sentence, and the words there."""

    start: int
    end: int
    words: str


class _Alternative:
    """One way to match: a regular expression, or two that stand near one another."""

    __slots__ = ("_between", "_name", "letters", "parts")

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        sign = next((sign for sign in _FAR if sign in source), None)
        self._between = _FAR[sign] if sign else 0
        self.parts = tuple(source.split(sign) if sign else (source,))
        """The regular expressions, with their families' names."""
        letters = (letters_of(part) for part in self.parts)
        self.letters = tuple(
            sorted((found for found in letters if found and all(len(stem) >= START for stem in found)), key=len)
        )
        """For each part that needs some, letters of which some must stand in the text; the rarest first."""

    def may_stand_in(self, present: set[str]) -> bool:
        """Whether the letters that it needs are among those found in a text."""
        return not any(found.isdisjoint(present) for found in self.letters)

    def find(self, words: str) -> list[Place]:
        """The places where it matches."""
        first = [match.span() for match in _compiled(self.parts[0], self._name).finditer(words)]
        if not first or len(self.parts) == 1:
            return [Place(start, end, words[start:end]) for start, end in first]
        second = [match.span() for match in _compiled(self.parts[1], self._name).finditer(words)]
        return [place for one in first for other in second if (place := self._joined(words, one, other))]

    def _joined(self, words: str, one: tuple[int, int], other: tuple[int, int]) -> Place | None:
        (start, middle), (after, end) = sorted((one, other))
        if middle >= after:
            return None
        between = words[middle:after]
        if between.count(" ") - 1 > self._between or _DENYING.search(since_turn(between)):
            return None
        return Place(start, end, words[start:end])


@dataclass(frozen=True)
class Pattern:
    """All alternatives of a row of a table."""

    name: str
    source: str

    @cached_property
    def alternatives(self) -> tuple[_Alternative, ...]:
        """The ways to match, each on its own."""
        return tuple(_Alternative(self.name, source) for source in alternatives_of(self.source))

    @cached_property
    def speaks_of_denial(self) -> bool:
        """Whether "não" or "sem" is part of the complaint: "sem ar", "não consigo dormir"."""
        return _SPEAKS_OF_DENIAL.search(expand(self.source)) is not None

    def search(self, words: str) -> bool:
        """Whether it matches anywhere."""
        return any(way.find(words) for way in self.alternatives)


def since_turn(words: str) -> str:
    """What is said after the last "mas" or "e está": a denial before it is of something else."""
    ends = [match.end() - 1 for match in _GOES_ON.finditer(words)]
    return words[ends[-1] :] if ends else words


Found = tuple[tuple[int, tuple[Place, ...]], ...]
"""Positions of patterns in their set, each with the places where it matches; in order of the set."""


class PatternSet:
    """Many patterns over one text: only those whose letters stand in it are tried, and what was found is kept.

    A conversation is read anew with each turn, so the same sentences come again.
    """

    def __init__(self, patterns: Sequence[Pattern | None]) -> None:
        self._ways = [(position, way) for position, p in enumerate(patterns) if p for way in p.alternatives]
        self._always = [index for index, (_, way) in enumerate(self._ways) if not way.letters]
        self._by_stem: dict[str, list[int]] = {}
        stems: dict[str, set[str]] = {}
        for index, (_, way) in enumerate(self._ways):
            for stem in way.letters[0] if way.letters else ():
                self._by_stem.setdefault(stem, []).append(index)
            for stem in (stem for found in way.letters for stem in found):
                stems.setdefault(stem[:START], set()).add(stem)
        self._stems = {letters: tuple(found) for letters, found in stems.items()}
        self.find = lru_cache(maxsize=_KEPT_SENTENCES)(self._find)

    def _find(self, words: str) -> Found:
        present = {stem for letters in starts_in(words) for stem in self._stems.get(letters, ()) if stem in words}
        likely = set(self._always)
        for stem in present:
            likely.update(self._by_stem.get(stem, ()))
        found: dict[int, dict[Place, None]] = {}
        for index in sorted(likely):
            position, way = self._ways[index]
            if way.may_stand_in(present):
                for place in way.find(words):
                    found.setdefault(position, {})[place] = None
        return tuple((position, tuple(places)) for position, places in sorted(found.items()))


@lru_cache(maxsize=8192)
def _compiled(source: str, name: str) -> re.Pattern[str]:
    try:
        return re.compile(rf"\b(?:{expand(source)})(?![a-z0-9])")
    except re.error as error:
        raise UsageError(f"O padrão de “{name}” está errado: {error}.") from None
