"""`/ws`: one connection from its first frame to its close code.

Three things go on side by side: frames are read as the session has room, events are sent in order by one sender, and
once a second `look_after` does what is due. Refusals come after the upgrade as a close code, so that browsers see
them. The key is the only credential: cookies, origins and the URL say nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.server import protocol
from balto_cli.server.events import Event, events_again
from balto_cli.server.ingest import Intake, TooManyDecoders
from balto_cli.server.limits import Pace
from balto_cli.server.logs import logger
from balto_cli.server.protocol import Auth, Feedback, Refusal, Unreadable
from balto_cli.server.watching import PcmWatch, RateWatch
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import EventNumber

if TYPE_CHECKING:
    from aiohttp import WSMessage

    from balto_cli.server.live import Live
    from balto_cli.server.live_session import LiveSession
    from balto_cli.store.records import KeyHolder

_LOG = logger("balto.socket")

_CLOSE_S = 2.0
"""How long a close frame has to reach a client that may not be there."""
_CLOSE_NORMAL_S = 10.0
"""The same after `encerrar`, when the last events are perhaps still on a slow line."""
_DRAIN_S = 6.0
"""How long audio that had arrived has to be decoded when a connection ends."""
_NO_ROOM_S = 0.02
_PING = Event({"comando": ""})
"""Stands in the queue of events for a ping frame."""


class _Closed(Exception):  # noqa: N818 - a way out, not a fault
    """The connection is to be closed."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(code)
        self.code, self.reason = code, reason


async def handle_socket(request: web.Request, live: Live, address: str) -> web.StreamResponse:
    """Serve one connection; whatever happens in it, it is closed with a code and its place is free afterwards."""
    # Its own pings, no compression: see docs/protocolo.md.
    socket = web.WebSocketResponse(
        compress=False, autoping=False, timeout=_CLOSE_NORMAL_S, max_msg_size=protocol.MESSAGE_BYTES + 1
    )
    await socket.prepare(request)
    connection = Connection(socket, request, live, address)
    live.connections.add(connection)
    try:
        await connection.run()
    finally:
        live.connections.discard(connection)
    return socket


