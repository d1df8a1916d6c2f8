"""Patterns of everyday speech that people edit in CSV, made fast: most are ruled out by a look for their letters.

A pattern is a regular expression over folded words (small letters, no accents, single spaces). `<dor>` and the other
macros stand for groups of words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MACROS = {
    "<dor>": r"(?:dor(?:zinha|es)?|doendo|doi|doem|doer|dolorid[oa]s?|doeu|incomod\w+|latej\w+|pontadas?)",
    "<graus>": r"(?:(?:3[89]|40|41)(?: [0-9])?|(?:trinta e (?:oito|nove)|quarenta)(?: e \w+)?) (?:graus|de febre)",
    "<excesso>": r"(?:tomei|tomou|tomo|toma|tomando|posso tomar|engoli)(?: \w+){0,3} "
    r"(?:quatro|cinco|seis|sete|oito|nove|dez|doze|quinze|vinte|[4-9]|1\d|2\d) "
    r"(?:comprimidos?|capsulas?|de uma vez|juntos?|ao mesmo tempo|dipironas?|paracetamol|tylenol|dorflex|neosaldinas?|"
    r"de (?:dipirona|paracetamol|tylenol|ibuprofeno))"
    r"|(?:de hora em hora|a cada (?:uma|duas|2|1) horas?|de (?:duas em duas|2 em 2|uma em uma|1 em 1) horas?)"
    r"|(?:dois|duas|tres|2|3)(?: \w+){0,4} (?:de uma vez|de uma so vez|ao mesmo tempo)",
    "<remedio>": r"(?:remedio|medicamento|comprimido|capsula|antibiotico|injecao|xarope|pomada)",
}
_LETTERS = 3
"""How many letters of a stem are looked up."""
_KEPT_SENTENCES = 2048
_NONE: frozenset[int] = frozenset()
_META = set("\\.^$*+?{}[]()|")


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern with the letters without which it cannot match; `find` gives places without overlaps."""

    name: str
    source: str

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        try:
            return re.compile(rf"\b(?:{expand(self.source)})(?![a-z0-9])")
        except re.error as error:
            raise UsageError(f"O padrão de “{self.name}” está errado: {error}.") from None

    @cached_property
    def speaks_of_denial(self) -> bool:
        """Whether "não" or "sem" is part of the complaint: "sem ar", "não consigo dormir"."""
        return re.search(r"\b(?:nao|sem|(?<!que )nem|nunca)\b", self.source) is not None

    @cached_property
    def stems(self) -> frozenset[str] | None:
        """Letters of which some must stand in the text; None where nothing can be said."""
        return _required(expand(self.source))

    def find(self, words: str) -> tuple[re.Match[str], ...]:
        """The places where it matches."""
        return tuple(self._regex.finditer(words))

    def search(self, words: str) -> bool:
        """Whether it matches anywhere."""
        return self._regex.search(words) is not None


Found = tuple[tuple[int, tuple[re.Match[str], ...]], ...]
"""Positions of patterns in their set, each with the places where it matches; in order of the set."""


class PatternSet:
    """Many patterns over one text: only those whose letters stand in it are tried, and what was found is kept.

    A conversation is read anew with each turn, so the same sentences come again.
    """

    def __init__(self, patterns: Sequence[Pattern | None]) -> None:
        self._patterns = tuple(patterns)
        self._by_letters: dict[str, set[int]] = {}
        self._always: set[int] = set()
        for position, pattern in enumerate(self._patterns):
            stems = pattern.stems if pattern else frozenset()
            if stems is None or any(len(stem) < _LETTERS for stem in stems):
                self._always.add(position)
                continue
            for stem in stems:
                self._by_letters.setdefault(stem[:_LETTERS], set()).add(position)
        self.find = lru_cache(maxsize=_KEPT_SENTENCES)(self._find)

    def _find(self, words: str) -> Found:
        likely = set(self._always)
        for index in range(len(words) - _LETTERS + 1):
            likely |= self._by_letters.get(words[index : index + _LETTERS], _NONE)
        found = ((position, self._found_at(position, words)) for position in sorted(likely))
        return tuple((position, matches) for position, matches in found if matches)

    def _found_at(self, position: int, words: str) -> tuple[re.Match[str], ...]:
        pattern = self._patterns[position]
        return pattern.find(words) if pattern else ()


def expand(source: str) -> str:
    """Replace the macros."""
    for macro, meaning in _MACROS.items():
        source = source.replace(macro, meaning)
    return source


def _required(source: str) -> frozenset[str] | None:
    """For each alternative the longest letters that it needs; None if one of them needs none."""
    stems: set[str] = set()
    for alternative in _split(source):
        best = _needed(alternative)
        if best is None:
            return None
        stems |= best
    return frozenset(stem for stem in stems if not any(other != stem and other in stem for other in stems))


def _needed(alternative: str) -> frozenset[str] | None:
    candidates: list[frozenset[str]] = []
    literal = ""
    index = 0
    while index < len(alternative):
        char = alternative[index]
        if char == "(":
            end = _closing(alternative, index)
            inner, after = alternative[index + 1 : end], alternative[end + 1 : end + 2]
            if literal:
                candidates.append(frozenset({literal}))
                literal = ""
            if inner.startswith("?:") and after not in ("?", "*", "{"):
                inside = _required(inner[2:])
                if inside:
                    candidates.append(inside)
            index = _after_quantifier(alternative, end + 1)
            continue
        if char == "[":
            end = alternative.index("]", index)
            if literal:
                candidates.append(frozenset({literal}))
                literal = ""
            index = _after_quantifier(alternative, end + 1)
            continue
        if char in _META:
            if char in "?*{" and literal:
                literal = literal[:-1]
            if literal:
                candidates.append(frozenset({literal}))
                literal = ""
            index = alternative.index("}", index) + 1 if char == "{" else index + (2 if char == "\\" else 1)
            continue
        literal += char
        index += 1
    if literal:
        candidates.append(frozenset({literal}))
    worth = [c for c in candidates if min(map(len, c)) >= 2]
    return max(worth, key=lambda c: (min(map(len, c)), -len(c)), default=None)


def _split(source: str) -> list[str]:
    parts, depth, begin, index = [], 0, 0, 0
    while index < len(source):
        char = source[index]
        if char == "\\":
            index += 2
            continue
        if char == "[":
            index = source.index("]", index) + 1
            continue
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            parts.append(source[begin:index])
            begin = index + 1
        index += 1
    return [*parts, source[begin:]]


def _closing(source: str, index: int) -> int:
    depth = 0
    while index < len(source):
        char = source[index]
        if char == "\\":
            index += 2
            continue
        if char == "[":
            index = source.index("]", index)
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return index
        index += 1
    raise UsageError("Um padrão tem um parêntese sem fechar.")


def _after_quantifier(source: str, index: int) -> int:
    if index < len(source) and source[index] in "?*+":
        return index + 1
    if index < len(source) and source[index] == "{":
        return source.index("}", index) + 1
    return index
