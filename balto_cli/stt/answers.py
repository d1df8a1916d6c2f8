"""From a provider's JSON to words: whatever the shape, what comes out is ordered, finite and inside the audio."""

from __future__ import annotations

import itertools
import json
import math
import re
from typing import TYPE_CHECKING, Any

from balto_cli.stt.base import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

_HUGE = re.compile(rb"\d[eE]\+?\d{3}")
_MAX_DEPTH_ERRORS = (ValueError, RecursionError)


class WrongShapeError(Exception):
    """The answer is not what the provider's contract says; carries nothing of it."""


def parsed(content: bytes) -> dict[str, Any]:
    """A JSON object; NaN and infinities, which JSON does not have, become null. Raises `WrongShapeError`."""
    try:
        # A number like 1e999 reads as infinity, which plain JSON could not keep.
        parse_float = _finite if _HUGE.search(content) else None
        answer = json.loads(content, parse_constant=lambda _: None, parse_float=parse_float)
    except _MAX_DEPTH_ERRORS:
        answer = None
    return as_object(answer)


def as_object(value: Any) -> dict[str, Any]:
    """The value itself if it is an object. Raises `WrongShapeError`."""
    if not isinstance(value, dict):
        raise WrongShapeError
    return value


def text_in(answer: dict[str, Any], name: str) -> str:
    """The text under `name`, which must be there; null is no text. Raises `WrongShapeError`."""
    value = answer.get(name, 0)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise WrongShapeError
    return printable(value)


def optional_text(value: Any) -> str | None:
    """The value if it is text with something in it."""
    return printable(value) or None if isinstance(value, str) else None


def printable(text: str) -> str:
    """Text without outer white space and without halves of surrogate pairs, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.strip()


def list_in(answer: dict[str, Any], name: str) -> list[Any]:
    """The list under `name`; empty where it is absent or null. Raises `WrongShapeError` for anything else."""
    value = answer.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise WrongShapeError
    return value


def number(value: Any) -> float | None:
    """A finite number, None for everything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def duration(value: Any, scale: float = 1.0) -> float | None:
    """A length of audio in seconds; None where it is none."""
    found = number(value)
    return found * scale if found is not None and found >= 0 else None


def probability(value: Any) -> float | None:
    """A number between 0 and 1; what lies outside is brought in."""
    found = number(value)
    return None if found is None else min(1.0, max(0.0, found))


def probability_of_log(value: Any) -> float | None:
    """A natural log probability as a probability."""
    found = number(value)
    return None if found is None else math.exp(min(0.0, found))


def label(value: Any) -> str | None:
    """A speaker's label, a number or a text."""
    if isinstance(value, bool) or value is None:
        return None
    return str(value)[:80] if isinstance(value, (int, str)) and value != "" else None


def word(
    item: Any,
    text: str,
    *,
    start: str = "start",
    end: str = "end",
    scale: float = 1.0,
    confidence: float | None = None,
    speaker: str | None = None,
) -> tuple[str, float | None, float | None, float | None, str | None] | None:
    """One entry of a list of words, with times in seconds, for `ordered`; None where it holds no word."""
    if not isinstance(item, dict):
        return None
    said = optional_text(item.get(text))
    if said is None:
        return None
    start_s, end_s = number(item.get(start)), number(item.get(end))
    return (
        said,
        None if start_s is None else start_s * scale,
        None if end_s is None else end_s * scale,
        confidence,
        speaker,
    )


def ordered(
    found: Iterable[tuple[str, float | None, float | None, float | None, str | None] | None], duration_s: float
) -> tuple[Word, ...]:
    """Words in order of time, inside 0 to `duration_s`, none ending before it begins.

    A word without times stands where the one before it ended.
    """
    words: list[Word] = []
    last_s = 0.0
    for entry in found:
        if entry is None:
            continue
        text, start_s, end_s, confidence, speaker = entry
        begin = last_s if start_s is None else min(max(0.0, start_s), duration_s)
        finish = begin if end_s is None else min(max(begin, end_s), duration_s)
        words.append(Word(text, begin, finish, confidence, speaker))
        last_s = finish
    if any(after.start_s < before.start_s for before, after in itertools.pairwise(words)):
        words.sort(key=lambda one: one.start_s)
    return tuple(words)


def _finite(literal: str) -> float | None:
    found = float(literal)
    return found if math.isfinite(found) else None
