"""No key reaches what is kept, told or logged, whatever the provider echoes."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from balto_cli.errors import ProviderError
from balto_cli.settings import Access
from balto_cli.stt.http import HttpPool
from balto_cli.stt.registry import REMOTE, remote_class
from balto_cli.stt.resilience.cache import Cached
from balto_cli.stt.resilience.stack import offline_stack
from balto_cli.stt.response_store import ResponseStore
from testes.simulador import Simulator
from testes.unit.stt.resilience.fakes import sound
from testes.virtual_time import run

KEYS = ("good-key", "chave-segredo-9413")
NOW = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize("provider", REMOTE)
@pytest.mark.parametrize("fault", [None, "reset", "forma-errada", "500"])
def test_keys_are_in_no_store_error_trace_or_log(
    provider: str, fault: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    async def work() -> None:
        async with Simulator(texto="hash") as simulator:
            for number, key in enumerate(KEYS):
                if fault:
                    simulator.fail(provider, fault, times=99)
                access = Access(key=SecretStr(key), base_url=simulator.url(provider))
                stack = offline_stack(remote_class(provider)(access, pool=HttpPool()))
                cached = Cached(stack, ResponseStore(tmp_path), lambda: NOW, began_at=NOW)
                try:
                    told.append(repr(await cached.transcribe(sound(number + 1))))
                except ProviderError as error:
                    told.append("".join(traceback.format_exception(error)))
                told.append(repr(cached.identity))
                await cached.aclose()

    with caplog.at_level(logging.DEBUG):
        run(work())
    kept = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.json"))
    assert fault or kept
    for key in KEYS:
        assert key not in kept
        assert key not in "".join(told)
        assert key not in caplog.text
