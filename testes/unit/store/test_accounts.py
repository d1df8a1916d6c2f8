"""Sessions of the panel and trials of a microphone, on each database; and that the upgrade to them keeps all rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from balto_cli.store import accounts, counters, holdings, migrating
from balto_cli.store.accounts import IDLE, Account, Role
from balto_cli.store.audit import AuditFilter, search
from balto_cli.store.records import Scope
from balto_cli.store.store import Store

from .making import NOON, counter

HOUR = timedelta(hours=1)


async def account(store: Store) -> Account:
    return await store.write(accounts.add, "olga", "Olga", Role.OPERATOR, None, "x", NOON)


async def test_a_session_is_good_until_it_rests_expires_or_is_replaced(store: Store) -> None:
    olga = await account(store)
    await store.write(accounts.open_session, "um", olga.id, NOON, NOON + 12 * HOUR, rests=True)
    found = await store.read(accounts.find_session, "um", NOON + IDLE - timedelta(seconds=1))
    assert found is not None
    assert found.account is not None
    assert found.account.login == "olga"
    assert await store.read(accounts.find_session, "um", NOON + IDLE) is None
    await store.write(accounts.touch_session, found.sha256, NOON + IDLE)
    assert await store.read(accounts.find_session, "um", NOON + IDLE + HOUR)
    await store.write(accounts.open_session, "dois", olga.id, NOON + HOUR, NOON + 13 * HOUR, rests=True, replaces="um")
    assert await store.read(accounts.find_session, "um", NOON + HOUR) is None
    assert await store.read(accounts.find_session, "dois", NOON + HOUR)
    await store.write(accounts.remove, "olga", NOON)
    assert await store.read(accounts.find_session, "dois", NOON + HOUR) is None


async def test_tries_are_taken_and_given_back(store: Store) -> None:
    taken = [await store.write(accounts.take_try, "conta", "10.0.0.1", NOON) for _ in range(10)]
    assert not any(one.wait_s for one in taken)
    assert (await store.write(accounts.take_try, "conta", "10.0.0.1", NOON)).wait_s == 3600
    assert not (await store.write(accounts.take_try, "conta", "10.0.0.2", NOON)).wait_s
    await store.write(accounts.give_back_try, taken[3].id)
    assert not (await store.write(accounts.take_try, "conta", "10.0.0.1", NOON)).wait_s


async def test_counters_are_listed_registered_and_renamed_within_their_client(store: Store) -> None:
    mine = (await counter(store)).holder
    other = (await counter(store, "Balcão 1", "Drogaria Vizinha")).holder
    assert [one.id for one in await store.read(counters.list_counters, mine.client_id)] == [mine.counter_id]
    assert await store.read(counters.find_counter, other.counter_id, mine.client_id) is None
    assert await store.write(counters.register, mine.client_id, "Balcão 1", NOON) is None
    second = await store.write(counters.register, mine.client_id, "Balcão 2", NOON)
    assert second is not None
    assert not await store.write(counters.rename, second.holder.counter_id, "Balcão 1")
    assert await store.write(counters.rename, second.holder.counter_id, "Balcão 2")
    assert await store.write(counters.rename, other.counter_id, "Balcão 2")


async def test_a_trial_is_listed_nowhere_and_goes_when_its_time_is_over(store: Store) -> None:
    lasting = (await counter(store)).holder
    trial = await store.write(counters.open_trial, "olga", NOON)
    assert await store.find_key(trial.secret) == trial.holder
    assert [one.holder for one in await store.list_keys()] == [lasting]
    assert [one.id for one in await store.read(counters.list_counters, None)] == [lasting.counter_id]
    assert await store.read(counters.list_clients) == [(lasting.client_id, "Rede Saúde")]
    assert await store.read(counters.open_trials, NOON) == 1
    assert await store.write(counters.expired_trials, NOON + counters.TRIAL_VALID - timedelta(seconds=1)) == ()
    over = NOON + counters.TRIAL_VALID
    assert await store.write(counters.expired_trials, over) == (trial.holder.counter_id,)
    assert await store.find_key(trial.secret) is None
    await store.write(counters.delete_trial, trial.holder.counter_id)
    assert await store.write(counters.expired_trials, over) == ()
    # A counter that is no trial is not deleted by that name.
    await store.write(counters.delete_trial, lasting.counter_id)
    assert await store.read(counters.find_counter, lasting.counter_id, None)


async def test_the_database_says_what_it_is_and_holds(store: Store) -> None:
    facts = await store.read(holdings.database_facts)
    assert facts.engine.startswith(("SQLite 3.", "PostgreSQL "))
    assert facts.schema >= "0002"
    assert facts.size_bytes > 0
    empty = await store.read(holdings.holdings, Scope(since=NOON))
    assert (empty.sessions, empty.interactions, empty.with_sound, empty.oldest_at) == (0, 0, 0, None)
    for number in range(3):
        await store.audit("olga" if number else "fabio", "ouvir", "interacao", {"n": number}, NOON + number * HOUR)
    entries, following = await store.read(search, AuditFilter(actor="olga", since=NOON, until=NOON + 9 * HOUR), 1, None)
    assert [one.detail["n"] for one in entries] == [2]
    assert following is not None
    entries, following = await store.read(search, AuditFilter(actor="olga"), 1, following)
    assert ([one.detail["n"] for one in entries], following) == ([1], None)


def test_an_upgrade_from_the_first_tables_keeps_every_row(database_url: str) -> None:
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    moment = "2026-11-03 12:00:00.000000"

    def plain(value: object) -> object:
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value

    rows = {
        "clients": {"id": "c", "name": "Rede", "phone": "", "created_at": moment},
        "counters": {"id": "b", "client_id": "c", "name": "Balcão", "created_at": moment},
        "keys": {"id": "k", "counter_id": "b", "sha256": "s", "created_at": moment},
        "admin_sessions": {"sha256": "a", "opened_at": moment, "expires_at": moment},
    }
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
        config = Config()
        config.set_main_option("script_location", str(Path(migrating.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, row in rows.items():
            names = ", ".join(row)
            connection.execute(
                text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(':' + name for name in row)})"), row
            )
        command.upgrade(config, "0002")
        for table, row in rows.items():
            kept = connection.execute(text(f"SELECT * FROM {table}")).mappings().one()
            assert {name: plain(kept[name]) for name in row} == row, table
        assert "accounts" in inspect(connection).get_table_names()
    engine.dispose()
