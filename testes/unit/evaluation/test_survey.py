"""What a survey's audio would cost: by the dated table, at every provider, with no key at all."""

from __future__ import annotations

import pytest

from balto_cli.errors import UsageError
from balto_cli.evaluation.survey import Quote, Survey, quotes
from balto_cli.settings import Settings
from balto_cli.stt.prices import KEYTERMS_USD_PER_HOUR, SYNC, USD_PER_HOUR
from balto_cli.stt.registry import KNOWN

HOUR = Survey(files=3, duration_s=3600.0, segments=0, segments_s=0.0, problems=())
BOTH = Survey(files=3, duration_s=3600.0, segments=40, segments_s=1800.0, problems=())
CUT = Survey(files=3, duration_s=3600.0, segments=40, segments_s=1800.0, problems=(), whole=False)


def priced(names: list[str], found: Survey, *, speakers: bool = False, **values: str) -> dict[str, Quote]:
    settings = Settings.model_validate({"dolar": "5", **values})
    return {quote.provider: quote for quote in quotes(names, settings, found, speakers=speakers, terms=False)}


def test_an_hour_costs_what_the_table_says_at_every_provider() -> None:
    found = priced(["local"], HOUR)
    assert set(found) == set(KNOWN)
    assert found["local"].cost_brl == 0.0
    for provider, prices in USD_PER_HOUR.items():
        quote = found[provider]
        assert quote.cost_brl == pytest.approx(prices[quote.model] * 5)
        assert quote.missing_key == f"{provider.upper()}_API_KEY"
        assert not quote.asked


def test_medicine_names_to_expect_cost_extra_where_the_provider_says_so() -> None:
    plain, told = (
        {q.provider: q.cost_brl for q in quotes(["local"], Settings.model_validate({"dolar": "5"}), HOUR, terms=terms)}
        for terms in (False, True)
    )
    for provider, cost_brl in plain.items():
        extra = KEYTERMS_USD_PER_HOUR.get(provider, 0.0) * 5
        assert told[provider] == pytest.approx(cost_brl + extra)


def test_segments_cost_what_the_endpoint_for_segments_costs() -> None:
    quote = priced(["assemblyai"], BOTH)["assemblyai"]
    prices = USD_PER_HOUR["assemblyai"]
    assert quote.cost_brl == pytest.approx((prices[quote.model] + prices[SYNC] / 2) * 5)
    assert priced(["assemblyai"], CUT)["assemblyai"].cost_brl == pytest.approx(prices[SYNC] / 2 * 5)
    # Behind another address everything goes by jobs, unless the synchronous endpoint has one, too.
    moved = {"ASSEMBLYAI_BASE_URL": "http://127.0.0.1:1"}
    assert priced(["assemblyai"], CUT, **moved)["assemblyai"].segment_usd_per_hour == prices[quote.model]
    moved["ASSEMBLYAI_SYNC_BASE_URL"] = "http://127.0.0.1:2"
    assert priced(["assemblyai"], CUT, **moved)["assemblyai"].segment_usd_per_hour == prices[SYNC]


def test_who_speaks_costs_more_where_the_provider_bills_it() -> None:
    plain, told = (priced(["assemblyai"], HOUR, speakers=speakers)["assemblyai"] for speakers in (False, True))
    assert plain.cost_brl is not None
    assert told.cost_brl is not None
    assert told.cost_brl > plain.cost_brl


def test_a_model_outside_of_the_table_costs_as_the_dearest_and_says_that_it_is_a_guess() -> None:
    quote = priced(["deepgram:nova-99"], HOUR)["deepgram"]
    assert (quote.usd_per_hour, quote.estimated) == (max(USD_PER_HOUR["deepgram"].values()), True)


def test_a_model_of_another_server_has_no_known_price() -> None:
    quote = priced(["openai:org/modelo"], HOUR, OPENAI_BASE_URL="http://127.0.0.1:1/v1")["openai"]
    assert (quote.usd_per_hour, quote.cost_brl) == (None, None)


def test_those_asked_for_come_first_with_their_models() -> None:
    names = ["openai:whisper-1", "openai:gpt-transcribe", "local:small"]
    settings = Settings.model_validate({"OPENAI_API_KEY": "x"})
    found = quotes(names, settings, HOUR)
    assert [(one.label, one.model, one.missing_key) for one in found if one.asked] == [
        ("OpenAI", "whisper-1", None), ("OpenAI", "gpt-transcribe", None), ("Local", "small", None),
    ]  # fmt: skip
    assert [one.asked for one in found] == sorted((one.asked for one in found), reverse=True)


def test_a_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="eleven"):
        quotes(["eleven"], Settings.model_validate({}), HOUR)
