"""Interactions are listed newest first, each once, whatever comes in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from balto_cli.store.records import Scope, segment_id
from balto_cli.store.store import Store

from .making import NOON, counter, cut, said, segment, session


async def walk(store: Store, scope: Scope, limit: int) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        page = await store.list_interactions(scope, limit, cursor)
        assert len(page.interactions) <= limit
        found += [row.id for row in page.interactions]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
async def test_every_interaction_comes_once_newest_first(store: Store, limit: int) -> None:
    key = await counter(store)
    sessions = [await session(store, key) for _ in range(3)]
    for one in sessions:
        await store.cut(cut(one, *(segment(index) for index in range(4))))
    found = await walk(store, Scope(), limit)
    assert sorted(found) == sorted(segment_id(one.id, index) for one in sessions for index in range(4))
    rows = [await store.interaction(identity) for identity in found]
    times = [row.said_at for row in rows if row]
    assert times == sorted(times, reverse=True)
    assert await walk(store, Scope(session_id=sessions[0].id), limit) == [
        segment_id(sessions[0].id, index) for index in (3, 2, 1, 0)
    ]


async def test_filters_narrow_and_bounds_are_half_open(store: Store) -> None:
    mine, other = await counter(store), await counter(store, "Balcão 2")
    ids = await said(store, await session(store, mine), list("abcd"))
    await said(store, await session(store, other), list("xy"))
    span = Scope(since=NOON + timedelta(seconds=2), until=NOON + timedelta(seconds=6))
    assert len(await walk(store, span, 10)) == 3
    narrow = Scope(counter_id=mine.holder.counter_id, since=span.since, until=span.until)
    assert await walk(store, narrow, 10) == [ids[2], ids[1]]
    assert await walk(store, Scope(counter_id="\x00"), 10) == []


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "MDAwMS0wMS0wMVQwMDowMDowMCswMDowMCB4", "=" * 50, "\x00"])
async def test_a_foreign_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await store.list_interactions(Scope(), 10, cursor)


async def test_no_query_of_a_running_server_reads_a_whole_table(store: Store, database_url: str) -> None:
    """SQLite's own plans of what is really asked: off an index, however many rows; a session sorts its own."""
    if not database_url.startswith("sqlite"):
        return
    plans: dict[str, str] = {}

    def explain(connection: Any, statement: str, parameters: Any) -> None:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans[statement] = " | ".join(str(row[-1]) for row in rows)

    @event.listens_for(Engine, "before_cursor_execute")
    def look(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            explain(connection, statement, parameters)

    try:
        key = await counter(store)
        one = await session(store, key)
        await said(store, one, list("abc"), audio_path="x")
        mine, cursor = key.holder.counter_id, (await store.list_interactions(Scope(), 1)).next_cursor
        for scope in (Scope(), Scope(counter_id=mine), Scope(session_id=one.id), Scope(since=NOON, until=NOON)):
            await store.list_interactions(scope, 100, cursor)
        await store.waiting(100)
        await store.backlog()
        await store.audio_to_delete(NOON)
        await store.spent_since(NOON)
        await store.unended_sessions()
        await store.events_after(one.id, 0)
        await store.add_feedback(mine, segment_id(one.id, 0), "ignorada", NOON)
        await store.find_key(key.secret)
        await store.erase(Scope(until=NOON + timedelta(days=1)), "admin", NOON)
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert len(plans) > 20
    tables = ("segments", "transcripts", "sessions", "suggestions", "feedback")
    for statement, plan in plans.items():
        scans = [part for part in plan.split(" | ") if part.startswith("SCAN") and "INDEX" not in part]
        assert not [part for part in scans if part.split()[1] in tables], (statement, plan)
        assert "AUTOMATIC" not in plan, (statement, plan)
    for index in ("ix_transcripts_unfinished", "ix_sessions_unended", "ix_segments_audio"):
        assert any(index in plan for plan in plans.values()), index
