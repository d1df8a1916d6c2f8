"""A code lets twenty counters in for fifteen minutes, and nobody may guess it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from balto_cli.store import accounts
from balto_cli.store.records import RefusalKind, Refused, Registered
from balto_cli.store.store import Store

from .making import NOON

MINUTE = timedelta(minutes=1)


async def code(store: Store, email: str = "qa@rede.com.br") -> str:
    return await store.register_client(email, "Rede Saúde", "11 5555-0000", NOON)


async def test_a_code_registers_twenty_counters_and_no_more(store: Store) -> None:
    given = await code(store)
    results = [await store.register_counter(given, f"Balcão {n}", "10.0.0.1", NOON) for n in range(21)]
    made = [result for result in results if isinstance(result, Registered)]
    assert len(made) == 20
    assert results[-1] == Refused(RefusalKind.CODE)
    assert len({result.key.holder.client_id for result in made}) == 1
    assert await store.find_key(made[0].key.secret) == made[0].key.holder


async def test_a_code_is_good_for_fifteen_minutes(store: Store) -> None:
    given = await code(store)
    in_time = await store.register_counter(given, "A", "10.0.0.1", NOON + 15 * MINUTE - timedelta(seconds=1))
    too_late = await store.register_counter(given, "B", "10.0.0.1", NOON + 15 * MINUTE)
    assert isinstance(in_time, Registered)
    assert too_late == Refused(RefusalKind.CODE)


async def test_a_new_code_of_the_same_client_ends_the_old_one(store: Store) -> None:
    old = await code(store)
    new = await code(store, " QA@Rede.com.br ")
    first = await store.register_counter(new, "A", "10.0.0.1", NOON)
    assert isinstance(first, Registered)
    if old != new:
        assert await store.register_counter(old, "B", "10.0.0.1", NOON) == Refused(RefusalKind.CODE)


async def test_two_counters_of_a_client_have_two_names(store: Store) -> None:
    given, other = await code(store), await code(store, "qa@outra.com.br")
    assert isinstance(await store.register_counter(given, "Balcão", "10.0.0.1", NOON), Registered)
    assert await store.register_counter(given, "Balcão", "10.0.0.1", NOON) == Refused(RefusalKind.NAME)
    assert isinstance(await store.register_counter(other, "Balcão", "10.0.0.1", NOON), Registered)


async def test_an_address_has_ten_wrong_tries_an_hour_even_all_at_once(store: Store) -> None:
    given = await code(store)
    wrong = "000000" if given != "000000" else "000001"
    tries = [store.register_counter(wrong, "A", "10.0.0.1", NOON) for _ in range(30)]
    results = await asyncio.gather(*tries)
    assert sum(result == Refused(RefusalKind.CODE) for result in results) == 10
    blocked = await store.register_counter(given, "A", "10.0.0.1", NOON + MINUTE)
    assert blocked == Refused(RefusalKind.TRIES, 59 * 60)
    assert isinstance(await store.register_counter(given, "A", "10.0.0.2", NOON + MINUTE), Registered)
    assert await store.retry_after_s("codigo", "10.0.0.1", NOON + 60 * MINUTE) == 0


async def test_all_addresses_together_have_a_hundred(store: Store) -> None:
    given = await code(store)
    wrong = "000000" if given != "000000" else "000001"
    for network in range(12):
        for _ in range(9):
            await store.register_counter(wrong, "A", f"10.0.{network}.1", NOON)
    result = await store.register_counter(given, "A", "10.9.9.9", NOON + MINUTE)
    assert result == Refused(RefusalKind.TRIES, 59 * 60)


async def test_strangers_do_not_lock_the_administrator_out(store: Store) -> None:
    for number in range(120):
        await store.count_failure("admin", f"10.0.0.{number}", NOON)
    assert await store.retry_after_s("admin", "10.1.1.1", NOON) == 0


async def test_a_panel_session_ends_in_time_and_with_the_secret(store: Store) -> None:
    assert await store.set_admin_hash("um", NOON, only_first=True)
    assert not await store.set_admin_hash("dois", NOON, only_first=True)
    assert await store.admin_hash() == "um"
    await store.write(accounts.open_session, "ficha", None, NOON, NOON + 60 * MINUTE, rests=False)
    assert await store.read(accounts.find_session, "ficha", NOON + 59 * MINUTE)
    assert not await store.read(accounts.find_session, "ficha", NOON + 60 * MINUTE)
    assert not await store.read(accounts.find_session, "outra", NOON)
    await store.set_admin_hash("três", NOON)
    assert not await store.read(accounts.find_session, "ficha", NOON)
