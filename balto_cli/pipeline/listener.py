"""What the stages thought, hop by hop, for whoever wants to see why: a plot, an explanation.

A listener is told and never asked: nothing that it does changes a segment, and without one nothing is gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class FirstLook(NamedTuple):
    """What the cheap first stage said of a block."""

    score: float | None
    """How much it sounded like speech, 0 to 1; None where it was not asked (the start of a stream, speech going on)."""
    passed: bool
    """Whether the second stage was let to listen."""


class HeardHop(NamedTuple):
    """One hop after every stage has had its say."""

    start_sample: int
    samples: int
    first_look: FirstLook
    score: float
    """The detector's, 0 to 1; 0 where the second stage did not listen."""
    noise_power: float
    """Mean power of the pauses heard so far, 100 Hz to 7 kHz, a full-scale square wave is 1; 0 before the first."""
    is_open: bool
    """Whether the segmenter holds a segment open after this hop; it is thrown away if it turns out too short."""


Listener: TypeAlias = Callable[[HeardHop], None]
"""Told of every hop in order, before the segment that it completes, if any, is returned."""
