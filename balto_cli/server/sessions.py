"""All sessions that have not ended: opened, taken up, dropped, ended; and the clock that looks after them.

One tick every 10 ms writes what arrived to the spool in one call and hands it to the ear; one every second syncs,
looks for what is overdue and ends what nobody took up again.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from balto_cli.pipeline import SpeechPipeline
from balto_cli.server.live_session import LiveSession
from balto_cli.server.logs import logger
from balto_cli.server.spool import EVERYTHING
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import SessionRecord, new_id

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from balto_cli.server.live_session import Listener, Services
    from balto_cli.server.protocol import Auth
    from balto_cli.server.spool import Span
    from balto_cli.store.records import Erased, KeyHolder

_LOG = logger("balto.session")

TICK_S = 0.01
"""Sound that came within it is written by one call."""


class Socket(Protocol):
    """A socket, as the registry sees it."""

    async def end(self, code: int, reason: str) -> None:
        """Close it; returns when what had arrived is decoded and the session is free. Has a deadline of its own."""

    def look_after(self) -> None:
        """Ping, confirm, warn, give up: whatever is due. Called every second."""


class Sessions:
    """The registry. Everything happens in the event loop."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions: dict[str, LiveSession] = {}
        self._sockets: dict[str, Socket] = {}
        self._attached: dict[str, LiveSession] = {}
        """Sessions with a socket, also those that have ended and wait for transcripts."""
        self._ready: dict[LiveSession, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._clocks: list[asyncio.Task[None]] = []
        self._busy: set[str] = set()

    @property
    def sessions(self) -> Mapping[str, LiveSession]:
        """By id."""
        return self._sessions

    @property
    def sockets(self) -> int:
        """Sessions with a socket on them."""
        return len(self._sockets)

    def start(self) -> None:
        """Start the clocks."""
        self._clocks = [asyncio.create_task(self._tick()), asyncio.create_task(self._look_after())]

    def add(self, session: LiveSession) -> None:
        """A session from before a restart."""
        self._sessions[session.id] = session

    async def open(self, auth: Auth, holder: KeyHolder) -> LiveSession:
        """A new session, stored. Raises `StoreUnavailable`."""
        services = self._services
        record = SessionRecord(
            id=new_id(),
            counter_id=holder.counter_id,
            key_id=holder.key_id,
            started_at=services.now(),
            audio_format=auth.audio_format,
            rate_hz=auth.rate_hz,
            channels=auth.channels,
            client_name=auth.client,
            settings=services.config.as_dict(),
        )
        record = await services.store.open_session(record)
        numbers = range(1, record.seq_reserved + 1)
        session = LiveSession(services, record, SpeechPipeline(services.config), numbers=numbers)
        self._sessions[session.id] = session
        services.recorder.begin(record)
        services.metrics.opened.inc()
        return session

    async def take_up(self, session_id: str, holder: KeyHolder, code: int) -> LiveSession | None:
        """A session of this counter that may go on, free of its old socket (ended with `code`); None for any other.

        What it has received is on disk for good when this returns. Raises `StoreUnavailable`, OSError.
        """
        session = self._sessions.get(session_id)
        if session is None or session.record.counter_id != holder.counter_id or session.is_finishing:
            return None
        if session_id in self._busy:
            return None  # two clients at once: one of them gets it
        self._busy.add(session_id)
        try:
            if old := self._sockets.get(session_id):
                await old.end(code, "retomada em outra conexão")
            now = self._services.now()
            since = now - timedelta(seconds=self._services.limits.resumable_s)
            if await self._services.store.take_up(session_id, holder.counter_id, since) is None:
                return None
            await self._services.spool.sound.sync()
            session.synced = max(session.synced, session.received)
            session.dropped_at = None
            self._services.metrics.resumed.inc()
            return session if session_id in self._sessions and not session.is_finishing else None
        finally:
            self._busy.discard(session_id)

    def attach(self, session: LiveSession, socket: Socket, listener: Listener) -> None:
        """A socket is on it."""
        session.listener = listener
        session.connected_at = self._services.now()
        session.dropped_at = None
        self._sockets[session.id] = socket
        self._attached[session.id] = session

    def received(self, session: LiveSession, socket: Socket, pcm: bytes) -> None:
        """Sound of a session; what a socket still had when another took its place came too late."""
        if self._sockets.get(session.id, socket) is not socket:
            return
        session.receive(pcm)
        self._ready[session] = None

    def detach(self, session: LiveSession, socket: Socket) -> None:
        """Its socket is gone: it waits to be taken up, unless it is ending or was erased."""
        if self._sockets.get(session.id) is not socket:
            return
        del self._sockets[session.id]
        del self._attached[session.id]
        session.listener = None
        session.connected_at = None
        if session.id in self._sessions and not session.is_finishing:
            session.dropped_at = self._services.now()
            self._spawn(self._note_drop(session))

    async def finish(self, session: LiveSession, cut: str, reason: str) -> None:
        """Cut what is open, store it, end the session in the store. Waits for the store as long as it takes."""
        self._flush()
        session.finish(cut)
        await session.ended.wait()
        self._sessions.pop(session.id, None)
        self._services.recorder.end(session.id, reason)
        while True:
            try:
                await self._services.store.end_session(session.id, self._services.now(), reason, session.received)
                break
            except StoreUnavailable:
                await asyncio.sleep(1.0)
        self._services.spool.sound.forget(session.owner)

    def finish_later(self, session: LiveSession, cut: str, reason: str) -> None:
        """`finish`, without waiting."""
        self._spawn(self.finish(session, cut, reason))

    async def forget(self, erased: Erased) -> None:
        """Delete what lies outside the database. Raises OSError."""
        spool = self._services.spool
        for session_id in erased.sessions:
            session = self._sessions.pop(session_id, None)
            if socket := self._sockets.get(session_id):
                await socket.end(4006, "apagada")
            if session is not None:
                self._ready.pop(session, None)
                session.ended.set()
        await spool.sound.erase({UUID(session_id).bytes: [EVERYTHING] for session_id in erased.sessions})
        sound: dict[bytes, list[Span]] = {}
        for part in erased.parts:
            end = part.end_sample
            if session := self._sessions.get(part.session_id):
                end = await session.erase(part.start_sample, end)
            sound.setdefault(UUID(part.session_id).bytes, []).append((part.start_sample, end))
        for segment in erased.segments:
            self._services.forget(segment.id)
            # The next process must not hear it again; of a session that goes on the sound may still be there.
            span = (segment.start_sample, segment.end_sample)
            sound.setdefault(UUID(segment.session_id).bytes, []).append(span)
        await spool.sound.erase(sound)
        await spool.segments.erase({UUID(segment.id).bytes: [EVERYTHING] for segment in erased.segments})
        for session_id in {segment.session_id for segment in erased.segments}:
            if session := self._sessions.get(session_id) or self._attached.get(session_id):
                session.forget({segment.id for segment in erased.segments})

    async def stop(self, code: int, reason: str, *, until_s: float) -> None:
        """Free all sessions for the next start: sockets closed, sound on disk, cuts that are heard stored.

        `until_s` is of the loop's clock.
        """
        loop = asyncio.get_running_loop()
        for clock in self._clocks[1:]:
            clock.cancel()
        ending = [asyncio.create_task(socket.end(code, reason)) for socket in tuple(self._sockets.values())]
        if ending:
            await asyncio.wait(ending, timeout=max(0.1, until_s - loop.time() - 3.0))
        self._flush()
        with contextlib.suppress(OSError):
            await self._services.spool.sound.sync()
        while loop.time() < until_s - 1.5 and any(
            session.heard < session.received or session.unstored for session in self._sessions.values()
        ):
            self._flush()
            await asyncio.sleep(0.02)
        pending = [task for task in self._tasks if not task.done()]
        if pending:
            await asyncio.wait(pending, timeout=max(0.1, until_s - loop.time() - 0.5))
        for task in (*self._clocks, *self._tasks):
            task.cancel()
        await asyncio.gather(*self._clocks, *self._tasks, return_exceptions=True)

    def spawn_replay(self, session: LiveSession) -> None:
        """Let a session hear what the spool has from before a restart."""
        self._spawn(session.replay())

    async def _note_drop(self, session: LiveSession) -> None:
        with contextlib.suppress(StoreUnavailable):  # a restart takes it for OPEN, which is as good
            await self._services.store.drop_session(session.id, self._services.now(), session.received)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        lag = self._services.metrics.loop_lag_s
        count = 0
        while True:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            count += 1
            if count % 10 == 0:
                lag.observe(max(0.0, loop.time() - due))
            try:
                self._flush()
            except Exception as error:
                # Without this clock no session is heard any more.
                _LOG.error("relogio_falhou", exc_info=error)

    def _flush(self) -> None:
        """Write what was gathered, then let the ear have it; while the disk refuses, nothing is heard."""
        if not self._services.spool.write() or not self._ready:
            return
        streams = [session.written() for session in self._ready]
        self._ready.clear()
        self._services.ear.listen(streams)

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            try:
                await self._sync()
                self._overdue()
            except Exception as error:
                _LOG.error("relogio_falhou", exc_info=error)

    async def _sync(self) -> None:
        """Everything that was received until now is on disk for good."""
        received = [(session, session.received) for session in self._sessions.values()]
        try:
            await self._services.spool.sound.sync()
        except OSError:
            return
        for session, samples in received:
            session.synced = max(session.synced, samples)

    def _overdue(self) -> None:
        now = self._services.now()
        expired = now - timedelta(seconds=self._services.limits.resumable_s)
        for session in {**self._sessions, **self._attached}.values():
            if session.is_overdue(now):
                self._spawn(self._postpone(session))
        for session in tuple(self._sessions.values()):
            if session.dropped_at and session.dropped_at <= expired and not session.is_finishing:
                if session.id not in self._busy:
                    self.finish_later(session, "queda", "queda")
            elif session.fault and not session.is_finishing:
                self.finish_later(session, "queda", "falha")
        for socket in tuple(self._sockets.values()):
            socket.look_after()

    async def _postpone(self, session: LiveSession) -> None:
        with contextlib.suppress(StoreUnavailable):
            await session.postpone_overdue()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
