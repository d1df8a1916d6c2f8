"""Copies of the SQLite database, taken while others write to it, and what an old one must be told of what came after.

PostgreSQL has its own tools for this (`pg_dump`).
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import create_engine, delete, or_, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from balto_cli.errors import OutputError, UsageError
from balto_cli.store import audit
from balto_cli.store.records import Scope
from balto_cli.store.tables import ADMIN_SESSIONS, AUDIT, METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

_BUSY_S = 5.0
_ORDERS = {("apagar", "interacoes"), ("revogar", "chave"), ("remover", "conta")}
"""Action and subject of what stays done whatever copy is put back."""


@dataclass(frozen=True, slots=True)
class Order:
    """An erasure, a key that was revoked, an account that was removed, as the audit tells it; no words, no names."""

    at: datetime
    action: str
    subject: str
    detail: Mapping[str, Any]

    @property
    def scope(self) -> Scope | None:
        """What was erased; None for another kind of order."""
        if self.action != "apagar":
            return None
        since, until = (self.detail.get(name) for name in ("desde", "ate"))
        return Scope(
            self.detail.get("sessao"),
            self.detail.get("balcao_id"),
            datetime.fromisoformat(since) if since else None,
            datetime.fromisoformat(until) if until else None,
        )

    def as_line(self) -> str:
        """One line of JSON; the same order gives the same line."""
        plain = {"em": self.at.isoformat(), "acao": self.action, "de": self.subject, "detalhe": dict(self.detail)}
        return json.dumps(plain, ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_line(cls, line: str) -> Order:
        """Raises `ValueError`, `KeyError`, `TypeError` for what is no line of ours."""
        plain = json.loads(line)
        order = cls(datetime.fromisoformat(plain["em"]), plain["acao"], plain["de"], plain["detalhe"])
        if (order.action, order.subject) not in _ORDERS or order.at.tzinfo is None:
            raise ValueError(line)
        if order.scope is not None and order.scope.is_everything:
            raise ValueError(line)
        return order


def sqlite_file(address: str) -> Path | None:
    """The file of a SQLite address; None for another kind of database. Raises `UsageError`."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise UsageError("DATABASE_URL não é um endereço de banco: use sqlite:///… ou postgresql://….") from None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def copy_database(source: Path, target: Path) -> None:
    """Copy all pages as of one moment; those who write are not held up. Raises `OutputError`.

    The whole copy is one step: a copy in several starts over whenever another process writes between two of them.
    """
    with _said_plainly(source), _open(source) as reading, contextlib.closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode=DELETE")


def check_database(path: Path) -> None:
    """Raises `OutputError` where pages, indexes or references of a copy are not sound."""
    with _said_plainly(path), _open(path) as connection:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()
        broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if found != ("ok",) or broken is not None:
        raise OutputError(f"O banco em {path} está danificado: use um backup anterior.")


def count_rows(path: Path) -> dict[str, int]:
    """Rows of each table of ours that is there."""
    with _said_plainly(path), _open(path) as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        names = sorted(there & METADATA.tables.keys())
        return {name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names}


def schema_of(path: Path) -> str | None:
    """Revision of the tables; None where there are none of ours."""
    with _said_plainly(path), _open(path) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else None


def with_sound(path: Path) -> set[bytes]:
    """Segments (16 bytes) whose sound is still needed: it waits for its transcript, or is kept."""
    query = (
        "SELECT segment_id FROM transcripts WHERE state IN ('espera', 'adiada') "
        "UNION SELECT id FROM segments WHERE audio_path IS NOT NULL"
    )
    with _said_plainly(path), _open(path) as connection:
        return {UUID(identity).bytes for (identity,) in connection.execute(query)}


def orders_in(path: Path) -> list[Order]:
    """All orders that the audit of a database file tells of, oldest first. Raises `OutputError`."""
    with _said_plainly(path), _plain(path) as connection:
        return orders(connection)


def orders(connection: Connection) -> list[Order]:
    """All orders that the audit tells of, oldest first."""
    wanted = or_(*((AUDIT.c.action == action) & (AUDIT.c.subject == subject) for action, subject in _ORDERS))
    rows = connection.execute(select(AUDIT).where(wanted).order_by(AUDIT.c.id))
    return [Order(row.at, row.action, row.subject, row.detail) for row in rows]


def note_in(path: Path, actor: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime) -> None:
    """Add to the audit of a database file, without migrating it. Raises `OutputError`."""
    with _said_plainly(path), _plain(path) as connection:
        audit.add(connection, actor, action, subject, detail, at)


def last_noted(path: Path, action: str) -> datetime | None:
    """When the audit last told of an action. Raises `OutputError`."""
    with _said_plainly(path), _plain(path) as connection:
        at: datetime | None = connection.scalar(
            select(AUDIT.c.at).where(AUDIT.c.action == action).order_by(AUDIT.c.id.desc()).limit(1)
        )
    return at.astimezone(UTC) if at else None


def end_panel_sessions(connection: Connection) -> None:
    """Cookies of the time of a copy open nothing."""
    connection.execute(delete(ADMIN_SESSIONS))


@contextlib.contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that is there: none is made."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_S)) as connection:
        yield connection


@contextlib.contextmanager
def _plain(path: Path) -> Iterator[Connection]:
    """A transaction on a file that is not migrated."""
    engine = create_engine(f"sqlite:///{path.absolute().as_posix()}", connect_args={"timeout": _BUSY_S})
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextlib.contextmanager
def _said_plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OperationalError):
        raise OutputError(
            f"Não consegui ler ou gravar o banco {path}: veja o espaço em disco e as permissões."
        ) from None
    except (sqlite3.DatabaseError, SQLAlchemyError):
        raise OutputError(f"O arquivo {path} não é um banco do Balto, ou está danificado: use um backup.") from None
