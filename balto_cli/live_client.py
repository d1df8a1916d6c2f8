"""A client of the live server: sends sound, takes events, comes back after a drop without losing anything.

It keeps what the server has not confirmed and, when the connection is gone, takes its session up again and sends from
where the server says that it stands. Waits between tries grow and are jittered, so that a server that restarts is not
run over.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.errors import BaltoError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

_EVENTS = ("recebido", "segmento", "transcricao", "aviso")
_FINAL = {
    4001: "A chave não vale: confira BALTO_API_KEY com quem opera o servidor.",
    4004: "O servidor não entendeu a primeira mensagem: confira o endereço.",
    4005: "A sessão foi retomada em outra conexão.",
    4006: "A sessão foi encerrada pelo operador.",
}
_OVERLOADED = 4002
_FULL = {
    "chave": "há sessões demais com esta chave: encerre outra, ou peça outra chave a quem opera o servidor",
    "endereco": "há sessões demais deste endereço",
    "disco": "o disco dele está cheio",
}
_FIRST_WAIT_S, _LONGEST_WAIT_S, _FULL_WAIT_S = 0.5, 30.0, 10.0
_FIRST_TRIES = 3
"""Before a server has ever answered, it is more likely a wrong address than one that restarts."""
_AHEAD_BYTES = 600 * SAMPLE_RATE_HZ * 2
"""Sound that may wait for its confirmation before no more of a recording is read."""


class LiveError(BaltoError):
    """The server ended the session for good (`code` is that of its close), or could not be reached (None)."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class _FullError(ConnectionError):
    """The server takes no session at the moment."""


