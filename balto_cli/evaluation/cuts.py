"""Errors at a cut: those that the edges of segments may have made, told by their place in the file's alignment.

An error is the cut's where the word heard (substituted or inserted) is the first or the last of a segment, or where
words are lost between the last word heard in one segment and the first of the next, before the first one and after the
last one included. It is an upper bound: a word at an edge can be wrong for other reasons.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.alignment import AlignedWord


def errors_at_cuts(alignment: Sequence[AlignedWord], words_heard: Sequence[int]) -> list[bool]:
    """Tell of each entry of a file's alignment whether it is an error at a cut.

    `words_heard` says how many words were heard in each segment, in order. Without segments no error is a cut's, since
    nothing was cut.
    """
    if not words_heard:
        return [False] * len(alignment)
    bounds = {0, *accumulate(words_heard)}
    at_cut = []
    place = 0
    for operation, _, heard in alignment:
        if operation == "equal":
            at_cut.append(False)
        elif heard is None:
            at_cut.append(place in bounds)
        else:
            at_cut.append(place in bounds or place + 1 in bounds)
        place += heard is not None
    return at_cut
