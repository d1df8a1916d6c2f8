"""A live server under test, and a client of a few lines that speaks the protocol."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from balto_cli.audio.decode import Decoder
from balto_cli.pipeline import PipelineConfig, Segment, segment_stream
from balto_cli.server.app import Server
from balto_cli.server.limits import Limits
from balto_cli.server.live import Live
from balto_cli.settings import Settings
from balto_cli.store.records import Interaction, Scope
from testes.doubles import FakeTranscriber
from testes.sockets import free_port

ADMIN_SECRET = "segredo-bem-comprido-do-teste-42"
EVENTS = ["recebido", "segmento", "transcricao", "aviso"]
LEVE = PipelineConfig.leve()


def pcm_of(path: Path) -> bytes:
    """PCM16 16 kHz mono of a recording, as the offline commands decode it."""
    return b"".join(Decoder(path))


def offline(pcm: bytes, config: PipelineConfig) -> list[Segment]:
    """What the offline commands hear."""
    return list(segment_stream([pcm], config))


def random_chunks(data: bytes, seed: int, most: int = 32_000) -> Iterable[bytes]:
    """Pieces of 1 byte to `most`."""
    generator = random.Random(seed)
    position = 0
    while position < len(data):
        size = min(generator.randint(1, most), generator.choice((1, 3, 640, most, most, most)))
        yield data[position : position + size]
        position += size


@dataclass
class Client:
    """One socket. `events` is all that came, `code` how it was closed."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    code: int | None = None

    def start(self) -> None:
        self._reader = asyncio.create_task(self._read())

    async def auth(self, key: str, **fields: Any) -> dict[str, Any]:
        await self.say(comando="auth", api_key=key, **fields)
        return await self.wait_for("autenticado")

    async def say(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def send(self, data: bytes) -> None:
        await self.socket.send_bytes(data)

    def of(self, command: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["comando"] == command]

    async def wait_for(self, command: str, count: int = 1, timeout_s: float = 30.0) -> dict[str, Any]:
        """The `count`th event of this kind."""
        async with asyncio.timeout(timeout_s):
            while len(self.of(command)) < count:
                if self._reader.done():
                    raise AssertionError(f"closed with {self.code} before {command}: {self.events}")
                await asyncio.sleep(0.005)
        return self.of(command)[count - 1]

    async def closed(self, timeout_s: float = 30.0) -> int | None:
        """Wait until the server has closed; the code."""
        async with asyncio.timeout(timeout_s):
            await asyncio.wait([self._reader])
        return self.code

    async def finish(self) -> None:
        """`encerrar`, and all events that still come."""
        await self.say(comando="encerrar")
        assert await self.closed() == 1000

    def drop(self) -> None:
        """End the connection without a word."""
        assert self.socket._response is not None
        connection = self.socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.events.append(json.loads(message.data))
        self.code = self.socket.close_code


@dataclass
class Running:
    """A server, its parts, and the key of a counter."""

    server: Server
    live: Live
    key: str
    http: aiohttp.ClientSession
    provider: FakeTranscriber

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[Client]:
        """A socket that is not authenticated."""
        options = {"max_msg_size": 0, **options}
        async with self.http.ws_connect(f"{self.server.address}/ws", **options) as socket:
            client = Client(socket)
            client.start()
            yield client

    async def another_key(self, counter: str = "Balcão 2") -> str:
        made = await self.live.store.create_key("Rede Saúde", counter, datetime.now(UTC))
        return made.secret

    async def interactions(self, session: str) -> list[Interaction]:
        """What is stored of a session, in order."""
        page = await self.live.store.list_interactions(Scope(session_id=session), 500)
        return sorted(page.interactions, key=lambda item: item.index)


def settings_of(folder: Path, **values: Any) -> Settings:
    return Settings.model_construct(**{"data": folder, "admin_secret": SecretStr(ADMIN_SECRET), **values})


@asynccontextmanager
async def running(
    folder: Path,
    *,
    config: PipelineConfig = LEVE,
    provider: FakeTranscriber | None = None,
    limits: dict[str, Any] | None = None,
    key: str | None = None,
    record: bool = False,
    **values: Any,
) -> AsyncIterator[Running]:
    """A server in this process, on a free port."""
    provider = provider or FakeTranscriber(max_concurrency=16)
    settings = settings_of(folder, **values)
    server = Server(
        settings,
        config=config,
        providers=[provider],
        names=["local"],
        port=free_port(),
        limits=replace(Limits.of(settings), **(limits or {})),
        record=record,
    )
    async with server, aiohttp.ClientSession() as http:
        live = server.live
        assert live is not None
        if key is None:
            key = (await live.store.create_key("Rede Saúde", "Balcão 1", datetime.now(UTC))).secret
        yield Running(server, live, key, http, provider)


async def until(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait until it holds. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - a test looks from outside
            await asyncio.sleep(0.01)