@dataclass
class Kept:
    """Sound that may have to be sent again, by its place in the session."""

    start: int = 0
    """Sample of its first byte."""
    data: bytearray = field(default_factory=bytearray)

    @property
    def end(self) -> int:
        """Sample after the last one."""
        return self.start + len(self.data) // 2

    def add(self, pcm: bytes) -> None:
        """Whole samples that follow."""
        self.data += pcm

    def forget(self, before: int) -> None:
        """Confirmed up to sample `before`."""
        count = min(max(0, before - self.start) * 2, len(self.data))
        del self.data[:count]
        self.start += count // 2

    def since(self, sample: int) -> bytes:
        """Up to a quarter of a second from a sample on, as far as it is kept."""
        begin = max(0, sample - self.start) * 2
        return bytes(self.data[begin : begin + SAMPLE_RATE_HZ // 2])


async def converse(
    url: str,
    key: str,
    sound: AsyncGenerator[bytes, None],
    on_event: Callable[[dict[str, Any]], None],
    *,
    tries: int = 10,
) -> None:
    """Send PCM16 16 kHz mono until it ends, then `encerrar`; `on_event` is told of every event once.

    Raises `LiveError` when the server ends the session for good, is not there after `tries` in a row (three where it
    was never there) or takes no session; `UsageError` for an address that is none.
    """
    conversation = _Conversation(url, key, sound, on_event)
    wait_s = _FIRST_WAIT_S
    left = min(tries, _FIRST_TRIES)
    pump = asyncio.create_task(conversation.pump())
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(_ended, pump)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        while True:
            if pump.done():
                pump.result()  # whoever gives the sound says why it gives none
            try:
                if await conversation.once(http):
                    if pump.done():
                        pump.result()  # the sound may have ended because it could not be read
                    return
                left, wait_s = tries, _FIRST_WAIT_S
            except aiohttp.InvalidURL:
                raise UsageError(f"{url} não é o endereço de um servidor: use http://ENDEREÇO:PORTA.") from None
            except _FullError as full:
                left -= 1
                if left <= 0:
                    raise LiveError(f"O servidor não aceita mais sessões: {full}.", _OVERLOADED) from None
                wait_s = max(wait_s, _FULL_WAIT_S)
            except (aiohttp.ClientError, OSError, TimeoutError):
                left -= 1
                if left <= 0:
                    raise LiveError(
                        f"Não consegui falar com o servidor em {url}: confira o endereço e se ele está no ar."
                    ) from None
            await asyncio.sleep(wait_s * (0.5 + random.random()))
            wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)


async def _ended(pump: asyncio.Task[None]) -> None:
    """Whatever gives the sound lets go of it."""
    pump.cancel()
    await asyncio.wait([pump])


class _Conversation:
    def __init__(
        self, url: str, key: str, sound: AsyncGenerator[bytes, None], on_event: Callable[[dict[str, Any]], None]
    ) -> None:
        self._url = url.rstrip("/") + "/ws"
        self._key = key
        self._sound = sound
        self._on_event = on_event
        self._kept = Kept()
        self._session: str | None = None
        self._last_seq = 0
        self._told: set[int] = set()
        self._at_end = False
        self._more = asyncio.Event()

    async def pump(self) -> None:
        """Take the sound as it comes, connected or not."""
        try:
            async with contextlib.aclosing(self._sound):
                async for pcm in self._sound:
                    self._kept.add(pcm)
                    self._more.set()
                    while len(self._kept.data) > _AHEAD_BYTES:  # noqa: ASYNC110 - seconds pass between confirmations
                        await asyncio.sleep(0.1)
        finally:
            self._at_end = True
            self._more.set()

    async def once(self, http: aiohttp.ClientSession) -> bool:
        """One connection; True when the server has said that all is done."""
        async with http.ws_connect(self._url, max_msg_size=0, heartbeat=None) as socket:
            await socket.send_str(json.dumps(self._auth()))
            hello = await self._hello(socket)
            position = hello["recebido_amostras"] if hello["retomada"] else self._kept.start
            if not hello["retomada"]:
                self._kept.start, position = 0, 0
                self._last_seq = 0
                self._told.clear()
            self._session = hello["sessao"]
            if position < self._kept.start:
                self._on_event({"comando": "lacuna", "amostras": self._kept.start - position})
            sending = asyncio.create_task(self._send_sound(socket, position))
            try:
                await self._listen(socket)
            finally:
                sending.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await sending
            return self._ended(socket.close_code)

    def _auth(self) -> dict[str, Any]:
        auth = {"comando": "auth", "api_key": self._key, "versao": 1, "formato": "pcm16", "eventos": list(_EVENTS)}
        return auth if self._session is None else {**auth, "sessao": self._session, "ultimo_seq": self._last_seq}

    async def _hello(self, socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
        message = await socket.receive(timeout=30)
        if message.type is not aiohttp.WSMsgType.TEXT:
            self._ended(socket.close_code)
            if socket.close_code == _OVERLOADED:
                raise _FullError(_FULL.get(str(message.extra), "está cheio; tente daqui a pouco"))
            raise ConnectionResetError
        hello: dict[str, Any] = json.loads(message.data)
        self._on_event(hello)
        return hello

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            event: dict[str, Any] = json.loads(message.data)
            if event["comando"] == "recebido":
                self._kept.forget(event["recebido_amostras"])
            seq = event["seq"]
            if seq not in self._told:
                self._told.add(seq)
                self._last_seq = max(self._last_seq, seq)
                self._on_event(event)

    async def _send_sound(self, socket: aiohttp.ClientWebSocketResponse, position: int) -> None:
        """Send from sample `position` on to the end, then `encerrar`."""
        with contextlib.suppress(ConnectionError):
            while True:
                position = max(position, self._kept.start)
                pcm = self._kept.since(position)
                if pcm:
                    await socket.send_bytes(pcm)
                    position += len(pcm) // 2
                elif self._at_end:
                    break
                else:
                    self._more.clear()
                    await self._more.wait()
            await socket.send_str('{"comando":"encerrar"}')

    @staticmethod
    def _ended(code: int | None) -> bool:
        if code in _FINAL:
            raise LiveError(_FINAL[code], code)
        return code == 1000
