"""`python -m testes.soak [SECONDS] [SESSIONS] [SEED]`: a live server under chaos; `make soak` runs an hour of it.

Sessions speak at several times real speed and behave as people and networks do: they drop, freeze half open, do not
read, send garbage in between, and come back; the provider fails at times; the server is killed and started again. In
the end every segment that the offline pipeline finds in what a session was heard to say is in the database exactly
once, with a transcript or a reason, and the server's memory and descriptors have not grown.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from balto_cli.store.records import UNFINISHED, Scope
from balto_cli.store.store import Store
from testes.doubles import words_of
from testes.live import LEVE, free_port, offline, pcm_of
from testes.live_process import Process
from testes.shared import DATA

CHUNK_BYTES = 3_200
TURN_S = (20.0, 60.0)
"""How much sound a session has to say, in seconds."""


@dataclass
class Outcome:
    """What was found in the end; each a count, all of which must be 0 but the first three."""

    sessions: int = 0
    segments: int = 0
    kills: int = 0
    missing: int = 0
    """Segments of the offline pipeline that are not in the database."""
    extra: int = 0
    wrong: int = 0
    """Transcripts that are not those of their sound."""
    unfinished: int = 0
    refused: int = 0
    """Sessions that a conforming client could not take up again."""
    memory_mb: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or left over."""
        return not (self.missing or self.extra or self.wrong or self.unfinished or self.refused)


@dataclass
class _Speaker:
    """A client over its sockets."""

    pcm: bytes
    session: str | None = None
    has_ended: bool = False
    """Whether it has sent `encerrar`."""


