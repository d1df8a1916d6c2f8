"""The live path put together: spool, ear, sessions, transcripts and suggestions, started and stopped as one."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from aiohttp import web

from balto_cli.server import protocol
from balto_cli.server.ear import Ear
from balto_cli.server.ingest import Decoders
from balto_cli.server.limits import Admission
from balto_cli.server.live_session import Services
from balto_cli.server.logs import logger
from balto_cli.server.recorder import FOLDER, Recorder
from balto_cli.server.recovery import recover
from balto_cli.server.sessions import Sessions
from balto_cli.server.spool import Spool
from balto_cli.server.suggesting import Suggesting
from balto_cli.server.transcribing import Transcription
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import Backlog
from balto_cli.stt.prices import REAIS_PER_DOLLAR
from balto_cli.suggestions.llm import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from balto_cli.pipeline import PipelineConfig
    from balto_cli.server.limits import Limits, Refusal
    from balto_cli.server.live_session import LiveSession, Pending
    from balto_cli.server.metrics import Metrics
    from balto_cli.server.suggester import Suggester
    from balto_cli.store.records import Outcome
    from balto_cli.store.store import Store
    from balto_cli.stt.base import Transcriber

_LOG = logger("balto.servidor")

_FREE_BYTES = 256 * 1024 * 1024
"""Disk space under which no new session is taken, so that those that run have room."""
_HOUSEKEEPING_S = 2.0


class Connected(Protocol):
    """A client's connection, as far as the house needs it."""

    @property
    def key_id(self) -> str | None:
        """Of whom it speaks for; None before that is known."""

    def warn_stopping(self, in_s: float) -> None:
        """Tell it that the server stops."""

    async def close(self, code: int, reason: str) -> None:
        """Say why, then end it."""

    async def end(self, code: int, reason: str) -> None:
        """Close it; returns when what had arrived is decoded and the session is free."""


