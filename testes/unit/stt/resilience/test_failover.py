"""The next provider answers when one fails, and all their reasons are told when none does."""

from __future__ import annotations

import math

import pytest

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.base import Capabilities
from balto_cli.stt.resilience.failover import Failover
from balto_cli.stt.resilience.stack import live_stack
from testes.unit.stt.resilience.fakes import SECOND, Scripted, failure
from testes.virtual_time import run


@pytest.mark.parametrize("kind", list(Failure))
def test_whatever_the_failure_the_next_one_is_asked(kind: Failure) -> None:
    first, second, third = Scripted([kind], name="A"), Scripted(name="B"), Scripted(name="C")
    transcript = run(Failover([first, second, third]).transcribe(SECOND))
    assert (transcript.provider, transcript.attempts) == ("B", 2)
    assert third.began == []


def test_what_a_failed_one_may_have_cost_is_told() -> None:
    first = Scripted([failure(Failure.ANSWER, billed=True, cost_brl=0.5)])
    transcript = run(Failover([first, Scripted(name="B")]).transcribe(SECOND))
    assert transcript.lost_brl == 0.5


def test_the_preferred_one_alone_is_asked_while_it_answers() -> None:
    first, second = Scripted(name="A"), Scripted(name="B")
    assert run(Failover([first, second]).transcribe(SECOND)).provider == "A"
    assert second.began == []


def test_when_all_fail_one_sentence_names_each_with_its_reason() -> None:
    both = Failover([Scripted([Failure.KEY], name="A"), Scripted([Failure.SERVER], name="B")])
    with pytest.raises(ProviderError) as caught:
        run(both.transcribe(SECOND))
    assert str(caught.value) == "Nenhum provedor respondeu (A: falha: chave; B: falha: servidor)."
    assert caught.value.attempts == 2


def test_all_are_closed() -> None:
    providers = [Scripted(), Scripted()]
    run(Failover(providers).aclose())
    assert [provider.closed for provider in providers] == [1, 1]


def test_live_a_hanging_provider_costs_its_share_of_the_time_and_the_next_answers() -> None:
    hanging, good = Scripted([math.inf] * 99, name="A"), Scripted(name="B", takes_s=0.4)

    async def work() -> tuple[str, float]:
        import asyncio

        transcript = await live_stack([hanging, good]).transcribe(SECOND)
        return transcript.provider, asyncio.get_running_loop().time()

    provider, took_s = run(work())
    assert provider == "B"
    assert took_s <= 4.0


def test_live_all_end_within_five_seconds_and_the_audios_share() -> None:
    providers = [Scripted([math.inf] * 99, name=name, capabilities=Capabilities(4)) for name in "ABC"]

    async def work() -> float:
        import asyncio

        with pytest.raises(ProviderError) as caught:
            await live_stack(providers).transcribe(SECOND)
        assert caught.value.kind is Failure.TIMEOUT
        return asyncio.get_running_loop().time()

    assert run(work()) <= 5.2
