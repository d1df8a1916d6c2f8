"""A provider that follows a script, and failures to put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from balto_cli.audio.recording import Audio, samples_of
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import LANGUAGE, Capabilities, Transcript

Step = Failure | ProviderError | float | str | None
"""A failure, seconds until the answer (`inf` hangs), a text, or the usual answer."""

SECOND = np.zeros(16_000, dtype=np.int16)
"""One second of audio; at 3600 dollars an hour and one real a dollar it costs R$ 1."""


def sound(number: int, seconds: float = 1.0) -> np.ndarray:
    """A second of audio unlike that of any other number."""
    return np.full(round(16_000 * seconds), number, dtype=np.int16)


def failure(
    kind: Failure, *, billed: bool = False, retry_after_s: float | None = None, cost_brl: float = 0.0
) -> ProviderError:
    return ProviderError(
        f"falha: {kind}", kind=kind, perhaps_billed=billed, retry_after_s=retry_after_s, cost_brl=cost_brl
    )


@dataclass
class Scripted:
    """Takes a step of `script` for each attempt, then the usual answer; `rule` decides by the audio instead."""

    script: Sequence[Step] = ()
    name: str = "Roteiro"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(8, usd_per_hour=3600.0))
    rule: Callable[[Audio, int], Step] | None = None
    takes_s: float = 0.0
    began: list[float] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    cancelled: int = 0
    closed: int = 0

    @property
    def identity(self) -> dict[str, str]:
        return {"provider": self.name, "model": "roteiro"}

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        number = len(self.began)
        self.began.append(asyncio.get_running_loop().time())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self._follow(number, audio, language)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1

    async def _follow(self, number: int, audio: Audio, language: str) -> Transcript:
        step = self.rule(audio, number) if self.rule else self.script[number] if number < len(self.script) else None
        await asyncio.sleep(step if isinstance(step, float) else self.takes_s)
        if isinstance(step, Failure):
            raise failure(step)
        if isinstance(step, ProviderError):
            raise failure(
                step.kind, billed=step.perhaps_billed, retry_after_s=step.retry_after_s, cost_brl=step.cost_brl
            )
        cost_brl = samples_of(audio).size / 16_000 * self.capabilities.usd_per_hour / 3600
        return Transcript(
            step if isinstance(step, str) else "tem sim", (), language, self.name, "roteiro", 0.5, cost_brl=cost_brl
        )

    async def aclose(self) -> None:
        self.closed += 1
