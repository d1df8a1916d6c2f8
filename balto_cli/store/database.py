"""Connections: one that writes, in groups, and a few that read; SQLite in WAL mode or PostgreSQL, told by the address.

SQLite takes one writer at a time, so all writes queue for one thread, and whatever is queued when it is free becomes
one transaction: one fsync for all (`synchronous=FULL`: a commit outlives a power cut). The same way serves PostgreSQL.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from balto_cli.errors import UsageError
from balto_cli.store.failure import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import URL, Connection, Engine

T = TypeVar("T")

_LOG = logging.getLogger("balto.store")
_BUSY_MS = 5_000
"""How long a write waits for another process (`balto keys`) to end its own."""
_TIDY_MS = 200
"""How long emptying the log may hold up the writer while it waits for readers."""
_GROUP = 200
"""Writes in one transaction at most, so that the first of them does not wait for ever."""
_QUEUE = 20_000
"""Writes that may wait: minutes of the busiest server. Past it they are refused, never dropped."""
_POSTGRES = {"connect_timeout": 5, "options": "-c statement_timeout=30000 -c lock_timeout=5000 -c timezone=UTC"}


@dataclass(frozen=True, slots=True)
class Database:
    """Engines of one database."""

    writing: Engine
    reading: Engine

    def tidy(self) -> None:
        """Empty SQLite's write-ahead log, where what was erased still lies; a reader in the way leaves it for later."""
        if self.writing.dialect.name != "sqlite":
            return
        with contextlib.closing(self.reading.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            driver.execute(f"PRAGMA busy_timeout={_TIDY_MS}")
            try:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                driver.execute(f"PRAGMA busy_timeout={_BUSY_MS}")

    def close(self) -> None:
        """Let go of all connections."""
        self.reading.dispose()
        self.writing.dispose()


def default_address(data_folder: Path) -> str:
    """Where the database is when nobody says: a SQLite file in the data folder."""
    return f"sqlite:///{(data_folder / 'balto.db').absolute().as_posix()}"


def open_database(address: str) -> Database:
    """Connect and migrate. Raises as `Store.open`."""
    from balto_cli.store.migrating import migrate

    url = _url(address)
    database = Database(_engine(url, writes=True), _engine(url, writes=False))
    try:
        with said_plainly():
            migrate(database.writing)
    except BaseException:
        database.close()
        raise
    return database


@contextlib.contextmanager
def looking(address: str) -> Iterator[Connection]:
    """Read a database as it is, without migrating it. Raises as `Store.open`."""
    engine = _engine(_url(address), writes=False)
    try:
        with said_plainly(), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextlib.contextmanager
def said_plainly() -> Iterator[None]:
    """The log gets the kind of a database's error alone (values may be transcripts), callers one error for all."""
    try:
        yield
    except SQLAlchemyError as error:
        original = getattr(error, "orig", None)
        _LOG.error("database: %s %s", type(error).__name__, type(original).__name__ if original else "")
        raise StoreUnavailable(
            "O banco de dados não respondeu: veja se o disco tem espaço e se o servidor do banco está de pé."
        ) from None


class Writer:
    """The thread that writes. What is queued when it is free is committed as one group."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.Queue[_Job[Any] | None] = queue.Queue(_QUEUE)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="balto-write", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> int:
        """How many writes wait."""
        return self._queue.qsize()

    def submit(self, work: Callable[[Connection], T]) -> Future[T]:
        """Have `work` run inside a transaction; the future ends after the commit, with `StoreUnavailable` if it fails.

        `work` changes nothing but the database: it is run again, alone, when another one of its group fails.
        """
        job: _Job[T] = _Job(work, Future())
        try:
            if self._closed:
                raise queue.Full
            self._queue.put_nowait(job)
        except queue.Full:
            job.future.set_exception(StoreUnavailable("O banco de dados não dá conta das gravações: tente de novo."))
        return job.future

    def close(self) -> None:
        """Finish what is queued and end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            group, last = self._next_group()
            if group:
                self._commit(group)
            if last:
                return

    def _next_group(self) -> tuple[list[_Job[Any]], bool]:
        group: list[_Job[Any]] = []
        while len(group) < _GROUP:
            try:
                job = self._queue.get(block=not group)
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
        return group, False

    def _commit(self, group: list[_Job[Any]]) -> None:
        worked = False
        try:
            with said_plainly(), self._engine.begin() as connection:
                results = [job.work(connection) for job in group]
                worked = True
        except Exception as error:
            # A failed commit may have reached the disk: only what failed before it is tried again, each alone.
            if len(group) == 1 or worked:
                for job in group:
                    job.future.set_exception(error)
            else:
                for job in group:
                    self._commit([job])
        else:
            for job, result in zip(group, results, strict=True):
                job.future.set_result(result)


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    work: Callable[[Connection], T]
    future: Future[T]


def _url(address: str) -> URL:
    """The address with the driver that is here. Raises `UsageError`, without the password that may stand in it."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise UsageError("DATABASE_URL não é um endereço de banco: use sqlite:///… ou postgresql://….") from None
    if url.get_backend_name() == "postgres" or url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise UsageError("DATABASE_URL é de um banco que o Balto não usa: use sqlite:///… ou postgresql://….")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise UsageError("DATABASE_URL precisa de um arquivo: sqlite:////pasta/balto.db.")
    return url


def _engine(url: URL, *, writes: bool) -> Engine:
    lite = url.get_backend_name() == "sqlite"
    try:
        engine = create_engine(
            url,
            connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False} if lite else _POSTGRES,
            pool_size=1 if writes else 4,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=not lite,
            hide_parameters=True,
        )
    except (NoSuchModuleError, ImportError):
        raise UsageError(
            'Falta o pacote do PostgreSQL: na pasta do Balto, rode pip install -e ".[postgres]".'
        ) from None
    if lite:
        event.listen(engine, "connect", _set_up_sqlite)
        # sqlite3 would begin transactions late and by itself; a write that begins as one never meets a stale snapshot.
        begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what was erased leaves no bytes in free pages
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
