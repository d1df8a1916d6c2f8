"""Percentiles of latency, and how sure they are.

A percentile of few calls is one call's luck: the 95th of 30 is the second slowest. Its interval lies between two of the
measured values (order statistics; David and Nagaraja, 2003, section 7.1), whatever the distribution; where the calls
are too few for one, there is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of measured values, in their unit."""

    value: float
    low: float | None
    """Interval at 95 %; None where the values are too few."""
    high: float | None


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """Latency of calls, in the unit they were measured in."""

    calls: int
    p50: Percentile | None
    """None where there was no call, as the other two."""
    p95: Percentile | None
    p99: Percentile | None


def summarize_latency(values: Sequence[float]) -> LatencySummary:
    """Sum up the latencies of calls, one attempt each."""
    ordered = sorted(values)
    p50, p95, p99 = (_percentile(ordered, q) if ordered else None for q in (0.5, 0.95, 0.99))
    return LatencySummary(len(ordered), p50, p95, p99)


def percentile_interval(
    values: Sequence[float], q: float, level: float = 0.95
) -> tuple[float, float] | tuple[None, None]:
    """Interval of the quantile `q` (0 to 1, neither included), from the ranks that hold it.

    The number of values below the true quantile is binomial; the ranks leave out at most (1 - level) / 2 of it on
    either side. (None, None) where no value is low or high enough: under 6 values for the median, 72 for the 95th
    percentile and 368 for the 99th, at 95 %.
    """
    return _interval(sorted(values), q, level)


def _percentile(ordered: Sequence[float], q: float) -> Percentile:
    low, high = _interval(ordered, q, 0.95)
    return Percentile(ordered[max(1, math.ceil(q * len(ordered))) - 1], low, high)


def _interval(ordered: Sequence[float], q: float, level: float) -> tuple[float, float] | tuple[None, None]:
    import numpy as np
    from scipy.special import bdtr

    count, tail = len(ordered), (1 - level) / 2
    if not count:
        return None, None
    below = np.asarray(bdtr(np.arange(count), count, q))
    # `below[k]`: probability that at most k values lie under the quantile.
    low = int(np.searchsorted(below, tail, side="right"))
    high = int(np.searchsorted(below, 1 - tail))
    return (ordered[low - 1], ordered[high]) if low and high < count else (None, None)
