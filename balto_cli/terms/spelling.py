"""Words of a text with their places, and one spelling for each: small letters, no accents, no signs."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_][^\W\d_\u0300-\u036f]*(?:[\u0300-\u036f]+[^\W\d_]*)*|\d+")
"""Letters, with accents that stand as characters of their own; digits are words apart, as "500mg" is said."""
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Return `text` in small letters and without accents: "Neosaldína" is "neosaldina", "ç" is "c"."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def spellings_of(text: str) -> list[str]:
    """Return the words of `text` as they are looked up; what is neither a letter nor a digit parts them."""
    return [fold(word) for word in _WORD.findall(text)]


def places_of(text: str) -> list[tuple[int, int]]:
    """Return where the words of `text` stand: characters, end exclusive."""
    return [match.span() for match in _WORD.finditer(text)]


def spelling_of(name: str) -> tuple[str, ...]:
    """Return the words of a name as they are looked up: "Dorflex Uno" is ("dorflex", "uno")."""
    if name.isalpha():
        return (fold(name),)
    return tuple(spellings_of(name))
