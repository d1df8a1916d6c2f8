"""How many calls a provider gets at once, and how fast: what it states, and less when it says that it was too much.

The number in flight is controlled as TCP does it: additive increase, multiplicative decrease (Chiu and Jain, "Analysis
of the Increase and Decrease Algorithms for Congestion Avoidance", 1989).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript

FIRST_SPACING_S = 0.25
"""Between two calls, where even one at a time was too many; doubles from there."""
LONGEST_SPACING_S = 16.0


class Turns(Wrapper):
    """At most so many calls as the provider states, each from its beginning to its end, retries and waits included.

    Those behind wait in order. It stands outside of what counts a call's time, so that waiting for a turn costs none.
    """

    def __init__(self, inner: Transcriber) -> None:
        super().__init__(inner)
        self._turns = asyncio.Semaphore(inner.capabilities.max_concurrency)

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Wait for a turn, then ask."""
        async with self._turns:
            return await self._inner.transcribe(audio, language=language, terms=terms)


class Limits(Wrapper):
    """Attempts in flight and their spacing, learnt from "too many requests".

    Starts at what the provider states. Such an answer halves the number in flight (below one it doubles the spacing
    between calls instead), once for all attempts that had begun before, and stops every call for as long as the
    provider asks. `grow_after` answers in a row take one such step back. Attempts wait in order of arrival; one that
    is cancelled gives its place up.
    """

    def __init__(self, inner: Transcriber, *, grow_after: int, pause_s: float) -> None:
        """`pause_s` is how long all calls stop where the provider does not say."""
        super().__init__(inner)
        self._most = self.limit = inner.capabilities.max_concurrency
        self.spacing_s = 0.0
        self._grow_after, self._pause_s = grow_after, pause_s
        self._in_flight = 0
        self._answers = 0
        self._epoch = 0
        self._next_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Wait for a place, then ask."""
        await self._enter()
        epoch = self._epoch
        try:
            transcript = await self._inner.transcribe(audio, language=language, terms=terms)
        except ProviderError as error:
            if error.kind is Failure.RATE:
                self._slow_down(epoch, error.retry_after_s)
            raise
        else:
            self._speed_up()
            return transcript
        finally:
            self._in_flight -= 1
            self._admit()

    async def _enter(self) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self._in_flight -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        """Let in whoever may go now, in order, and be back when the next one may."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting and self._in_flight < self.limit:
            if self._waiting[0].cancelled():
                self._waiting.popleft()
                continue
            now = loop.time()
            if now < self._next_at:
                self._timer = loop.call_at(self._next_at, self._admit)
                return
            self._waiting.popleft().set_result(None)
            self._in_flight += 1
            self._next_at = now + self.spacing_s

    def _slow_down(self, epoch: int, retry_after_s: float | None) -> None:
        self._answers = 0
        if epoch == self._epoch:
            self._epoch += 1
            if self.limit > 1:
                self.limit //= 2
            else:
                self.spacing_s = min(LONGEST_SPACING_S, max(FIRST_SPACING_S, 2 * self.spacing_s))
        pause_s = self._pause_s if retry_after_s is None else retry_after_s
        self._next_at = max(self._next_at, asyncio.get_running_loop().time() + pause_s)

    def _speed_up(self) -> None:
        self._answers += 1
        if self._answers < self._grow_after:
            return
        self._answers = 0
        if self.spacing_s:
            self.spacing_s = self.spacing_s / 2 if self.spacing_s > FIRST_SPACING_S else 0.0
        elif self.limit < self._most:
            self.limit += 1
