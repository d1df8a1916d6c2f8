from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.expecting import Expecting, expecting_medicines
from balto_cli.stt.resilience.budget import Purse
from balto_cli.stt.resilience.stack import offline_stack
from testes.unit.stt.resilience.fakes import Scripted

HOUR = np.zeros(16_000 * 3600, np.int16)


def taking(keyterms: int) -> Scripted:
    provider = Scripted()
    provider.capabilities = replace(provider.capabilities, keyterms=keyterms, keyterms_usd_per_hour=100.0)
    return provider


def test_a_provider_that_takes_no_terms_is_left_as_it_is() -> None:
    provider = taking(0)
    assert expecting_medicines(provider) is provider


def test_it_gets_as_many_names_as_it_takes_and_other_names_are_another_answer() -> None:
    few, many = (expecting_medicines(taking(count)) for count in (3, 50))
    assert few.identity != many.identity != taking(3).identity
    assert few.identity == expecting_medicines(taking(3)).identity


async def test_the_budget_knows_what_terms_cost() -> None:
    provider = Expecting(taking(3), ["Dipirona"])
    assert provider.capabilities.usd_per_hour == 3700.0
    with pytest.raises(ProviderError) as caught:
        await offline_stack(provider, purse=Purse(3699.0), reais_per_dollar=1.0).transcribe(HOUR)
    assert caught.value.kind is Failure.BUDGET
    await offline_stack(provider, purse=Purse(3700.0), reais_per_dollar=1.0).transcribe(HOUR)
