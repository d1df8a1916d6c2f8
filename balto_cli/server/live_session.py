"""One session: its sound to the spool and the ear, its cuts to the store, its events in order to whoever listens.

A session outlives its sockets. Sound goes to the spool at arrival, and to the pipeline only when it is there; a cut is
one transaction of segment, pipeline state and spool position; a segment's event is sent after that commit. Transcripts
are told in order of their segments, each at most `postpone_s` after its cut.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes
from balto_cli.server.ear import Stream
from balto_cli.server.events import Event, postponed_event, segment_event, transcript_event
from balto_cli.server.logs import logger
from balto_cli.server.spool import EVERYTHING
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import Cut, NewSegment, TranscriptState, segment_id
from balto_cli.store.sessions import ERASED
from balto_cli.store.store import SEQ_BLOCK
from balto_cli.suggestions.conversation import Conversation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from balto_cli.pipeline import PipelineConfig, Segment, SpeechPipeline
    from balto_cli.server.ear import Ear, Heard
    from balto_cli.server.limits import Limits
    from balto_cli.server.metrics import Metrics
    from balto_cli.server.recorder import Recorder
    from balto_cli.server.spool import Spool
    from balto_cli.store.records import Outcome, SessionRecord
    from balto_cli.store.store import Store

_LOG = logger("balto.session")

LOW_SPEECH_SNR_DB = 0.0
"""A segment whose speech is no louder than its noise is marked: providers invent words for such sound."""
_UNSTORED_SEGMENTS = 64
"""Segments that may wait for the database before their session stops reading."""
SEGMENTS_PATH = "spool/segmentos"
"""Where the sound of segments lies, relative to the data folder."""


class Listener(Protocol):
    """A socket, as the session sees it."""

    @property
    def wants(self) -> frozenset[str]:
        """Events that the client asked for."""

    def tell(self, event: Event) -> None:
        """Send an event, in order, some time."""


@dataclass(frozen=True, slots=True)
class Services:
    """What all sessions share."""

    store: Store
    spool: Spool
    recorder: Recorder
    ear: Ear
    config: PipelineConfig
    limits: Limits
    metrics: Metrics
    now: Callable[[], datetime]
    """Wall clock, aware, UTC."""
    transcribe: Callable[[Pending], None]
    """Takes a stored segment that wants its transcript."""
    forget: Callable[[str], None]
    """Told of a segment whose transcript is not waited for any more."""
    decide: Callable[[LiveSession, Pending], None]
    """Told of each transcript that may lead to a suggestion."""
    keeps_sound: bool = False
    """Whether a segment's sound stays after its transcript."""


@dataclass(slots=True, eq=False)
class Pending:
    """A stored segment whose transcript was not told yet."""

    session_id: str
    counter_id: str
    id: str
    start: int
    end: int
    cut_at: datetime
    spoken_until: datetime
    """When the end of its speech was heard."""
    low_speech: bool = False
    session: LiveSession | None = None
    """Who waits to tell it; None for one whose session has ended."""
    text: str = ""
    event: Event | None = None


