"""How far the voice of a segment stands above the noise of its pauses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.pipeline.spectral_gate import FRAME_SAMPLES, NoiseProfile, band_power

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm

LOW_HZ, HIGH_HZ = 100, 7000
LOWEST_SNR_DB = -10.0
"""Where speech can no longer be told from noise."""


def snr_db(speech: Pcm, noise: NoiseProfile) -> float | None:
    """Speech over noise in dB between 100 Hz and 7 kHz; None before any noise was heard.

    `speech` is raw sound that holds voice and noise: (speech + noise - noise) / noise, at least `LOWEST_SNR_DB`.
    """
    noise_power = noise.mean_power(LOW_HZ, HIGH_HZ)
    if noise_power <= 0.0:
        return None
    floats = np.zeros(max(len(speech), FRAME_SAMPLES), np.float32)
    floats[: len(speech)] = speech
    floats /= np.float32(32768)
    ratio = band_power(floats, LOW_HZ, HIGH_HZ) / noise_power - 1.0
    return 10 * math.log10(max(ratio, 10 ** (LOWEST_SNR_DB / 10)))