class Chaos:
    """One soak."""

    def __init__(self, folder: Path, seed: int, pcm: bytes) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._pcm = pcm
        self._port = free_port()
        self._server: Process | None = None
        self.said: dict[str, bytes] = {}
        """By session: all that it said, for those that were ended by `encerrar`."""
        self.outcome = Outcome()
        self._over = False

    async def run(self, seconds: float, sessions: int) -> Outcome:
        """Chaos, then calm, then the count."""
        self._server = await asyncio.to_thread(Process, self._folder, self._port, 0.2, 0.05)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            counters = [asyncio.create_task(self._counter(http, until_s, index)) for index in range(sessions)]
            killer = asyncio.create_task(self._kill_now_and_then(until_s, max(15.0, seconds / 6)))
            noise = asyncio.create_task(self._garbage(until_s))
            await asyncio.gather(*counters)
            await asyncio.gather(killer, noise)
        await self._calm()
        await asyncio.to_thread(self._server.terminate)
        await self._count()
        return self.outcome

    async def _counter(self, http: aiohttp.ClientSession, until_s: float, index: int) -> None:
        generator = random.Random(self._random.random() + index)
        while asyncio.get_running_loop().time() < until_s:
            begin = generator.randrange(0, len(self._pcm) // 2 - 16_000 * 60) * 2
            length = round(generator.uniform(*TURN_S) * 16_000) * 2
            await self._session(http, self._pcm[begin : begin + length], generator)

    async def _session(self, http: aiohttp.ClientSession, pcm: bytes, generator: random.Random) -> None:
        """One session to its end, over as many sockets as it takes."""
        state = _Speaker(pcm)
        while True:
            try:
                done = await self._socket(http, state, generator)
            except (aiohttp.ClientError, OSError, TimeoutError, json.JSONDecodeError):
                done = False
            if done:
                assert state.session is not None
                self.said[state.session] = pcm
                return
            await asyncio.sleep(generator.uniform(0.2, 1.0))

    async def _socket(self, http: aiohttp.ClientSession, state: _Speaker, generator: random.Random) -> bool:
        """One connection: what it says, how it ends by chance; True where the session has come to its end."""
        pcm, session = state.pcm, state.session
        assert self._server is not None
        async with http.ws_connect(f"http://127.0.0.1:{self._port}/ws", max_msg_size=0) as socket:
            auth = {"comando": "auth", "api_key": self._server.key, "formato": "pcm16", "eventos": ["transcricao"]}
            await socket.send_str(json.dumps(auth if session is None else {**auth, "sessao": session}))
            message = await socket.receive(timeout=20)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return False
            hello: dict[str, Any] = json.loads(message.data)
            if session is not None and not hello["retomada"]:
                # After `encerrar` there is nothing to take up; before it, there must be.
                self.outcome.refused += not state.has_ended
                return True
            state.session = hello["sessao"]
            position = hello["recebido_amostras"] * 2
            fate = generator.choice(["fica", "fica", "cai", "congela", "lixo"])
            gives_up_at = position + round(generator.random() * (len(pcm) - position))
            while position < len(pcm):
                size = generator.choice([CHUNK_BYTES, CHUNK_BYTES, 640, 16_001, 1])
                await socket.send_bytes(pcm[position : position + size])
                position += min(size, len(pcm) - position)
                if fate == "lixo" and generator.random() < 0.05:
                    await socket.send_str(
                        generator.choice(["{", "[]", '{"comando":"ping"}', '{"comando":1}', "é" * 99])
                    )
                if fate in ("cai", "congela") and position >= gives_up_at:
                    if fate == "congela":
                        await asyncio.sleep(generator.uniform(0.5, 2.0))
                    _abort(socket)
                    return False
                await asyncio.sleep(size / 32_000 / 8)
            state.has_ended = True
            await socket.send_str('{"comando":"encerrar"}')
            async for _ in socket:
                pass
            return socket.close_code == 1000

    async def _kill_now_and_then(self, until_s: float, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() + every_s < until_s:
            await asyncio.sleep(every_s * self._random.uniform(0.7, 1.3))
            assert self._server is not None
            self._look()
            if self._random.random() < 0.7:
                await asyncio.to_thread(self._server.kill)
            else:
                await asyncio.to_thread(self._server.terminate)
            self.outcome.kills += 1
            self._server = await asyncio.to_thread(Process, self._folder, self._port, 0.2, 0.05)

    async def _garbage(self, until_s: float) -> None:
        """Strangers that send no protocol at all, and some that say nothing."""
        loop = asyncio.get_running_loop()
        while loop.time() < until_s:
            await asyncio.sleep(0.5)
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(self._random.choice([b"GET /ws HTTP/1.1\r\n", self._random.randbytes(200), b""]))
                await asyncio.sleep(0.1)
                writer.transport.abort()
            except OSError:
                continue

    def _look(self) -> None:
        assert self._server is not None
        try:
            process = psutil.Process(self._server.process.pid)
            self.outcome.memory_mb.append(process.memory_info().rss / 1e6)
            self.outcome.descriptors.append(process.num_fds())
        except psutil.Error:
            pass

    async def _calm(self) -> None:
        """Give late transcripts their time."""
        for _ in range(60):
            store = await Store.open(f"sqlite:///{self._folder / 'balto.db'}")
            backlog = await store.backlog()
            await store.close()
            if backlog.segments == 0:
                break
            await asyncio.sleep(1.0)
        self._look()

    async def _count(self) -> None:
        store = await Store.open(f"sqlite:///{self._folder / 'balto.db'}")
        try:
            for session, pcm in self.said.items():
                page = await store.list_interactions(Scope(session_id=session), 500)
                found = {(row.start_sample, row.end_sample): row for row in page.interactions}
                expected = {(one.start_sample, one.end_sample): one for one in offline(pcm, LEVE)}
                self.outcome.sessions += 1
                self.outcome.segments += len(expected)
                self.outcome.missing += len(expected.keys() - found.keys())
                self.outcome.extra += len(page.interactions) - len(expected.keys() & found.keys())
                for place, segment in expected.items():
                    row = found.get(place)
                    if row is None:
                        continue
                    self.outcome.unfinished += row.state in UNFINISHED
                    self.outcome.wrong += row.state == "ok" and row.text != words_of(segment.samples)
        finally:
            await store.close()


def _abort(socket: aiohttp.ClientWebSocketResponse) -> None:
    response = socket._response
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


async def soak(folder: Path, seconds: float, sessions: int, seed: int = 1) -> Outcome:
    """Run it."""
    return await Chaos(folder, seed, pcm_of(DATA / "speech" / "balcao-1.flac") * 2).run(seconds, sessions)


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else 3_600.0
    sessions = int(arguments[1]) if len(arguments) > 1 else 50
    seed = int(arguments[2]) if len(arguments) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(soak(Path(folder), seconds, sessions, seed))
    print(outcome)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
