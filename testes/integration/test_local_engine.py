"""The real engine, with real weights, on a recording that ships: deterministic, off the event loop, loaded once."""

from __future__ import annotations

import asyncio
import json
import os
import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from balto_cli.audio.pcm import pcm_from_bytes
from balto_cli.settings import cache_folder
from balto_cli.stt import local
from balto_cli.stt.local import LocalWhisper
from balto_cli.stt.weights import locate_weights

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.stt.base import Transcript

RECORDING = Path(__file__).parents[1] / "1_input" / "balcao-02_20261103094037.wav"


@pytest.fixture(scope="module")
def engine() -> LocalWhisper:
    """One engine for the module, from the weights that the user's cache has or gets."""
    choice = os.environ.get("BALTO_WHISPER") or None
    return LocalWhisper(locate_weights(choice, cache_dir=cache_folder(), say=print))


@pytest.fixture(scope="module")
def audio() -> Pcm:
    with wave.open(str(RECORDING)) as recording:
        assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (16_000, 1, 2)
        # One window of the model: what is longer costs a second one, and shows nothing more here.
        return pcm_from_bytes(recording.readframes(29 * 16_000))


def heard(transcript: Transcript) -> tuple[object, ...]:
    """All of a transcript but how long it took."""
    return (transcript.text, transcript.words, transcript.raw)


async def test_two_calls_at_once_load_once_and_answer_the_same_while_the_loop_goes_on(
    engine: LocalWhisper, audio: Pcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[str] = []
    load = local._load
    monkeypatch.setattr(local, "_load", lambda weights: (loads.append(weights.model), load(weights))[1])
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0.02)

    ticking = asyncio.create_task(tick())
    first, second = await asyncio.gather(engine.transcribe(audio), engine.transcribe(audio))
    ticking.cancel()

    assert len(loads) == 1
    assert heard(first) == heard(second)
    # Importing the engine holds the interpreter now and then; each hearing is near half of all the time.
    assert max(np.diff(ticks)) < 0.25 * (ticks[-1] - ticks[0])
    assert len(ticks) > 20

    duration_s = audio.size / 16_000
    assert len(first.words) > 50
    assert " ".join(word.text for word in first.words) == first.text
    for word in first.words:
        assert 0.0 <= word.start_s <= word.end_s <= duration_s
        assert word.confidence is not None
        assert 0.0 <= word.confidence <= 1.0
    assert "comprimidos" in first.text.lower()
    assert json.loads(json.dumps(first.raw)) == first.raw


async def test_what_was_heard_before_does_not_change_what_is_heard_next(engine: LocalWhisper, audio: Pcm) -> None:
    part = audio[: 6 * 16_000]
    alone = await engine.transcribe(part)
    await engine.transcribe(audio[10 * 16_000 : 14 * 16_000])
    assert heard(await engine.transcribe(part)) == heard(alone)


@pytest.mark.parametrize("level", [0.0, 33.0, 330.0])
async def test_noise_without_speech_has_no_words(level: float, engine: LocalWhisper) -> None:
    noise = np.random.default_rng(0).normal(0.0, level, 3 * 16_000).astype(np.int16)
    assert (await engine.transcribe(noise)).text == ""
