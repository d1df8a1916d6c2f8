"""Numbers of options as people write them."""

from __future__ import annotations

import pytest
import typer

from balto_cli.cli.options import number


@pytest.mark.parametrize(("written", "meant"), [("1,5", 1.5), ("1.5", 1.5), (" 20 ", 20.0), (20, 20.0), ("0,1", 0.1)])
def test_a_comma_and_a_point_are_the_same(written: str | float, meant: float) -> None:
    assert number(0.1, 1000)(written) == meant


@pytest.mark.parametrize("written", ["", "dez", "1,2,3", "1.234,5", "nan", "0", "-1", "1001"])
def test_what_is_no_number_or_out_of_range_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter):
        number(0.1, 1000)(written)