class LiveSession:
    """A session that has not ended."""

    def __init__(
        self,
        services: Services,
        record: SessionRecord,
        pipeline: SpeechPipeline,
        *,
        numbers: range = range(0),
        heard: int = 0,
        received: int = 0,
    ) -> None:
        """`pipeline` has heard `heard` samples; the spool has all from there up to `received`.

        `numbers` are event numbers that are set aside and unused.
        """
        self._services = services
        self.record = record
        self.id = record.id
        self.owner = UUID(record.id).bytes
        """Its name in the spool."""
        self.received = self.synced = received
        """Samples in the spool, and on disk for good."""
        self.listener: Listener | None = None
        self.connected_at: datetime | None = None
        """Since when it has its socket."""
        self.dropped_at: datetime | None = None
        """Since when it has no socket."""
        self.latest: bytes = b""
        """The sound that came last, PCM16LE."""
        self.told: tuple[Pending, Outcome] | None = None
        """The transcript that came last."""
        self.ended = asyncio.Event()
        """Set when all its segments are stored and nothing more comes."""
        self.fault = False
        self.conversation = Conversation()
        """What the customer who stands there has said."""
        self._stream = Stream(pipeline, self._on_heard, heard_samples=heard)
        self._most_unheard = services.limits.queue_s * SAMPLE_RATE_HZ
        self._fed = heard
        self._fresh: list[bytes] = []
        self._replaying = heard < received
        self._ending: str | None = None
        self._arrivals: deque[tuple[int, datetime]] = deque()
        self._unstored: deque[Heard] = deque()
        self._storing: asyncio.Task[None] | None = None
        self._cutting = asyncio.Lock()
        self._erased: list[tuple[int, int]] = []
        """Stretches of which nothing may be stored, in samples."""
        self._order: deque[Pending] = deque()
        self._settled = asyncio.Event()
        self._settled.set()
        self._numbers = numbers
        self._spooled_next = record.next_index

    # Sound

    def receive(self, pcm: bytes) -> None:
        """Take PCM16LE 16 kHz mono, whole samples: into the spool, and to the ear once it is there (`written`)."""
        self._services.spool.sound.append(self.owner, self.received, pcm)
        self._services.recorder.heard(self.id, self.received, pcm)
        self.received += len(pcm) // 2
        self.latest = pcm
        self._arrivals.append((self.received, self._services.now()))
        self._services.metrics.heard_s.inc(len(pcm) / 2 / SAMPLE_RATE_HZ)
        if not self._replaying:
            self._fresh.append(pcm)
            self._fed = self.received

    def written(self) -> Stream:
        """What was received is in the spool: the ear may have it, and is to be told (`Ear.listen`)."""
        for pcm in self._fresh:
            self._stream.put(pcm)
        self._fresh.clear()
        return self._stream

    @property
    def backlog_s(self) -> float:
        """Sound that was received and not yet heard, in seconds (`atraso_s`)."""
        return max(0, self.received - self._stream.heard_samples) / SAMPLE_RATE_HZ

    @property
    def arrived_at(self) -> datetime | None:
        """When the last sound came; None before the first of this process."""
        return self._arrivals[-1][1] if self._arrivals else None

    @property
    def is_speaking(self) -> bool:
        """Whether a segment is open: speech is being heard."""
        return self._stream.pipeline.is_open

    @property
    def heard(self) -> int:
        """Samples that the pipeline has heard."""
        return self._stream.heard_samples

    @property
    def has_room(self) -> bool:
        """Whether more may be read from the client."""
        return (
            self.received - self._stream.heard_samples <= self._most_unheard
            and len(self._unstored) <= _UNSTORED_SEGMENTS
            and self._services.spool.refusal is None
        )

    async def replay(self, *, piece_s: float = 1.0) -> None:
        """Hear what the spool has from before a restart, in pieces, until it has caught up with what comes in."""
        piece = round(piece_s * SAMPLE_RATE_HZ)
        while self._fed < self.received and not self.ended.is_set():
            if self._stream.heard_samples + 2 * piece < self._fed:
                await asyncio.sleep(0.005)
                continue
            if not self._services.spool.write():
                await asyncio.sleep(0.5)
                continue
            wanted = min(piece, self.received - self._fed)
            pcm = b""
            with contextlib.suppress(OSError):
                pcm = self._services.spool.sound.read(self.owner, self._fed, self._fed + wanted)
            # Where the disk has lost some, silence: the clock goes on.
            pcm = pcm or bytes(2 * wanted)
            self._stream.put(pcm)
            self._fed += len(pcm) // 2
            self._services.ear.listen((self._stream,))
            await asyncio.sleep(0)
        self._replaying = False
        if self._ending is not None:
            self._end_stream()

    def finish(self, cut: str) -> None:
        """No more sound comes: what is open is cut as `fim` or `queda`; `ended` is set when all of it is stored."""
        if self._ending is None:
            self._ending = cut
            if not self._replaying:
                self._end_stream()

    @property
    def is_finishing(self) -> bool:
        """Whether no more sound is taken."""
        return self._ending is not None

    def _end_stream(self) -> None:
        self._stream.finishing = True
        self._services.ear.listen((self._stream,))

    # Cuts

    def _on_heard(self, heard: Heard) -> None:
        if heard.failed:
            self.fault = True
        self._unstored.append(heard)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store())

    async def _store(self) -> None:
        """Store what was heard, in order, until nothing is left; waits while disk or database refuse."""
        wait_s = 0.25
        try:
            while self._unstored:
                count = len(self._unstored)
                try:
                    async with self._cutting:
                        await self._store_first(count)
                except (OSError, StoreUnavailable) as error:
                    _LOG.warning("corte_espera", sessao=self.id, erro=type(error).__name__)
                    await asyncio.sleep(wait_s)
                    wait_s = min(5.0, 2 * wait_s)
                else:
                    wait_s = 0.25
        finally:
            self._storing = None

    async def _store_first(self, count: int) -> None:
        batch = [self._unstored[index] for index in range(count)]
        spool = self._services.spool
        rows: list[NewSegment] = []
        for heard in batch:
            for segment in heard.segments:
                if any(start <= segment.start_sample < end for start, end in self._erased):
                    continue
                rows.append(self._row(segment, heard.at))
                # One that was stored before a restart is there, or was transcribed and deleted.
                if segment.index >= self._spooled_next:
                    identity = UUID(segment_id(self.id, segment.index)).bytes
                    spool.segments.append(identity, 0, pcm_to_bytes(segment.samples))
                    self._spooled_next = segment.index + 1
        if rows:
            await spool.segments.sync()
        checkpoint = next((heard.checkpoint for heard in reversed(batch) if heard.checkpoint), None)
        stored = await self._services.store.cut(
            Cut(
                session=self.record,
                segments=tuple(rows),
                checkpoint=checkpoint.data if checkpoint else None,
                checkpoint_position=checkpoint.position if checkpoint else 0,
                spool_position=checkpoint.position if checkpoint else 0,
                received_samples=self.received,
            )
        )
        unsure = [row for row in rows if row.index not in stored and row.index >= self.record.next_index]
        if unsure and await self._was_erased():
            await spool.segments.erase({UUID(segment_id(self.id, row.index)).bytes: [EVERYTHING] for row in unsure})
            rows = []
        for _ in range(count):
            self._unstored.popleft()
        if checkpoint:
            spool.sound.forget(self.owner, before=checkpoint.position)
        while self._arrivals and self._arrivals[0][0] < self._stream.heard_samples - 30 * SAMPLE_RATE_HZ:
            self._arrivals.popleft()
        for row in rows:
            # What a try before stored whose answer did not come is told as well; what a restart hears again is not.
            if row.index in stored or row.index >= self.record.next_index:
                self._stored(row)
        if batch[-1].finished:
            self.ended.set()

    async def erase(self, start: int, end: int | None) -> int:
        """Nothing that was said from sample `start` up to `end`, as far as it came, is stored from here on; how far.

        What was cut before is in the store when this returns, where the caller erases it. The turns of before are no
        longer there to suggest from.
        """
        async with self._cutting:
            end = self.received if end is None else min(end, self.received)
            self._erased.append((start, end))
            self.conversation.end()
            return end

    def forget(self, segment_ids: Collection[str]) -> None:
        """Segments are erased: nothing of them is told, and those behind them do not wait for them."""
        self.conversation.end()
        if self.told is not None and self.told[0].id in segment_ids:
            self.told = None
        self._order = deque(pending for pending in self._order if pending.id not in segment_ids)
        self._tell_in_order()

    async def _was_erased(self) -> bool:
        """Whether the session is gone from the store: nothing of it may stay anywhere."""
        session = await self._services.store.session(self.id)
        return session is None or session.end_reason == ERASED

    def _row(self, segment: Segment, at: datetime) -> NewSegment:
        arrived = next((moment for samples, moment in self._arrivals if samples >= segment.end_sample), None)
        cut = self._ending if segment.cut == "fim" and self._ending else segment.cut
        return NewSegment(
            index=segment.index,
            start_sample=segment.start_sample,
            end_sample=segment.end_sample,
            cut=cut,
            snr_db=segment.snr_db,
            audio_path=SEGMENTS_PATH if self._services.keeps_sound else None,
            seq=None,
            received_at=arrived,
            speech_ended_at=arrived,
            cut_at=at,
            low_speech=segment.snr_db is not None and segment.snr_db < LOW_SPEECH_SNR_DB,
        )

    def _stored(self, row: NewSegment) -> None:
        metrics = self._services.metrics
        metrics.segments.labels(row.cut).inc()
        metrics.spoken_s.inc((row.end_sample - row.start_sample) / SAMPLE_RATE_HZ)
        metrics.store_cut_s.observe((self._services.now() - row.cut_at).total_seconds())
        identity = segment_id(self.id, row.index)
        pending = Pending(
            self.id,
            self.record.counter_id,
            identity,
            row.start_sample,
            row.end_sample,
            row.cut_at,
            row.speech_ended_at or row.cut_at,
            row.low_speech,
            self,
        )
        self.expect(pending)
        if self.listener and "segmento" in self.listener.wants:
            self.listener.tell(segment_event(identity, row))
        self._services.transcribe(pending)

    # Transcripts

    def expect(self, pending: Pending) -> None:
        """A stored segment is to be told in its turn."""
        self._order.append(pending)
        self._settled.clear()

    def transcribed(self, pending: Pending, outcome: Outcome) -> None:
        """The final state of a transcript was stored."""
        self.told = (pending, outcome)
        if pending.event is None:
            pending.text = outcome.text if outcome.state is TranscriptState.OK else ""
            pending.event = transcript_event(outcome, pending.start, pending.end)
            self._tell_in_order()

    def is_overdue(self, now: datetime) -> bool:
        """Whether the next transcript to be told is late."""
        if not self._order or self._order[0].event is not None:
            return False
        return self._order[0].cut_at + timedelta(seconds=self._services.limits.postpone_s) <= now

    async def postpone_overdue(self) -> None:
        """Tell those that had no answer in time, so that later ones go on."""
        while self.is_overdue(self._services.now()):
            pending = self._order[0]
            if not await self._services.store.postpone(pending.id, None):
                return  # its answer was stored a moment ago and is about to be told
            self._services.metrics.postponed.inc()
            self._services.forget(pending.id)
            pending.event = postponed_event(pending.id, pending.start, pending.end)
            self._tell_in_order()

    @property
    def unstored(self) -> bool:
        """Whether a cut waits for the store."""
        return bool(self._unstored)

    @property
    def queued(self) -> int:
        """Segments whose transcript was not told yet."""
        return len(self._order) + sum(len(heard.segments) for heard in self._unstored)

    @property
    def is_settled(self) -> bool:
        """Whether every cut is stored and its transcript was told."""
        return not self._order and not self._unstored

    async def until_settled(self) -> None:
        """Return when every stored segment's transcript was told."""
        await self._settled.wait()

    def _tell_in_order(self) -> None:
        while self._order and self._order[0].event is not None:
            pending = self._order.popleft()
            event = pending.event
            if pending.text:
                self._services.decide(self, pending)
            if event and self.listener and "transcricao" in self.listener.wants:
                self.listener.tell(event)
        if not self._order:
            self._settled.set()

    # Numbers of events

    async def take_numbers(self, count: int) -> list[int]:
        """The next event numbers, in order. Raises `StoreUnavailable`, `KeyError` for a session that was erased."""
        while len(self._numbers) < count:
            first = await self._services.store.reserve_seq(self.id, SEQ_BLOCK)
            fresh = range(first, first + SEQ_BLOCK)
            contiguous = self._numbers and self._numbers.stop == first
            self._numbers = range(self._numbers.start, fresh.stop) if contiguous else fresh
        taken, self._numbers = self._numbers[:count], self._numbers[count:]
        return list(taken)
