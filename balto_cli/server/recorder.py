"""`balto serve --record`: what running sessions hear, written once a second beside everything else.

It is a convenience, and must never harm a session: it has its own buffers, bounded; it writes in a thread; it stops
long before the disk is so full that the server would refuse sessions, and where the disk refuses, that session goes on
unrecorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.files import os_reason
from balto_cli.server.logs import logger
from balto_cli.server.recordings import RecordedSession, recorded_sessions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from balto_cli.store.records import Erased, SessionRecord

_LOG = logger("balto.gravacao")

FOLDER = "gravacoes"
"""Inside the data folder."""
DEFAULT_KEPT_H = 24.0
"""How long a recording stays after its session where no retention of sound is set."""
_FREE_BYTES = 1 << 30
"""Disk space under which nothing is recorded: four times what the server needs to take sessions."""
_FLUSH_S = 1.0
_MOST_BYTES = 8 << 20
"""Sound of a session that waits for a slow disk."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """What of one session is to be written."""

    recording: _Recording
    pieces: list[tuple[int, bytes]]
    originals: list[tuple[int, str, bytes]]
    ended: tuple[datetime, str] | None


@dataclass(slots=True, eq=False)
class _Recording:
    """A session on its way; the loop adds, the writing thread takes."""

    record: SessionRecord
    saved: RecordedSession | None = None
    pieces: list[tuple[int, bytes]] = field(default_factory=list)
    """Sound by the sample that it begins at."""
    originals: list[tuple[int, str, bytes]] = field(default_factory=list)
    next_original: int = 1
    waiting_bytes: int = 0
    stopped: str = ""
    """Why no more is recorded, in words for a person."""
    told: bool = False
    """Whether that was told."""
    ended: tuple[datetime, str] | None = None


class Recorder:
    """All recordings of a server: written while `active`, erased and grown out of always."""

    def __init__(self, root: Path, now: Callable[[], datetime], *, active: bool, kept_h: float = 0.0) -> None:
        """`kept_h` hours after its session a recording is deleted; 0 stands for `DEFAULT_KEPT_H`."""
        self._root = root
        self._now = now
        self._active = active
        self._kept = timedelta(hours=kept_h or DEFAULT_KEPT_H)
        self._recordings: dict[str, _Recording] = {}
        self._lock = asyncio.Lock()
        self._clock: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """Sessions that are being recorded."""
        return sum(not one.stopped for one in self._recordings.values())

    def start(self) -> None:
        """Start writing."""
        if self._active:
            self._clock = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Write what is left; the next start goes on with sessions that have not ended."""
        if self._clock is not None:
            # Not in the middle of a write: its thread would go on beside that of the last one.
            async with self._lock:
                self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
            await self._flush()

    # What sessions tell

    def begin(self, record: SessionRecord) -> None:
        """A session was opened."""
        if self._active:
            self._recordings[record.id] = _Recording(record)

    def resume(self, record: SessionRecord, received: int, read: Callable[[int], bytes]) -> None:
        """A session from before a restart goes on at sample `received`; `read` gives what there is from a sample on."""
        saved = RecordedSession.find(self._root, record.id) if self._active else None
        if saved is None or saved.manifest["parou"] or saved.manifest["fim_utc"]:
            return
        recording = self._recordings[record.id] = _Recording(record, saved)
        try:
            recording.next_original = saved.new_original()
            if saved.samples > received:
                saved.truncate(received)
            missing = saved.samples
        except OSError as error:
            recording.stopped = os_reason(error)
            return
        if missing < received:
            pcm = read(missing)
            self.heard(record.id, received - len(pcm) // 2, pcm)

    def heard(self, session_id: str, start: int, pcm: bytes) -> None:
        """Sound of a session from sample `start` on."""
        recording = self._recordings.get(session_id)
        if recording is not None and self._has_room(recording, len(pcm)):
            recording.pieces.append((start, pcm))

    def original(self, session_id: str, container: str) -> Callable[[bytes], None] | None:
        """A recorder begins in this session: takes its bytes as they come; None where nothing is recorded."""
        recording = self._recordings.get(session_id)
        if recording is None:
            return None
        number = recording.next_original
        recording.next_original += 1

        def take(data: bytes) -> None:
            if self._has_room(recording, len(data)):
                recording.originals.append((number, container, data))

        return take

    def end(self, session_id: str, reason: str) -> None:
        """A session has ended."""
        if recording := self._recordings.get(session_id):
            recording.ended = (self._now(), reason)

    # Privacy

    async def forget(self, erased: Erased) -> None:
        """Erase what leaves the database. Raises OSError."""
        for session_id in erased.sessions:
            self._recordings.pop(session_id, None)
        spans: list[tuple[str, int, int | None]] = [
            (part.session_id, part.start_sample, part.end_sample) for part in erased.parts
        ]
        spans += [(segment.session_id, segment.start_sample, segment.end_sample) for segment in erased.segments]
        if self._recordings:
            await self._flush()
        async with self._lock:
            await asyncio.to_thread(self._erase, erased.sessions, spans)

    async def purge(self) -> list[str]:
        """Retention: delete what is old, and of sessions that still run what was said too long ago.

        The sessions that lost something. Raises OSError.
        """
        async with self._lock:
            return await asyncio.to_thread(self._purge, frozenset(self._recordings))

    def _erase(self, sessions: tuple[str, ...], spans: list[tuple[str, int, int | None]]) -> None:
        for session_id in sessions:
            if saved := RecordedSession.find(self._root, session_id):
                saved.delete()
        for session_id, start, end in spans:
            if saved := self._saved(session_id):
                saved.erase(start, end)

    def _purge(self, running: frozenset[str]) -> list[str]:
        lost = []
        oldest = self._now() - self._kept
        for session in recorded_sessions(self._root):
            if session.id not in running:
                last = session.manifest["fim_utc"]
                if (datetime.fromisoformat(last) if last else session.last_written) < oldest:
                    session.delete()
                    lost.append(session.id)
                continue
            since = datetime.fromisoformat(session.manifest["inicio_utc"])
            end = int((oldest - since).total_seconds()) * SAMPLE_RATE_HZ
            mine = self._saved(session.id) or session
            if end > (begin := mine.silent_until):
                mine.erase(begin, end)
                lost.append(session.id)
        return lost

    def _saved(self, session_id: str) -> RecordedSession | None:
        """The folder of a session; of one that runs, the very one that is written to."""
        recording = self._recordings.get(session_id)
        return (recording and recording.saved) or RecordedSession.find(self._root, session_id)

    # Writing

    def _has_room(self, recording: _Recording, size: int) -> bool:
        if recording.stopped:
            return False
        if recording.waiting_bytes + size > _MOST_BYTES:
            recording.stopped = "o disco não acompanha"
            return False
        recording.waiting_bytes += size
        return True

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            try:
                await self._flush()
            except Exception as error:
                _LOG.error("gravacao_falhou", exc_info=error)

    async def _flush(self) -> None:
        async with self._lock:
            work = []
            for recording in self._recordings.values():
                work.append(_Batch(recording, recording.pieces, recording.originals, recording.ended))
                recording.pieces, recording.originals, recording.waiting_bytes = [], [], 0
            if work:
                await asyncio.to_thread(self._write_all, work)
            for batch in work:
                if batch.ended is not None:
                    self._recordings.pop(batch.recording.record.id, None)

    def _write_all(self, work: list[_Batch]) -> None:
        full = ""
        with contextlib.suppress(OSError):
            full = "o disco está quase cheio" if shutil.disk_usage(self._root.parent).free < _FREE_BYTES else ""
        for batch in work:
            recording = batch.recording
            if not recording.stopped:
                recording.stopped = full or self._write(batch)
            if recording.stopped and not recording.told:
                self._tell_stop(recording)
            if batch.ended is not None and recording.saved is not None:
                with contextlib.suppress(OSError):
                    recording.saved.end(*batch.ended)

    def _write(self, batch: _Batch) -> str:
        """Why the disk refused; empty if it did not."""
        recording = batch.recording
        try:
            if recording.saved is None:
                recording.saved = RecordedSession.create(self._root, recording.record)
            for start, pcm in _joined(batch.pieces):
                recording.saved.write(start, pcm)
            for (number, container), group in groupby(batch.originals, key=itemgetter(0, 1)):
                recording.saved.append_original(number, container, b"".join(data for _, _, data in group))
        except OSError as error:
            return os_reason(error)
        return ""

    @staticmethod
    def _tell_stop(recording: _Recording) -> None:
        """In the log, and in the folder if it takes it."""
        recording.told = True
        _LOG.warning("gravacao_parou", sessao=recording.record.id, motivo=recording.stopped)
        if recording.saved is not None:
            recording.saved.manifest["parou"] = recording.stopped
            with contextlib.suppress(OSError):
                recording.saved.keep_manifest()


def _joined(pieces: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Pieces that follow each other as one."""
    runs: list[tuple[int, list[bytes]]] = []
    following = -1
    for start, pcm in pieces:
        if start != following:
            runs.append((start, []))
        runs[-1][1].append(pcm)
        following = start + len(pcm) // 2
    return [(start, b"".join(run)) for start, run in runs]
