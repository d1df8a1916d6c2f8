"""The letters without which a regular expression cannot match, so that most are ruled out by a look at the text."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import DATA
from balto_cli.suggestions.families import NAMED, families_version, words_of_family

KEPT = DATA / "letras.json"
"""What `build` found for the patterns of the tables: working it out takes longer than loading everything else."""

START = 3
"""How many letters of a stem are looked up."""
_SHORTEST = 2
_BAR = re.compile(r"\\.|\[[^\]]*\]|[()|]")
_PARENTHESIS = re.compile(r"\\.|\[[^\]]*\]|[()]")
_LITERAL = re.compile(r"[^\\.^$*+?{}\[\]()|<]+")
_QUANTIFIER = re.compile(r"[?*+]|\{[^}]*\}")
_MAY_BE_ABSENT = ("?", "*", "{0")


@lru_cache(maxsize=2048)
def starts_in(words: str) -> frozenset[str]:
    """Each `START` letters in a row of a sentence, by which most patterns are ruled out at once."""
    return frozenset(words[index : index + START] for index in range(len(words) - START + 1))


def alternatives_of(source: str) -> list[str]:
    """The parts of a pattern between its outermost bars."""
    parts, depth, begin = [], 0, 0
    for match in _BAR.finditer(source):
        sign = match.group()
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            parts.append(source[begin : match.start()])
            begin = match.end()
    return [*parts, source[begin:]]


def letters_of(source: str) -> frozenset[str] | None:
    """`required_letters`, from what `build` kept where the tables have not changed since."""
    kept = _kept()
    if source in kept:
        found = kept[source]
        return None if found is None else frozenset(found)
    return required_letters(source)


@lru_cache(maxsize=1)
def _kept() -> dict[str, list[str] | None]:
    try:
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept["letras"] if kept.get("familias") == families_version() else {}


@lru_cache(maxsize=8192)
def required_letters(source: str) -> frozenset[str] | None:
    """Letters of which some stand in whatever the pattern matches: for each alternative the longest that it needs.

    None if an alternative needs none. A family's name stands for its words.
    """
    stems: set[str] = set()
    for alternative in alternatives_of(source):
        best = _needed(alternative)
        if best is None:
            return None
        stems |= best
    return frozenset(stem for stem in stems if not any(other != stem and other in stem for other in stems))


def _needed(alternative: str) -> frozenset[str] | None:
    candidates: list[frozenset[str]] = []
    index = 0
    while index < len(alternative):
        end, inside = _piece(alternative, index)
        quantifier = _QUANTIFIER.match(alternative, end)
        if quantifier and quantifier.group().startswith(_MAY_BE_ABSENT):
            # Of a word that may lack its last letter the others are needed.
            inside = frozenset(stem[:-1] for stem in inside) if inside and alternative[index] not in "([<" else None
        if inside:
            candidates.append(inside)
        index = quantifier.end() if quantifier else end
    worth = [found for found in candidates if min(map(len, found)) >= _SHORTEST]
    return max(worth, key=lambda found: (min(map(len, found)), -len(found)), default=None)


def _piece(alternative: str, index: int) -> tuple[int, frozenset[str] | None]:
    """Where the piece that begins at `index` ends, and the letters that it needs."""
    char = alternative[index]
    if char == "(":
        end = _closing(alternative, index)
        inner = alternative[index + 1 : end - 1]
        return end, required_letters(inner[2:]) if inner.startswith("?:") else None
    if char == "[":
        return alternative.index("]", index) + 1, None
    if char == "\\":
        return index + 2, None
    if char == "<":
        match = NAMED.match(alternative, index)
        return (match.end(), required_letters(words_of_family(match.group(1)))) if match else (index + 1, None)
    literal = _LITERAL.match(alternative, index)
    return (literal.end(), frozenset({literal.group()})) if literal else (index + 1, None)


def _closing(source: str, index: int) -> int:
    """The offset behind the parenthesis that closes the one at `index`."""
    depth = 0
    for match in _PARENTHESIS.finditer(source, index):
        depth += (match.group() == "(") - (match.group() == ")")
        if depth == 0:
            return match.end()
    raise UsageError("Um padrão tem um parêntese sem fechar.")