class Connection:
    """One socket."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, live: Live, address: str) -> None:
        self._socket = socket
        self._transport = request.transport
        self._in_url = "api_key" in request.query
        self._live = live
        self._limits = live.limits
        self._address = address
        self._loop = asyncio.get_running_loop()
        self.wants: frozenset[str] = frozenset()
        self._session: LiveSession | None = None
        self._holder: KeyHolder | None = None
        self._intake: Intake | None = None
        self._rate_watch: RateWatch | None = None
        self._pcm_watch = PcmWatch()
        self._events: deque[Event] = deque()
        self._events_bytes = 0
        self._some = asyncio.Event()
        self._sent_all = asyncio.Event()
        self._sent_all.set()
        self._sender: asyncio.Task[None] | None = None
        self._sending_since: float | None = None
        self._heard_at = self._pinged_at = self._loop.time()
        self._paused = False
        self._confirmed = 0
        self._confirmed_at = self._loop.time()
        self._overloaded = False
        self._pace = Pace(self._limits.commands_per_s)
        self._warned_pace = 0.0
        self._ending: asyncio.Task[None] | None = None
        self._entered = False
        self._gone = asyncio.Event()
        self._left = asyncio.Event()
        self._close_code: int | None = None
        self._closed = asyncio.Event()
        self._receiving: asyncio.Task[Any] | None = None
        """The task that waits for a message."""

    @property
    def key_id(self) -> str | None:
        """Of whom it speaks for; None before that is known."""
        return self._holder.key_id if self._holder else None

    async def run(self) -> None:
        """Serve it to its end."""
        try:
            await self._serve()
        except _Closed as closed:
            await self.close(closed.code, closed.reason)
        except StoreUnavailable:
            await self.close(protocol.FAULT, "banco")
        except OSError as error:
            _LOG.warning("socket_os", erro=type(error).__name__)
            await self.close(protocol.FAULT, "disco")
        except Exception as error:
            _LOG.error("socket_falhou", sessao=self._session.id if self._session else None, exc_info=error)
            await self.close(protocol.FAULT, "interno")
        finally:
            await self._leave()
            if not self._socket.closed:
                await self.close(protocol.NORMAL, "")
            if self._close_code is not None:
                await self._closed.wait()

    # Beginning

    async def _serve(self) -> None:
        auth = await self._authenticated()
        session, resumed = await self._begin(auth)
        live = self._live
        self._session = session
        self._intake = Intake(
            auth.audio_format,
            auth.rate_hz,
            auth.channels,
            live.decoders,
            self._take_pcm,
            self._broken,
            lambda: session.has_room,
            lambda container: live.recorder.original(session.id, container),
        )
        self._rate_watch = RateWatch(auth.rate_hz, auth.channels)
        self.wants = auth.events
        live.sessions.attach(session, self, self)
        self._sender = asyncio.create_task(self._send_events())
        self._tell_beginning(session, resumed=resumed)
        for code, _ in auth.complaints:
            self.tell(Event(protocol.error_event(code)))
        if resumed and auth.last_seq is not None:
            for interaction in await live.store.events_after(session.id, auth.last_seq):
                for event in events_again(interaction, auth.last_seq, self.wants):
                    self._put(event)
        await self._read(session)

    async def _authenticated(self) -> Auth:
        """The first message, from somebody whose key is good."""
        admission = self._live.admission
        if self._live.stopping:
            raise _Closed(protocol.GOING_AWAY, "encerrando")
        if not admission.may_wait(self._address):
            raise _Closed(protocol.OVERLOADED, "endereco")
        admission.wait(self._address)
        try:
            async with asyncio.timeout(self._limits.auth_s):
                message = await self._first_message()
        except TimeoutError:
            raise _Closed(protocol.NO_AUTH, "auth") from None
        finally:
            admission.waited(self._address)
        auth = protocol.read_auth(message)
        if auth is None:
            raise _Closed(protocol.NOT_PROTOCOL, "auth")
        holder = await self._live.store.find_key(auth.api_key) if auth.api_key and not self._in_url else None
        if holder is None:
            raise _Closed(protocol.NO_KEY, "chave na URL" if self._in_url else "chave")
        self._holder = holder
        return auth

    async def _first_message(self) -> dict[str, Any]:
        while True:
            message = await self._socket.receive()
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                try:
                    return protocol.read_object(message.data)
                except Unreadable:
                    raise _Closed(protocol.NOT_PROTOCOL, "json") from None
            elif message.type is WSMsgType.BINARY:
                raise _Closed(protocol.NOT_PROTOCOL, "binario")
            elif message.type is not WSMsgType.PONG:
                raise _Closed(self._socket.close_code or protocol.NORMAL)

    async def _begin(self, auth: Auth) -> tuple[LiveSession, bool]:
        """A session that was taken up (True) or opened."""
        live, holder = self._live, self._holder
        assert holder is not None
        if auth.session is not None:
            session = await live.sessions.take_up(auth.session, holder, protocol.TAKEN_UP)
            if session is not None:
                self._enter(holder)
                return session, True
        if live.stopping:
            raise _Closed(protocol.GOING_AWAY, "encerrando")
        refusal = live.refusal() or live.admission.refusal(holder.key_id, self._address)
        if refusal is not None:
            live.metrics.refused.labels(refusal).inc()
            raise _Closed(protocol.OVERLOADED, refusal)
        self._enter(holder)
        session = await live.sessions.open(auth, holder)
        live.note_use(holder.key_id)
        return session, False

    def _enter(self, holder: KeyHolder) -> None:
        self._live.admission.enter(holder.key_id, self._address)
        self._entered = True

    def _tell_beginning(self, session: LiveSession, *, resumed: bool) -> None:
        self.tell(
            Event(
                {
                    "comando": "autenticado",
                    "versao": protocol.VERSION,
                    "balcao_id": session.record.counter_id,
                    "sessao": session.id,
                    "retomada": resumed,
                    "recebido_s": session.received / SAMPLE_RATE_HZ,
                    "recebido_amostras": session.received,
                    "inicio_utc": session.record.started_at.isoformat(),
                    "retomavel_s": round(self._limits.resumable_s),
                    "limites": {"mensagem_bytes": protocol.MESSAGE_BYTES, "fila_s": round(self._limits.queue_s)},
                }
            )
        )
        self._confirmed = session.received

    # Reading

    async def _read(self, session: LiveSession) -> None:
        while True:
            if not session.has_room:
                await self._until_room(session)
            message = await self._receive()
            self._heard_at = self._loop.time()
            if message.type is WSMsgType.BINARY:
                if self._ending is None:
                    await self._audio(session, message.data)
            elif message.type is WSMsgType.TEXT:
                await self._command(session, message.data)
            elif message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                return

    async def _receive(self) -> WSMessage:
        """The next message. Raises `_Closed` when the socket is closed from outside meanwhile."""
        self._receiving = task = asyncio.current_task()
        try:
            return await self._socket.receive()
        except asyncio.CancelledError:
            if self._close_code is None or task is None or task.uncancel():
                raise
            raise _Closed(self._close_code) from None
        finally:
            self._receiving = None

    async def _until_room(self, session: LiveSession) -> None:
        """Stop reading, so that TCP holds the client back; its clock of silence stands still."""
        self._paused = True
        while not session.has_room and not self._gone.is_set():  # noqa: ASYNC110 - room is made in another thread
            await asyncio.sleep(_NO_ROOM_S)
        self._paused = False
        self._heard_at = self._loop.time()

    async def _audio(self, session: LiveSession, data: bytes) -> None:
        assert self._intake is not None
        assert self._rate_watch is not None
        if session.fault:
            raise _Closed(protocol.FAULT, "interno")
        try:
            await self._intake.feed(data)
        except TooManyDecoders:
            raise _Closed(protocol.OVERLOADED, "sessoes") from None
        if self._intake.is_pcm and (likely_hz := self._rate_watch.took(len(data), self._loop.time())):
            self._warn("ritmo", taxa_provavel_hz=likely_hz)

    def _take_pcm(self, pcm: bytes) -> None:
        if self._session is None:
            return
        self._live.sessions.received(self._session, self, pcm)
        watched = "aviso" in self.wants and self._intake is not None and self._intake.is_pcm
        if watched and self._pcm_watch.is_suspect(pcm):
            self._warn("pcm_suspeito")

    def _broken(self) -> None:
        self.tell(Event(protocol.error_event("audio_invalido")))

    async def _command(self, session: LiveSession, text: str) -> None:
        now_s = self._loop.time()
        if not self._pace.allows(now_s):
            if now_s - self._warned_pace >= 1.0:
                self._warned_pace = now_s
                self.tell(Event(protocol.error_event("muitas_mensagens")))
            return
        try:
            message = protocol.read_object(text)
        except Unreadable:
            self.tell(Event(protocol.error_event("json_invalido")))
            return
        ref = protocol.read_ref(message)
        command = protocol.read_command(message)
        if command == "ping":
            answer = {"comando": "pong", "ref": ref, "recebido_s": session.received / SAMPLE_RATE_HZ}
            self.tell(Event(answer if ref is not None else {k: v for k, v in answer.items() if k != "ref"}))
        elif command == "encerrar":
            if self._ending is None:
                self._ending = asyncio.create_task(self._end_session(session))
        elif isinstance(command, Feedback):
            await self._feedback(session, command, ref)
        elif isinstance(command, Refusal):
            self.tell(Event(protocol.error_event(command.code, ref, command.interaction)))

    async def _feedback(self, session: LiveSession, feedback: Feedback, ref: str | int | None) -> None:
        live = self._live
        try:
            known = await live.store.add_feedback(
                session.record.counter_id, feedback.interaction, feedback.outcome, live.now()
            )
        except StoreUnavailable:
            self.tell(Event(protocol.error_event("interno", ref, feedback.interaction)))
            return
        if not known:
            self.tell(Event(protocol.error_event("interacao_desconhecida", ref, feedback.interaction)))
            return
        answer: dict[str, Any] = {"comando": "confirmado", "id_interacao": feedback.interaction}
        self.tell(Event(answer if ref is None else {**answer, "ref": ref}))

    async def _end_session(self, session: LiveSession) -> None:
        """`encerrar`: cut, wait for what is pending, close 1000. Every wait has its deadline."""
        assert self._intake is not None
        try:
            async with asyncio.timeout(self._limits.ending_s):
                await self._intake.finish()
                finishing = asyncio.create_task(self._live.sessions.finish(session, "fim", "encerrar"))
                self._live.keep(finishing)
                await asyncio.shield(finishing)
                await session.until_settled()
                await self._live.until_decided(session)
                await self._sent_all.wait()
        except TimeoutError:
            _LOG.info("encerrar_sem_tudo", sessao=session.id)
        except Exception as error:
            _LOG.error("encerrar_falhou", sessao=session.id, exc_info=error)
            await self.close(protocol.FAULT, "interno")
            return
        await self.close(protocol.NORMAL, "encerrada")

    # Sending

    def tell(self, event: Event) -> None:
        """Send an event, in order. While the client does not read, what can be asked for again is left to that."""
        if self._events_bytes > self._limits.events_bytes:
            self._live.metrics.events_left.inc()
            return
        self._put(event)

    def _put(self, event: Event) -> None:
        self._events.append(event)
        self._events_bytes += 200 + len(str(event.fields.get("texto", "")))
        self._sent_all.clear()
        self._some.set()

    def _warn(self, code: str, **fields: Any) -> None:
        if "aviso" in self.wants:
            self.tell(Event({"comando": "aviso", "codigo": code, **fields}))

    async def _send_events(self) -> None:
        """The one sender."""
        session = self._session
        assert session is not None
        # The answer to `auth` goes before all else, also before what is told while it waits here.
        count = 1
        while True:
            await self._some.wait()
            batch = [self._events.popleft() for _ in range(count or len(self._events))]
            count = 0
            if not self._events:
                self._some.clear()
            try:
                await self._send_batch(session, batch)
            except (ConnectionError, RuntimeError):
                return  # the socket is gone; the reader sees it too
            except KeyError:
                return  # erased
            self._events_bytes = sum(200 + len(str(event.fields.get("texto", ""))) for event in self._events)
            if not self._events:
                self._sent_all.set()

    async def _send_batch(self, session: LiveSession, batch: list[Event]) -> None:
        told = [event for event in batch if event.segment is not None and event.seq is None]
        while told:
            # A number is stored before it is seen, so that asking again finds the same one.
            try:
                numbers = await session.take_numbers(len(told))
                await self._live.store.number_events(
                    [
                        EventNumber(event.segment or "", event.kind, number)
                        for event, number in zip(told, numbers, strict=True)
                    ]
                )
            except StoreUnavailable:
                if self._gone.is_set():
                    return
                await asyncio.sleep(0.5)
                continue
            for event, number in zip(told, numbers, strict=True):
                event.seq = number
            break
        delivered: list[str] = []
        for event in (*(event for event in batch if event.segment), *(event for event in batch if not event.segment)):
            self._sending_since = self._loop.time()
            if event is _PING:
                await self._socket.ping()
            else:
                seq = event.seq if event.seq is not None else (await self._number(session))
                await self._socket.send_str(event.encoded(seq))
                if event.kind == "transcricao" and event.segment:
                    delivered.append(event.segment)
            self._sending_since = None
        if delivered:
            self._live.note_delivered(delivered)

    async def _number(self, session: LiveSession) -> int:
        while True:
            try:
                return (await session.take_numbers(1))[0]
            except StoreUnavailable:
                if self._gone.is_set():
                    raise ConnectionResetError from None
                await asyncio.sleep(0.5)

    # Looking after

    def look_after(self) -> None:
        """What is due: ping, liveness, confirmation, warnings, a client that does not read."""
        now_s = self._loop.time()
        session = self._session
        if session is None or self._gone.is_set():
            return
        if self._sending_since is not None and now_s - self._sending_since > self._limits.not_reading_s:
            self._live.keep(asyncio.create_task(self.close(protocol.NOT_READING, "sem leitura")))
            return
        if not self._paused and now_s - self._heard_at > self._limits.gone_s:
            self._abort()
            return
        if now_s - self._pinged_at >= self._limits.ping_s:
            self._pinged_at = now_s
            self._put(_PING)
        due = now_s - self._confirmed_at >= self._limits.received_s - 0.1
        if "recebido" in self.wants and session.synced > self._confirmed and due:
            self._confirmed, self._confirmed_at = session.synced, now_s
            self.tell(_received(session))
        overloaded = session.backlog_s > self._limits.overload_s
        if overloaded and not self._overloaded:
            self._warn("sobrecarga", atraso_s=round(session.backlog_s, 2))
        self._overloaded = overloaded

    # Ending

    async def end(self, code: int, reason: str) -> None:
        """Close it, from outside; returns when what had arrived is decoded and the session is free."""
        await self.close(code, reason)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await self._left.wait()

    def warn_stopping(self, in_s: float) -> None:
        """The server stops."""
        self._warn("encerrando", em_s=in_s)

    async def close(self, code: int, reason: str) -> None:
        """Say why, then end the connection, whether the client answers or not."""
        if self._close_code is not None:
            return
        self._close_code = code
        self._live.metrics.closed.labels(str(code)).inc()
        self._gone.set()
        try:
            if self._receiving is not None:
                # aiohttp waits for the client's answer only if nobody else reads; without it a proxy makes 1006 of
                # every code.
                self._receiving.cancel()
                await asyncio.sleep(0)
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_NORMAL_S if code == protocol.NORMAL else _CLOSE_S):
                    await self._socket.close(code=code, message=reason.encode())
        finally:
            self._abort()
            self._closed.set()

    def _abort(self) -> None:
        self._gone.set()
        if self._transport is not None:
            self._transport.abort()

    async def _leave(self) -> None:
        """Take the tail, free the place, let the session wait for the next socket."""
        self._gone.set()
        session, holder = self._session, self._holder
        try:
            if self._intake is not None and self._ending is None:
                await self._intake.finish()
        except Exception as error:
            _LOG.error("resto_perdido", sessao=session.id if session else None, exc_info=error)
        finally:
            if session is not None:
                self._live.sessions.detach(session, self)
            if self._entered and holder is not None:
                self._live.admission.leave(holder.key_id, self._address)
            if self._sender is not None:
                self._sender.cancel()
            self._left.set()


def _received(session: LiveSession) -> Event:
    return Event(
        {
            "comando": "recebido",
            "recebido_s": session.synced / SAMPLE_RATE_HZ,
            "recebido_amostras": session.synced,
            "atraso_s": round(session.backlog_s, 2),
        }
    )
