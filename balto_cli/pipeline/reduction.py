"""What the provider hears: a finished segment raw, or with the noise of the pauses turned down.

The profile is the one that the pipeline keeps from the pauses, whoever does the sums: our own `spectral_gate`, the
`noisereduce` library's stationary mode (the same maths), or its non-stationary mode, which keeps a profile of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.pipeline import spectral_gate

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.detector import Floats
    from balto_cli.pipeline.spectral_gate import NoiseProfile

Engine: TypeAlias = Literal["balto", "noisereduce", "noisereduce-nao-estacionario"]

CONTEXT_SAMPLES = spectral_gate.CONTEXT_SAMPLES
"""Real sound wanted on both sides of a segment."""
PIECE_SAMPLES = 8 * SAMPLE_RATE_HZ
"""Longer sound is reduced in pieces, each with its context: a spectrogram of 20 s would take 10 MB."""

_FULL_SCALE = np.float32(32768)


def reduce_noise(
    sound: Pcm, *, first: int, start: int, stop: int, profile: NoiseProfile, strength: float, engine: Engine
) -> Pcm:
    """The stretch [start, stop) of the stream as the provider hears it.

    `sound` begins at sample `first` of the stream and holds `CONTEXT_SAMPLES` on both sides where there are any. With
    strength 0, or before any noise was heard, the stretch comes back as it is.
    """
    raw = sound[start - first : stop - first]
    if strength == 0 or not profile.ready:
        return raw.copy()
    floats = sound.astype(np.float32)
    floats /= _FULL_SCALE
    threshold_db = profile.threshold_db()
    pieces = []
    for begin in range(start, stop, PIECE_SAMPLES):
        end = min(begin + PIECE_SAMPLES, stop)
        if engine == "balto":
            piece = spectral_gate.reduce_noise(
                floats, first=first, start=begin, stop=end, threshold_db=threshold_db, strength=strength
            )
        else:
            piece = _by_noisereduce(floats, first, begin, end, threshold_db, strength, engine)
        pieces.append(piece)
    reduced = np.concatenate(pieces)
    reduced *= _FULL_SCALE
    np.rint(reduced, out=reduced)
    return np.clip(reduced, -32768, 32767, out=reduced).astype(np.int16)


def _by_noisereduce(
    sound: Floats, first: int, start: int, stop: int, threshold_db: Floats, strength: float, engine: Engine
) -> Floats:
    """The same stretch by the library, on its own frame grid: what it is given begins on a multiple of its hop."""
    from noisereduce.spectralgate import SpectralGateNonStationary, SpectralGateStationary

    hop = spectral_gate.HOP_SAMPLES
    origin = min(-(-max(first, start - CONTEXT_SAMPLES) // hop) * hop, start)
    piece = sound[origin - first : stop + CONTEXT_SAMPLES - first]
    common = {
        "y": piece, "sr": SAMPLE_RATE_HZ, "prop_decrease": strength, "chunk_size": None, "padding": 30_000,
        "n_fft": 1024, "win_length": None, "hop_length": None, "time_constant_s": 2.0,
        "freq_mask_smooth_hz": 500, "time_mask_smooth_ms": 50, "tmp_folder": None, "use_tqdm": False, "n_jobs": 1,
    }  # fmt: skip
    if engine == "noisereduce":
        gate = SpectralGateStationary(
            y_noise=piece, n_std_thresh_stationary=spectral_gate.THRESHOLD_SD, clip_noise_stationary=False, **common
        )
        gate.noise_thresh = threshold_db.astype(np.float64)
    else:
        gate = SpectralGateNonStationary(thresh_n_mult_nonstationary=2, sigmoid_slope_nonstationary=10, **common)
    reduced: Floats = np.asarray(gate.get_traces(), np.float32)[start - origin : stop - origin]
    return reduced
