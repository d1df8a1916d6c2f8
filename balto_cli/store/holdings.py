"""What the database holds, counted: for whoever is about to erase, and for whoever looks after the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text

from balto_cli.store.interactions import within
from balto_cli.store.tables import SEGMENTS

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from balto_cli.store.records import Scope


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is of a scope."""

    sessions: int
    """That have interactions in it."""
    interactions: int
    with_sound: int
    """Of them, with a sound file."""
    oldest_at: datetime | None
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """Of the database itself."""

    engine: str
    """`SQLite 3.45.1`, `PostgreSQL 16.2`."""
    schema: str
    """The newest migration that was applied."""
    size_bytes: int


def holdings(connection: Connection, scope: Scope) -> Holdings:
    """Count what is held of a scope."""
    segment = SEGMENTS.c
    query = select(
        func.count(segment.session_id.distinct()),
        func.count(),
        func.count(segment.audio_path),
        func.min(segment.said_at),
        func.max(segment.said_at),
    ).where(*within(scope))
    return Holdings(*connection.execute(query).one())


def oldest(connection: Connection) -> datetime | None:
    """When the oldest interaction was said."""
    at: datetime | None = connection.scalar(select(func.min(SEGMENTS.c.said_at)))
    return at


def database_facts(connection: Connection) -> DatabaseFacts:
    """Engine, schema and size."""
    schema = ", ".join(MigrationContext.configure(connection).get_current_heads())
    if connection.dialect.name == "sqlite":
        pages, page = (connection.scalar(text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
        return DatabaseFacts(f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}", schema, pages * page)
    version = str(connection.scalar(text("SHOW server_version"))).partition(" ")[0]
    size = connection.scalar(text("SELECT pg_database_size(current_database())"))
    return DatabaseFacts(f"PostgreSQL {version}", schema, int(size or 0))
