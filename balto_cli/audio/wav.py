"""Writes WAV, PCM16 16 kHz mono."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm


_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEADER_BYTES = _HEADER.size
_MOST_BYTES = 0xFFFFFFFE - HEADER_BYTES


def wav_header(data_bytes: int) -> bytes:
    """What stands before so many bytes of sound (RIFF WAVE, format 1).

    Past 4 GiB, 37 hours, its sizes stay at the most that it can say.
    """
    size, rate = min(data_bytes, _MOST_BYTES), SAMPLE_RATE_HZ
    return _HEADER.pack(
        b"RIFF", size + HEADER_BYTES - 8, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size
    )


def write_wav(path: Path, samples: Pcm) -> None:
    """Write samples to `path`, replacing what is there. Raises OSError."""
    data = pcm_to_bytes(samples)
    with path.open("wb") as file:
        file.write(wav_header(len(data)))
        file.write(data)
