"""One server for all tests of a module, in a thread: the SDKs are not asynchronous."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testes.simulador import Simulator
from testes.simulador.options import DEFAULT_REFERENCES
from testes.simulador.references import load_references
from testes.simulador.sdks import close_clients
from testes.simulador.threaded import in_thread


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    load_references(DEFAULT_REFERENCES).prepare()
    with in_thread(lento_s=0.4, consultas=1) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def simulator(server: Simulator) -> Iterator[Simulator]:
    server.reset()
    yield server
    close_clients()
