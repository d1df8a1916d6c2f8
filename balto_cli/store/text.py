"""What a text must not hold to be stored: PostgreSQL takes no NUL, UTF-8 takes no lone surrogates."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str, limit: int | None = None) -> str:
    """The text with `�` for what no database takes, cut at `limit` characters."""
    return _UNSTORABLE.sub("\ufffd", text if limit is None else text[:limit])


def storable_json(value: object) -> object:
    """Plain JSON with every text in it made storable."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable_json(item) for item in value]
    return value
