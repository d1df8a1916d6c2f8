"""Amounts as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.cli.options import read_reais
from balto_cli.errors import UsageError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12,50", 12.5), ("12.50", 12.5), ("12", 12.0), ("0", 0.0), ("R$ 3,5", 3.5), ("R$3", 3.0),
        ("1.234,50", 1234.5), ("1.234.567,89", 1234567.89), ("1000", 1000.0), ("0.5", 0.5),
    ],
)  # fmt: skip
def test_an_amount_is_read(written: str, meant: float) -> None:
    assert read_reais(written) == meant


@pytest.mark.parametrize(
    "written", ["", "muito", "-1", "1,2,3", "1.23.456,7", "nan", "inf", "1e9", "R$", "1.234", "12.345.678", "١٢"]
)
def test_what_could_mean_two_things_or_none_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="--orcamento"):
        read_reais(written)


def test_no_amount_is_no_limit() -> None:
    assert read_reais(None) is None


@given(st.integers(0, 10**9))
def test_every_amount_in_cents_comes_back(cents: int) -> None:
    whole, rest = divmod(cents, 100)
    grouped = f"{whole:,}".replace(",", ".")
    assert read_reais(f"{grouped},{rest:02d}") == pytest.approx(cents / 100)
    assert read_reais(f"{whole},{rest:02d}") == pytest.approx(cents / 100)
