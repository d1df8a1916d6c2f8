"""Words that nobody said: heard where there was no speech, or repeated in a loop, as engines do on silence and noise.

A loop is a run of one to ten words that comes several times in a row: at least three times, and at least `LOOP_WORDS`
words in all, so that "não, não, não" and a number said twice are none. Where the reference repeats the same words, as
many rounds are no loop. All rounds but the first (or those that were said) count as invented.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import eq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.evaluation.alignment import AlignedWord

LOOP_WORDS = 8
"""Words of a repetition, the first round included, below which a person may well have said it."""
LOOP_ROUNDS = 3
LONGEST_ROUND = 10
"""Words of one round, at most."""
_REPEATED_WORDS = 6
"""Words of the shortest loops that are not new: two rounds of three, three of two."""
MARGIN_S = 0.5
"""How far from a segment a word may lie and be speech still: providers' word times are rough."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A run of repeated words: `first` to `last` (left out) are its invented words."""

    first: int
    last: int
    round: tuple[str, ...]


def find_loops(heard: Sequence[str], said: Sequence[str] = ()) -> list[Loop]:
    """Find the loops in what was heard, in order, none over another; the shortest round wins."""
    loops: list[Loop] = []
    if len(heard) - len(set(heard)) < _REPEATED_WORDS:
        return loops
    sizes = [size for size in range(1, LONGEST_ROUND + 1) if _may_repeat(heard, size)]
    start = 0
    while sizes and start <= len(heard) - LOOP_WORDS:
        for size in sizes:
            rounds = _rounds(heard, start, size)
            if rounds >= _fewest_rounds(size):
                words = tuple(heard[start : start + size])
                kept = max(1, _most_rounds(said, words)) if said else 1
                end = start + rounds * size
                if kept < rounds:
                    loops.append(Loop(start + kept * size, end, words))
                start = end
                break
        else:
            start += 1
    return loops


def _fewest_rounds(size: int) -> int:
    return max(LOOP_ROUNDS, -(-LOOP_WORDS // size))


def _may_repeat(heard: Sequence[str], size: int) -> bool:
    """Whether as many words in a row as a loop needs come again `size` words later; most texts have none."""
    again = bytes(map(eq, heard, heard[size:]))
    return bytes([1]) * ((_fewest_rounds(size) - 1) * size) in again


def _rounds(words: Sequence[str], start: int, size: int) -> int:
    """How many times the words from `start` on come in a row."""
    end = start + size
    while end < len(words) and words[end] == words[end - size]:
        end += 1
    return (end - start) // size


def _most_rounds(said: Sequence[str], words: tuple[str, ...]) -> int:
    size = len(words)
    return max(
        (
            _rounds(said, place, size)
            for place in range(len(said) - size + 1)
            if said[place] == words[0] and tuple(said[place : place + size]) == words
        ),
        default=0,
    )


def outside_speech(
    places: Sequence[tuple[float, float]], speech: Sequence[tuple[float, float]], right: Sequence[bool]
) -> list[int]:
    """Number the words whose middle lies outside all stretches of speech, by more than `MARGIN_S`.

    `places` holds start and end of each word heard, `speech` those of the segments in order of time. A word that is
    `right` was said, whatever the pipeline heard.
    """
    starts = [start_s - MARGIN_S for start_s, _ in speech]
    found = []
    for number, ((start_s, end_s), is_right) in enumerate(zip(places, right, strict=True)):
        if is_right:
            continue
        middle_s = (start_s + end_s) / 2
        segment = bisect_right(starts, middle_s) - 1
        if segment < 0 or middle_s > speech[segment][1] + MARGIN_S:
            found.append(number)
    return found


def right_words(alignment: Iterable[AlignedWord]) -> list[bool]:
    """Tell of each word heard whether it stands in the reference too."""
    return [operation == "equal" for operation, _, heard in alignment if heard is not None]
