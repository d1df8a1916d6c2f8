"""How many calls are in flight, in which order, and what a provider that says "too many" changes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.audio.recording import Audio, samples_of
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import Capabilities
from balto_cli.stt.resilience.limits import FIRST_SPACING_S, Limits, Turns
from testes.unit.stt.resilience.fakes import SECOND, Scripted, Step, failure, sound
from testes.virtual_time import run


def limits(provider: Scripted, *, at_once: int = 8, grow_after: int = 4) -> Limits:
    provider.capabilities = replace(provider.capabilities, max_concurrency=at_once)
    return Limits(provider, grow_after=grow_after, pause_s=1.0)


async def ask(limited: Limits | Turns, times: int) -> list[object]:
    return await asyncio.gather(*(limited.transcribe(SECOND) for _ in range(times)), return_exceptions=True)


@pytest.mark.parametrize("kind", [Limits, Turns])
def test_no_more_are_in_flight_than_the_provider_states(kind: type) -> None:
    provider = Scripted(takes_s=1.0, capabilities=Capabilities(3))
    limited = limits(provider, at_once=3) if kind is Limits else Turns(provider)
    run(ask(limited, 10))
    assert provider.most_in_flight == 3
    assert len(provider.began) == 10


def test_they_go_in_the_order_in_which_they_came() -> None:
    order = []

    def note(audio: Audio, number: int) -> Step:
        order.append(int(samples_of(audio)[0]))
        return None

    provider = Scripted(rule=note, takes_s=0.1)

    async def work() -> None:
        limited = limits(provider, at_once=2)
        await asyncio.gather(*(limited.transcribe(sound(number)) for number in range(20)))

    run(work())
    assert order == list(range(20))


def test_too_many_requests_halves_the_limit_once_for_all_that_had_begun() -> None:
    provider = Scripted([Failure.RATE] * 8, takes_s=1.0)
    limited = limits(provider)
    run(ask(limited, 8))
    assert limited.limit == 4


def test_a_second_time_halves_again_and_answers_raise_it_step_by_step() -> None:
    provider = Scripted([Failure.RATE, Failure.RATE])
    limited = limits(provider)

    async def work() -> list[int]:
        seen = []
        for _ in range(2 + 12):
            await asyncio.gather(limited.transcribe(SECOND), return_exceptions=True)
            seen.append(limited.limit)
        return seen

    assert run(work()) == [4, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5]


def test_it_never_rises_above_what_the_provider_states() -> None:
    limited = limits(Scripted(), at_once=2, grow_after=1)
    run(ask(limited, 30))
    assert limited.limit == 2


def test_all_calls_stop_for_as_long_as_the_provider_asks() -> None:
    provider = Scripted([failure(Failure.RATE, retry_after_s=30.0)], takes_s=0.5)
    run(ask(limits(provider, at_once=2), 6))
    assert [at for at in provider.began if at < 0.5] == [0.0, 0.0]
    assert min(provider.began[2:]) == 30.5


def test_where_one_at_a_time_is_too_many_they_are_spaced_out() -> None:
    provider = Scripted([Failure.RATE])
    limited = limits(provider, at_once=1, grow_after=100)
    run(ask(limited, 5))
    assert limited.limit == 1
    steps = [after - before for before, after in zip(provider.began[1:], provider.began[2:], strict=False)]
    assert steps == pytest.approx([FIRST_SPACING_S] * 3)


def test_a_strict_provider_is_learnt_and_hardly_refuses_after() -> None:
    """A provider that takes 2 at once although it states 8: the refusals stop near that."""
    provider = Scripted()

    def rule(audio: Audio, number: int) -> Step:
        return Failure.RATE if provider.in_flight > 2 else 1.0

    provider.rule = rule
    limited = limits(provider, grow_after=20)

    async def work() -> list[object]:
        done: list[object] = []
        for _ in range(20):
            done += await ask(limited, 10)
        return done

    refused = [isinstance(outcome, ProviderError) for outcome in run(work())]
    assert sum(refused[100:]) < 10
    assert limited.limit in (1, 2, 3)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=30), st.integers(1, 3))
def test_a_cancelled_call_keeps_no_place(calls: list[tuple[int, bool]], at_once: int) -> None:
    """Whoever is cancelled whenever, `at_once` places are there afterwards, and nobody is left waiting."""
    provider = Scripted(takes_s=1.0)
    limited = limits(provider, at_once=at_once)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(limited.transcribe(SECOND)) for _ in calls]
        for task, (tenths, cancelled) in zip(tasks, calls, strict=True):
            if cancelled:
                loop.call_later(tenths / 10, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        provider.most_in_flight = 0
        await ask(limited, 6)

    run(work())
    assert provider.most_in_flight == at_once
    assert provider.in_flight == 0


def test_cancelled_in_the_moment_of_being_let_in_gives_the_place_on() -> None:
    provider = Scripted(takes_s=1.0)
    limited = limits(provider, at_once=1)

    async def work() -> None:
        first = asyncio.create_task(limited.transcribe(SECOND))
        second = asyncio.create_task(limited.transcribe(SECOND))
        await asyncio.sleep(0.5)
        first.add_done_callback(lambda _: second.cancel())
        await asyncio.gather(first, second, return_exceptions=True)
        await asyncio.wait_for(limited.transcribe(SECOND), 5)

    run(work())
