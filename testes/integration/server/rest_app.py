"""A server with the REST routes alone, on a real store, with a provider that answers by rule."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from balto_cli.pipeline import PipelineConfig
from balto_cli.server.auth import Gate
from balto_cli.server.context import CONTEXT, ServerContext
from balto_cli.server.rest import add_routes
from balto_cli.server.secrets import find_admin
from balto_cli.server.suggester import Suggester
from balto_cli.server.workbench import Bench
from balto_cli.settings import Settings
from balto_cli.store.store import Store
from testes.doubles import FakeTranscriber

SECRET = "segredo-bem-comprido-do-teste-42"
ADMIN = {"Authorization": f"Bearer {SECRET}"}
OUTSIDE = {"X-Forwarded-For": "203.0.113.7"}
"""What makes a call from this machine one from elsewhere."""


@dataclass
class Clock:
    """A wall clock that stands still until it is moved."""

    at: datetime = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, span: timedelta) -> None:
        self.at += span


@dataclass
class Running:
    """A server under test."""

    client: TestClient[web.Request, web.Application]
    store: Store
    clock: Clock
    provider: FakeTranscriber
    context: ServerContext
    problems: list[str] = field(default_factory=list)

    async def key(self, counter: str = "Balcão 1") -> dict[str, str]:
        """Headers of a counter."""
        made = await self.store.create_key("Rede Saúde", counter, self.clock())
        return {"Authorization": f"Bearer {made.secret}"}


@asynccontextmanager
async def running(
    store: Store, folder: Path, clock: Clock | None = None, show: Callable[[str], None] | None = None, **values: Any
) -> AsyncIterator[Running]:
    """The server, as long as this lasts; `values` are settings by field name."""
    clock = clock or Clock()
    settings = Settings.model_construct(**{**_defaults(), "data": folder, **values})
    admin = await find_admin(store, settings, folder, clock(), show)
    provider = FakeTranscriber("Local")
    bench = Bench()
    suggester = Suggester(folder)
    problems: list[str] = []

    async def found() -> tuple[str, ...]:
        return tuple(problems)

    context = ServerContext(
        settings=settings,
        data_folder=folder,
        store=store,
        config=PipelineConfig(),
        providers={"local": provider},
        transcriber=provider,
        suggester=suggester,
        now=clock,
        gate=Gate(store, admin, settings, clock),
        bench=bench,
        problems=found,
        render_metrics=lambda: b"balto_sessions 0\n",
    )
    app = web.Application()
    app[CONTEXT] = context
    add_routes(app)
    async with TestClient(TestServer(app)) as client:
        yield Running(client, store, clock, provider, context, problems)
    bench.close()
    await suggester.close()


def _defaults() -> dict[str, Any]:
    from pydantic import SecretStr

    return {"admin_secret": SecretStr(SECRET)}
