"""Every kind of provider behind the one interface, for the contract that all of them keep."""

from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import Pcm, pcm_from_bytes
from balto_cli.audio.recording import Recording
from balto_cli.settings import Settings, cache_folder
from balto_cli.stt.base import Transcriber
from balto_cli.stt.registry import REMOTE, build
from testes.doubles import FakeTranscriber
from testes.simulador import Simulator

GOOD_KEY = "good-key"
ORIGINAL = Path(__file__).parents[2] / "1_input" / "balcao-02_20261103094037.wav"
ALL = (*REMOTE, "local", "falso")


def settings_for(simulator: Simulator, key: str = GOOD_KEY) -> Settings:
    """As the environment would set them: every provider at its stand-in."""
    values: dict[str, Any] = {}
    for provider in REMOTE:
        values[f"{provider}_key"] = SecretStr(key)
        values[f"{provider}_base_url"] = simulator.url(provider)
    values["assemblyai_sync_base_url"] = simulator.url("assemblyai-sync")
    return Settings.model_construct(**values)


@asynccontextmanager
async def provider_at(
    simulator: Simulator, name: str, *, key: str = GOOD_KEY, speakers: bool = False
) -> AsyncIterator[Transcriber]:
    """One provider, closed afterwards."""
    if name == "falso":
        yield FakeTranscriber()
        return
    if name == "local":
        # Opening the weights takes seconds; nothing of this engine belongs to an event loop.
        yield _engine()
        return
    (provider,) = build(
        [name],
        settings=settings_for(simulator, key),
        cache_dir=cache_folder(),
        say=lambda line: None,
        speakers=speakers,
    )
    try:
        yield provider
    finally:
        await provider.aclose()


@functools.cache
def _engine() -> Transcriber:
    (engine,) = build(
        ["local"],
        settings=Settings.model_construct(whisper=os.environ.get("BALTO_WHISPER") or None),
        cache_dir=cache_folder(),
        say=lambda line: None,
    )
    return engine


def original() -> Recording:
    """A recording that ships, as a whole file."""
    return Recording(ORIGINAL, "wav", pcm_from_bytes(b"".join(Decoder(ORIGINAL))))


def segment(recording: Recording) -> Pcm:
    """A few seconds of it."""
    return recording.samples[: 4 * 16_000]
