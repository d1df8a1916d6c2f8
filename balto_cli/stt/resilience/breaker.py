"""Stops asking a provider that is down, and finds out by itself when it is back (Nygard, "Release It!", 2007).

It stands around one attempt, not around a call with its retries, so that it sees every failure as it happens, and
inside the limits, so that calls which queue there find it open when their turn comes.

Failures are counted in a row. Where each attempt fails with probability p, independently, a row of n begins at an
attempt with probability (1 - p)·p^n: at 10 % faults and n = 8 that is 9e-9, so about 5 in a million runs of 500 calls
see it open without an outage; at n = 6, 5 in ten thousand.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.resilience.effort import current_effort
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript

OUTAGE = frozenset({Failure.SERVER, Failure.TIMEOUT, Failure.NETWORK})
"""What says that nobody is there."""
REFUSAL = frozenset({Failure.KEY, Failure.QUOTA})
"""What every other call would hear too."""
ANSWERED = frozenset({Failure.RATE, Failure.AUDIO, Failure.REQUEST, Failure.ANSWER})
"""Failures that show that somebody is there."""


class Breaker(Wrapper):
    """A provider that is left alone while it is down.

    Opens after `open_after` failures in a row, and at once when the account is refused; a refusal is repeated to each
    call as it was, without a call. After a rest one call probes it; each failed probe doubles the rest. A call that
    meets it open waits for the probe, if its deadline allows and the outage is younger than `patience_s`; else it
    fails as "not asked".
    """

    def __init__(
        self,
        inner: Transcriber,
        *,
        open_after: int,
        rest_s: float,
        longest_rest_s: float,
        patience_s: float,
        refused_rest_s: float,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """A refused account is not probed for `refused_rest_s`. `tell` hears when an outage begins and when it ends."""
        super().__init__(inner)
        self._tell = tell
        self._open_after = open_after
        self._first_rest_s, self._longest_rest_s = rest_s, longest_rest_s
        self._patience_s, self._refused_rest_s = patience_s, refused_rest_s
        self._close()

    def _close(self) -> None:
        self._failures = 0
        self._opened_at: float | None = None
        self._rest_s = self._first_rest_s
        self._probe_at = math.inf
        self._refusal: ProviderError | None = None
        self._outage = ""
        self._probing = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._opened_at is not None

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Ask if the provider is up, or to see whether it is up again."""
        probe = self.is_open and await self._wait_for_probe()
        try:
            transcript = await self._inner.transcribe(audio, language=language, terms=terms)
        except ProviderError as error:
            self._learn(error, probe)
            raise
        except BaseException:
            if probe:
                self._end_probe()
            raise
        if self._failures or self.is_open:
            self._answered()
        return transcript

    async def _wait_for_probe(self) -> bool:
        """True for the call that is the probe, False once the breaker is closed. Raises where no waiting helps."""
        while self._opened_at is not None:
            now = asyncio.get_running_loop().time()
            if not self._probing and now >= self._probe_at:
                self._probing = True
                return True
            if self._refusal:
                raise ProviderError(str(self._refusal), kind=self._refusal.kind, attempts=0)
            probe_at = now if self._probing else self._probe_at
            if now >= self._opened_at + self._patience_s or probe_at >= current_effort().ends_at:
                raise ProviderError(
                    f"{self.name} parou de responder e não foi chamado de novo. {self._outage}",
                    kind=Failure.BREAKER,
                    attempts=0,
                )
            try:
                async with asyncio.timeout_at(None if self._probing else self._probe_at):
                    await self._changed.wait()
            except TimeoutError:
                pass
        return False

    def _learn(self, error: ProviderError, probe: bool) -> None:
        if error.kind in REFUSAL:
            self._refusal = error.with_traceback(None)
            self._open(self._refused_rest_s)
        elif error.kind in OUTAGE:
            self._failures += 1
            self._outage = str(error)
            if probe:
                self._rest_s = min(2 * self._rest_s, self._longest_rest_s)
                self._open(self._rest_s)
            elif not self.is_open and self._failures >= self._open_after:
                self._open(self._rest_s)
        elif error.kind in ANSWERED:
            self._answered()
        elif probe:
            self._end_probe()

    def _open(self, rest_s: float) -> None:
        now = asyncio.get_running_loop().time()
        if self._opened_at is None:
            self._opened_at = now
            if self._tell and not self._refusal:
                self._tell(f"{self._outage} Espero por {self.name} até {self._patience_s / 60:.0f} min.")
        self._probe_at = now + rest_s
        self._end_probe()

    def _answered(self) -> None:
        waiting = self._changed
        if self._tell and self.is_open:
            self._tell(f"{self.name} voltou a responder.")
        self._close()
        waiting.set()

    def _end_probe(self) -> None:
        """Let those who wait look again."""
        self._probing = False
        self._changed.set()
        self._changed = asyncio.Event()