class Live:
    """Everything behind `/ws`."""

    def __init__(
        self,
        *,
        data_folder: Path,
        store: Store,
        config: PipelineConfig,
        transcriber: Transcriber,
        suggester: Suggester,
        limits: Limits,
        metrics: Metrics,
        now: Callable[[], datetime],
        sends_suggestions: bool = True,
        keep_sound_h: float = 0.0,
        keep_transcripts_days: float = 30.0,
        reais_per_dollar: float = REAIS_PER_DOLLAR,
        record: bool = False,
    ) -> None:
        """Reads the spool; call in the event loop. With `record` sessions are kept as folders. Raises OSError."""
        self._data_folder = data_folder
        self.store = store
        self.limits = limits
        self.metrics = metrics
        self.now = now
        self.admission = Admission(limits)
        self.decoders = Decoders(limits.decoders)
        self.connections: set[Connected] = set()
        self.stopping = False
        self.spool = Spool(data_folder / "spool")
        self.recorder = Recorder(data_folder / FOLDER, now, active=record, kept_h=keep_sound_h)
        self._ear = Ear(asyncio.get_running_loop(), now)
        self._keep_sound = timedelta(hours=keep_sound_h)
        self._keep_transcripts = timedelta(days=keep_transcripts_days)
        self._suggester = suggester
        self._suggesting = Suggesting(
            suggester,
            store,
            metrics,
            now,
            moment_s=limits.suggest_s,
            answer_s=limits.answer_s,
            open_speech_s=config.max_length_s,
            sends=sends_suggestions,
        )
        self.transcription = Transcription(
            store,
            self.spool,
            transcriber,
            metrics,
            now,
            self._transcribed,
            postpone_s=limits.postpone_s,
            keep_sound=keep_sound_h > 0,
            reais_per_dollar=reais_per_dollar,
        )
        self.services = Services(
            store=store,
            spool=self.spool,
            recorder=self.recorder,
            ear=self._ear,
            config=config,
            limits=limits,
            metrics=metrics,
            now=now,
            transcribe=self.transcription.take,
            forget=self.transcription.forget,
            decide=self._suggesting.decide,
            keeps_sound=keep_sound_h > 0,
        )
        self.sessions = Sessions(self.services)
        self._used_keys: set[str] = set()
        self._delivered: list[str] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._housekeeping: asyncio.Task[None] | None = None
        self._free_bytes = _FREE_BYTES
        self._backlog = Backlog(0, None)
        self._watch()

    async def start(self) -> None:
        """Take up what was left, then begin. Raises `StoreUnavailable`, OSError."""
        self.store.on_erasure(self.sessions.forget)
        self.store.on_erasure(self.recorder.forget)
        await recover(self.services, self.sessions, self.transcription)
        self.sessions.start()
        self.recorder.start()
        self.transcription.start()
        self._look_at_disk()
        self._housekeeping = asyncio.create_task(self._keep_house())

    async def stop(self) -> None:
        """Refuse what is new, finish or spool what is open, tell clients 1001. Ends within `stop_s`."""
        until_s = asyncio.get_running_loop().time() + self.limits.stop_s
        self.stopping = True
        for connection in tuple(self.connections):
            connection.warn_stopping(0.0)
        await asyncio.sleep(0.05)
        waiting = [
            asyncio.create_task(connection.close(protocol.GOING_AWAY, "encerrando"))
            for connection in tuple(self.connections)
            if connection.key_id is None
        ]
        await self.sessions.stop(protocol.GOING_AWAY, "encerrando", until_s=until_s - 1.0)
        await self.recorder.stop()
        await self.transcription.stop()
        await self._suggesting.stop()
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        for task in (*self._tasks, *waiting):
            task.cancel()
        await asyncio.gather(*self._tasks, *waiting, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self._flush_notes()
        self._ear.close()
        with contextlib.suppress(OSError):
            await self.spool.sound.sync()
            await self.spool.segments.sync()
            self.spool.close()

    def refusal(self) -> Refusal | None:
        """Why no new session is taken, whoever asks."""
        return "disco" if self.spool.refusal is not None or self._free_bytes < _FREE_BYTES else None

    async def problems(self) -> tuple[str, ...]:
        """What keeps the server from taking sessions, as sentences."""
        self._look_at_disk()
        said = []
        if self.stopping:
            said.append("O servidor está encerrando.")
        if self.spool.refusal is not None:
            said.append("O disco não aceita mais áudio: libere espaço em BALTO_DATA.")
        elif self._free_bytes < _FREE_BYTES:
            said.append("O disco está quase cheio: libere espaço em BALTO_DATA.")
        return tuple(said)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note_use(self, key_id: str) -> None:
        """A key was used."""
        self._used_keys.add(key_id)

    def note_delivered(self, segment_ids: Sequence[str]) -> None:
        """Transcripts were written to a socket."""
        self._delivered += segment_ids

    async def until_decided(self, session: LiveSession) -> None:
        """Return when what a session's transcripts lead to is decided and told."""
        await self._suggesting.until_decided(session)

    def _transcribed(self, pending: Pending, outcome: Outcome) -> None:
        if pending.session is not None and pending.event is None:
            pending.session.transcribed(pending, outcome)
        elif session := self.sessions.sessions.get(pending.session_id):
            # Told as postponed; what it says of the customer still counts.
            pending.text = outcome.text
            self._suggesting.decide(session, pending)

    async def _keep_house(self) -> None:
        purged_s = -3600.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            try:
                self._look_at_disk()
                self.spool.sound.tidy()
                self.spool.segments.tidy()
                await self._flush_notes()
                await self._end_revoked()
                self._suggesting.expire()
                self._backlog = await self.store.backlog()
                if loop.time() - purged_s >= 600.0:
                    purged_s = loop.time()
                    await self.store.purge(self.now() - self._keep_transcripts, self.now())
                    for session_id in await self.recorder.purge():
                        await self.store.audit("retencao", "apagado", "gravacao", {"sessao": session_id}, self.now())
                await self._delete_sound()
            except (StoreUnavailable, OSError) as error:
                _LOG.warning("arrumacao_espera", erro=type(error).__name__)
            except Exception as error:
                _LOG.error("arrumacao_falhou", exc_info=error)

    async def _flush_notes(self) -> None:
        """Store what was noted; what the database does not take stays noted."""
        if delivered := tuple(self._delivered):
            await self.store.delivered(delivered, self.now())
            del self._delivered[: len(delivered)]
        for key_id in tuple(self._used_keys):
            await self.store.touch_key(key_id, self.now())
            self._used_keys.discard(key_id)

    async def _end_revoked(self) -> None:
        keys = {connection.key_id for connection in self.connections if connection.key_id}
        if not keys:
            return
        revoked = await self.store.revoked_among(keys)
        for connection in tuple(self.connections):
            if connection.key_id in revoked:
                self.keep(asyncio.create_task(connection.end(protocol.NO_KEY, "chave revogada")))

    async def _delete_sound(self) -> None:
        if not self.services.keeps_sound:
            return
        while old := await self.store.audio_to_delete(self.now() - self._keep_sound):
            for segment in old:
                self.spool.segments.forget(UUID(segment.id).bytes)
            await self.store.audio_deleted([segment.id for segment in old])

    def _look_at_disk(self) -> None:
        with contextlib.suppress(OSError):
            self._free_bytes = shutil.disk_usage(self._data_folder).free

    def _watch(self) -> None:
        watch = self.metrics.watch
        watch("balto_sessions", "Sessions with a socket", lambda: self.sessions.sockets)
        watch("balto_sessions_open", "Sessions that have not ended", lambda: len(self.sessions.sessions))
        watch("balto_sessions_recorded", "Sessions being recorded", lambda: self.recorder.running)
        watch("balto_decoders", "ffmpeg processes", lambda: self.decoders.running)
        watch(
            "balto_unheard_seconds",
            "Largest backlog of a session",
            lambda: max((session.backlog_s for session in self.sessions.sessions.values()), default=0.0),
        )
        watch("balto_transcripts_queued", "Segments being asked for", lambda: self.transcription.queued)
        watch("balto_backlog_segments", "Segments without a final transcript", lambda: self._backlog.segments)
        watch("balto_backlog_age_seconds", "Age of the oldest of them", self._backlog_age_s)
        watch("balto_spool_bytes", "Sound on disk", lambda: self.spool.disk_bytes)
        watch("balto_spool_gathered_bytes", "Sound that the disk has not taken", lambda: self.spool.gathered_bytes)
        watch("balto_store_queued_writes", "Writes that wait", lambda: self.store.queued_writes)
        for how in OUTCOMES:
            watch(f"balto_llm_{how}", f"Calls of models that ended so: {how}", partial(self._llm_calls, how))
        watch("balto_ear_cpu_seconds", "CPU time of the pipelines", lambda: self._ear.cpu_s)

    def _llm_calls(self, how: str) -> float:
        return self._suggester.llm_outcomes.get(how, 0)

    def _backlog_age_s(self) -> float:
        oldest = self._backlog.oldest_at
        return max(0.0, (self.now() - oldest).total_seconds()) if oldest else 0.0


LIVE: web.AppKey[Live] = web.AppKey("live")
"""Where the application keeps it: `request.app[LIVE]`."""
