"""A call ends in time, leaves nothing running, and tells what it may have cost."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from random import Random

import pytest

from balto_cli.audio.recording import Recording
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.resilience.deadline import Deadline
from balto_cli.stt.resilience.effort import Metered
from balto_cli.stt.resilience.limits import Limits
from balto_cli.stt.resilience.retry import Retry
from testes.unit.stt.resilience.fakes import SECOND, Scripted, failure
from testes.virtual_time import run


def stack(provider: Scripted, *, base_s: float = 10.0) -> Deadline:
    limits = Limits(Metered(provider, reais_per_dollar=1.0), grow_after=9, pause_s=0.0)
    retry = Retry(limits, tries=4, rate_tries=4, first_wait_s=1.0, longest_wait_s=1.0, random=Random(1))
    return Deadline(retry, base_s=base_s, per_audio_s=2.0, file_s=100.0)


def test_longer_audio_gets_longer_and_a_recording_its_upload() -> None:
    deadline = stack(Scripted())
    assert deadline.allowed_s(SECOND) == 12.0
    assert deadline.allowed_s(Recording(Path("a.wav"), "wav", SECOND)) == 112.0


def test_a_hanging_provider_is_cut_off_and_is_perhaps_billed() -> None:
    provider = Scripted([math.inf])

    async def work() -> float:
        with pytest.raises(ProviderError) as caught:
            await stack(provider).transcribe(SECOND)
        error = caught.value
        assert (error.kind, error.perhaps_billed, error.attempts, error.cost_brl) == (Failure.TIMEOUT, True, 1, 1.0)
        return asyncio.get_running_loop().time()

    assert run(work()) == 12.0
    assert (provider.in_flight, provider.cancelled) == (0, 1)


def test_what_failed_before_the_end_is_told_too() -> None:
    provider = Scripted([failure(Failure.TIMEOUT, billed=True), math.inf])
    with pytest.raises(ProviderError) as caught:
        run(stack(provider).transcribe(SECOND))
    assert (caught.value.attempts, caught.value.cost_brl) == (2, 2.0)


def test_cut_off_before_it_was_sent_it_is_surely_not_billed() -> None:
    provider = Scripted([20.0] * 8)

    async def work() -> ProviderError:
        deadline = stack(provider)
        calls = [deadline.transcribe(SECOND) for _ in range(9)]
        return (await asyncio.gather(*calls, return_exceptions=True))[-1]  # type: ignore[return-value]

    queued = run(work())
    assert (queued.perhaps_billed, queued.attempts, queued.cost_brl) == (False, 0, 0.0)


def test_a_timeout_of_the_clients_own_is_not_taken_for_the_deadline() -> None:
    class Broken(Scripted):
        async def transcribe(self, audio: object, **options: object) -> object:  # type: ignore[override]
            raise TimeoutError

    with pytest.raises(TimeoutError):
        run(Deadline(Broken(), base_s=5.0, per_audio_s=0.0).transcribe(SECOND))


def test_a_deadline_around_another_sums_up_what_its_calls_did() -> None:
    provider = Scripted([math.inf])
    with pytest.raises(ProviderError) as caught:
        run(Deadline(stack(provider, base_s=50.0), base_s=3.0, per_audio_s=0.0).transcribe(SECOND))
    assert (caught.value.attempts, caught.value.cost_brl, caught.value.perhaps_billed) == (1, 1.0, True)
