"""What goes into the store and comes out of it, as plain values. Times are aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4, uuid5

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from balto_cli.stt.base import Word


def new_id() -> str:
    """A random id: of a session, a counter, a client, a key."""
    return str(uuid4())


def segment_id(session_id: str, index: int) -> str:
    """Id of a segment (`id_interacao`): follows from its session and index, so that it cannot be stored twice."""
    return str(uuid5(UUID(session_id), str(index)))


class SessionState(StrEnum):
    """Whether a session may go on."""

    OPEN = "aberta"
    """A socket is on it, or the server died with one on it."""
    DROPPED = "solta"
    """Its socket is gone; it waits to be taken up again."""
    ENDED = "encerrada"


class TranscriptState(StrEnum):
    """Where the transcript of a segment stands; the first two are work left to do."""

    WAITING = "espera"
    POSTPONED = "adiada"
    """Told to the client as `falha` with reason `adiada`; its answer is still wanted."""
    OK = "ok"
    EMPTY = "vazia"
    """The provider heard no words."""
    FAILED = "falha"
    """Given up, with a reason."""


UNFINISHED = (TranscriptState.WAITING, TranscriptState.POSTPONED)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key speaks for."""

    key_id: str
    counter_id: str
    counter_name: str
    client_id: str
    client_name: str


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as the operator sees it; the key itself is not kept."""

    holder: KeyHolder
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: the only moment at which it can be read."""

    secret: str
    holder: KeyHolder


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session and from where its pipeline goes on."""

    id: str
    counter_id: str
    key_id: str | None
    """None where the key is deleted."""
    started_at: datetime
    """Wall time of sample 0 (`inicio_utc`)."""
    audio_format: str
    rate_hz: int
    channels: int
    client_name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Snapshot of what decides how it is heard."""
    state: SessionState = SessionState.OPEN
    seq_reserved: int = 0
    """Highest event number that may have been used."""
    next_index: int = 0
    """Index of the next segment to be stored."""
    received_samples: int = 0
    """As of the last cut, checkpoint or drop; the spool knows better."""
    checkpoint: bytes | None = None
    checkpoint_position: int = 0
    spool_position: int = 0
    dropped_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment as the pipeline cut it; its audio is elsewhere."""

    index: int
    start_sample: int
    end_sample: int
    cut: str
    """`pausa`, `limite`, `fim`, `queda`."""
    snr_db: float | None
    audio_path: str | None
    """Where its sound lies, relative to the data folder; None where it has no file of its own."""
    seq: int | None
    """Of its `segmento` event; None where it is told to nobody."""
    received_at: datetime | None
    """When its last sample arrived."""
    speech_ended_at: datetime | None
    cut_at: datetime
    low_speech: bool = False
    """Hardly speech: its transcript is kept, nothing is suggested from it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Everything that one cut changes, stored in one transaction; also a checkpoint in the quiet, without segments."""

    session: SessionRecord
    segments: tuple[NewSegment, ...]
    checkpoint: bytes | None
    """State of the pipeline; None keeps the one before, and the spool is replayed from there."""
    checkpoint_position: int
    """Samples; passed over without a checkpoint."""
    spool_position: int
    """Where the spool is read on from, with this checkpoint; passed over without one."""
    received_samples: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a segment's transcription: its final state."""

    segment_id: str
    state: TranscriptState
    transcribed_at: datetime
    text: str = ""
    reason: str | None = None
    words: tuple[Word, ...] = ()
    language: str | None = None
    provider: str | None = None
    model: str | None = None
    confidence: float | None = None
    latency_s: float | None = None
    cost_brl: float = 0.0
    lost_brl: float = 0.0
    attempts: int = 0
    sent_at: datetime | None = None
    """When the provider was asked."""
    late: bool = False
    """`tardia`; one that was postponed is late without saying so."""
    seq: int | None = None
    """Of its `transcricao` event, if known; a number that is stored stays."""
    response_key: str | None = None
    """Key of the answer in the response store, so that erasing reaches it."""


@dataclass(frozen=True, slots=True)
class EventNumber:
    """The number under which an event is sent."""

    segment_id: str
    kind: str
    """`segmento` or `transcricao`."""
    seq: int


