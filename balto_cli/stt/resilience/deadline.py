"""An end for the whole call, with all its retries and waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.recording import Recording, samples_of
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.resilience.effort import new_effort
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript


class Deadline(Wrapper):
    """A provider that answers or fails in time.

    A call may take `base_s`, plus `per_audio_s` for each second of its audio, plus `file_s` for a whole recording,
    which has to be uploaded.
    """

    def __init__(self, inner: Transcriber, *, base_s: float, per_audio_s: float, file_s: float = 0.0) -> None:
        super().__init__(inner)
        self._base_s, self._per_audio_s, self._file_s = base_s, per_audio_s, file_s

    def allowed_s(self, audio: Audio) -> float:
        """How long a call with this audio may take."""
        duration_s = samples_of(audio).size / SAMPLE_RATE_HZ
        extra_s = self._file_s if isinstance(audio, Recording) else 0.0
        return self._base_s + extra_s + self._per_audio_s * duration_s

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Ask, and cut the call off at its end: what was in flight is cancelled first, and is perhaps billed."""
        ends_at = asyncio.get_running_loop().time() + self.allowed_s(audio)
        with new_effort(ends_at) as effort:
            try:
                async with asyncio.timeout_at(ends_at) as timer:
                    return await self._inner.transcribe(audio, language=language, terms=terms)
            except TimeoutError:
                if not timer.expired():
                    raise
            raise ProviderError(
                f"{self.name} não respondeu no prazo: tente de novo mais tarde.",
                kind=Failure.TIMEOUT,
                perhaps_billed=effort.in_flight,
                attempts=effort.attempts,
                cost_brl=effort.lost_brl,
            )
