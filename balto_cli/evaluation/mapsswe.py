"""NIST's matched pairs sentence-segment word error test (MAPSSWE), as its tool `sc_stats` counts it.

An utterance is cut into segments at places where both systems have at least two words right in a row, so that the
errors of one segment hardly depend on those of another; the mean difference of errors a segment is then tested against
zero (Gillick and Cox, 1989; Pallett, Fisher and Fiscus, 1990). Where segments of a recording go together it finds
differences too easily; `significance` is what decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.scores import score_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from balto_cli.evaluation.alignment import AlignedWord
    from balto_cli.evaluation.scores import Score

RIGHT_WORDS = 2
"""Words right in both systems that close a segment."""


@dataclass(frozen=True, slots=True)
class Mapsswe:
    """The outcome of the test."""

    segments: int
    """Segments with an error of either system."""
    mean: float
    """Errors of a less errors of b, a segment."""
    z: float
    """Mean over its standard error; 0 where all differences are alike, as `sc_stats` has it."""
    p: float
    """Two-sided, by the normal distribution."""


def mapsswe(
    pairs_a: Sequence[tuple[str, str]],
    pairs_b: Sequence[tuple[str, str]],
    *,
    normalizer: Callable[[str], str] | None = normalize,
) -> Mapsswe:
    """Test two systems on (reference, hypothesis) pairs of the same utterances, in the same order.

    Raises `ValueError` where the references are not the same.
    """
    if [reference for reference, _ in pairs_a] != [reference for reference, _ in pairs_b]:
        raise ValueError("both systems need the same references in the same order")
    a, b = ([score_pair(*pair, normalizer=normalizer) for pair in pairs] for pairs in (pairs_a, pairs_b))
    return mapsswe_of_scores(a, b)


def mapsswe_of_scores(scores_a: Iterable[Score], scores_b: Iterable[Score]) -> Mapsswe:
    """Test two systems on the scores of the same utterances, in the same order."""
    differences = [
        difference
        for a, b in zip(scores_a, scores_b, strict=True)
        for difference in _segment_differences(a.alignment, b.alignment)
    ]
    count = len(differences)
    if not count:
        return Mapsswe(0, 0.0, 0.0, 1.0)
    mean = sum(differences) / count
    squares = sum((difference - mean) ** 2 for difference in differences)
    z = mean / math.sqrt(squares / (count - 1) / count) if squares else 0.0
    return Mapsswe(count, mean, z, math.erfc(abs(z) / math.sqrt(2)))


def _segment_differences(a: Iterable[AlignedWord], b: Iterable[AlignedWord]) -> Iterator[int]:
    """Give errors of a less errors of b for each segment of an utterance."""
    difference = open_until = 0
    is_open = False
    for start, end, weight in sorted([*_errors(a, 1), *_errors(b, -1)]):
        if is_open and start - open_until >= RIGHT_WORDS:
            yield difference
            difference = 0
        difference += weight
        open_until, is_open = end, True
    if is_open:
        yield difference


def _errors(alignment: Iterable[AlignedWord], weight: int) -> Iterator[tuple[int, int, int]]:
    """Give the place of each error, from one word boundary of the reference to another, and the weight it counts."""
    inserted = 0
    for index, (operation, _, _) in enumerate(alignment):
        if operation == "equal":
            continue
        place = index - inserted
        if operation == "insert":
            inserted += 1
            yield place, place, weight
        else:
            yield place, place + 1, weight
