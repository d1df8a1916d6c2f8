"""An upgrade from the first tables keeps every row, with all that it says."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    create_engine,
    insert,
    select,
)

import balto_cli.store
from balto_cli.store.database import open_database
from balto_cli.store.history import HistoryFilter, page

ROWS = 40
NOON = datetime(2026, 11, 3, 12, 0)


def value(column: Column[Any], number: int) -> Any:
    """Of a row; what refers to another table refers to its row of the same number."""
    if column.name.endswith("_id") or (column.primary_key and not isinstance(column.type, Integer)):
        return str(uuid5(NAMESPACE_OID, str(number)))
    if column.nullable and number % 5 == 0:
        return None
    if column.name == "state":
        return "ok"
    match column.type:
        case Boolean():
            return number % 2 == 0
        case Integer():
            return number + 1
        case Float():
            return number / 8
        case DateTime():
            at = NOON + timedelta(seconds=number, microseconds=number)
            return at.astimezone() if column.type.timezone else at
        case LargeBinary():
            return bytes([number, 0, 255])
        case JSON():
            return {"número": number, "lista": [None, "ç"]}
        case _:
            return f"dipirona não{number}" if column.name == "text" else f"{column.name[:8]}{number}"


def everything(tables: list[Table], connection: Any) -> dict[str, list[tuple[Any, ...]]]:
    return {table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for table in tables}


def test_every_row_of_the_first_tables_is_there_after_the_upgrade(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(balto_cli.store.__path__[0]) / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    first = MetaData()
    first.reflect(engine)
    tables = [table for table in first.sorted_tables if table.name != "alembic_version"]
    assert len(tables) == 13
    with engine.begin() as connection:
        for table in tables:
            rows = 1 if table.name == "admin_secret" else ROWS
            connection.execute(
                insert(table), [{one.name: value(one, number) for one in table.columns} for number in range(rows)]
            )
        before = everything(tables, connection)
    engine.dispose()

    database = open_database(database_url)
    with database.reading.begin() as connection:
        assert everything(tables, connection) == before
        found = page(connection, HistoryFilter(), 100)
        assert len(found.interactions) == ROWS
        assert len(page(connection, HistoryFilter(words="dipirona nao7"), 100).interactions) == 1
    database.close()
