"""Pauses of a stream on their way into the noise profile: kept until the profile is asked for, then learned together.

Spectra of eight blocks at once cost a third of eight times one, and of a long quiet only the last seconds count. Which
blocks are learned together depends on the stream alone, so the profile does too.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.spectral_gate import NoiseProfile

_BATCH_BLOCKS = 8
_MEMORIES = 4
"""Of what lies further back than this many times the profile's memory, less than 2 % would be left."""


class Pauses:
    """Blocks without speech, and the profile that learns from them."""

    def __init__(self, profile: NoiseProfile, memory_s: float, block_samples: int) -> None:
        self._profile = profile
        self._waiting: deque[Pcm] = deque(maxlen=math.ceil(_MEMORIES * memory_s * SAMPLE_RATE_HZ / block_samples))

    def add(self, block: Pcm) -> None:
        """Take a block that is pause."""
        self._waiting.append(block)

    def profile(self) -> NoiseProfile:
        """The profile, after all that waits."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH_BLOCKS, len(self._waiting)))]
            sound = np.stack(batch).astype(np.float32)
            sound *= np.float32(1 / 32768)
            self._profile.observe(sound)
        return self._profile

    def preview(self) -> NoiseProfile:
        """What `profile` would give now, without learning anything."""
        return copy.deepcopy(self).profile()
