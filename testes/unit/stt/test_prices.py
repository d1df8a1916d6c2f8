"""Costs come from one dated table, and an unknown model is never taken for a cheap one."""

from __future__ import annotations

from datetime import date

import pytest

from balto_cli.stt import prices
from balto_cli.stt.registry import REMOTE, remote_class


@pytest.mark.parametrize("provider", REMOTE)
def test_every_default_model_has_a_price(provider: str) -> None:
    assert remote_class(provider).default_model in prices.USD_PER_HOUR[provider]


@pytest.mark.parametrize("provider", REMOTE)
def test_an_unknown_model_costs_what_the_dearest_does(provider: str) -> None:
    assert prices.usd_per_hour(provider, "de amanhã") == max(prices.USD_PER_HOUR[provider].values())


def test_terms_and_speakers_cost_what_the_provider_asks_for_them() -> None:
    assert prices.usd_per_hour("elevenlabs", "scribe_v2", keyterms=True) == pytest.approx(0.27)
    assert prices.usd_per_hour("assemblyai", "universal-2", keyterms=True, speakers=True) == pytest.approx(0.22)
    assert prices.usd_per_hour("assemblyai", prices.SYNC, keyterms=True) == pytest.approx(0.30)
    assert prices.usd_per_hour("openai", "whisper-1", keyterms=True, speakers=True) == pytest.approx(0.36)


def test_an_hour_at_a_dollar_costs_a_dollar_in_reais() -> None:
    assert prices.cost_brl(3600, 1.0) == prices.REAIS_PER_DOLLAR
    assert prices.cost_brl(1800, 0.5, reais_per_dollar=6.0) == 1.5


def test_the_table_is_dated_and_what_is_unsure_is_in_it() -> None:
    assert date.fromisoformat(prices.PRICES_DATE)
    assert all(model in prices.USD_PER_HOUR[provider] for provider, model in prices.UNSURE)
