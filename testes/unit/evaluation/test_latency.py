from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.latency import LatencySummary, percentile_interval, summarize_latency


def test_percentiles_are_values_that_were_measured() -> None:
    summary = summarize_latency([value / 10 for value in range(30, 0, -1)])
    assert summary.calls == 30
    assert summary.p50 is not None
    assert summary.p95 is not None
    assert summary.p99 is not None
    assert (summary.p50.value, summary.p95.value, summary.p99.value) == (1.5, 2.9, 3.0)
    assert (summary.p95.low, summary.p95.high, summary.p99.low) == (None, None, None)
    assert (summary.p50.low, summary.p50.high) == (1.0, 2.1)


def test_no_call_has_no_percentile() -> None:
    assert summarize_latency([]) == LatencySummary(0, None, None, None)
    assert percentile_interval([], 0.5) == (None, None)


@pytest.mark.parametrize(("q", "least"), [(0.5, 6), (0.95, 72), (0.99, 368)])
def test_an_interval_needs_enough_values(q: float, least: int) -> None:
    assert percentile_interval(range(least - 1), q) == (None, None)
    assert None not in percentile_interval(range(least), q)


@pytest.mark.parametrize(("q", "count"), [(0.5, 25), (0.95, 150), (0.99, 800)])
def test_the_interval_holds_the_true_percentile(q: float, count: int) -> None:
    drawn = np.random.default_rng(0).exponential(size=(600, count))
    held = [low <= -np.log(1 - q) <= high for low, high in (percentile_interval(row, q) for row in drawn)]
    assert 0.94 <= np.mean(held) <= 0.995


@given(st.lists(st.floats(0, 100), min_size=6, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_calls_does_not_matter(values: list[float], source: random.Random) -> None:
    summary = summarize_latency(values)
    shuffled = values[:]
    source.shuffle(shuffled)
    assert summarize_latency(shuffled) == summary
    assert summary.p50 is not None
    assert summary.p50.low is not None
    assert summary.p50.high is not None
    assert summary.p50.low <= summary.p50.value <= summary.p50.high
