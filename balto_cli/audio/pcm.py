"""The one form of sound inside Balto: PCM, 16 bits little-endian, 16 kHz, one channel."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
"""Samples a second of all PCM inside Balto."""

Pcm: TypeAlias = NDArray[np.int16]
"""Samples of one channel at `SAMPLE_RATE_HZ`, shape (n,)."""


def pcm_from_bytes(data: bytes | bytearray | memoryview) -> Pcm:
    """Read PCM16LE bytes (an even number of them) as samples, without copying."""
    return np.frombuffer(data, dtype="<i2").astype(np.int16, copy=False)


def pcm_to_bytes(samples: Pcm) -> bytes:
    """Write samples as PCM16LE bytes."""
    return samples.astype("<i2", copy=False).tobytes()
