"""`balto ouvir` without a file: a stand-in for the `sounddevice` package, a real server, Ctrl-C at the end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from balto_cli.errors import UsageError
from balto_cli.live_client import converse
from balto_cli.live_sound import microphone
from testes.doubles import words_of
from testes.live import LEVE, offline, pcm_of, running
from testes.shared import require_shared


class PortAudioError(Exception):
    """As the package raises it."""


def sounddevice(sound: bytes, *, at_end: Callable[[], None], overflows: bool = False) -> ModuleType:
    """The package with a microphone that hears `sound`, faster than it was said."""

    class RawInputStream:
        def __init__(self, **options: Any) -> None:
            assert options["samplerate"] == 16_000
            assert (options["channels"], options["dtype"]) == (1, "int16")
            self._options = options
            self._thread = threading.Thread(target=self._run)

        def start(self) -> None:
            self._thread.start()

        def close(self) -> None:
            self._thread.join()

        def _run(self) -> None:
            step = 2 * self._options["blocksize"]
            for start in range(0, len(sound), step):
                chunk = memoryview(sound)[start : start + step]
                status = SimpleNamespace(input_overflow=overflows)
                self._options["callback"](chunk, len(chunk) // 2, None, status)
            at_end()

    module = ModuleType("sounddevice")
    module.RawInputStream = RawInputStream  # type: ignore[attr-defined]
    module.PortAudioError = PortAudioError  # type: ignore[attr-defined]
    return module


async def test_what_is_said_until_ctrl_c_is_heard_to_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of speech: what is open is cut, transcribed and told before the end."""
    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[: 16_000 * 2 * 14]
    expected = offline(pcm, LEVE)
    assert expected[-1].cut == "fim"
    interrupt = sounddevice(pcm, at_end=lambda: os.kill(os.getpid(), signal.SIGINT), overflows=True)
    monkeypatch.setitem(sys.modules, "sounddevice", interrupt)
    before = signal.getsignal(signal.SIGINT)
    events: list[dict[str, Any]] = []
    said: list[str] = []
    async with running(tmp_path) as server:
        await converse(server.server.address, server.key, microphone(said.append), events.append)
    texts = [event["texto"] for event in events if event["comando"] == "transcricao"]
    assert texts == [words_of(segment.samples) for segment in expected]
    assert len([line for line in said if "se perdeu" in line]) == 1
    assert "Ctrl-C encerra" in said[0]
    assert signal.getsignal(signal.SIGINT) is before


def broken(_: Any = None, **__: Any) -> Any:
    raise PortAudioError("Error querying device -1")


async def first_chunk() -> bytes:
    return await anext(microphone(lambda _: None))


async def test_a_missing_package_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(UsageError, match=r'pip install -e "\.\[mic\]"'):
        await first_chunk()


async def test_a_missing_device_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sounddevice(b"", at_end=lambda: None)
    module.RawInputStream = broken  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    with pytest.raises(UsageError, match="Nenhum microfone"):
        await first_chunk()
