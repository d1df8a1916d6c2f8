"""The panel's people: their accounts, their sessions, and the counters that each of them sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update

from balto_cli.errors import UsageError
from balto_cli.store.keys import sha256
from balto_cli.store.records import new_id
from balto_cli.store.registration import count_failure, retry_after_s
from balto_cli.store.tables import ACCOUNTS, ADMIN_SESSIONS, CLIENTS, FAILURES
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

IDLE = timedelta(hours=2)
"""Rest after which a session of the panel ends."""


class Role(StrEnum):
    """What a person of the panel may see and do."""

    OPERATOR = "operador"
    """Everything."""
    PHARMACIST = "farmaceutico"
    """What was heard and suggested, at every counter; no keys, no erasure, no machine."""
    CLIENT = "cliente"
    """What was heard and suggested at the counters of one client."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the panel."""

    id: str
    login: str
    name: str
    role: Role
    client_id: str | None
    """Whose counters are seen; None for all."""
    client_name: str | None
    encoded: str
    """Hash of the password."""
    created_at: datetime
    password_at: datetime
    last_login_at: datetime | None
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class PanelSession:
    """A session that is good."""

    sha256: str
    account: Account | None
    """None for the holder of the administrator's secret."""
    opened_at: datetime
    expires_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Try:
    """A try that was counted, or the wait until the next one."""

    id: int
    wait_s: int


_ACCOUNTS = select(ACCOUNTS, CLIENTS.c.name.label("client_name")).outerjoin(
    CLIENTS, CLIENTS.c.id == ACCOUNTS.c.client_id
)


def add(
    connection: Connection, login: str, name: str, role: Role, client_name: str | None, encoded: str, at: datetime
) -> Account:
    """A new account. Raises `UsageError` for a login that exists or existed, and for a client that does not."""
    login = storable(login, 60)
    if connection.scalar(select(ACCOUNTS.c.id).where(ACCOUNTS.c.login == login)) is not None:
        raise UsageError(f"A conta {login} já existe, ou já existiu: escolha outro nome, ou troque a senha dela.")
    client_id = None if client_name is None else _client_id(connection, client_name)
    row = {
        "id": new_id(),
        "login": login,
        "name": storable(name, 120),
        "role": str(role),
        "client_id": client_id,
        "encoded": encoded,
        "created_at": at,
        "password_at": at,
    }
    connection.execute(insert(ACCOUNTS), row)
    return _account(connection.execute(_ACCOUNTS.where(ACCOUNTS.c.id == row["id"])).one())


def find(connection: Connection, login: str) -> Account | None:
    """The account of a login, a removed one too."""
    row = connection.execute(_ACCOUNTS.where(ACCOUNTS.c.login == storable(login, 60))).one_or_none()
    return _account(row) if row else None


def list_all(connection: Connection) -> list[Account]:
    """By login."""
    return [_account(row) for row in connection.execute(_ACCOUNTS.order_by(ACCOUNTS.c.login))]


def remove(connection: Connection, login: str, at: datetime) -> Account | None:
    """Let an account in no more, and end its sessions; None where there is none."""
    account = find(connection, login)
    if account is None:
        return None
    mine = ACCOUNTS.c.id == account.id
    connection.execute(update(ACCOUNTS).where(mine, ACCOUNTS.c.removed_at.is_(None)).values(removed_at=at))
    end_sessions(connection, account.id)
    return account


def set_password(connection: Connection, login: str, encoded: str, at: datetime) -> Account | None:
    """Another password, which ends the account's sessions and lets a removed one in again; None where there is none."""
    account = find(connection, login)
    if account is None:
        return None
    values = {"encoded": encoded, "password_at": at, "removed_at": None}
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account.id).values(values))
    end_sessions(connection, account.id)
    return account


def open_session(
    connection: Connection,
    token: str,
    account_id: str | None,
    at: datetime,
    expires_at: datetime,
    *,
    rests: bool,
    replaces: str | None = None,
) -> None:
    """Begin a session, which with `rests` also ends by rest; that of the cookie `replaces` ends, old ones go.

    Only the SHA-256 of `token` is kept.
    """
    sessions = ADMIN_SESSIONS.c
    connection.execute(delete(ADMIN_SESSIONS).where(or_(sessions.expires_at <= at, sessions.seen_at <= at - IDLE)))
    if replaces is not None:
        end_session(connection, replaces)
    row = {
        "sha256": sha256(token),
        "opened_at": at,
        "expires_at": expires_at,
        "account_id": account_id,
        "seen_at": at if rests else None,
    }
    connection.execute(insert(ADMIN_SESSIONS), row)
    if account_id is not None:
        connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(last_login_at=at))


def find_session(connection: Connection, token: str, at: datetime) -> PanelSession | None:
    """The session of a cookie, if it was given, has neither expired nor rested too long, and its account is good."""
    sessions = ADMIN_SESSIONS.c
    row = connection.execute(
        select(ADMIN_SESSIONS).where(
            sessions.sha256 == sha256(token),
            sessions.expires_at > at,
            or_(sessions.seen_at.is_(None), sessions.seen_at > at - IDLE),
        )
    ).one_or_none()
    if row is None:
        return None
    account = None
    if row.account_id is not None:
        found = connection.execute(
            _ACCOUNTS.where(ACCOUNTS.c.id == row.account_id, ACCOUNTS.c.removed_at.is_(None))
        ).one_or_none()
        if found is None:
            return None
        account = _account(found)
    return PanelSession(row.sha256, account, row.opened_at, row.expires_at, row.seen_at)


def touch_session(connection: Connection, digest: str, at: datetime) -> None:
    """Note that a session was used."""
    connection.execute(update(ADMIN_SESSIONS).where(ADMIN_SESSIONS.c.sha256 == digest).values(seen_at=at))


def end_session(connection: Connection, token: str) -> None:
    """End the session of a cookie."""
    connection.execute(delete(ADMIN_SESSIONS).where(ADMIN_SESSIONS.c.sha256 == sha256(token)))


def end_sessions(connection: Connection, account_id: str) -> None:
    """End all sessions of an account."""
    connection.execute(delete(ADMIN_SESSIONS).where(ADMIN_SESSIONS.c.account_id == account_id))


def take_try(connection: Connection, kind: str, address: str, at: datetime) -> Try:
    """Count a try before it is made, so that a hundred at once are a hundred; or say how long to wait."""
    wait_s = retry_after_s(connection, kind, address, at)
    return Try(0, wait_s) if wait_s else Try(count_failure(connection, kind, address, at), 0)


def give_back_try(connection: Connection, try_id: int) -> None:
    """It was a good one."""
    connection.execute(delete(FAILURES).where(FAILURES.c.id == try_id))


def _client_id(connection: Connection, name: str) -> str:
    query = select(CLIENTS.c.id).where(func.lower(CLIENTS.c.name) == func.lower(storable(name, 200)))
    found = connection.scalars(query.order_by(CLIENTS.c.created_at).limit(2)).all()
    if len(found) != 1:
        problem = "Há mais de um cliente" if found else "Não há cliente"
        raise UsageError(f"{problem} com o nome {name}: veja os nomes em balto keys list.")
    return str(found[0])


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    return Account(
        row.id,
        row.login,
        row.name,
        Role(row.role),
        row.client_id,
        row.client_name,
        row.encoded,
        row.created_at,
        row.password_at,
        row.last_login_at,
        row.removed_at,
    )
