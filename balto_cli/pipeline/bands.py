"""Adaptive energy gate: how far each frequency band stands above its own noise floor, and how voiced the sound is.

Works on blocks of 100 ms in float32 with the same array shapes at every call. A band's floor is the smallest block mean
of the last seconds (minimum statistics, R. Martin 2001, without the smoothing): speech has gaps in every band, so it
cannot lift the floor, and a noise that stays becomes the floor when the window has passed. Digital silence is no sound
of the place and teaches nothing; below `FLOOR_MIN_DB` no floor can sink.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.detector import Floats

HOP_SAMPLES = 320
"""20 ms: one row of features."""
HOPS_PER_BLOCK = 5
BLOCK_SAMPLES = HOP_SAMPLES * HOPS_PER_BLOCK

BAND_EDGES_HZ = (100, 300, 600, 1000, 1600, 2400, 3500, 5000, 7000)
BANDS = len(BAND_EDGES_HZ) - 1
FLOOR_WINDOW_BLOCKS = 40
FLOOR_MIN_DB = -75.0
"""Of full scale, a band. Under it lie the zeros and the dither of a muted microphone, no room."""
FIRST_FLOOR_DB = -40.0
"""A band's floor cannot begin above this, so that a stream that starts in mid-word is heard from its first block."""
FIRST_FLOOR_BLOCKS = 8
SNR_RANGE_DB = (-3.0, 20.0)

_WINDOW_SAMPLES = 512
_CARRY_SAMPLES = _WINDOW_SAMPLES - HOP_SAMPLES
_VOICE_BAND_HZ = (150, 3500)
_PITCH_LAGS = slice(SAMPLE_RATE_HZ // 400, SAMPLE_RATE_HZ // 80)
_TINY = np.float32(1e-9)
_SILENT_POWER = 10 ** (FLOOR_MIN_DB / 10)


class BandFeatures(NamedTuple):
    """What the gate sees in one block; first axis: hops."""

    snr_db: Floats
    """Level over the floor, shape (hops, bands), clipped to `SNR_RANGE_DB`."""
    voicing: Floats
    """Height of the pitch peak (80 to 400 Hz) in the autocorrelation of the compressed spectrum, 0 to 1."""
    spread: Floats
    """How many bins carry the spectrum, (Σ|x|)² / Σ|x|²: 3 for a pure tone, 8 and more for speech. Taken under or over
    3.5 kHz, where the power is."""


class EnergyGate:
    """Turns blocks of raw sound into `BandFeatures`; state: the last 12 ms and the block levels of 4 s."""

    def __init__(self) -> None:
        bins_hz = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
        window = np.hanning(_WINDOW_SAMPLES + 1)[:-1]
        one_sided = 2 / (_WINDOW_SAMPLES * float(window @ window))
        self._window = (window / 32768).astype(np.float32)
        self._to_bands = np.stack(
            [one_sided * ((bins_hz >= low) & (bins_hz < high)) for low, high in pairwise(BAND_EDGES_HZ)],
            axis=1,
        ).astype(np.float32)
        low, high = _VOICE_BAND_HZ
        voice = (bins_hz >= low) & (bins_hz < high)
        above = (bins_hz >= high) & (bins_hz < BAND_EDGES_HZ[-1])
        self._voice_bins = voice.astype(np.float32)
        self._halves = np.stack([voice, above], axis=1).astype(np.float32)
        self._sound = np.zeros(_CARRY_SAMPLES + BLOCK_SAMPLES, dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._sound, _WINDOW_SAMPLES)
        self._frames = windows[::HOP_SAMPLES]  # a view: it always shows what `_sound` holds
        self._levels_db = np.full((FLOOR_WINDOW_BLOCKS, BANDS), np.inf, dtype=np.float32)
        self._levels_db[:FIRST_FLOOR_BLOCKS] = FIRST_FLOOR_DB
        self._next_row = 0

    @property
    def floor_db(self) -> Floats:
        """Noise floor of each band, dB of full scale, shape (bands,)."""
        floor: Floats = np.maximum(self._levels_db.min(axis=0), np.float32(FLOOR_MIN_DB))
        return floor

    def process(self, block: Pcm) -> BandFeatures:
        """Features of the next `BLOCK_SAMPLES` samples."""
        self._sound[:_CARRY_SAMPLES] = self._sound[-_CARRY_SAMPLES:]
        self._sound[_CARRY_SAMPLES:] = block
        spectrum = np.abs(np.fft.rfft(self._frames * self._window, axis=1))
        squares = spectrum * spectrum
        band_power = squares @ self._to_bands
        self._learn(band_power)
        snr_db = 10 * np.log10(band_power + _TINY) - self.floor_db
        lowest, highest = SNR_RANGE_DB
        return BandFeatures(
            snr_db=np.minimum(np.maximum(snr_db, lowest), highest),
            voicing=_voicing(spectrum * self._voice_bins),
            spread=self._spread(spectrum, squares),
        )

    def round(self) -> None:
        """Keep no more of the block levels than `to_bytes` does, so that a stream goes on the same after a restart."""
        self._levels_db = self._levels_db.astype(np.float16).astype(np.float32)

    def to_bytes(self) -> bytes:
        """The block levels in half precision (0.06 dB), plain bytes of fixed length."""
        return bytes([self._next_row]) + self._levels_db.astype("<f2").tobytes()

    def restore(self, data: bytes, last_block: Pcm) -> None:
        """Become the rounded gate that heard `last_block` and wrote `data`. ValueError for bytes of another length."""
        levels_db = np.frombuffer(data, "<f2", offset=1).astype(np.float32)
        self._next_row = data[0]
        self._levels_db = levels_db.reshape(self._levels_db.shape)
        self._sound[-_CARRY_SAMPLES:] = last_block[-_CARRY_SAMPLES:]

    def _learn(self, band_power: Floats) -> None:
        # One silent hop is enough to leave the block out: its mean would be that of no sound that there is.
        if band_power.max(axis=1).min() > _SILENT_POWER:
            self._levels_db[self._next_row] = 10 * np.log10(band_power.mean(axis=0) + _TINY)
            self._next_row = (self._next_row + 1) % FLOOR_WINDOW_BLOCKS

    def _spread(self, spectrum: Floats, squares: Floats) -> Floats:
        power = squares @ self._halves
        total = spectrum @ self._halves
        spread = total * total / (power + _TINY)
        carried: Floats = np.where(power[:, 0] >= power[:, 1], spread[:, 0], spread[:, 1])
        return carried


def _voicing(spectrum: Floats) -> Floats:
    autocorrelation = np.fft.irfft(spectrum, axis=1)
    peak = autocorrelation[:, _PITCH_LAGS].max(axis=1)
    voicing: Floats = np.maximum(peak, 0) / (autocorrelation[:, 0] + _TINY)
    return voicing
