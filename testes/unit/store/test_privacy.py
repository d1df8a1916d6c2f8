"""Erasing reaches everything that was meant and nothing else; what is held can be had; nothing grows old."""

from __future__ import annotations

from datetime import timedelta

import pytest

from balto_cli.store.records import Erased, ErasureCount, Scope, SessionPart, segment_id
from balto_cli.store.store import Store

from .making import NOON, SECOND_SAMPLES, answer, counter, cut, said, segment, session

HOUR = timedelta(hours=1)


class Elsewhere:
    """Keeps what it was told to forget."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.segments: list[str] = []
        self.sessions: list[str] = []
        self.parts: list[SessionPart] = []
        self.still_there: list[bool] = []
        store.on_erasure(self)

    async def __call__(self, erased: Erased) -> None:
        self.segments += [one.id for one in erased.segments]
        self.sessions += erased.sessions
        self.parts += erased.parts
        for one in erased.segments:
            self.still_there.append(await self.store.interaction(one.id) is not None)


async def test_a_session_is_erased_with_all_that_leads_to_it(store: Store) -> None:
    key = await counter(store)
    mine, other = await session(store, key), await session(store, key)
    ids = await said(store, mine, ["meu cpf é", "tem omeprazol?"], audio_path="audio/x.flac")
    await said(store, other, ["bom dia"])
    await store.add_feedback(key.holder.counter_id, ids[0], "ignorada", NOON)
    elsewhere = Elsewhere(store)
    assert await store.erase(Scope(session_id=mine.id), "admin", NOON) == ErasureCount(1, 2)
    assert (elsewhere.sessions, sorted(elsewhere.segments)) == ([mine.id], sorted(ids))
    assert all(elsewhere.still_there), "files go before the rows that know of them"
    assert await store.session(mine.id) is None
    left = await store.list_interactions(Scope(), 10)
    assert [row.text for row in left.interactions] == ["bom dia"]
    assert await store.cut(cut(mine, segment(9))) == ()


async def test_a_counter_is_erased_and_the_others_stay(store: Store) -> None:
    mine, other = await counter(store), await counter(store, "Balcão 2")
    for key in (mine, mine, other):
        await said(store, await session(store, key), ["a", "b"])
    count = await store.erase(Scope(counter_id=mine.holder.counter_id), "admin", NOON)
    assert count == ErasureCount(2, 4)
    left = await store.list_interactions(Scope(), 10)
    assert {row.counter_id for row in left.interactions} == {other.holder.counter_id}
    assert await store.find_key(mine.secret) is not None


async def test_a_span_takes_its_stretch_out_of_a_session_that_goes_on(store: Store) -> None:
    one = await session(store)
    ids = await said(store, one, [str(n) for n in range(6)])
    elsewhere = Elsewhere(store)
    span = Scope(since=NOON + timedelta(seconds=2), until=NOON + timedelta(seconds=6))
    assert await store.erase(span, "admin", NOON) == ErasureCount(0, 2)
    assert sorted(elsewhere.segments) == sorted(ids[1:3])
    assert elsewhere.sessions == []
    assert elsewhere.parts == [SessionPart(one.id, 2 * SECOND_SAMPLES, 6 * SECOND_SAMPLES)]
    assert await store.session(one.id) is not None


async def test_audio_sent_faster_than_real_time_goes_with_its_session(store: Store) -> None:
    one = await session(store)
    ids = await said(store, one, [str(n) for n in range(6)])
    await store.end_session(one.id, NOON + timedelta(seconds=1), "encerrar", 0)
    elsewhere = Elsewhere(store)
    await store.erase(Scope(until=NOON + timedelta(seconds=2)), "admin", NOON)
    assert sorted(elsewhere.segments) == sorted(ids)


async def test_what_could_not_be_deleted_elsewhere_can_be_erased_again(store: Store) -> None:
    one = await session(store)
    await said(store, one, ["a"])

    async def fails(erased: Erased) -> None:
        if erased.segments:
            raise OSError("disk")

    store.on_erasure(fails)
    with pytest.raises(OSError, match="disk"):
        await store.erase(Scope(session_id=one.id), "admin", NOON)
    assert await store.interaction(segment_id(one.id, 0)) is not None


async def test_many_are_erased_by_batches(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, *(segment(index) for index in range(450))))
    assert await store.erase(Scope(session_id=one.id), "admin", NOON) == ErasureCount(1, 450)


async def test_nobody_erases_everything_by_leaving_filters_out(store: Store) -> None:
    with pytest.raises(ValueError, match="names"):
        await store.erase(Scope(), "admin", NOON)


async def test_retention_takes_what_is_old_and_nothing_newer(store: Store) -> None:
    key = await counter(store)
    old, new = await session(store, key), await session(store, key, NOON + 2 * HOUR)
    await said(store, old, ["velho"])
    await said(store, new, ["novo"])
    await store.end_session(old.id, NOON + timedelta(minutes=1), "encerrar", 0)
    assert await store.purge(NOON + HOUR, NOON + 2 * HOUR) == ErasureCount(1, 1)
    left = await store.list_interactions(Scope(), 10)
    assert [row.text for row in left.interactions] == ["novo"]
    entries = len(await store.audit_trail())
    assert await store.purge(NOON + HOUR, NOON + 2 * HOUR) == ErasureCount(0, 0)
    assert len(await store.audit_trail()) == entries


async def test_audio_goes_once_its_transcript_is_final(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, *(segment(index, audio_path=f"audio/{index}.flac") for index in range(3)), segment(3)))
    ids = [segment_id(one.id, index) for index in range(4)]
    for identity in (ids[0], ids[1], ids[3]):
        await store.transcribed(answer(identity, response_key="abc"))
    await store.postpone(ids[2], None)
    due = await store.audio_to_delete(NOON + HOUR)
    assert [(piece.id, piece.audio_path, piece.response_key) for piece in due] == [
        (ids[0], "audio/0.flac", "abc"),
        (ids[1], "audio/1.flac", "abc"),
    ]
    assert await store.audio_to_delete(NOON) == []
    await store.audio_deleted([piece.id for piece in due])
    assert await store.audio_to_delete(NOON + HOUR) == []


async def test_all_that_is_held_can_be_had(store: Store) -> None:
    key = await counter(store)
    one = await session(store, key)
    ids = await said(store, one, [f"frase {n}" for n in range(3)])
    await store.add_feedback(key.holder.counter_id, ids[0], "ignorada", NOON)
    await store.add_feedback(key.holder.counter_id, ids[0], "venda_realizada", NOON)
    rows = [row async for row in store.held(Scope(counter_id=key.holder.counter_id), "admin", NOON)]
    assert [row["texto"] for row in rows] == ["frase 2", "frase 1", "frase 0"]
    assert [entry["resultado"] for entry in rows[2]["retornos"]] == ["ignorada", "venda_realizada"]


async def test_deletions_and_exports_are_audited_without_what_was_said(store: Store) -> None:
    one = await session(store)
    await said(store, one, ["segredo do cliente"])
    async for _ in store.held(Scope(session_id=one.id), "admin", NOON):
        pass
    await store.erase(Scope(session_id=one.id), "admin", NOON)
    trail = await store.audit_trail()
    assert [entry.action for entry in trail] == ["apagado", "apagar", "exportar"]
    assert trail[0].detail == {"sessao": one.id, "sessoes": 1, "segmentos": 1}
    assert "segredo" not in str(trail)
