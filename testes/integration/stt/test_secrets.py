"""No key leaves through a log, an error, a traceback, a repr or a kept answer, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from collections.abc import AsyncIterator

import pytest

from balto_cli.errors import ProviderError
from balto_cli.stt import assemblyai, gladia, jobs, openai_compatible, remote
from balto_cli.stt.http import Timeouts
from balto_cli.stt.registry import REMOTE
from testes.integration.stt.providers import original, provider_at, segment, settings_for
from testes.simulador import Simulator
from testes.simulador.faults import KINDS

KEY = "sk-segredo-123"


@pytest.fixture
async def simulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulator]:
    short = Timeouts(connect_s=1.0, write_s=1.0, read_s=1.0, total_s=2.0)
    for module in (remote, openai_compatible):
        monkeypatch.setattr(module, "timeouts_for", lambda duration_s, upload_bytes: short)
    for module in (jobs, assemblyai, gladia):
        monkeypatch.setattr(module, "SHORT_CALL", short)
    # The stand-ins take this key, so that every fault behind the door is met, too.
    monkeypatch.setattr("testes.simulador.exchange.GOOD_KEY", KEY)
    async with Simulator(texto="hash", lento_s=0.2) as running:
        yield running


def everything_about(error: BaseException) -> str:
    """The error as logs, debuggers and process pools show it, with all that is chained to it."""
    said = [str(error), repr(error), "".join(traceback.format_exception(error)), repr(vars(error))]
    said.append(pickle.dumps(error.args).decode("latin-1"))
    said += [everything_about(link) for link in (error.__cause__, error.__context__) if link is not None]
    return "\n".join(said)


@pytest.mark.parametrize("name", REMOTE)
async def test_no_fault_shows_the_key(name: str, simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    recording = original()
    said: list[str] = []
    for key in (KEY, f"{KEY}-errada"):
        async with provider_at(simulator, name, key=key) as provider:
            said.append(f"{provider!r} {vars(provider)} {provider.identity}")
            for fault in (None, *KINDS):
                for audio in (segment(recording), recording):
                    simulator.reset()
                    if fault:
                        simulator.fail(name, fault)
                    try:
                        transcript = await provider.transcribe(audio, terms=["dipirona"])
                    except ProviderError as error:
                        said.append(everything_about(error))
                    else:
                        said.append(repr(transcript) + json.dumps(transcript.raw))
    said += [record.getMessage() + repr(vars(record)) for record in caplog.records]
    assert len(said) > 40
    assert not [line for line in said if KEY in line or "segredo" in line]


@pytest.mark.parametrize("name", REMOTE)
async def test_no_failure_repeats_what_was_said(name: str, simulator: Simulator) -> None:
    recording = original()
    async with provider_at(simulator, name, key=KEY) as provider:
        text = (await provider.transcribe(segment(recording))).text
        for fault in ("json-truncado", "forma-errada", "reset"):
            simulator.fail(name, fault, times=9)
            with pytest.raises(ProviderError) as caught:
                await provider.transcribe(segment(recording))
            simulator.reset()
            assert not [word for word in text.split() if len(word) > 4 and word in everything_about(caught.value)]


async def test_the_settings_and_a_cancelled_call_do_not_show_it(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_for(simulator, KEY)
    assert KEY not in f"{settings!r} {settings} {settings.access('openai')!r}"
    for name in REMOTE:
        simulator.fail(name, "trava")
        async with provider_at(simulator, name, key=KEY) as provider:
            call = asyncio.create_task(provider.transcribe(segment(original())))
            await asyncio.sleep(0.2)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
            assert KEY not in everything_about(caught.value)
    assert KEY not in caplog.text
