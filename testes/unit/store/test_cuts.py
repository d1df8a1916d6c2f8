"""Sessions: what a cut stores is there once and whole, and a restart finds from where to go on."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

from balto_cli.store.records import SessionState, new_id, segment_id
from balto_cli.store.store import SEQ_BLOCK, Store

from .making import NOON, counter, cut, segment, session


async def test_storing_a_cut_again_changes_nothing(store: Store) -> None:
    one = await session(store)
    assert await store.cut(cut(one, segment(0), segment(1), position=100)) == (0, 1)
    assert await store.cut(cut(one, segment(0, cut="queda"), segment(1), segment(2), position=100)) == (2,)
    stored = await store.interaction(segment_id(one.id, 0))
    assert stored is not None
    assert stored.cut == "pausa"


async def test_replaying_any_stretch_after_a_crash_leaves_each_segment_once(store: Store) -> None:
    one = await session(store)
    dice = random.Random(7)
    new: list[int] = []
    for _ in range(30):
        first = dice.randrange(20)
        new += await store.cut(cut(one, *(segment(index) for index in range(first, min(20, first + 4)))))
    assert sorted(new) == sorted(set(new))
    waiting = await store.waiting(100)
    assert [row.index for row in waiting] == sorted(new)
    assert {row.id for row in waiting} == {segment_id(one.id, index) for index in new}


async def test_a_cut_is_whole_or_not_there(store: Store) -> None:
    one = await session(store)
    broken = segment(1, audio_path=object())
    failed = await asyncio.gather(store.cut(cut(one, segment(0), broken, position=9)), return_exceptions=True)
    assert isinstance(failed[0], Exception)
    left = await store.session(one.id)
    assert left is not None
    assert (left.next_index, left.checkpoint) == (0, None)
    assert await store.waiting(10) == []


async def test_a_restart_goes_on_from_the_latest_checkpoint(store: Store, database_url: str) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0), position=500, state=b"quinhentos"))
    await store.cut(cut(one, segment(1), position=0, state=None))
    await store.cut(cut(one, position=200, state=b"duzentos"))
    again = await Store.open(database_url)
    (found,) = await again.unended_sessions()
    await again.close()
    assert (found.checkpoint, found.checkpoint_position, found.spool_position) == (b"quinhentos", 500, 1000)
    assert found.next_index == 2
    assert found.started_at == NOON
    assert found.settings == {"eventos": []}


async def test_a_segment_was_said_at_its_place_in_the_session(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(3)))
    found = await store.interaction(segment_id(one.id, 3))
    assert found is not None
    assert found.said_at == NOON + timedelta(seconds=6)


async def test_event_numbers_only_ever_grow_also_over_restarts(store: Store, database_url: str) -> None:
    one = await session(store)
    assert one.seq_reserved == SEQ_BLOCK
    firsts = await asyncio.gather(*(store.reserve_seq(one.id) for _ in range(3)))
    again = await Store.open(database_url)
    firsts.append(await again.reserve_seq(one.id))
    await again.close()
    assert sorted(firsts) == [SEQ_BLOCK * part + 1 for part in (1, 2, 3, 4)]


async def test_only_its_own_counter_takes_a_session_up_and_only_in_time(store: Store) -> None:
    mine, other = await counter(store), await counter(store, "Balcão 2")
    one = await session(store, mine)
    assert await store.take_up(one.id, other.holder.counter_id, NOON) is None
    assert await store.take_up(new_id(), mine.holder.counter_id, NOON) is None
    assert await store.take_up("\x00\ud800", mine.holder.counter_id, NOON) is None
    await store.drop_session(one.id, NOON, 320)
    assert await store.take_up(one.id, mine.holder.counter_id, NOON + timedelta(seconds=1)) is None
    taken = await store.take_up(one.id, mine.holder.counter_id, NOON - timedelta(seconds=60))
    assert taken is not None
    assert (taken.state, taken.received_samples, taken.dropped_at) == (SessionState.OPEN, 320, None)
    await store.end_session(one.id, NOON, "encerrar", 640)
    assert await store.take_up(one.id, mine.holder.counter_id, NOON - timedelta(days=1)) is None


async def test_an_ended_session_stays_ended_for_its_first_reason(store: Store) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0), position=10))
    await store.end_session(one.id, NOON, "encerrar", 100)
    await store.end_session(one.id, NOON + timedelta(hours=1), "queda", 50)
    await store.drop_session(one.id, NOON, 200)
    found = await store.session(one.id)
    assert found is not None
    assert (found.state, found.end_reason, found.received_samples) == (SessionState.ENDED, "encerrar", 100)
    assert found.ended_at == NOON
    assert found.checkpoint is None
    assert await store.unended_sessions() == []
