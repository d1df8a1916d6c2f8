"""Keys are known by their hash alone, and a revoked one is bad at once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import create_engine, text

from balto_cli.store.records import new_id
from balto_cli.store.store import Store

from .making import NOON, counter


async def test_a_key_speaks_for_its_counter_until_it_is_revoked(store: Store) -> None:
    key, further = await counter(store), await counter(store)
    assert key.holder.counter_id == further.holder.counter_id
    assert await store.find_key(key.secret) == key.holder
    await store.touch_key(key.holder.key_id, NOON + timedelta(minutes=1))
    revoked = await store.revoke_key(key.holder.key_id[:13], NOON + timedelta(minutes=2))
    assert revoked is not None
    assert (revoked.last_used_at, revoked.revoked_at) == (NOON + timedelta(minutes=1), NOON + timedelta(minutes=2))
    assert await store.find_key(key.secret) is None
    assert await store.find_key(further.secret) == further.holder
    gone = new_id()
    ids = [key.holder.key_id, further.holder.key_id, gone]
    assert await store.revoked_among(ids) == {key.holder.key_id, gone}


async def test_only_one_key_is_ever_revoked_and_its_date_stays(store: Store) -> None:
    key = await counter(store)
    await counter(store)
    for vague in ("", "%", "_", "zz", "\x00"):
        assert await store.revoke_key(vague, NOON) is None
    await store.revoke_key(key.holder.key_id, NOON)
    again = await store.revoke_key(key.holder.key_id, NOON + timedelta(days=1))
    assert again is not None
    assert again.revoked_at == NOON
    assert [entry.revoked_at for entry in await store.list_keys()].count(None) == 1


async def test_no_text_is_a_key_by_accident(store: Store) -> None:
    key = await counter(store)
    for text_ in ("", "\x00", "\ud800", key.secret + " ", key.secret.upper(), key.holder.key_id):
        assert await store.find_key(text_) is None


async def test_the_key_itself_is_nowhere_in_the_database(store: Store, database_url: str) -> None:
    key = await counter(store)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM keys")).all()
    engine.dispose()
    assert key.secret not in str(rows)
    assert len(key.secret) >= 22
