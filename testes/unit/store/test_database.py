"""The database is migrated or refused clearly, and one that fails is never taken for one that holds nothing."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, insert, select, text

from balto_cli.errors import UsageError
from balto_cli.store.database import default_address, open_database
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import segment_id
from balto_cli.store.store import Store
from balto_cli.store.tables import AUDIT, METADATA

from .making import NOON, answer, counter, cut, segment, session


def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    open_database(database_url).close()
    engine = create_engine(database_url)
    with engine.connect() as connection:
        opts = {
            "compare_type": True,
            # The index of words is a virtual table with its own shadow tables.
            "include_name": lambda name, _kind, _of: not str(name).startswith("history_words"),
        }
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


async def test_a_second_start_finds_everything(store: Store, database_url: str) -> None:
    key = await counter(store)
    again = await Store.open(database_url)
    assert await again.find_key(key.secret) == key.holder
    await again.close()


def test_a_database_of_a_newer_balto_is_refused_in_one_sentence(database_url: str) -> None:
    open_database(database_url).close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ffff'"))
    engine.dispose()
    with pytest.raises(UsageError, match="versão mais nova"):
        open_database(database_url)


def test_somebody_elses_tables_are_left_alone(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE sessions (id INTEGER)"))
    engine.dispose()
    with pytest.raises(UsageError, match="não são do Balto"):
        open_database(database_url)


@pytest.mark.parametrize(
    "address", ["isto não é", "mysql://u:senha123@h/b", "sqlite://", "sqlite:///:memory:", "oracle://u:senha123@h"]
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_database(address)
    assert "senha123" not in str(refused.value)
    assert "DATABASE_URL" in str(refused.value)


@pytest.mark.parametrize("address", ["postgresql://u:senha123@127.0.0.1:9/b", "sqlite:////nao/ha/tal/pasta/x.db"])
def test_a_database_that_is_not_there_does_not_answer(address: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(StoreUnavailable) as failed:
        open_database(address)
    assert "senha123" not in str(failed.value) + caplog.text


async def test_a_database_that_fails_is_no_wrong_key(tmp_path: Path) -> None:
    store = await Store.open(default_address(tmp_path))
    key = await counter(store)
    for name in ("balto.db", "balto.db-wal", "balto.db-shm"):
        (tmp_path / name).write_bytes(b"lixo" * 5000)
    with pytest.raises(StoreUnavailable):
        await store.find_key(key.secret)
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()


async def test_one_write_that_fails_takes_no_other_with_it(store: Store) -> None:
    one = await session(store)
    writes = [store.cut(cut(one, segment(index))) for index in range(10)]
    writes.insert(5, store.cut(cut(one, segment(10, audio_path=object()))))
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [result for result in results if not isinstance(result, Exception)] == [(index,) for index in range(10)]
    assert sum(isinstance(result, Exception) for result in results) == 1


async def test_a_write_goes_on_when_whoever_asked_is_gone(store: Store) -> None:
    one = await session(store)
    task = asyncio.create_task(store.cut(cut(one, segment(0))))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.ping()
    assert await store.interaction(segment_id(one.id, 0)) is not None


async def test_closing_finishes_what_was_asked_for(database_url: str) -> None:
    store = await Store.open(database_url)
    one = await session(store)
    writes = [asyncio.create_task(store.cut(cut(one, segment(index)))) for index in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert [await write for write in writes] == [(index,) for index in range(50)]
    with pytest.raises(StoreUnavailable):
        await store.ping()


async def test_no_transcript_reaches_the_log(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    one = await session(store)
    await store.cut(cut(one, segment(0)))
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreUnavailable):
        await store.transcribed(answer(segment_id(one.id, 0), "dipirona para o senhor", cost_brl=object()))
    assert "dipirona" not in caplog.text


def test_times_come_back_in_utc_and_those_without_a_zone_are_refused(database_url: str) -> None:
    database = open_database(database_url)
    in_brazil = datetime(2026, 11, 3, 9, 15, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
    row = {"actor": "a", "action": "b", "subject": "c", "detail": {}}
    with database.writing.begin() as connection:
        connection.execute(insert(AUDIT), {**row, "at": in_brazil})
    with database.reading.begin() as connection:
        (found,) = connection.scalars(select(AUDIT.c.at))
    assert found == in_brazil
    assert found.tzinfo is UTC
    with pytest.raises(Exception, match="time zone"), database.writing.begin() as connection:
        connection.execute(insert(AUDIT), {**row, "at": NOON.replace(tzinfo=None)})
    database.close()
