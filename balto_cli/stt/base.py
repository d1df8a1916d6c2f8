"""What every speech provider is, and what it answers.

A provider is anything that satisfies `Transcriber`. Whatever is added around one (cache, retry, limits) is a
`Transcriber` too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.pcm import Pcm

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
    cost_brl: float = 0.0
    raw: dict[str, Any] = field(default_factory=dict)
    """The provider's own answer, kept for diagnosis; plain JSON."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a caller must know of a provider before calling it."""

    max_concurrency: int
    """Calls that may be in flight at once."""


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

    async def transcribe(self, audio: Pcm, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Transcribe PCM16 16 kHz mono.

        `terms` are words to expect (medicine names); a provider that cannot use them passes them over.
        Raises `ProviderError`, with a sentence for the person and `retryable`.
        """
