"""What is asked again, how often, after which wait, and what it cost."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.errors import RETRYABLE, Failure, ProviderError
from balto_cli.stt.resilience.effort import Metered, new_effort
from balto_cli.stt.resilience.retry import Retry
from testes.unit.stt.resilience.fakes import SECOND, Scripted, failure
from testes.virtual_time import run

NEVER = sorted(set(Failure) - RETRYABLE)


def retry(provider: Scripted, *, tries: int = 4, rate_tries: int = 8, seed: int = 1) -> Retry:
    return Retry(
        Metered(provider, reais_per_dollar=1.0),
        tries=tries, rate_tries=rate_tries, first_wait_s=1.0, longest_wait_s=10.0, random=Random(seed),
    )  # fmt: skip


@pytest.mark.parametrize("kind", sorted(RETRYABLE))
def test_what_may_pass_is_asked_again_and_the_attempts_are_told(kind: Failure) -> None:
    provider = Scripted([kind, kind])
    transcript = run(retry(provider).transcribe(SECOND))
    assert (transcript.text, transcript.attempts, transcript.lost_brl) == ("tem sim", 3, 0.0)


@pytest.mark.parametrize("kind", NEVER)
def test_what_does_not_pass_is_asked_once(kind: Failure) -> None:
    provider = Scripted([kind] * 9)
    with pytest.raises(ProviderError) as caught:
        run(retry(provider).transcribe(SECOND))
    assert (caught.value.kind, caught.value.attempts, len(provider.began)) == (kind, 1, 1)


def test_it_gives_up_after_its_tries_with_the_last_reason() -> None:
    provider = Scripted([Failure.SERVER, Failure.NETWORK, Failure.SERVER, Failure.NETWORK, Failure.SERVER])
    with pytest.raises(ProviderError) as caught:
        run(retry(provider).transcribe(SECOND))
    assert (caught.value.kind, caught.value.attempts, len(provider.began)) == (Failure.NETWORK, 4, 4)


def test_too_many_requests_alone_get_more_tries_than_a_mixture() -> None:
    provider = Scripted([Failure.RATE] * 7)
    assert run(retry(provider).transcribe(SECOND)).attempts == 8
    mixed = Scripted([Failure.RATE] * 3 + [Failure.SERVER] * 9)
    with pytest.raises(ProviderError):
        run(retry(mixed).transcribe(SECOND))
    assert len(mixed.began) == 4


def test_a_try_that_is_perhaps_billed_is_followed_by_one_other_and_its_cost_is_told() -> None:
    billed = failure(Failure.TIMEOUT, billed=True)
    transcript = run(retry(Scripted([billed])).transcribe(SECOND))
    assert (transcript.attempts, transcript.cost_brl, transcript.lost_brl) == (2, 1.0, 1.0)
    with pytest.raises(ProviderError) as caught:
        run(retry(Scripted([billed] * 9)).transcribe(SECOND))
    assert (caught.value.attempts, caught.value.cost_brl, caught.value.perhaps_billed) == (2, 2.0, True)


@given(st.lists(st.sampled_from([None, *RETRYABLE]), max_size=12), st.data())
def test_whatever_fails_at_most_two_tries_are_perhaps_billed(kinds: list[Failure | None], data: st.DataObject) -> None:
    script = [kind and failure(kind, billed=data.draw(st.booleans())) for kind in kinds]
    provider = Scripted(script)
    try:
        transcript = run(retry(provider).transcribe(SECOND))
        told = transcript.attempts, transcript.lost_brl
    except ProviderError as error:
        told = error.attempts, error.cost_brl
    made = script[: len(provider.began)]
    billed = sum(step is not None and step.perhaps_billed for step in made)
    assert billed <= 2
    assert told == (len(provider.began), float(billed))


def test_the_wait_is_at_least_what_the_provider_asked_for() -> None:
    provider = Scripted([failure(Failure.RATE, retry_after_s=7.0)])
    run(retry(provider).transcribe(SECOND))
    assert 7.0 <= provider.began[1] <= 8.0


def test_nobody_waits_for_a_time_after_the_deadline() -> None:
    provider = Scripted([failure(Failure.RATE, retry_after_s=60.0)])

    async def work() -> float:
        with new_effort(30.0), pytest.raises(ProviderError) as caught:
            await retry(provider).transcribe(SECOND)
        assert caught.value.kind is Failure.RATE
        return asyncio.get_running_loop().time()

    assert run(work()) == 0.0


def test_waits_are_spread_over_all_of_a_ceiling_that_doubles() -> None:
    waits: list[list[float]] = [[], [], []]
    for seed in range(300):
        provider = Scripted([Failure.SERVER] * 3)
        run(retry(provider, seed=seed).transcribe(SECOND))
        for place in range(3):
            waits[place].append(provider.began[place + 1] - provider.began[place])
    for place, ceiling_s in enumerate((1.0, 2.0, 4.0)):
        assert max(waits[place]) <= ceiling_s
        assert abs(sum(waits[place]) / 300 - ceiling_s / 2) < 0.1 * ceiling_s


def test_the_same_seed_waits_the_same() -> None:
    began = []
    for _ in range(2):
        provider = Scripted([Failure.SERVER] * 3)
        run(retry(provider, seed=5).transcribe(SECOND))
        began.append(provider.began)
    assert began[0] == began[1]


def test_a_call_that_is_cancelled_between_two_tries_tries_no_more() -> None:
    provider = Scripted([failure(Failure.RATE, retry_after_s=50.0)])

    async def work() -> None:
        task = asyncio.create_task(retry(provider).transcribe(SECOND))
        await asyncio.sleep(10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(100)

    run(work())
    assert len(provider.began) == 1
