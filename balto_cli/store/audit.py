"""Who did what: entries are added and read, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from balto_cli.store.records import AuditEntry
from balto_cli.store.tables import AUDIT
from balto_cli.store.text import storable, storable_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection


def add(connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime) -> None:
    """Add an entry."""
    row = {
        "at": at,
        "actor": storable(actor, 80),
        "action": action,
        "subject": storable(subject, 80),
        "detail": storable_json(detail),
    }
    connection.execute(insert(AUDIT), row)


def latest(connection: Connection, limit: int) -> list[AuditEntry]:
    """Newest first."""
    rows = connection.execute(select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit))
    return [AuditEntry(row.at, row.actor, row.action, row.subject, row.detail) for row in rows]


def touch(connection: Connection) -> None:
    """Take part in a write without changing anything: raises where the database takes none."""
    connection.execute(update(AUDIT).where(AUDIT.c.id < 0).values(subject=""))
