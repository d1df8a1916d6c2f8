"""The stand-ins of all providers in one aiohttp server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from testes.simulador import control
from testes.simulador.assemblyai import AssemblyAI
from testes.simulador.assemblyai_sync import AssemblyAISync
from testes.simulador.calls import CallLog
from testes.simulador.chat import Chat
from testes.simulador.deepgram import Deepgram
from testes.simulador.elevenlabs import ElevenLabs
from testes.simulador.exchange import Desk
from testes.simulador.faults import FaultDesk, check_kind
from testes.simulador.gladia import Gladia
from testes.simulador.openai import OpenAI
from testes.simulador.options import GOOD_KEY, PROVIDERS, Options
from testes.simulador.texts import TextSource
from testes.simulador.xai import XAI

BASE_PATHS = {
    "elevenlabs": "/elevenlabs",
    "assemblyai": "/assemblyai",
    "assemblyai-sync": "/assemblyai-sync",
    "deepgram": "/deepgram",
    "gladia": "/gladia",
    "openai": "/openai/v1",
    "xai": "/xai/v1",
}
"""What follows the address in each provider's base URL."""


class Simulator:
    """All stand-ins on one port, in this process: `async with Simulator(texto="hash") as sim: sim.url("openai")`."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        """`options` are those of `Options`; port 0 is any free one."""
        if "referencias" in options:
            options["referencias"] = tuple(Path(folder).absolute() for folder in options["referencias"])
        self.options = Options(**options)
        for kind in self.options.tipos:
            check_kind(kind)
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.calls = CallLog()
        """Every request that came, for counting."""
        self.faults = FaultDesk(self.options)
        self.chat = Chat()

    async def __aenter__(self) -> Self:
        desk = Desk(self.options, TextSource(self.options), self.faults, self.calls, asyncio.Event())
        self._closing = desk.closing
        self._stored = (AssemblyAI(), Gladia())
        app = web.Application(client_max_size=1 << 20)
        stand_ins = (*self._stored, AssemblyAISync(), ElevenLabs(), Deepgram(), OpenAI(self.chat), XAI(self.chat))
        for stand_in in stand_ins:
            app.add_routes(list(stand_in.routes(desk)))
        app.add_routes(list(control.routes(desk, self.chat, self.reset)))
        # A client that has gone ends its handler: nothing goes on waiting for a fault that hangs.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=1024)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        assert self._runner is not None
        await self._runner.cleanup()
        for stand_in in self._stored:
            stand_in.close()

    @property
    def address(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://{self._host}:{self._port}"

    def url(self, provider: str) -> str:
        """The base URL that stands for a provider's own."""
        return self.address + BASE_PATHS[provider]

    def environment(self) -> dict[str, str]:
        """Good keys and base URLs of all providers, as environment variables."""
        return environment(self.address)

    def fail(self, provider: str, kind: str, *, times: int = 1, stage: str | None = None) -> None:
        """Let the next requests of a provider fail; see `faults.KINDS`."""
        self.faults.queue(provider, kind, times=times, stage=stage)

    def reset(self) -> None:
        """Forget calls, queued faults and scripted answers."""
        self.faults.reset()
        self.calls.reset()
        self.chat.reset()


def environment(address: str) -> dict[str, str]:
    """Good keys and base URLs of the stand-ins at an address, as environment variables."""
    keys = {f"{provider.upper()}_API_KEY": GOOD_KEY for provider in PROVIDERS}
    return keys | {f"{provider.upper()}_BASE_URL": address + BASE_PATHS[provider] for provider in PROVIDERS}
