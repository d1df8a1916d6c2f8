"""Families of words that patterns name in angle brackets, from `data/conceitos.csv`, which people edit."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import DATA, read_rows

TABLE = DATA / "conceitos.csv"
NAMED = re.compile(r"<(\w+)>")


def expand(source: str) -> str:
    """A pattern with the words in the place of their family's name."""
    while match := NAMED.search(source):
        source = source.replace(match.group(), f"(?:{words_of_family(match.group(1))})")
    return source


def words_of_family(name: str) -> str:
    """The pattern of a family. Raises UsageError where there is none."""
    try:
        return families()[name]
    except KeyError:
        raise UsageError(f"conceitos.csv: falta a linha “{name}”.") from None


@lru_cache(maxsize=1)
def families_version() -> str:
    """Changes with any family."""
    return hashlib.sha256(TABLE.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=1)
def families() -> dict[str, str]:
    """The pattern of each family, by name."""
    return {row["nome"]: row["padrao"] for row in read_rows(TABLE)}
