"""Rates of sales, their floor, and dialogues read back, in each kind of database."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.store.dialogues import client_of, clients_named, last_turns, sessions_within, turns_of
from balto_cli.store.feedback import By, Floor, Rate, Which, rates, wilson
from balto_cli.store.interactions import spent_on_suggestions
from balto_cli.store.records import NewKey, NewSuggestion
from balto_cli.store.store import Store
from testes.unit.store.making import NOON, counter, said, session


def suggestion(segment: str, **changes: object) -> NewSuggestion:
    fields: dict[str, object] = {
        "segment_id": segment,
        "action": "sugerir",
        "category": "dor_febre",
        "reason": "queixa",
        "payload": {"produto": "Bolsa térmica"},
        "rules_version": "1-a",
        "catalogue_version": "c",
        "model": None,
        "cost_brl": 0.25,
        "suggested_at": NOON,
        "sent": True,
        "rule": "necessidade:dor_cabeca",
        "products": ("M001", "S204"),
    }
    return NewSuggestion(**{**fields, **changes})  # type: ignore[arg-type]


async def suggested(store: Store, key: NewKey, outcomes: list[str | None], **changes: object) -> list[str]:
    """A session of one suggestion a feedback."""
    segments = await said(store, await session(store, key), ["tô com dor de cabeça"] * len(outcomes))
    for segment, outcome in zip(segments, outcomes, strict=True):
        await store.add_suggestion(suggestion(segment, **changes))
        if outcome:
            await store.add_feedback(key.holder.counter_id, segment, outcome, NOON)
    return segments


def by_key(found: list[Rate]) -> dict[str, Rate]:
    return {rate.key: rate for rate in found}


async def test_rates_by_rule_product_counter_hour_and_model(store: Store) -> None:
    one, two = await counter(store), await counter(store, "Balcão 2", "Rede Longe")
    await suggested(store, one, ["venda_realizada", "ignorada", "venda_perdida", "gostei", None])
    await suggested(
        store, two, ["venda_realizada"], products=("S204",), rule="complemento:antigripal", model="grok",
        suggested_at=NOON + timedelta(hours=14),
    )  # fmt: skip
    rules = by_key(await store.read(rates, By.RULE))
    first = rules["necessidade:dor_cabeca"]
    assert (first.sent, first.sold, first.lost, first.ignored, first.answered) == (5, 1, 1, 1, 3)
    assert first.share == pytest.approx(1 / 3)
    products = by_key(await store.read(rates, By.PRODUCT))
    assert {key: (rate.sent, rate.sold) for key, rate in products.items()} == {"M001": (5, 1), "S204": (6, 2)}
    counters = by_key(await store.read(rates, By.COUNTER))
    assert counters[two.holder.counter_id].name == "Rede Longe, Balcão 2"
    assert [(rate.key, rate.sent) for rate in await store.read(rates, By.HOUR)] == [("09", 5), ("23", 1)]
    assert set(by_key(await store.read(rates, By.MODEL))) == {"regras", "grok"}
    mine = Which(client_id=one.holder.client_id, since=NOON, until=NOON + timedelta(hours=1))
    assert set(by_key(await store.read(rates, By.RULE, mine))) == {"necessidade:dor_cabeca"}
    assert await store.read(rates, By.RULE, Which(counter_id=one.holder.counter_id, since=NOON + timedelta(1))) == []


async def test_the_last_feedback_counts_and_what_was_not_sent_or_was_a_trial_does_not(store: Store) -> None:
    from sqlalchemy import update

    from balto_cli.store.tables import COUNTERS

    key, trial = await counter(store), await counter(store, "Teste")
    (segment,) = await suggested(store, key, ["venda_realizada"])
    await store.add_feedback(key.holder.counter_id, segment, "ignorada", NOON)
    await suggested(store, key, ["venda_realizada"], sent=False)
    await suggested(store, key, ["venda_realizada"], action="encaminhar", products=())
    await suggested(store, trial, ["venda_realizada"])
    mark = update(COUNTERS).where(COUNTERS.c.id == trial.holder.counter_id).values(trial=True)
    await store.write(lambda connection: connection.execute(mark) and None)
    (rate,) = await store.read(rates, By.RULE)
    assert (rate.sent, rate.sold, rate.ignored) == (1, 0, 1)


async def test_a_rule_is_poor_when_enough_feedback_says_so_surely(store: Store) -> None:
    key = await counter(store)
    await suggested(store, key, ["ignorada"] * 40, rule="necessidade:fraca", products=("S1",))
    await suggested(store, key, ["ignorada"] * 9, rule="necessidade:nova", products=("S2",))
    await suggested(store, key, ["ignorada"] * 30 + ["venda_realizada"] * 10, rule="necessidade:boa", products=("S3",))
    for by, weak in ((By.RULE, "necessidade:fraca"), (By.PRODUCT, "S1")):
        found = await store.read(rates, by, Which(), Floor(share=0.10, answers=10))
        assert [rate.key for rate in found if rate.poor] == [weak]
        assert not any(rate.poor for rate in await store.read(rates, by, Which(), Floor(share=0.10, answers=50)))


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_the_one_where_the_share_is_as_far_as_chance_allows(pair: tuple[int, int]) -> None:
    hits, of = pair
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1
    for bound in (low, high):
        if 1e-9 < bound < 1 - 1e-9:
            assert abs(hits / of - bound) / math.sqrt(bound * (1 - bound) / of) == pytest.approx(1.959964, rel=1e-4)


async def test_a_dialogue_comes_back_with_what_was_decided(store: Store) -> None:
    key = await counter(store)
    first, other = await session(store, key), await session(store, key, NOON + timedelta(hours=1))
    ids = await said(store, first, ["oi", "tô com dor de cabeça", "tá"])
    await said(store, other, ["ruído"], low_speech=True)
    await store.add_suggestion(suggestion(ids[1], model="grok"))
    turns = await store.read(turns_of, [first.id, other.id])
    assert [(turn.text, turn.action) for turn in turns] == [
        ("oi", None), ("tô com dor de cabeça", "sugerir"), ("tá", None),
    ]  # fmt: skip
    assert (turns[1].rule, turns[1].products, turns[1].model) == ("necessidade:dor_cabeca", ("M001", "S204"), "grok")
    assert (turns[1].start_s, turns[1].end_s, turns[1].client_id) == (2.0, 3.0, key.holder.client_id)
    assert [turn.text for turn in await store.read(last_turns, first.id, 2)] == ["tô com dor de cabeça", "tá"]
    until = round(turns[1].start_s * SAMPLE_RATE_HZ)
    assert [turn.text for turn in await store.read(last_turns, first.id, 2, until)] == ["oi", "tô com dor de cabeça"]
    assert await store.read(sessions_within, Which()) == [first.id, other.id]
    assert await store.read(sessions_within, Which(since=NOON + timedelta(minutes=1))) == [other.id]
    assert await store.read(sessions_within, Which(client_id="outra")) == []


async def test_a_client_is_found_by_name_or_id(store: Store) -> None:
    key = await counter(store)
    assert await store.read(clients_named, "REDE saúde ") == [key.holder.client_id]
    assert await store.read(clients_named, key.holder.client_id) == [key.holder.client_id]
    assert await store.read(clients_named, "Outra") == []
    assert await store.read(client_of, key.holder.counter_id) == key.holder.client_id
    assert await store.read(client_of, "x") is None


async def test_what_models_cost_is_summed_from_a_moment_on(store: Store) -> None:
    key = await counter(store)
    await suggested(store, key, [None, None])
    await suggested(store, key, [None], suggested_at=NOON - timedelta(days=1))
    assert await store.read(spent_on_suggestions, NOON) == pytest.approx(0.5)
    assert await store.read(spent_on_suggestions, NOON + timedelta(1)) == 0.0
