"""What the provider hears: a finished segment with the noise of the pauses turned down, or raw.

Stationary noise reduction of the `noisereduce` library (Sainburg and others 2020): a bin of the spectrogram that does
not stand out of the noise profile is turned down by `strength`. A segment is reduced with real sound on both sides and
on the library's own frame grid, so that it equals the same stretch of the whole recording reduced at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from balto_cli.audio.pcm import Pcm

CONTEXT_SAMPLES = 1792
"""Real sound wanted on both sides; a frame of 1024 and three frames of mask smoothing reach no further."""
GRID_SAMPLES = 256
"""Distance of the library's frames; sound handed over begins on a multiple of it."""
MIN_NOISE_SAMPLES = SAMPLE_RATE_HZ // 2
"""A profile of less than half a second is a guess; the sound stays raw."""

PIECE_SAMPLES = 500 * GRID_SAMPLES
"""8 s. Longer sound is reduced in pieces, each with its context: the library wants 7 MB for every second at once."""

_FULL_SCALE = np.float32(32768)


def context_start(start: int) -> int:
    """Where the sound handed to `reduce_noise` begins for a segment that begins at `start`."""
    return max(0, (start - CONTEXT_SAMPLES) // GRID_SAMPLES * GRID_SAMPLES)


def reduce_noise(sound: Pcm, noise: Pcm, strength: float) -> Pcm:
    """Turn the noise in `sound` down by `strength` (0 to 1); both raw PCM, the result as long as `sound`.

    With strength 0, or with too little `noise` for a profile, the sound comes back as it is.
    """
    if strength == 0 or len(noise) < MIN_NOISE_SAMPLES:
        return sound
    profile = noise.astype(np.float32) / _FULL_SCALE
    pieces = [_reduce_piece(sound, start, profile, strength) for start in range(0, len(sound), PIECE_SAMPLES)]
    return np.concatenate(pieces) if pieces else sound


def _reduce_piece(sound: Pcm, start: int, profile: NDArray[np.float32], strength: float) -> Pcm:
    import noisereduce

    first = context_start(start)
    end = min(start + PIECE_SAMPLES, len(sound))
    # The library casts to the type it was given and takes int16 thresholds for full scale: floats in, floats out.
    reduced = noisereduce.reduce_noise(
        y=sound[first : end + CONTEXT_SAMPLES].astype(np.float32) / _FULL_SCALE,
        sr=SAMPLE_RATE_HZ,
        y_noise=profile,
        stationary=True,
        prop_decrease=strength,
        chunk_size=None,
    )
    own = reduced[start - first : end - first]
    samples: Pcm = np.clip(np.rint(own * _FULL_SCALE), -32768, 32767).astype(np.int16)
    return samples
