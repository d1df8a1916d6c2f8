"""How long the rest of a long run takes."""

from __future__ import annotations

import pytest

from balto_cli.cli.console import Pace


def test_an_even_run_is_told_evenly() -> None:
    pace = Pace(100.0)
    told = [pace.left_s(100.0 + 2 * done, done, 20) for done in range(1, 21)]
    assert told[0] is None
    assert told[1:] == [pytest.approx(2 * (20 - done)) for done in range(2, 21)]


def test_what_was_stored_does_not_make_the_rest_look_short() -> None:
    pace = Pace(0.0)
    for done in range(1, 51):
        assert pace.left_s(0.01 * done, done, 100) is None
    assert pace.left_s(10.5, 51, 100) == pytest.approx(490, rel=0.01)
    assert pace.left_s(20.5, 52, 100) == pytest.approx(480, rel=0.01)