@dataclass(frozen=True, slots=True)
class NewSuggestion:
    """What was decided on an interaction, silence too."""

    segment_id: str
    action: str
    """`sugerir`, `silencio`, `encaminhar`."""
    category: str | None
    reason: str | None
    payload: Mapping[str, Any]
    """The message as sent or, in observation mode, as it would have been."""
    rules_version: str
    catalogue_version: str
    model: str | None
    cost_brl: float
    suggested_at: datetime
    sent: bool
    rule: str | None = None
    """Code of the rule that decided."""
    products: tuple[str, ...] = ()
    """Ids of what was suggested."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One segment from audio to outcome."""

    id: str
    session_id: str
    counter_id: str
    index: int
    start_sample: int
    end_sample: int
    said_at: datetime
    """Wall time of its first sample."""
    cut: str
    snr_db: float | None
    low_speech: bool
    audio_path: str | None
    segment_seq: int | None
    received_at: datetime | None
    speech_ended_at: datetime | None
    cut_at: datetime
    state: TranscriptState
    reason: str | None
    text: str
    language: str | None
    provider: str | None
    model: str | None
    confidence: float | None
    latency_s: float | None
    cost_brl: float
    lost_brl: float
    attempts: int
    late: bool
    transcript_seq: int | None
    sent_at: datetime | None
    transcribed_at: datetime | None
    delivered_at: datetime | None
    response_key: str | None
    action: str | None
    """What was suggested; None where nothing was decided."""
    suggestion: Mapping[str, Any] | None
    suggestion_cost_brl: float
    suggested_at: datetime | None
    suggestion_sent: bool
    outcome: str | None
    """The last feedback (`resultado`)."""

    @property
    def samples(self) -> int:
        """Length of its sound."""
        return self.end_sample - self.start_sample

    @property
    def spoken_s(self) -> float:
        """The same in seconds."""
        return self.samples / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Scope:
    """Which interactions are meant; everything that is given must hold. `since` is in, `until` is out."""

    session_id: str | None = None
    counter_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return not (self.session_id or self.counter_id or self.since or self.until)

    def as_detail(self) -> dict[str, str]:
        """For the audit: what was given."""
        given = {"sessao": self.session_id, "balcao_id": self.counter_id, "desde": self.since, "ate": self.until}
        return {name: str(value) for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Page:
    """Interactions, newest first, and where the next page begins; None at the end."""

    interactions: tuple[Interaction, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CostRow:
    """What a counter's speech of one day cost at one provider."""

    day: str
    """Of UTC, `2026-11-03`."""
    client_name: str
    counter_name: str
    provider: str | None
    segments: int
    spoken_s: float
    cost_brl: float
    lost_brl: float
    """Of failed attempts that may have been billed."""
    suggestion_cost_brl: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """Segments that wait for their transcript."""

    segments: int
    oldest_at: datetime | None
    """When the oldest was said."""


@dataclass(frozen=True, slots=True)
class ErasedSegment:
    """What of a segment lies outside the database."""

    id: str
    session_id: str
    start_sample: int
    end_sample: int
    audio_path: str | None
    response_key: str | None


@dataclass(frozen=True, slots=True)
class Erased:
    """What is about to leave the database, so that whoever keeps more of it deletes that first."""

    segments: tuple[ErasedSegment, ...] = ()
    sessions: tuple[str, ...] = ()
    """Sessions of which nothing may stay: their sockets end (4006), their spool and recordings go."""
    parts: tuple[SessionPart, ...] = ()
    """Sessions of which a stretch of time goes: their spool and recordings lose it."""


@dataclass(frozen=True, slots=True)
class SessionPart:
    """A stretch of a session, in samples."""

    session_id: str
    start_sample: int
    end_sample: int | None
    """None: as far as it came."""


@dataclass(frozen=True, slots=True)
class ErasureCount:
    """How much an erasure took."""

    sessions: int
    segments: int

    def as_detail(self) -> dict[str, int]:
        """For the audit."""
        return {"sessoes": self.sessions, "segmentos": self.segments}


@dataclass(frozen=True, slots=True)
class Registered:
    """A counter that has registered itself."""

    key: NewKey


class RefusalKind(StrEnum):
    """Why a registration was refused."""

    CODE = "codigo_invalido"
    """Unknown, expired or used up: one answer for all three."""
    TRIES = "muitas_tentativas"
    NAME = "balcao_existe"


@dataclass(frozen=True, slots=True)
class Refused:
    """A registration that was refused."""

    kind: RefusalKind
    retry_after_s: int = 0
    """For `TRIES`: seconds until another try may succeed."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, to what."""

    at: datetime
    actor: str
    """`admin`, `operador` (command line), `retencao`, or a counter's id."""
    action: str
    subject: str
    detail: Mapping[str, Any]
