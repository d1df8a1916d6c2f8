"""No answer is asked for twice, a failure is asked for again, and what cost nothing says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import Transcript
from balto_cli.stt.resilience.cache import Cached
from balto_cli.stt.response_store import ResponseStore
from testes.unit.stt.resilience.fakes import SECOND, Scripted, failure, sound
from testes.virtual_time import run

BEGAN = datetime(2026, 11, 3, 10, tzinfo=UTC)


def cached(
    provider: Scripted, folder: Path, *, began_at: datetime = BEGAN, ask_anew: bool = False, now: datetime = BEGAN
) -> Cached:
    return Cached(provider, ResponseStore(folder), lambda: now, began_at=began_at, ask_anew=ask_anew)


def test_an_answer_is_asked_for_once_and_is_free_after(tmp_path: Path) -> None:
    provider = Scripted()
    stack = cached(provider, tmp_path)

    async def work() -> list[Transcript]:
        return [await stack.transcribe(SECOND) for _ in range(3)]

    first, *later = run(work())
    assert (first.attempts, first.cost_brl) == (1, 1.0)
    assert {(one.text, one.attempts, one.cost_brl) for one in later} == {("tem sim", 0, 0.0)}
    assert (len(provider.began), stack.reused) == (1, 0)


def test_the_next_run_takes_it_and_counts_it_once(tmp_path: Path) -> None:
    run(cached(Scripted(), tmp_path).transcribe(SECOND))
    provider = Scripted()
    stack = cached(provider, tmp_path, began_at=BEGAN + timedelta(hours=1))

    async def work() -> list[Transcript]:
        return [await stack.transcribe(SECOND) for _ in range(2)]

    assert [one.cost_brl for one in run(work())] == [0.0, 0.0]
    assert (provider.began, stack.reused) == ([], 1)


def test_what_an_interrupted_run_paid_counts_in_the_run_that_goes_on_with_it(tmp_path: Path) -> None:
    run(cached(Scripted(), tmp_path, now=BEGAN + timedelta(minutes=5)).transcribe(SECOND))
    stack = cached(Scripted(), tmp_path)

    async def work() -> list[float]:
        return [(await stack.transcribe(SECOND)).cost_brl for _ in range(2)]

    assert run(work()) == [1.0, 0.0]


def test_asked_anew_it_takes_only_what_this_run_was_answered(tmp_path: Path) -> None:
    run(cached(Scripted(), tmp_path).transcribe(SECOND))
    provider = Scripted(["de novo"])
    began_at = BEGAN + timedelta(hours=1)
    stack = cached(provider, tmp_path, began_at=began_at, ask_anew=True, now=began_at)

    async def work() -> list[str]:
        return [(await stack.transcribe(SECOND)).text for _ in range(2)]

    assert run(work()) == ["de novo", "de novo"]
    assert (len(provider.began), stack.reused) == (1, 0)


def test_equal_calls_under_way_are_one_and_one_of_them_pays(tmp_path: Path) -> None:
    provider = Scripted(takes_s=1.0)
    stack = cached(provider, tmp_path)

    async def work() -> list[Transcript]:
        return await asyncio.gather(*(stack.transcribe(SECOND) for _ in range(10)))

    found = run(work())
    assert len(provider.began) == 1
    assert sum(one.cost_brl for one in found) == 1.0
    assert sum(one.attempts for one in found) == 1


def test_a_failure_is_shared_by_those_who_wait_is_not_kept_and_costs_once(tmp_path: Path) -> None:
    provider = Scripted([failure(Failure.TIMEOUT, billed=True, cost_brl=1.0)], takes_s=1.0)
    stack = cached(provider, tmp_path)

    async def work() -> tuple[list[object], str]:
        together = await asyncio.gather(*(stack.transcribe(SECOND) for _ in range(4)), return_exceptions=True)
        return list(together), (await stack.transcribe(SECOND)).text

    failed, text = run(work())
    assert [error.kind for error in failed if isinstance(error, ProviderError)] == [Failure.TIMEOUT] * 4
    assert sum(error.cost_brl for error in failed if isinstance(error, ProviderError)) == 1.0
    assert text == "tem sim"
    assert len(provider.began) == 2


def test_language_terms_and_provider_are_told_apart(tmp_path: Path) -> None:
    provider, other = Scripted(), Scripted(name="Outro")

    async def work() -> None:
        for one in (cached(provider, tmp_path), cached(other, tmp_path)):
            await one.transcribe(SECOND)
            await one.transcribe(SECOND, terms=["dipirona"])
            await one.transcribe(SECOND, language="en")

    run(work())
    assert len(provider.began) == len(other.began) == 3


def test_the_call_ends_when_the_last_who_waits_is_gone_and_leaves_nothing(tmp_path: Path) -> None:
    provider = Scripted(takes_s=10.0)
    stack = cached(provider, tmp_path)

    async def work() -> str:
        tasks = [asyncio.create_task(stack.transcribe(SECOND)) for _ in range(3)]
        await asyncio.sleep(1)
        tasks[0].cancel()
        await asyncio.wait({tasks[0]})
        assert provider.in_flight == 1
        tasks[1].cancel()
        tasks[2].cancel()
        await asyncio.wait(tasks)
        assert (provider.in_flight, provider.cancelled) == (0, 1)
        return (await stack.transcribe(SECOND)).text

    assert run(work()) == "tem sim"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.booleans()), max_size=25))
def test_whoever_comes_and_goes_no_finished_audio_is_asked_again(
    calls: list[tuple[int, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    answered: list[int] = []

    class Counting(Scripted):
        async def transcribe(self, audio: object, **options: object) -> Transcript:  # type: ignore[override]
            transcript = await super().transcribe(audio, **options)  # type: ignore[arg-type]
            answered.append(int(audio[0]))  # type: ignore[index]
            return transcript

    stack = cached(Counting(takes_s=1.0), tmp_path_factory.mktemp("respostas"))

    async def one(number: int, tenths: int, cancelled: bool) -> None:
        await asyncio.sleep(tenths / 10)
        task = asyncio.create_task(stack.transcribe(sound(number)))
        if cancelled:
            asyncio.get_running_loop().call_later(0.5, task.cancel)
        await asyncio.wait({task})

    async def work() -> None:
        await asyncio.gather(*(one(*call) for call in calls))

    run(work())
    assert len(answered) == len(set(answered))
