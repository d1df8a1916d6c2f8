"""Turns of everyday speech, as regular expressions over folded words, from `data/falas.csv`, which people edit."""

from __future__ import annotations

import re
from functools import lru_cache

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import DATA, read_rows

TABLE = DATA / "falas.csv"
_KEPT = 1024


class Phrase:
    """A pattern that keeps what it found, since a conversation is read anew with each turn."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.search = lru_cache(maxsize=_KEPT)(pattern.search)
        self.finditer = lru_cache(maxsize=_KEPT)(lambda words: tuple(pattern.finditer(words)))


def phrase(name: str) -> Phrase:
    """The pattern of a name. Raises UsageError where it is missing or wrong."""
    try:
        return Phrase(re.compile(_patterns()[name]))
    except KeyError:
        raise UsageError(f"falas.csv: falta a linha “{name}”.") from None
    except re.error as error:
        raise UsageError(f"falas.csv: o padrão de “{name}” está errado: {error}.") from None


@lru_cache(maxsize=1)
def _patterns() -> dict[str, str]:
    return {row["nome"]: row["padrao"] for row in read_rows(TABLE)}
