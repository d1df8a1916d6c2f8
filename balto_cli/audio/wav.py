"""Writes and reads WAV, PCM16 16 kHz mono."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm


def write_wav(path: Path, samples: Pcm) -> None:
    """Write samples to `path`, replacing what is there. Raises OSError."""
    with path.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm_to_bytes(samples))
