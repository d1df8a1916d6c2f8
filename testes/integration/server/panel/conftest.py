"""One server a module, behind a proxy that is believed, so that each test comes from an address of its own."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from testes.live import pcm_of
from testes.painel import PanelRunning, running_panel

INPUT = Path(__file__).parents[3] / "1_input"
_ADDRESSES = (f"203.0.113.{number}" for number in itertools.count(1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def panel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PanelRunning]:
    async with running_panel(tmp_path_factory.mktemp("painel"), proxies=(ip_network("127.0.0.1"),)) as running:
        yield running


@pytest.fixture
def outside() -> dict[str, str]:
    """Headers of a call from an address that no other test has."""
    return {"X-Forwarded-For": next(_ADDRESSES)}


@pytest.fixture
def own(panel: PanelRunning, outside: dict[str, str]) -> dict[str, Any]:
    """Options of a form sent by our own page, from there."""
    return {"headers": {**outside, "Origin": panel.address}}


@pytest.fixture(scope="session")
def balcao_pcm() -> bytes:
    """Some seconds of a dialogue at a counter."""
    return pcm_of(INPUT / "balcao-02_20261103094037.wav")[: 32_000 * 12]
