"""Where speech begins and ends, to 10 ms, where the noise lets one see it.

A net's window is 32 ms and its scores drift by a window or two with a codec or a telephone line. Where the level at
either edge of a segment falls far below the voice before it reaches the noise, the level itself says when; elsewhere
the detector's word stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.detector import Floats

FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
"""10 ms: the grid of all cuts."""
BAND_HZ = (150, 3400)
"""What a telephone carries, so that a call is cut like the same voice in the room."""
BELOW_VOICE_DB = 30.0
"""Speech begins and ends at this far below the voice's loud level (95th percentile)."""
CLEAR_DB = 8.0
"""The noise must lie this far below that level, else it is not seen."""
LOOK_IN_SAMPLES = round(0.35 * SAMPLE_RATE_HZ)
"""How far inside the detector's speech an edge may lie."""

_FEWEST_FRAMES = 3
"""Speech shorter than this has no loud level to speak of."""
_LOUD_STEP, _LOUD_QUANTILE = 8, 0.95
"""The loud level is read from every fourth frame of the voice; only its ends are looked at frame by frame."""
_WINDOW_SAMPLES = 2 * FRAME_SAMPLES
_BINS = slice(
    round(BAND_HZ[0] * _WINDOW_SAMPLES / SAMPLE_RATE_HZ), round(BAND_HZ[1] * _WINDOW_SAMPLES / SAMPLE_RATE_HZ) + 1
)
_HANN = np.hanning(_WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Edges:
    """Samples of the stream between which the level says that speech lies; None where the noise hides it."""

    start: int | None
    end: int | None


def find_edges(sound: Pcm, first: int, speech_start: int, speech_end: int) -> Edges:
    """Look for the edges of speech that the detector heard from `speech_start` to `speech_end`.

    `sound` begins at sample `first` of the stream, on the 10 ms grid, and reaches beyond both edges.
    """
    # Speech may begin before the sound does: in the tail of the segment before.
    begin, stop = max(0, speech_start - first) // FRAME_SAMPLES, -(-(speech_end - first) // FRAME_SAMPLES)
    if min(stop, len(sound) // FRAME_SAMPLES) - begin < _FEWEST_FRAMES:
        return Edges(None, None)
    windows = _windows(sound)
    look_in = LOOK_IN_SAMPLES // FRAME_SAMPLES
    loud = _levels(windows[begin:stop:_LOUD_STEP])
    threshold = float(np.quantile(loud, _LOUD_QUANTILE, method="lower")) / 10 ** (BELOW_VOICE_DB / 10)
    noise_below = threshold / 10 ** (CLEAR_DB / 10)
    start = _first_above(_levels(windows[: begin + look_in]), threshold, noise_below)
    end = _first_above(_levels(windows[max(0, stop - look_in) :])[::-1], threshold, noise_below)
    return Edges(
        None if start is None else first + start * FRAME_SAMPLES,
        None if end is None else first + (len(windows) - end) * FRAME_SAMPLES,
    )


def _windows(sound: Pcm) -> Floats:
    """A window of 20 ms around each 10 ms frame, as a view, shape (frames, 320)."""
    padded = np.zeros(len(sound) // FRAME_SAMPLES * FRAME_SAMPLES + FRAME_SAMPLES, np.float32)
    padded[FRAME_SAMPLES // 2 : FRAME_SAMPLES // 2 + len(sound)] = sound[: len(padded) - FRAME_SAMPLES // 2]
    windows: Floats = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW_SAMPLES)[::FRAME_SAMPLES]
    return windows


def _levels(windows: Floats) -> Floats:
    """Power of each window in `BAND_HZ`, shape (frames,)."""
    spectra = np.fft.rfft(windows * _HANN)[:, _BINS]
    levels: Floats = (np.square(spectra.real) + np.square(spectra.imag)).sum(axis=1).astype(np.float32)
    return levels


def _first_above(levels: Floats, threshold: float, noise_below: float) -> int | None:
    """First frame that reaches the threshold after one that is clearly noise; None where the noise is too loud."""
    quiet = np.flatnonzero(levels < noise_below)
    above = np.flatnonzero(levels >= threshold)
    if not len(quiet) or not len(above) or quiet[0] > above[0]:
        return None
    return int(above[0])
