"""Asks again, after a wait, when the kind of the failure says that it may pass.

Waits are exponential with full jitter: uniform between nothing and a ceiling that doubles (Brooker, "Exponential
Backoff And Jitter", AWS Architecture Blog, 2015). A try that is perhaps billed is followed by at most one other, since
each may be paid for.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying, retry_if_exception_type

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.resilience.effort import current_effort
from balto_cli.stt.resilience.wrapper import Wrapper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript


class Retry(Wrapper):
    """A provider that does not give up at the first failure."""

    def __init__(
        self,
        inner: Transcriber,
        *,
        tries: int,
        rate_tries: int,
        first_wait_s: float,
        longest_wait_s: float,
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Try up to `tries` times, `rate_tries` where all failures were too many requests.

        The ceiling of the first wait is `first_wait_s`; none is over `longest_wait_s`, but for what the provider asks.
        """
        super().__init__(inner)
        self._tries, self._rate_tries = tries, rate_tries
        self._first_wait_s, self._longest_wait_s = first_wait_s, longest_wait_s
        self._random = random or Random()
        self._sleep = sleep

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Ask until there is an answer or no sense in asking; the last failure carries all attempts and their cost."""
        try:
            return await self._inner.transcribe(audio, language=language, terms=terms)
        except ProviderError as error:
            first = error
        # Only from here on, since setting a retry up costs as much CPU as all other wrappers together.
        failures: list[ProviderError] = []

        async def attempt() -> Transcript:
            try:
                if not failures:
                    raise first
                return await self._inner.transcribe(audio, language=language, terms=terms)
            except ProviderError as error:
                failures.append(error)
                raise

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ProviderError),
            wait=lambda state: self._wait_s(failures),
            stop=lambda state: not self._worth_another(failures, state.upcoming_sleep),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            transcript: Transcript = await retrying(attempt)
        except ProviderError as error:
            error.attempts, error.cost_brl = _sums(failures)
            raise
        attempts, lost_brl = _sums(failures)
        return replace(transcript, attempts=attempts + transcript.attempts, lost_brl=lost_brl + transcript.lost_brl)

    def _worth_another(self, failures: Sequence[ProviderError], wait_s: float) -> bool:
        only_rate = all(error.kind is Failure.RATE for error in failures)
        return (
            failures[-1].retryable
            and len(failures) < (self._rate_tries if only_rate else self._tries)
            and sum(error.perhaps_billed for error in failures) < 2
            and asyncio.get_running_loop().time() + wait_s < current_effort().ends_at
        )

    def _wait_s(self, failures: Sequence[ProviderError]) -> float:
        ceiling_s = min(self._longest_wait_s, self._first_wait_s * 2.0 ** (len(failures) - 1))
        jitter_s = self._random.uniform(0.0, ceiling_s)
        asked_s = failures[-1].retry_after_s
        # Jitter goes on top, so that calls which were sent away together do not come back together.
        return jitter_s if asked_s is None else asked_s + min(jitter_s, self._first_wait_s)


def _sums(failures: Sequence[ProviderError]) -> tuple[int, float]:
    return sum(error.attempts for error in failures), sum(error.cost_brl for error in failures)
