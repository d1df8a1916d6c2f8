"""The one thing that SQLite and PostgreSQL spell alike and SQLAlchemy does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Executable, Table

_CACHE: dict[tuple[str, str], Executable] = {}


def insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its keys is there; whether it was inserted."""
    dialect = connection.dialect.name
    statement = _CACHE.get((dialect, table.name))
    if statement is None:
        make = sqlite.insert if dialect == "sqlite" else postgresql.insert
        statement = _CACHE[dialect, table.name] = (
            # Without being asked to, SQLAlchemy does not count what an INSERT of PostgreSQL did.
            make(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        )
    return connection.execute(statement, dict(row)).rowcount == 1
