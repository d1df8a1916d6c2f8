"""The wrappers together: what a caller sees of a whole stack."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.recording import Audio
from balto_cli.errors import RETRYABLE, Failure, ProviderError
from balto_cli.stt.base import Capabilities, Transcript
from balto_cli.stt.resilience.budget import Purse
from balto_cli.stt.resilience.stack import LIVE, OFFLINE, Policy, live_stack, offline_stack, wrapped
from testes.unit.stt.resilience.fakes import SECOND, Scripted, Step, failure
from testes.virtual_time import run


async def ask(provider: object, times: int) -> list[Transcript | ProviderError]:
    return await asyncio.gather(*(provider.transcribe(SECOND) for _ in range(times)), return_exceptions=True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("policy", [OFFLINE, LIVE])
def test_a_stack_is_the_provider_it_stands_around(policy: Policy) -> None:
    provider = Scripted(name="X")
    stack = wrapped(provider, policy)
    assert (stack.name, stack.identity, stack.capabilities) == ("X", provider.identity, provider.capabilities)
    run(stack.aclose())
    assert provider.closed == 1


def test_offline_five_hundred_calls_get_past_one_fault_in_ten() -> None:
    dice = Random(3)
    kinds = sorted(RETRYABLE)

    def rule(audio: Audio, number: int) -> Step:
        return failure(dice.choice(kinds), billed=False) if dice.random() < 0.1 else dice.uniform(0.1, 2.0)

    provider = Scripted(rule=rule)
    found = run(ask(offline_stack(provider), 500))
    assert sum(isinstance(one, ProviderError) for one in found) <= 1
    assert sum(one.attempts for one in found) == len(provider.began)
    assert provider.most_in_flight <= 8


def test_waiting_for_a_turn_takes_nothing_from_the_deadline() -> None:
    provider = Scripted(takes_s=200.0, capabilities=Capabilities(1))
    assert not any(isinstance(one, ProviderError) for one in run(ask(offline_stack(provider), 10)))


def test_a_wrong_key_is_heard_by_all_and_asked_with_no_more_than_were_in_flight() -> None:
    provider = Scripted(rule=lambda audio, number: Failure.KEY, takes_s=0.1, capabilities=Capabilities(4))
    found = run(ask(offline_stack(provider), 500))
    assert {one.kind for one in found if isinstance(one, ProviderError)} == {Failure.KEY}
    assert len(provider.began) == 4


def test_a_provider_that_stays_down_costs_minutes_not_hours() -> None:
    provider = Scripted(rule=lambda audio, number: Failure.SERVER, takes_s=0.1)

    async def work() -> float:
        found = await ask(offline_stack(provider), 500)
        assert all(isinstance(one, ProviderError) for one in found)
        return asyncio.get_running_loop().time()

    assert run(work()) < 300.0
    assert len(provider.began) < 40


def test_a_provider_that_hangs_is_given_up_too() -> None:
    provider = Scripted(rule=lambda audio, number: failure(Failure.TIMEOUT, billed=True), takes_s=60.0)

    async def work() -> float:
        await ask(offline_stack(provider), 500)
        return asyncio.get_running_loop().time()

    assert run(work()) < 900.0


def test_a_restart_of_the_provider_costs_no_call() -> None:
    """Down for a minute in the middle of a run."""

    def rule(audio: Audio, number: int) -> Step:
        return Failure.NETWORK if 20 < asyncio.get_running_loop().time() < 80 else 1.0

    provider = Scripted(rule=rule)
    assert not any(isinstance(one, ProviderError) for one in run(ask(offline_stack(provider), 500)))


def test_a_budget_is_kept_by_the_whole_stack_and_free_engines_go_on() -> None:
    purse = Purse(10.0)
    paid = Scripted(rule=lambda audio, number: failure(Failure.ANSWER, billed=True) if number % 3 == 0 else None)
    free = Scripted(capabilities=Capabilities(2))

    async def work() -> list[Transcript | ProviderError]:
        stacks = [offline_stack(one, purse=purse, reais_per_dollar=1.0) for one in (paid, free)]
        return (await asyncio.gather(*(ask(one, 30) for one in stacks)))[1]

    assert not any(isinstance(one, ProviderError) for one in run(work()))
    assert len(paid.began) == 10
    assert purse.spent_brl == pytest.approx(10.0)


@settings(max_examples=40)
@given(
    kinds=st.lists(st.sampled_from([None, 0.5, math.inf, *sorted(Failure)]), max_size=60),
    cut_at_s=st.floats(0.0, 700.0),
    live=st.booleans(),
)
def test_cancelling_leaves_nothing_running(kinds: list[Step], cut_at_s: float, live: bool) -> None:
    """`run` fails where a task is left; nobody is in flight and every place is free again."""
    providers = [Scripted(kinds[place::2], name=name, capabilities=Capabilities(3)) for place, name in enumerate("AB")]

    async def work() -> None:
        stacks = [live_stack(providers)] if live else [offline_stack(one) for one in providers]
        tasks = [asyncio.create_task(stack.transcribe(SECOND)) for stack in stacks for _ in range(10)]
        await asyncio.wait(tasks, timeout=cut_at_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [one.in_flight for one in providers] == [0, 0]

    run(work())


def test_live_an_open_breaker_sends_every_call_to_the_next_provider_at_once() -> None:
    down, good = Scripted(rule=lambda audio, number: Failure.SERVER, name="A"), Scripted(name="B")

    async def work() -> list[float]:
        stack, took = live_stack([down, good]), []
        for _ in range(20):
            begun = asyncio.get_running_loop().time()
            assert (await stack.transcribe(SECOND)).provider == "B"
            took.append(asyncio.get_running_loop().time() - begun)
        return took

    took = run(work())
    assert took[3:] == [0.0] * 17
    assert len(down.began) == 6


LOCAL = Capabilities(1, on_this_machine=True)


def test_live_the_local_engine_is_asked_once_a_call_and_waited_for() -> None:
    slow = Scripted(takes_s=8.0, capabilities=LOCAL, name="Local")
    found = run(ask(live_stack([slow]), 3))
    assert [(one.provider, one.attempts) for one in found if isinstance(one, Transcript)] == [("Local", 1)] * 3
    assert slow.began == [0.0, 8.0, 16.0]
    broken = Scripted(rule=lambda audio, number: Failure.SERVER, capabilities=LOCAL)
    (failed,) = run(ask(live_stack([broken]), 1))
    assert isinstance(failed, ProviderError)
    assert len(broken.began) == 1


def test_live_the_local_engine_takes_over_from_a_provider_that_hangs() -> None:
    hanging = Scripted(takes_s=math.inf, name="A")
    slow = Scripted(takes_s=8.0, capabilities=LOCAL, name="Local")
    (found,) = run(ask(live_stack([hanging, slow]), 1))
    assert isinstance(found, Transcript)
    assert found.provider == "Local"
    assert slow.began == [pytest.approx(LIVE.deadline_s + LIVE.deadline_per_audio_s)]


def test_the_same_dice_make_the_same_waits() -> None:
    began = []
    for _ in range(2):
        provider = Scripted([Failure.SERVER] * 3)
        run(wrapped(provider, replace(OFFLINE, tries=4), random=Random(9)).transcribe(SECOND))
        began.append(provider.began)
    assert began[0] == began[1]
