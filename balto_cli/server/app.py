"""The server as one: folder lock, store, live path, REST and sockets, started in order and stopped in the other."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Self

from aiohttp import web

from balto_cli.server.asyncapi import asyncapi
from balto_cli.server.auth import Gate
from balto_cli.server.context import CONTEXT, ServerContext
from balto_cli.server.example import add_example
from balto_cli.server.folder_lock import lock_folder, refused
from balto_cli.server.limits import Limits
from balto_cli.server.listening import FirstHeader, listen
from balto_cli.server.live import LIVE, Live
from balto_cli.server.logs import logger
from balto_cli.server.metrics import Metrics
from balto_cli.server.panel.routes import add_panel
from balto_cli.server.rest import add_routes
from balto_cli.server.secrets import find_admin
from balto_cli.server.socket import handle_socket
from balto_cli.server.suggester import Suggester
from balto_cli.server.workbench import Bench
from balto_cli.settings import data_folder
from balto_cli.store.database import default_address
from balto_cli.store.interactions import spent_on_suggestions
from balto_cli.store.store import Store
from balto_cli.stt.prices import REAIS_PER_DOLLAR
from balto_cli.stt.resilience.stack import live_provider, live_stack

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from balto_cli.pipeline import PipelineConfig
    from balto_cli.settings import Settings
    from balto_cli.stt.base import Transcriber
    from balto_cli.suggestions.signatures import Review

_LOG = logger("balto.servidor")


def build_app(context: ServerContext, live: Live) -> web.Application:
    """All routes."""
    app = web.Application()
    app[CONTEXT] = context
    app[LIVE] = live
    add_routes(app)
    add_panel(app)
    add_example(app)
    app.router.add_get("/ws", _socket)
    app.router.add_get("/asyncapi.json", _describe)
    return app


class Server:
    """A running server: `async with Server(…) as server`."""

    def __init__(
        self,
        settings: Settings,
        *,
        config: PipelineConfig,
        providers: Sequence[Transcriber],
        names: Sequence[str],
        host: str | None = None,
        port: int | None = None,
        show_secret: Callable[[str], None] | None = None,
        limits: Limits | None = None,
        record: bool = False,
    ) -> None:
        """`names` are those that a person gives the `providers`; `host` and `port` win over the settings.

        With `record` sessions are kept as folders that `balto compare` reads.
        """
        self._settings = settings
        self._config = config
        self._providers = providers
        self._names = names
        self._host = host or settings.host
        self._port = port or settings.port
        self._show_secret = show_secret
        self._limits = limits or Limits.of(settings)
        self._record = record
        self._stack = contextlib.AsyncExitStack()
        self.port = 0
        """The port that it listens on."""
        self.live: Live | None = None
        self.review: Review | None = None
        """What pharmacists have signed of Balto's own catalogue, as of the start."""

    @property
    def address(self) -> str:
        """Where clients find it."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    async def __aenter__(self) -> Self:
        """Start. Raises `UsageError` (folder in use, port taken), `OutputError`, `StoreUnavailable`."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: within eight seconds, whatever clients and providers do."""
        await self._stack.aclose()

    async def _start(self) -> None:
        settings, stack = self._settings, self._stack
        folder = data_folder(settings)
        stack.callback(lock_folder(folder).release)
        listening = listen(self._host, self._port)
        stack.callback(listening.close)
        store = await Store.open(settings.database_url or default_address(folder))
        stack.push_async_callback(store.close)
        reais = settings.dolar or REAIS_PER_DOLLAR
        stacks = [live_provider(provider, reais_per_dollar=reais) for provider in self._providers]
        for provider in self._providers:
            stack.push_async_callback(provider.aclose)
        transcriber = live_stack(self._providers, reais_per_dollar=reais)
        suggester = Suggester.of(
            settings,
            folder,
            reais_per_dollar=reais,
            spent_brl=await store.read(spent_on_suggestions, _now().replace(hour=0, minute=0, second=0, microsecond=0)),
        )
        stack.push_async_callback(suggester.close)
        self.review = await suggester.warm_up()
        metrics = Metrics()
        try:
            live = Live(
                data_folder=folder,
                store=store,
                config=self._config,
                transcriber=transcriber,
                suggester=suggester,
                limits=self._limits,
                metrics=metrics,
                now=_now,
                sends_suggestions=settings.modo == "sugestao",
                keep_sound_h=settings.retencao_audio_horas,
                keep_transcripts_days=settings.retencao_transcricoes_dias,
                reais_per_dollar=reais,
                record=self._record,
            )
        except OSError as error:
            raise refused(folder, error) from None
        admin = await find_admin(store, settings, folder, _now(), self._show_secret)
        bench = Bench()
        stack.callback(bench.close)
        context = ServerContext(
            settings=settings,
            data_folder=folder,
            store=store,
            config=self._config,
            providers=dict(zip(self._names, stacks, strict=True)),
            transcriber=transcriber,
            suggester=suggester,
            now=_now,
            gate=Gate(store, admin, settings, _now),
            bench=bench,
            problems=live.problems,
            render_metrics=metrics.render,
        )
        runner = web.AppRunner(build_app(context, live), access_log=None, shutdown_timeout=1.0, handle_signals=False)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await live.start()
        stack.push_async_callback(live.stop)
        self.live = live
        self.port = listening.getsockname()[1]
        await self._accept(runner, listening)
        _LOG.info("ouvindo", host=self._host, porta=self.port)
        _LOG.info(
            "revisao",
            produtos_sem_assinatura=len(self.review.unsigned_products),
            regras_sem_assinatura=len(self.review.unsigned_rules),
            mudaram=len(self.review.outdated),
            recusados=len(self.review.refused),
        )

    async def _accept(self, runner: web.AppRunner, listening: socket.socket) -> None:
        server = runner.server
        assert server is not None
        accepting = await asyncio.get_running_loop().create_server(partial(FirstHeader, server), sock=listening)
        self._stack.callback(accepting.close)


async def _socket(request: web.Request) -> web.StreamResponse:
    context = request.app[CONTEXT]
    return await handle_socket(request, request.app[LIVE], context.gate.address(request))


async def _describe(_request: web.Request) -> web.Response:
    return web.json_response(asyncapi())


def _now() -> datetime:
    return datetime.now(UTC)
