"""The counters as the panel shows them, and the trial ones that live some minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select, update

from balto_cli.store import keys
from balto_cli.store.records import new_id
from balto_cli.store.tables import CLIENTS, COUNTERS, KEYS, SESSIONS
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from balto_cli.store.records import NewKey

TRIAL_VALID = timedelta(minutes=10)
_TRIALS = "Testes de microfone"


@dataclass(frozen=True, slots=True)
class CounterEntry:
    """A counter."""

    id: str
    name: str
    client_id: str
    client_name: str
    created_at: datetime


def list_counters(connection: Connection, client_id: str | None) -> list[CounterEntry]:
    """Those of a client, or all, but trials, by client and name."""
    query = (
        select(COUNTERS, CLIENTS.c.name.label("client_name"))
        .join(CLIENTS, CLIENTS.c.id == COUNTERS.c.client_id)
        .where(COUNTERS.c.trial.is_(False))
        .order_by(func.lower(CLIENTS.c.name), func.lower(COUNTERS.c.name), COUNTERS.c.id)
    )
    if client_id is not None:
        query = query.where(COUNTERS.c.client_id == client_id)
    return [
        CounterEntry(row.id, row.name, row.client_id, row.client_name, row.created_at)
        for row in connection.execute(query)
    ]


def find_counter(connection: Connection, counter_id: str, client_id: str | None) -> CounterEntry | None:
    """One of them; None also for another client's and for a trial."""
    return next((one for one in list_counters(connection, client_id) if one.id == counter_id), None)


def last_heard(connection: Connection, counter_ids: Sequence[str]) -> dict[str, datetime]:
    """When the last session of each began; without those that never had one."""
    times: dict[str, datetime] = {}
    for counter_id in counter_ids:
        newest = select(SESSIONS.c.started_at).where(SESSIONS.c.counter_id == counter_id)
        at = connection.scalar(newest.order_by(SESSIONS.c.started_at.desc()).limit(1))
        if at is not None:
            times[counter_id] = at
    return times


def list_clients(connection: Connection) -> list[tuple[str, str]]:
    """Id and name of all clients but that of the trials, by name."""
    own = select(COUNTERS.c.id).where(COUNTERS.c.client_id == CLIENTS.c.id)
    trials = exists(own.where(COUNTERS.c.trial.is_(True)))
    query = select(CLIENTS.c.id, CLIENTS.c.name).where(~trials).order_by(func.lower(CLIENTS.c.name), CLIENTS.c.id)
    return [(row.id, row.name) for row in connection.execute(query)]


def register(connection: Connection, client_id: str, name: str, at: datetime) -> NewKey | None:
    """A counter of a client and its key; None where the client has one of that name, or is not there."""
    name = storable(name, 200)
    taken = select(COUNTERS.c.id).where(COUNTERS.c.client_id == client_id, COUNTERS.c.name == name)
    known = select(CLIENTS.c.id).where(CLIENTS.c.id == client_id)
    if connection.scalar(known) is None or connection.scalar(taken) is not None:
        return None
    return keys.add_key(connection, keys.add_counter(connection, client_id, name, at), at)


def rename(connection: Connection, counter_id: str, name: str) -> bool:
    """Another name for a counter; False where its client has one of that name."""
    name = storable(name, 200)
    mine = connection.execute(select(COUNTERS.c.client_id).where(COUNTERS.c.id == counter_id)).one_or_none()
    if mine is None:
        return False
    taken = select(COUNTERS.c.id).where(
        COUNTERS.c.client_id == mine.client_id, COUNTERS.c.name == name, COUNTERS.c.id != counter_id
    )
    if connection.scalar(taken) is not None:
        return False
    connection.execute(update(COUNTERS).where(COUNTERS.c.id == counter_id).values(name=name))
    return True


def further_key(connection: Connection, counter_id: str, at: datetime) -> NewKey | None:
    """A further key for a counter; None where there is no such counter."""
    mine = select(COUNTERS.c.id).where(COUNTERS.c.id == counter_id, COUNTERS.c.trial.is_(False))
    return None if connection.scalar(mine) is None else keys.add_key(connection, counter_id, at)


def open_trial(connection: Connection, actor: str, at: datetime) -> NewKey:
    """A counter and its key to try a microphone; `end_trials` takes both, and all that was heard, after ten minutes."""
    made = keys.create(connection, _TRIALS, f"Teste de {actor} {new_id()[:8]}", at)
    connection.execute(update(COUNTERS).where(COUNTERS.c.id == made.holder.counter_id).values(trial=True))
    connection.execute(update(KEYS).where(KEYS.c.id == made.holder.key_id).values(expires_at=at + TRIAL_VALID))
    return made


def open_trials(connection: Connection, at: datetime) -> int:
    """How many are going on."""
    query = select(func.count()).select_from(KEYS).where(KEYS.c.expires_at > at, KEYS.c.revoked_at.is_(None))
    return int(connection.scalar(query) or 0)


def close_trial(connection: Connection, key_id: str, at: datetime) -> None:
    """End one before its time."""
    connection.execute(update(KEYS).where(KEYS.c.id == key_id, KEYS.c.expires_at > at).values(expires_at=at))


def expired_trials(connection: Connection, at: datetime) -> tuple[str, ...]:
    """Revoke the keys of trials whose time is over; ids of their counters."""
    over = KEYS.c.expires_at <= at
    connection.execute(update(KEYS).where(over, KEYS.c.revoked_at.is_(None)).values(revoked_at=at))
    query = select(COUNTERS.c.id).join(KEYS, KEYS.c.counter_id == COUNTERS.c.id).where(COUNTERS.c.trial.is_(True), over)
    return tuple(connection.scalars(query))


def delete_trial(connection: Connection, counter_id: str) -> None:
    """Delete a trial's counter, whose interactions were erased, and its key; the trials' client goes with the last."""
    mine = COUNTERS.c.id == counter_id, COUNTERS.c.trial.is_(True)
    client_id = connection.scalar(select(COUNTERS.c.client_id).where(*mine))
    connection.execute(delete(COUNTERS).where(*mine))
    left = exists(select(COUNTERS.c.id).where(COUNTERS.c.client_id == CLIENTS.c.id))
    connection.execute(delete(CLIENTS).where(CLIENTS.c.id == client_id, CLIENTS.c.name == _TRIALS, ~left))
