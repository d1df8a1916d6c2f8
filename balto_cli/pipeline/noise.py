"""What the place sounds like when nobody speaks: the last seconds of pause sound, kept raw.

A hop is pause when it and its neighbours score below the keeping threshold; so neither soft word endings nor the noise
of a segment's own speech get in, and a new noise takes the window over as soon as the detector knows it for one.
Digital silence is not the sound of a place and is left out.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.blocks import RawSound

GUARD_HOPS = 3
"""Hops without speech that a pause hop has on either side."""

SILENCE_POWER = 1e-9
"""-90 dB of full scale. Under it lies digital silence, dithered or not: a muted input."""

LOWEST_SNR_DB = -10.0
"""Where speech can no longer be told from noise."""


class NoiseProfile:
    """Ring of the latest pause sound, `window_s` long, with its power."""

    def __init__(self, window_s: float, hop_samples: int) -> None:
        self._hop = hop_samples
        hops = max(1, round(window_s * SAMPLE_RATE_HZ / hop_samples))
        self._sound: deque[Pcm] = deque(maxlen=hops)
        self._powers: deque[float] = deque(maxlen=hops)
        self._recent_powers: deque[float] = deque(maxlen=GUARD_HOPS + 1)
        self._position = 0
        self._quiet_hops = 0

    def observe(self, *, speech: bool, power: float, raw: RawSound) -> None:
        """Take the next hop's verdict; keep the hop `GUARD_HOPS` back if it is pause on both sides."""
        self._position += self._hop
        self._recent_powers.append(power)
        self._quiet_hops = 0 if speech else self._quiet_hops + 1
        if self._quiet_hops > 2 * GUARD_HOPS and self._recent_powers[0] > SILENCE_POWER:
            end = self._position - GUARD_HOPS * self._hop
            self._sound.append(raw.read(end - self._hop, end))
            self._powers.append(self._recent_powers[0])

    @property
    def needed_from(self) -> int:
        """The oldest sample of raw sound that a later hop can still make known as pause."""
        return max(0, self._position - GUARD_HOPS * self._hop)

    @property
    def sound(self) -> Pcm:
        """The pause sound held, the oldest first, shape (n,); empty if none was heard."""
        return np.concatenate(self._sound) if self._sound else np.zeros(0, dtype=np.int16)

    def snr_db(self, speech_power: float) -> float | None:
        """Speech over noise in dB for hops of `speech_power` that hold both; None if no noise was heard.

        (speech + noise − noise) / noise, at least `LOWEST_SNR_DB`, where speech can no longer be told from noise.
        """
        noise_power = sum(self._powers) / len(self._powers) if self._powers else 0.0
        if noise_power <= 0.0:
            return None
        ratio = max(speech_power / noise_power - 1.0, 10 ** (LOWEST_SNR_DB / 10))
        return 10 * float(np.log10(ratio))
