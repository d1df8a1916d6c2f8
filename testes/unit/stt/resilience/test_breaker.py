"""When a provider is left alone, what callers then hear, and how it comes back."""

from __future__ import annotations

import asyncio
import math
from random import Random

import pytest

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.resilience.breaker import OUTAGE, Breaker
from balto_cli.stt.resilience.deadline import Deadline
from testes.unit.stt.resilience.fakes import SECOND, Scripted, Step
from testes.virtual_time import run


def breaker(provider: Scripted, *, open_after: int = 3, patience_s: float = 100.0) -> Breaker:
    return Breaker(
        provider, open_after=open_after, rest_s=5.0, longest_rest_s=40.0, patience_s=patience_s, refused_rest_s=math.inf
    )


async def outcomes(provider: Breaker | Deadline, times: int) -> list[str]:
    """The kind of each failure, or the text, one call after the other."""
    found = []
    for _ in range(times):
        try:
            found.append((await provider.transcribe(SECOND)).text)
        except ProviderError as error:
            found.append(str(error.kind))
    return found


@pytest.mark.parametrize("kind", sorted(OUTAGE))
def test_failures_in_a_row_open_it_and_calls_wait_for_the_probe(kind: Failure) -> None:
    provider = Scripted([kind] * 3)
    assert run(outcomes(breaker(provider), 4)) == [kind] * 3 + ["tem sim"]
    assert provider.began == [0.0, 0.0, 0.0, 5.0]


def test_an_answer_between_failures_begins_the_count_anew() -> None:
    provider = Scripted([Failure.SERVER, Failure.SERVER, None] * 5)
    run(outcomes(breaker(provider), 15))
    assert provider.began == [0.0] * 15


@pytest.mark.parametrize("kind", [Failure.RATE, Failure.AUDIO, Failure.REQUEST, Failure.ANSWER])
def test_a_failure_that_shows_that_somebody_is_there_does_not_open_it(kind: Failure) -> None:
    provider = Scripted([kind] * 20)
    assert run(outcomes(breaker(provider), 20)) == [kind] * 20
    assert provider.began == [0.0] * 20


def test_each_failed_probe_doubles_the_rest_up_to_the_longest() -> None:
    provider = Scripted([Failure.SERVER] * 9)
    run(outcomes(breaker(provider, patience_s=math.inf), 9))
    assert [round(after - before) for before, after in zip(provider.began, provider.began[1:], strict=False)] == [
        0, 0, 5, 10, 20, 40, 40, 40,
    ]  # fmt: skip


def test_one_call_alone_probes_and_the_others_follow_its_answer() -> None:
    provider = Scripted([Failure.SERVER] * 3 + [2.0])
    stack = breaker(provider)

    async def work() -> list[str]:
        await outcomes(stack, 3)
        return [text for texts in await asyncio.gather(*(outcomes(stack, 1) for _ in range(10))) for text in texts]

    assert run(work()) == ["tem sim"] * 10
    assert provider.began[3:] == [5.0] + [7.0] * 9


def test_a_probe_that_is_cancelled_lets_another_call_probe() -> None:
    provider = Scripted([Failure.SERVER] * 3 + [math.inf])
    stack = breaker(provider)

    async def work() -> str:
        await outcomes(stack, 3)
        probe = asyncio.create_task(stack.transcribe(SECOND))
        other = asyncio.create_task(stack.transcribe(SECOND))
        await asyncio.sleep(20)
        probe.cancel()
        return (await other).text

    assert run(work()) == "tem sim"
    assert provider.began[3:] == [5.0, 20.0]


def test_a_probe_that_was_not_sent_says_nothing_of_the_provider() -> None:
    provider = Scripted([Failure.SERVER] * 3 + [Failure.BUDGET])
    assert run(outcomes(breaker(provider), 5))[3:] == ["orçamento", "tem sim"]


def test_where_the_deadline_comes_first_it_fails_at_once_and_says_so() -> None:
    provider = Scripted([Failure.SERVER] * 3)
    stack = Deadline(breaker(provider), base_s=4.0, per_audio_s=0.0)

    async def work() -> float:
        assert (await outcomes(stack, 4))[3] == "pausa"
        return asyncio.get_running_loop().time()

    assert run(work()) == 0.0


def test_an_outage_that_lasts_is_waited_for_by_nobody() -> None:
    """500 calls at a dead provider end in the patience and some probes, not in 500 deadlines."""
    provider = Scripted(rule=lambda audio, number: Failure.SERVER)
    stack = breaker(provider, patience_s=100.0)

    async def work() -> float:
        await outcomes(stack, 500)
        return asyncio.get_running_loop().time()

    assert run(work()) < 150.0
    assert len(provider.began) < 12


def test_a_person_is_told_once_that_an_outage_is_waited_for_and_when_it_is_over() -> None:
    told: list[str] = []
    stack = Breaker(
        Scripted([Failure.NETWORK] * 5),
        open_after=3,
        rest_s=5.0,
        longest_rest_s=40.0,
        patience_s=120.0,
        refused_rest_s=math.inf,
        tell=told.append,
    )
    run(outcomes(stack, 7))
    waiting, over = told
    assert waiting.endswith("Espero por Roteiro até 2 min.")
    assert over == "Roteiro voltou a responder."


def test_who_is_not_asked_any_more_hears_what_went_wrong_last() -> None:
    stack = breaker(Scripted(rule=lambda audio, number: Failure.NETWORK), patience_s=1.0)

    async def work() -> str:
        await outcomes(stack, 4)
        with pytest.raises(ProviderError) as caught:
            await stack.transcribe(SECOND)
        return str(caught.value)

    first = run(_message(breaker(Scripted([Failure.NETWORK]))))
    assert run(work()).endswith(f"parou de responder e não foi chamado de novo. {first}")


async def _message(stack: Breaker) -> str:
    with pytest.raises(ProviderError) as caught:
        await stack.transcribe(SECOND)
    return str(caught.value)


@pytest.mark.parametrize("kind", [Failure.KEY, Failure.QUOTA])
def test_a_refused_account_is_asked_once_and_all_hear_why(kind: Failure) -> None:
    provider = Scripted([kind])
    stack = breaker(provider)

    async def work() -> list[ProviderError]:
        found = []
        for _ in range(5):
            with pytest.raises(ProviderError) as caught:
                await stack.transcribe(SECOND)
            found.append(caught.value)
        return found

    errors = run(work())
    assert [error.kind for error in errors] == [kind] * 5
    assert {str(error) for error in errors} == {f"falha: {kind}"}
    assert [error.attempts for error in errors] == [1, 0, 0, 0, 0]
    assert len(provider.began) == 1


def test_one_fault_in_ten_at_random_does_not_open_it() -> None:
    dice = Random(7)

    def rule(audio: object, number: int) -> Step:
        return dice.choice(sorted(OUTAGE)) if dice.random() < 0.1 else None

    provider = Scripted(rule=rule)
    run(outcomes(breaker(provider, open_after=8), 5_000))
    assert provider.began == [0.0] * 5_000
