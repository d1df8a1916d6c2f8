"""Turns of everyday speech, as regular expressions over folded words, from `data/falas.csv`, which people edit."""

from __future__ import annotations

import re
from functools import cache, cached_property, lru_cache

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import DATA, read_rows
from balto_cli.suggestions.letters import START, letters_of, starts_in

TABLE = DATA / "falas.csv"
_KEPT = 1024


class Phrase:
    """A pattern, compiled when its letters are first heard. It keeps what it found, since sentences come again."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source
        self.search = lru_cache(maxsize=_KEPT)(self._search)
        self.finditer = lru_cache(maxsize=_KEPT)(self._all)

    @cached_property
    def _letters(self) -> frozenset[str] | None:
        return letters_of(self._source)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        try:
            return re.compile(self._source)
        except re.error as error:
            raise UsageError(f"falas.csv: o padrão de “{self._name}” está errado: {error}.") from None

    def _search(self, words: str) -> re.Match[str] | None:
        return self._regex.search(words) if self._may_match(words) else None

    def _all(self, words: str) -> tuple[re.Match[str], ...]:
        return tuple(self._regex.finditer(words)) if self._may_match(words) else ()

    def sub(self, replacement: str, words: str) -> str:
        """The words with each place where it matches replaced."""
        return self._regex.sub(replacement, words) if self._may_match(words) else words

    @cached_property
    def _starts(self) -> frozenset[str] | None:
        """How each of the letters begins; None where some are too short to be looked up."""
        if self._letters is None or any(len(letters) < START for letters in self._letters):
            return None
        return frozenset(letters[:START] for letters in self._letters)

    def _may_match(self, words: str) -> bool:
        if self._letters is None:
            return True
        if self._starts is not None and self._starts.isdisjoint(starts_in(words)):
            return False
        return any(letters in words for letters in self._letters)


@cache
def phrase(name: str) -> Phrase:
    """The pattern of a name, one object for all who ask. Raises UsageError where it is missing."""
    try:
        return Phrase(name, phrases()[name])
    except KeyError:
        raise UsageError(f"falas.csv: falta a linha “{name}”.") from None


@lru_cache(maxsize=1)
def phrases() -> dict[str, str]:
    """The source of each pattern, by name."""
    return {row["nome"]: row["padrao"] for row in read_rows(TABLE)}
