"""The frame of a picture in the page: size, axes and the marks on them, in pixels from its upper left corner."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on an axis, in pixels."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a picture's axes lie."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    x_marks: tuple[Mark, ...]
    y_marks: tuple[Mark, ...]


def ticks(high: float) -> tuple[tuple[float, ...], float]:
    """Four to six round values from 0 on, and the end of an axis that holds `high`."""
    if not math.isfinite(high) or high <= 0:
        high = 1.0
    rough = high / 5
    power = 10.0 ** math.floor(math.log10(rough))
    size = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= rough * 0.999)
    count = math.ceil(high / size - 1e-9)
    return tuple(index * size for index in range(count + 1)), count * size


def percent_mark(rate: float) -> str:
    """A rate as the mark of an axis: `2,5 %`."""
    return f"{100 * rate:.6g} %".replace(".", ",")
