"""Brings a database to this version of the tables, or says why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_LOCK = 0x62616C746F
"""Advisory lock of PostgreSQL ("balto"): two starts at once migrate one after the other."""


def revisions(connection: Connection) -> tuple[str | None, str]:
    """Of the tables that are there (None: of none of ours), and of this version. Raises as `migrate`."""
    scripts = ScriptDirectory(str(Path(__file__).with_name("migrations")))
    _refuse_unknown(connection, scripts)
    found = MigrationContext.configure(connection).get_current_revision()
    return found, str(scripts.get_current_head())


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction. Raises `UsageError` for a database of a newer Balto."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
        config.attributes["connection"] = connection
        _refuse_unknown(connection, ScriptDirectory.from_config(config))
        command.upgrade(config, "head")


def _refuse_unknown(connection: Connection, scripts: ScriptDirectory) -> None:
    found = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in scripts.walk_revisions()}
    if set(found) - known:
        raise UsageError(
            "O banco de dados foi gravado por uma versão mais nova do Balto: atualize o Balto ou aponte DATABASE_URL "
            "para outro banco."
        )
    if not found and "sessions" in inspect(connection).get_table_names():
        raise UsageError("O banco de dados tem tabelas que não são do Balto: aponte DATABASE_URL para um banco vazio.")
