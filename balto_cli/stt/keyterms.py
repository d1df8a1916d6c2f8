"""Terms to expect, cut down to what a provider takes: what does not fit is left out, in the order given."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNWANTED = re.compile(r"[<>{}\[\]\\\x00-\x1f\x7f]")
"""ElevenLabs refuses these; no medicine name needs them."""


@dataclass(frozen=True, slots=True)
class KeytermLimits:
    """What a provider takes; a term over a limit of its own is skipped, the list ends where the sum is reached."""

    count: int
    characters_each: int = 1000
    words_each: int = 1000
    characters_all: int | None = None
    tokens_all: int | None = None
    """Of the provider's own tokenizer, which is not known here: three bytes of UTF-8 are counted as one token."""


def fitting(terms: Iterable[str], limits: KeytermLimits) -> list[str]:
    """The terms that may be sent, each once, in their order."""
    return list(_fitting(tuple(terms), limits))


@lru_cache(maxsize=32)  # every call of a run sends the same ones
def _fitting(terms: tuple[str, ...], limits: KeytermLimits) -> tuple[str, ...]:
    taken: dict[str, None] = {}
    characters = tokens = 0
    for term in terms:
        clean = " ".join(_UNWANTED.sub(" ", term).split())
        if not clean or clean in taken or len(clean) > limits.characters_each:
            continue
        if len(clean.split()) > limits.words_each:
            continue
        characters += len(clean)
        tokens += math.ceil(len(clean.encode("utf-8", "replace")) / 3)
        if (
            len(taken) >= limits.count
            or (limits.characters_all is not None and characters > limits.characters_all)
            or (limits.tokens_all is not None and tokens > limits.tokens_all)
        ):
            break
        taken[clean] = None
    return tuple(taken)
