"""When the words of a transcript were said, in normalised spelling, from the times of the provider's own words.

A provider's words are rarely the normalised ones ("quinhentos miligramas" is "500 mg"). Both lists are aligned; a word
without a partner lies between those of its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from rapidfuzz.distance import Levenshtein

from balto_cli.evaluation.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Seconds = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class WordTimes:
    """The provider's words, in order, and when each was said, in seconds of the audio that was sent."""

    words: tuple[str, ...]
    start_s: Seconds
    end_s: Seconds


def word_times(words: Iterable[Mapping[str, Any]]) -> WordTimes:
    """Take the words of a stored answer (`text`, `start_s`, `end_s`)."""
    import numpy as np

    listed = list(words)
    starts = np.array([word["start_s"] for word in listed], dtype=np.float32)
    ends = np.array([word["end_s"] for word in listed], dtype=np.float32)
    return WordTimes(tuple(word["text"] for word in listed), starts, ends)


def place_words(
    heard: Sequence[str], times: WordTimes, *, normalizer: Callable[[str], str] = normalize
) -> list[tuple[float, float]]:
    """Give the start and end of each normalised word of a transcript; empty where the provider gave no times."""
    own: list[str] = []
    spans: list[tuple[float, float]] = []
    for text, start_s, end_s in zip(times.words, times.start_s.tolist(), times.end_s.tolist(), strict=True):
        for word in normalizer(text).split():
            own.append(word)
            spans.append((start_s, end_s))
    if not spans:
        return []
    placed: list[tuple[float, float]] = []
    for tag, first, last, own_first, own_last in _opcodes(heard, own):
        count = last - first
        if tag in ("equal", "replace") and count == own_last - own_first:
            placed += spans[own_first:own_last]
        elif count:
            start_s = (
                spans[min(own_first, len(spans) - 1)][0] if own_first < own_last else _end_before(spans, own_first)
            )
            end_s = spans[own_last - 1][1] if own_first < own_last else start_s
            placed += [(start_s, max(start_s, end_s))] * count
    return placed


def _opcodes(heard: Sequence[str], own: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    # Plain tuples, whatever its stubs say.
    return cast("list[tuple[str, int, int, int, int]]", Levenshtein.opcodes(heard, own).as_list())


def spread(start_s: float, end_s: float, words: int) -> list[tuple[float, float]]:
    """Places of words of which nothing is known but the stretch that they were said in: evenly over it."""
    step_s = (end_s - start_s) / max(1, words)
    return [(start_s + step_s * number, start_s + step_s * (number + 1)) for number in range(words)]


def _end_before(spans: Sequence[tuple[float, float]], place: int) -> float:
    return spans[place - 1][1] if place else spans[0][0]
