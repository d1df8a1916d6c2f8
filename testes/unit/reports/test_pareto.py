from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.findings import Part
from balto_cli.reports.noise_plot import noise_plot
from balto_cli.reports.pareto import HEIGHT, WIDTH, ParetoPoint, pareto_best, pareto_plot
from balto_cli.reports.plot_frame import ticks
from testes.analises import analysis_of, example

NUMBERS = st.one_of(st.none(), st.floats(0, 50, allow_nan=False))


@st.composite
def points(draw: st.DrawFn) -> list[ParetoPoint]:
    wers = draw(st.lists(st.floats(0, 3), min_size=1, max_size=6))
    return [
        ParetoPoint(f"P{number}", wer, wer * 0.8, wer * 1.3, draw(NUMBERS), draw(NUMBERS))
        for number, wer in enumerate(wers)
    ]


def test_a_provider_that_another_beats_in_all_is_not_among_the_best() -> None:
    found = pareto_best(
        [
            ParetoPoint("bom", 0.05, None, None, 1.0, 2.0),
            ParetoPoint("pior em tudo", 0.06, None, None, 1.5, 2.5),
            ParetoPoint("rápido", 0.2, None, None, 0.2, 2.0),
            ParetoPoint("de graça", 0.3, None, None, 5.0, 0.0),
        ]
    )
    assert found == {"bom", "rápido", "de graça"}


@given(points())
def test_somebody_is_always_among_the_best_where_all_is_known(found: list[ParetoPoint]) -> None:
    known = [one for one in found if one.latency_s is not None and one.cost_brl_per_hour is not None]
    best = pareto_best(known)
    assert bool(best) == bool(known)
    for one in known:
        beaten = any(
            other.wer <= one.wer
            and other.latency_s <= one.latency_s  # type: ignore[operator]
            and other.cost_brl_per_hour <= one.cost_brl_per_hour  # type: ignore[operator]
            and (other.wer, other.latency_s, other.cost_brl_per_hour) != (one.wer, one.latency_s, one.cost_brl_per_hour)
            for other in known
        )
        assert (one.name in best) != beaten


@given(points())
def test_the_picture_stays_inside_its_frame(found: list[ParetoPoint]) -> None:
    plot = pareto_plot(found)
    if plot is None:
        return
    for bubble in plot.bubbles:
        assert plot.frame.left <= bubble.low_x <= bubble.x <= bubble.high_x <= plot.frame.right + 0.1
        assert plot.frame.top <= bubble.y <= plot.frame.bottom
    assert all(0 <= mark.at <= WIDTH for mark in plot.frame.x_marks)
    assert all(0 <= mark.at <= HEIGHT for mark in plot.frame.y_marks)
    assert all(bubble.name in plot.summary for bubble in plot.bubbles)


@given(st.floats(1e-6, 1e6))
def test_ticks_are_few_and_hold_the_value(high: float) -> None:
    values, end = ticks(high)
    assert end >= high * (1 - 1e-9)
    assert 3 <= len(values) <= 7


@pytest.mark.parametrize("high", [0.0, float("nan"), float("inf")])
def test_ticks_of_nothing(high: float) -> None:
    assert ticks(high)[1] >= 1.0


def test_a_run_without_a_sweep_has_no_picture_of_noise() -> None:
    assert noise_plot(analysis_of(example({"Local": 0.1}), Part.SEGMENTS).main_part) is None
