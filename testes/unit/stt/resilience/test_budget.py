"""A run never spends more than it may, whatever fails and in whatever order."""

from __future__ import annotations

import asyncio
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.audio.recording import Audio
from balto_cli.errors import RETRYABLE, Failure, ProviderError
from balto_cli.stt.base import Capabilities
from balto_cli.stt.resilience.budget import Budget, Purse
from balto_cli.stt.resilience.effort import Metered
from balto_cli.stt.resilience.retry import Retry
from testes.unit.stt.resilience.fakes import SECOND, Scripted, Step, failure
from testes.virtual_time import run


def stack(provider: Scripted, purse: Purse) -> Retry:
    budget = Budget(Metered(provider, reais_per_dollar=1.0), purse, reais_per_dollar=1.0)
    return Retry(budget, tries=4, rate_tries=4, first_wait_s=1.0, longest_wait_s=1.0, random=Random(1))


async def ask(provider: Retry, times: int) -> list[object]:
    return await asyncio.gather(*(provider.transcribe(SECOND) for _ in range(times)), return_exceptions=True)


def test_calls_are_made_up_to_the_limit_and_refused_unasked_beyond() -> None:
    provider, purse = Scripted(takes_s=1.0), Purse(3.0)
    found = run(ask(stack(provider, purse), 5))
    refused = [one for one in found if isinstance(one, ProviderError)]
    assert len(provider.began) == 3
    assert [(one.kind, one.attempts) for one in refused] == [(Failure.BUDGET, 0)] * 2
    assert "R$ 3,00" in str(refused[0])
    assert purse.spent_brl == pytest.approx(3.0)


def test_what_surely_was_not_billed_costs_nothing() -> None:
    provider, purse = Scripted([Failure.SERVER]), Purse(1.0)
    assert len([one for one in run(ask(stack(provider, purse), 1)) if not isinstance(one, ProviderError)]) == 1
    assert purse.spent_brl == pytest.approx(1.0)


def test_a_second_payment_that_the_purse_does_not_hold_is_not_made() -> None:
    provider, purse = Scripted([failure(Failure.TIMEOUT, billed=True)]), Purse(1.5)
    (error,) = run(ask(stack(provider, purse), 1))
    assert isinstance(error, ProviderError)
    assert (error.kind, error.attempts, error.cost_brl) == (Failure.BUDGET, 1, 1.0)
    assert len(provider.began) == 1


def test_a_free_engine_goes_on() -> None:
    purse = Purse(0.0)
    provider = Scripted(capabilities=Capabilities(1))
    assert not any(isinstance(one, ProviderError) for one in run(ask(stack(provider, purse), 3)))


def test_what_a_run_had_spent_before_it_was_interrupted_counts() -> None:
    provider = Scripted()
    run(ask(stack(provider, Purse(3.0, spent_brl=2.0)), 5))
    assert len(provider.began) == 1


@given(st.lists(st.sampled_from([None, 0.5, math.inf, *RETRYABLE]), max_size=40), st.randoms(use_true_random=False))
def test_several_providers_together_stay_below_whatever_fails(kinds: list[Step], dice: Random) -> None:
    purse, billed = Purse(5.0), [0.0]

    def rule(audio: Audio, number: int) -> Step:
        step = kinds.pop() if kinds else None
        perhaps = dice.random() < 0.5
        billed[0] += not isinstance(step, Failure) or perhaps
        return failure(step, billed=perhaps) if isinstance(step, Failure) else step

    async def work() -> None:
        stacks = [stack(Scripted(rule=rule, name=name), purse) for name in "AB"]
        tasks = [asyncio.create_task(one.transcribe(SECOND)) for one in stacks for _ in range(8)]
        await asyncio.wait(tasks, timeout=100.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(work())
    assert billed[0] <= 5.0
    assert purse.spent_brl == pytest.approx(billed[0])
