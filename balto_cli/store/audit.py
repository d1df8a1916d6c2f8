"""Who did what: entries are added and read, never changed."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are meant; everything that is given must hold. `since` is in, `until` is out."""

    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def search(
    connection: Connection, wanted: AuditFilter, limit: int, before_id: int | None
) -> tuple[list[AuditEntry], int | None]:
    """A page, newest first, and the id before which the next one begins; None at the end."""
    query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit + 1)
    if wanted.actor:
        query = query.where(AUDIT.c.actor == storable(wanted.actor))
    if wanted.action:
        query = query.where(AUDIT.c.action == storable(wanted.action))
    if wanted.since:
        query = query.where(AUDIT.c.at >= wanted.since)
    if wanted.until:
        query = query.where(AUDIT.c.at < wanted.until)
    if before_id is not None:
        query = query.where(AUDIT.c.id < before_id)
    rows = connection.execute(query).all()
    page = rows[:limit]
    entries = [AuditEntry(row.at, row.actor, row.action, row.subject, row.detail) for row in page]
    return entries, page[-1].id if len(rows) > limit else None


def actions(connection: Connection) -> list[str]:
    """All actions there are entries of."""
    return list(connection.scalars(select(AUDIT.c.action).distinct().order_by(AUDIT.c.action)))


def touch(connection: Connection) -> None:
    """Take part in a write without changing anything: raises where the database takes none."""
    connection.execute(update(AUDIT).where(AUDIT.c.id < 0).values(subject=""))
