"""Keys: 128 random bits, of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select, update

from balto_cli.store.records import KeyEntry, KeyHolder, NewKey, new_id
from balto_cli.store.tables import CLIENTS, COUNTERS, KEYS
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Connection

_KEY_BYTES = 16
_PREFIX = "balto_"

_ENTRIES = (
    select(
        KEYS.c.id,
        KEYS.c.created_at,
        KEYS.c.last_used_at,
        KEYS.c.revoked_at,
        COUNTERS.c.id.label("counter_id"),
        COUNTERS.c.name.label("counter_name"),
        CLIENTS.c.id.label("client_id"),
        CLIENTS.c.name.label("client_name"),
    )
    .join(COUNTERS, COUNTERS.c.id == KEYS.c.counter_id)
    .join(CLIENTS, CLIENTS.c.id == COUNTERS.c.client_id)
)


def sha256(secret: str) -> str:
    """How a secret of 128 random bits or more is kept. Whatever text comes has a digest."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def find(connection: Connection, secret: str) -> KeyHolder | None:
    """Whom a key that is not revoked speaks for."""
    query = _ENTRIES.where(KEYS.c.sha256 == sha256(secret), KEYS.c.revoked_at.is_(None))
    row = connection.execute(query).one_or_none()
    return _holder(row) if row else None


def touch(connection: Connection, key_id: str, at: datetime) -> None:
    """Note the last use."""
    connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(last_used_at=at))


def revoked_among(connection: Connection, key_ids: Collection[str]) -> frozenset[str]:
    """Those that are revoked or gone."""
    good: set[str] = set()
    ids = list(key_ids)
    for first in range(0, len(ids), 500):
        part = ids[first : first + 500]
        good |= set(connection.scalars(select(KEYS.c.id).where(KEYS.c.id.in_(part), KEYS.c.revoked_at.is_(None))))
    return frozenset(ids) - good


def create(connection: Connection, client_name: str, counter_name: str, at: datetime) -> NewKey:
    """A further key for a counter, told by its client's name and its own; both are made where they do not exist."""
    client_name, counter_name = storable(client_name, 200), storable(counter_name, 200)
    query = select(CLIENTS.c.id).where(CLIENTS.c.name == client_name).order_by(CLIENTS.c.created_at).limit(1)
    client_id = connection.scalar(query)
    if client_id is None:
        client_id = new_id()
        row = {"id": client_id, "email": None, "name": client_name, "phone": "", "created_at": at}
        connection.execute(insert(CLIENTS), row)
    mine = (COUNTERS.c.client_id == client_id, COUNTERS.c.name == counter_name)
    counter_id = connection.scalar(select(COUNTERS.c.id).where(*mine))
    if counter_id is None:
        counter_id = add_counter(connection, client_id, counter_name, at)
    return add_key(connection, counter_id, at)


def add_counter(connection: Connection, client_id: str, name: str, at: datetime) -> str:
    """A counter of a client, whose name is not taken; returns its id."""
    counter_id = new_id()
    connection.execute(insert(COUNTERS), {"id": counter_id, "client_id": client_id, "name": name, "created_at": at})
    return counter_id


def add_key(connection: Connection, counter_id: str, at: datetime) -> NewKey:
    """A key of a counter."""
    secret = _PREFIX + secrets.token_urlsafe(_KEY_BYTES)
    row = {"id": new_id(), "counter_id": counter_id, "sha256": sha256(secret), "created_at": at}
    connection.execute(insert(KEYS), row)
    return NewKey(secret, _holder(connection.execute(_ENTRIES.where(KEYS.c.id == row["id"])).one()))


def list_all(connection: Connection) -> list[KeyEntry]:
    """All keys but those of trials, by client, counter and age."""
    lasting = _ENTRIES.where(COUNTERS.c.trial.is_(False))
    rows = connection.execute(lasting.order_by(CLIENTS.c.name, COUNTERS.c.name, KEYS.c.created_at, KEYS.c.id))
    return [_entry(row) for row in rows]


def revoke(connection: Connection, key_id: str, at: datetime) -> KeyEntry | None:
    """Revoke the one key whose id begins with `key_id`; one that was revoked keeps its date."""
    if not key_id or set(key_id) - set("0123456789abcdef-"):
        return None
    rows = connection.execute(_ENTRIES.where(KEYS.c.id.startswith(key_id, autoescape=True)).limit(2)).all()
    if len(rows) != 1:
        return None
    mine = KEYS.c.id == rows[0].id
    connection.execute(update(KEYS).where(mine, KEYS.c.revoked_at.is_(None)).values(revoked_at=at))
    return _entry(connection.execute(_ENTRIES.where(mine)).one())


def _holder(row: Row[*tuple[Any, ...]]) -> KeyHolder:
    return KeyHolder(row.id, row.counter_id, row.counter_name, row.client_id, row.client_name)


def _entry(row: Row[*tuple[Any, ...]]) -> KeyEntry:
    return KeyEntry(_holder(row), row.created_at, row.last_used_at, row.revoked_at)
