"""Fixtures: an empty database of each kind that Balto runs on, and a store in it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from balto_cli.store.store import Store
from testes.postgres import running_postgres

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server."""
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{(tmp_path / 'balto.db').as_posix()}"
    server: str = request.getfixturevalue("postgres")
    name = f"balto_{next(_NUMBERS)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """A store in an empty database, of each kind."""
    opened = await Store.open(database_url)
    yield opened
    await opened.close()
