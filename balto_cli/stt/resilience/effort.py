"""What a call under way has tried and lost so far, for whoever has to end it early.

A wrapper that cuts a call short (the deadline) learns nothing from the cancelled coroutines below it. So it lays out
an `Effort` that the attempts of its call, and only those, write to; a context variable carries it down.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.recording import samples_of
from balto_cli.errors import ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.prices import REAIS_PER_DOLLAR, cost_brl
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript


@dataclass(slots=True)
class Effort:
    """One call, as it goes."""

    ends_at: float = math.inf
    """When it will be cut off, on the event loop's clock; nobody waits for what comes later."""
    attempts: int = 0
    lost_brl: float = 0.0
    """Of attempts that failed and may have been billed; one in flight counts once it is cut off."""
    in_flight: bool = False
    """Whether a provider was working on it at last sight."""


_current: ContextVar[Effort | None] = ContextVar("balto_effort", default=None)


def current_effort() -> Effort:
    """The effort of the call that this task is in; one without an end where nobody laid one out."""
    return _current.get() or Effort()


@contextmanager
def new_effort(ends_at: float) -> Iterator[Effort]:
    """Lay out the effort of a call; it counts in the one around it too, and ends no later."""
    outer = _current.get()
    effort = Effort(min(ends_at, outer.ends_at) if outer else ends_at)
    token = _current.set(effort)
    try:
        yield effort
    finally:
        _current.reset(token)
        if outer:
            outer.attempts += effort.attempts
            outer.lost_brl += effort.lost_brl
            outer.in_flight = effort.in_flight


class Metered(Wrapper):
    """Counts attempts and what a failed one may have cost; goes around the provider itself."""

    def __init__(self, inner: Transcriber, *, reais_per_dollar: float = REAIS_PER_DOLLAR) -> None:
        super().__init__(inner)
        self._reais_per_dollar = reais_per_dollar

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Ask once. A failure that is perhaps billed carries its cost; a cancelled attempt is perhaps billed."""
        effort = current_effort()
        effort.attempts += 1
        effort.in_flight = True
        try:
            transcript = await self._inner.transcribe(audio, language=language, terms=terms)
        except ProviderError as error:
            effort.in_flight = False
            if error.perhaps_billed and not error.cost_brl:
                error.cost_brl = price_brl(self._inner, audio, terms, self._reais_per_dollar)
            effort.lost_brl += error.cost_brl
            raise
        except BaseException:
            effort.lost_brl += price_brl(self._inner, audio, terms, self._reais_per_dollar)
            raise
        effort.in_flight = False
        return transcript


def price_brl(provider: Transcriber, audio: Audio, terms: Sequence[str], reais_per_dollar: float) -> float:
    """What one attempt at `audio` with `terms` costs at a provider, by the dated price table."""
    duration_s = samples_of(audio).size / SAMPLE_RATE_HZ
    return cost_brl(duration_s, provider.capabilities.price_usd_per_hour(terms), reais_per_dollar)
