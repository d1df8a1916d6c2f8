"""How clients, counters and the administrator come in, and how often one may try.

Every check and its count are one transaction of the one writer, so that a hundred tries at once are a hundred tries.
"""

from __future__ import annotations

import math
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from balto_cli.store.keys import add_counter, add_key, sha256
from balto_cli.store.records import RefusalKind, Refused, Registered, new_id
from balto_cli.store.tables import ADMIN_SECRET, ADMIN_SESSIONS, CLIENTS, COUNTERS, FAILURES, REGISTRATION_CODES
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

CODE_VALID = timedelta(minutes=15)
COUNTERS_A_CODE = 20
TRIES_SPAN = timedelta(hours=1)
TRIES_AN_ADDRESS = 10
TRIES_IN_ALL = 100
LIMITED_IN_ALL = ("codigo",)
"""A code has six digits; the administrator is not locked out by strangers all over the world."""


def register_client(connection: Connection, email: str, name: str, phone: str, at: datetime) -> str:
    """The client of an address, made or brought up to date, and a code that no other client has at the moment."""
    values = {"name": storable(name, 200), "phone": storable(phone, 40)}
    email = storable(email, 254).strip().lower()
    client_id = connection.scalar(select(CLIENTS.c.id).where(CLIENTS.c.email == email))
    if client_id is None:
        client_id = new_id()
        connection.execute(insert(CLIENTS), {"id": client_id, "email": email, "created_at": at, **values})
    else:
        connection.execute(update(CLIENTS).where(CLIENTS.c.id == client_id).values(values))
    codes = REGISTRATION_CODES.c
    connection.execute(delete(REGISTRATION_CODES).where((codes.expires_at <= at) | (codes.client_id == client_id)))
    while True:
        code = f"{secrets.randbelow(1_000_000):06d}"
        if connection.scalar(select(codes.sha256).where(codes.sha256 == sha256(code))) is None:
            break
    row = {"sha256": sha256(code), "client_id": client_id, "expires_at": at + CODE_VALID, "uses_left": COUNTERS_A_CODE}
    connection.execute(insert(REGISTRATION_CODES), row)
    return code


def register_counter(
    connection: Connection, code: str, name: str, address: str | None, at: datetime
) -> Registered | Refused:
    """A counter for whoever holds a code. A right code is refused too while its address has no tries left.

    Tries of the address None are not counted.
    """
    if address is not None and (wait_s := retry_after_s(connection, "codigo", address, at)):
        return Refused(RefusalKind.TRIES, wait_s)
    codes = REGISTRATION_CODES.c
    mine = (codes.sha256 == sha256(code), codes.expires_at > at, codes.uses_left > 0)
    client_id = connection.scalar(select(codes.client_id).where(*mine))
    if client_id is None:
        if address is not None:
            count_failure(connection, "codigo", address, at)
        return Refused(RefusalKind.CODE)
    name = storable(name, 200)
    taken = select(COUNTERS.c.id).where(COUNTERS.c.client_id == client_id, COUNTERS.c.name == name)
    if connection.scalar(taken) is not None:
        return Refused(RefusalKind.NAME)
    connection.execute(update(REGISTRATION_CODES).where(*mine).values(uses_left=codes.uses_left - 1))
    return Registered(add_key(connection, add_counter(connection, client_id, name, at), at))


def count_failure(connection: Connection, kind: str, address: str, at: datetime) -> int:
    """Count a wrong try; those that no longer count are forgotten, since an address is personal data. Its id."""
    connection.execute(delete(FAILURES).where(FAILURES.c.at <= at - TRIES_SPAN))
    row = {"kind": kind, "address": storable(address, 64), "at": at}
    return int(connection.execute(insert(FAILURES).returning(FAILURES.c.id), row).scalar_one())


def retry_after_s(connection: Connection, kind: str, address: str, at: datetime) -> int:
    """Seconds until another try is free, for this address and, for codes, in all; 0 where it is."""
    times = select(FAILURES.c.at).where(FAILURES.c.kind == kind, FAILURES.c.at > at - TRIES_SPAN)
    newest_first = times.order_by(FAILURES.c.at.desc())
    of_address = newest_first.where(FAILURES.c.address == storable(address, 64))
    # The try that must grow old is the one which made the limit full.
    filled = [connection.scalar(of_address.offset(TRIES_AN_ADDRESS - 1).limit(1))]
    if kind in LIMITED_IN_ALL:
        filled.append(connection.scalar(newest_first.offset(TRIES_IN_ALL - 1).limit(1)))
    return max((math.ceil((moment + TRIES_SPAN - at).total_seconds()) for moment in filled if moment), default=0)


def admin_hash(connection: Connection) -> str | None:
    """Hash of the administrator's secret."""
    encoded: str | None = connection.scalar(select(ADMIN_SECRET.c.encoded).where(ADMIN_SECRET.c.id == 1))
    return encoded


def set_admin_hash(connection: Connection, encoded: str, at: datetime, only_first: bool) -> bool:
    """Replace it and end the panel's sessions."""
    if only_first and admin_hash(connection) is not None:
        return False
    connection.execute(delete(ADMIN_SECRET))
    connection.execute(insert(ADMIN_SECRET), {"id": 1, "encoded": encoded, "set_at": at})
    connection.execute(delete(ADMIN_SESSIONS))
    return True
