"""What every speech provider is, and what it answers.

A provider is anything that satisfies `Transcriber`. Whatever is added around one (cache, retry, limits) is a
`Transcriber` too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.recording import Audio

LANGUAGE = "pt"
"""The language of every counter, as ISO 639-1; each provider spells it its own way."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the provider wrote it, with its place in the audio that was sent."""

    text: str
    start_s: float
    end_s: float
    confidence: float | None = None
    """Between 0 and 1; None where the provider says nothing."""
    speaker: str | None = None
    """The provider's own label of who speaks; None where it gives none."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a provider heard in one piece of audio."""

    text: str
    words: tuple[Word, ...]
    language: str
    provider: str
    model: str
    """The model as the provider answered it."""
    latency_s: float
    """Of the one attempt that answered, without queueing."""
    confidence: float | None = None
    """Of the whole, between 0 and 1; None where the provider says nothing."""
    cost_brl: float = 0.0
    """Of the attempt that answered, by the dated price table."""
    lost_brl: float = 0.0
    """Of failed attempts before it that may have been billed."""
    attempts: int = 1
    sent_as: str = "pcm"
    """What travelled: `pcm`, `wav`, `flac`, or `arquivo` and its container for the file's own bytes."""
    raw: dict[str, Any] = field(default_factory=dict)
    """The provider's own answer, kept for diagnosis; plain JSON."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a caller must know of a provider before calling it."""

    max_concurrency: int
    """Calls that may be in flight at once."""
    containers: frozenset[str] = frozenset()
    """Containers that it takes as a file's own bytes, named as `Recording.container`; the rest goes as FLAC."""
    max_upload_bytes: int | None = None
    max_audio_s: float | None = None
    keyterms: int = 0
    """How many terms it takes; 0 where it takes none."""
    speakers: bool = False
    """Whether it can tell who speaks."""
    usd_per_hour: float = 0.0
    """Price of an hour of audio by the dated table; 0 where it costs nothing."""
    keyterms_usd_per_hour: float = 0.0
    """What sending terms adds to it."""
    on_this_machine: bool = False
    """Whether it works here, without a network: it never hangs, and how long it takes depends on the machine."""

    def price_usd_per_hour(self, terms: Sequence[str]) -> float:
        """Price of an hour of audio asked for with `terms`."""
        return self.usd_per_hour + (self.keyterms_usd_per_hour if terms and self.keyterms else 0.0)


class Transcriber(Protocol):
    """Whatever turns speech into a `Transcript`."""

    @property
    def name(self) -> str:
        """Spelling in workbooks and tables: `Local`, `Local small`, `ElevenLabs`."""

    @property
    def capabilities(self) -> Capabilities:
        """Limits of the provider."""

    @property
    def identity(self) -> dict[str, str]:
        """Provider, model and every option that can change the answer; part of the key of a stored answer."""

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Transcribe a segment (PCM16 16 kHz mono) or a whole recording.

        `terms` are words to expect (medicine names); a provider that cannot use them passes them over.
        Raises `ProviderError`, with a sentence for the person and the kind of failure. Cancelling it leaves nothing
        running.
        """

    async def aclose(self) -> None:
        """Let go of connections, in the event loop that used them; a later call takes them up again."""
