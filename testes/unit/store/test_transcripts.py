"""Transcripts have one final state, late ones say so, and nothing that waits is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from balto_cli.store.records import EventNumber, NewSuggestion, TranscriptState, new_id, segment_id
from balto_cli.store.store import Store
from balto_cli.stt.base import Word

from .making import NOON, answer, counter, cut, said, segment, session


async def test_the_first_final_state_stays(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0)))
    identity = segment_id(one.id, 0)
    assert await store.transcribed(answer(identity, "primeiro"))
    assert not await store.transcribed(answer(identity, "segundo"))
    assert not await store.postpone(identity, 7)
    found = await store.interaction(identity)
    assert found is not None
    assert (found.text, found.state, found.late) == ("primeiro", TranscriptState.OK, False)
    assert not await store.transcribed(answer(new_id()))


async def test_a_postponed_transcript_is_late_and_keeps_the_number_it_was_told_under(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0)))
    identity = segment_id(one.id, 0)
    assert await store.postpone(identity, 7)
    assert not await store.postpone(identity, 8)
    assert [row.id for row in await store.waiting(10)] == [identity]
    assert await store.transcribed(answer(identity, seq=9))
    found = await store.interaction(identity)
    assert found is not None
    assert (found.late, found.transcript_seq, found.state) == (True, 7, TranscriptState.OK)


async def test_what_waits_is_found_oldest_first_and_page_by_page(store: Store) -> None:
    newer, older = await session(store, started_at=NOON + timedelta(hours=1)), await session(store)
    for one in (newer, older):
        await store.cut(cut(one, *(segment(index) for index in range(5))))
    await store.transcribed(answer(segment_id(older.id, 0)))
    await store.postpone(segment_id(older.id, 2), None)
    expected = [segment_id(older.id, index) for index in range(1, 5)]
    expected += [segment_id(newer.id, index) for index in range(5)]
    found: list[str] = []
    last = None
    while page := await store.waiting(2, last):
        found += [row.id for row in page]
        last = page[-1]
    assert found == expected
    backlog = await store.backlog()
    assert (backlog.segments, backlog.oldest_at) == (9, NOON + timedelta(seconds=2))


async def test_no_backlog_is_said_as_none(store: Store) -> None:
    backlog = await store.backlog()
    assert (backlog.segments, backlog.oldest_at) == (0, None)


async def test_events_are_found_after_a_number_with_those_that_were_never_sent(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, *(segment(index, seq=index + 1) for index in range(3)), segment(3)))
    ids = [segment_id(one.id, index) for index in range(4)]
    await store.transcribed(answer(ids[0], seq=4))
    await store.transcribed(answer(ids[1]))
    assert [row.id for row in await store.events_after(one.id, 4)] == [ids[1], ids[3]]
    await store.number_events([EventNumber(ids[1], "transcricao", 5), EventNumber(ids[3], "segmento", 6)])
    await store.number_events([EventNumber(ids[1], "transcricao", 50), EventNumber(ids[3], "segmento", 60)])
    assert [row.id for row in await store.events_after(one.id, 6)] == []
    assert [(row.segment_seq, row.transcript_seq) for row in await store.events_after(one.id, 4)] == [(2, 5), (6, None)]


async def test_delivery_is_noted_once(store: Store) -> None:
    one = await session(store)
    (identity,) = await said(store, one, ["oi"])
    await store.delivered([identity], NOON)
    await store.delivered([identity], NOON + timedelta(hours=1))
    found = await store.interaction(identity)
    assert found is not None
    assert found.delivered_at == NOON


async def test_the_last_feedback_counts_and_all_are_kept(store: Store) -> None:
    key = await counter(store)
    one = await session(store, key)
    (identity,) = await said(store, one, ["oi"])
    for outcome in ("ignorada", "venda_perdida", "foi embora \x00 correndo"):
        assert await store.add_feedback(key.holder.counter_id, identity, outcome, NOON)
    found = await store.interaction(identity)
    assert found is not None
    assert found.outcome == "foi embora \ufffd correndo"


async def test_another_counters_interaction_takes_no_feedback(store: Store) -> None:
    mine, other = await counter(store), await counter(store, "Balcão 2")
    (identity,) = await said(store, await session(store, mine), ["oi"])
    assert not await store.add_feedback(other.holder.counter_id, identity, "ignorada", NOON)
    assert not await store.add_feedback(mine.holder.counter_id, new_id(), "ignorada", NOON)
    assert not await store.add_feedback(mine.holder.counter_id, "\x00", "ignorada", NOON)
    found = await store.interaction(identity)
    assert found is not None
    assert found.outcome is None


async def test_the_first_decision_stays_and_its_versions_with_it(store: Store) -> None:
    (identity,) = await said(store, await session(store), ["oi"])
    decision = NewSuggestion(
        identity, "sugerir", "dor", None, {"produto": "Neosaldina"}, "r1", "c1", None, 0.5, NOON, sent=True
    )
    assert await store.add_suggestion(decision)
    assert not await store.add_suggestion(NewSuggestion(**{**_fields(decision), "action": "silencio"}))
    assert not await store.add_suggestion(NewSuggestion(**{**_fields(decision), "segment_id": new_id()}))
    found = await store.interaction(identity)
    assert found is not None
    assert (found.action, found.suggestion, found.suggestion_sent) == ("sugerir", {"produto": "Neosaldina"}, True)
    assert await store.spent_since(NOON) == pytest.approx(0.25 + 0.05 + 0.5)
    assert await store.spent_since(NOON + timedelta(hours=1)) == 0.0


async def test_what_no_database_takes_is_replaced_and_numbers_that_are_none_left_out(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0)))
    words = (Word("a\x00", 0.0, float("nan"), float("inf"), "\ud800"),)
    outcome = answer(segment_id(one.id, 0), "a\x00b\ud800", words=words, confidence=float("nan"), reason="x" * 99)
    assert await store.transcribed(outcome)
    found = await store.interaction(segment_id(one.id, 0))
    assert found is not None
    assert (found.text, found.confidence) == ("a\ufffdb\ufffd", None)


def _fields(suggestion: NewSuggestion) -> dict[str, object]:
    return {name: getattr(suggestion, name) for name in NewSuggestion.__slots__}
