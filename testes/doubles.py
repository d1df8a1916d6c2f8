"""Stand-ins for what is outside: a provider that answers by rule, a listener that says nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_to_bytes
from balto_cli.audio.recording import Audio, samples_of
from balto_cli.stt.base import LANGUAGE, Capabilities, Transcript, Word


class Silent:
    """A `Progress` that keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done = 0.0

    def begin(self, files: int) -> None:
        self.files = files

    def advance(self, files: float, doing: str) -> None:
        self.done += files

    def say(self, line: str) -> None:
        self.lines.append(line)


def words_of(audio: Pcm) -> str:
    """Three words that depend on the audio alone."""
    digest = hashlib.sha256(pcm_to_bytes(audio)).hexdigest()
    return f"palavra {digest[:4]} {digest[4:8]}"


@dataclass
class FakeTranscriber:
    """Answers with `answer(audio)`, which may raise; counts its calls."""

    name: str = "Local"
    answer: Callable[[Pcm], str] = words_of
    max_concurrency: int = 1
    delay_s: float = 0.0
    calls: list[str] = field(default_factory=list)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(self.max_concurrency)

    @property
    def identity(self) -> dict[str, str]:
        return {"provider": self.name, "model": "fake"}

    async def aclose(self) -> None:
        pass

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        audio = samples_of(audio)
        self.calls.append(hashlib.sha256(pcm_to_bytes(audio)).hexdigest())
        await asyncio.sleep(self.delay_s)
        text = self.answer(audio)
        length_s = len(audio) / SAMPLE_RATE_HZ
        pieces = text.split()
        step_s = length_s / max(1, len(pieces))
        words = tuple(Word(piece, step_s * n, step_s * (n + 1), 0.9) for n, piece in enumerate(pieces))
        return Transcript(text, words, language, self.name, "fake", 0.01)
