"""Stationary spectral gating, the maths of `noisereduce`, for pieces of a stream: what the provider hears.

`noisereduce` (Tim Sainburg, MIT licence) reads a whole recording. Here a piece of a stream comes out as it would have
from the whole: frames lie on one grid of absolute positions, and a piece is computed with `CONTEXT_SAMPLES` of real
sound on either side, so that the result never depends on where the stream was cut. `NoiseProfile` learns what noise is
from the pauses, frame by frame, and is a few KB that can be kept as bytes.

Streaming use, 16 kHz mono, any piece [start, stop) of the sound heard so far::

    profile = NoiseProfile()
    profile.observe(pause)                       # float32 sound without speech, again and again
    clean = reduce_noise(sound, first=0, start=start, stop=stop, threshold_db=profile.threshold_db(), strength=0.6)

Equals `noisereduce.reduce_noise(y, 16000, stationary=True, y_noise=clip, prop_decrease=strength, chunk_size=None)`
within 1e-4 of full scale, given `NoiseProfile.of_clip(clip)`, at a sixth of its cost or less.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

FRAME_SAMPLES: Final = 1024
HOP_SAMPLES: Final = 256
BINS: Final = FRAME_SAMPLES // 2 + 1

CONTEXT_SAMPLES: Final = 1792
"""Sound that decides about a sample on either side: half a frame, three hops of smoothing, half a frame (112 ms)."""

THRESHOLD_SD: Final = 1.5
"""A bin is signal above the noise's mean + 1.5 standard deviations (dB): noisereduce's `n_std_thresh_stationary`."""

_GRID: Final = 208  # frames begin here modulo the hop: noisereduce puts 30000 zeros before the sound
_SMOOTH_FRAMES: Final = 3
_TIME_BOX: Final = 4  # a triangle of +-3 frames is a box of 4 twice, one of +-16 bins a box of 17 twice
_BIN_BOX: Final = 17
_FULL_COUNT: Final = _TIME_BOX**2 * _BIN_BOX**2
_AMPLITUDE_SCALE: Final = FRAME_SAMPLES / 2  # scipy.signal.stft divides by the window's sum
_OVERLAP_GAIN: Final = 1.5  # sum of squared Hann windows at a hop of a quarter

_SILENCE_DB: Final = -125.0  # no bin above it: digital silence, since the rounding to 16 bits alone gives -128 +- 6
_LOG_BIAS_DB: Final = 2.507  # 10 log10(e) times Euler's constant
_POWER_PER_BIN: Final = 2.0 * (FRAME_SAMPLES / 2) ** 2 / (FRAME_SAMPLES * 0.375 * FRAME_SAMPLES)
"""From squared amplitudes as scipy.signal.stft scales them to power: one-sided, through a Hann window."""

_DB_EPSILON: Final = float(np.finfo(np.float64).eps)
_DB_RANGE: Final = 80.0
_PROFILE_MAGIC: Final = b"NPF1"

Float32: TypeAlias = NDArray[np.float32]


class NoiseProfile:
    """Running mean and variance of the noise's level (dB) in each of 513 bins, learned from pauses.

    Until `memory_s` of noise was heard every frame weighs alike; from then on the past fades, so that a step of the
    noise (an air conditioner switched on) is followed within about twice `memory_s` of pauses. Memory is bounded:
    two float32 arrays of 513. Feed it sound without speech; digital silence is passed over, since it says nothing
    about the room.
    """

    FRAME_STEP: Final = 512
    """Samples from one observed frame to the next: closer ones teach little that is new."""

    def __init__(self, memory_s: float = 1.5, sample_rate_hz: int = 16_000) -> None:
        self._limit = max(1.0, memory_s * sample_rate_hz / self.FRAME_STEP)
        self._frames = 0.0
        self._mean = np.zeros(BINS, np.float32)
        self._variance = np.zeros(BINS, np.float32)

    @classmethod
    def of_clip(cls, clip: Float32) -> NoiseProfile:
        """Return the profile noisereduce makes of a noise clip (`y_noise`): every frame, zeros around, no fading.

        Args:
            clip: float32 in [-1, 1], shape (n,), at least one sample.

        """
        half = np.zeros(FRAME_SAMPLES // 2, np.float32)
        level_db = _level_db(_spectra(np.concatenate((half, clip, half)), HOP_SAMPLES))
        level_db = np.maximum(level_db, level_db.max(axis=0) - np.float32(_DB_RANGE))
        profile = cls()
        profile._limit = float("inf")
        profile._merge(level_db)
        return profile

    @property
    def ready(self) -> bool:
        """Whether any noise was heard yet."""
        return self._frames > 0

    def observe(self, noise: Float32) -> None:
        """Learn from sound without speech.

        Args:
            noise: float32 in [-1, 1], shape (n,) or (pieces, n), n >= 1024: of each piece whole frames are taken every
                512 samples. Cut pieces at fixed positions if profiles must not depend on how the stream came in.

        """
        windows = np.lib.stride_tricks.sliding_window_view(noise, FRAME_SAMPLES, axis=-1)[..., :: self.FRAME_STEP, :]
        frames = windows.reshape(-1, FRAME_SAMPLES)
        spectra = np.fft.rfft(frames * _window()).astype(np.complex64, copy=False)
        level_db = _level_db(spectra)
        sounding = level_db.max(axis=1) > _SILENCE_DB
        if sounding.any():
            self._merge(level_db if sounding.all() else level_db[sounding])

    def threshold_db(self, deviations: float = THRESHOLD_SD) -> Float32:
        """Return the level (dB) above which a bin counts as signal: mean + `deviations` x sd. Shape (513,).

        Before any noise was heard that is -inf: all is signal.
        """
        if not self.ready:
            return np.full(BINS, -np.inf, np.float32)
        threshold = np.sqrt(self._variance)
        threshold *= deviations
        threshold += self._mean
        return threshold

    def mean_power(self, low_hz: float, high_hz: float, sample_rate_hz: int = 16_000) -> float:
        """Return the noise's mean power between two frequencies; a full-scale square wave is 1. 0 before any noise.

        The mean of a noise's level in dB lies 2.5 dB under the level of its mean power (the logarithm of an
        exponential variable is lower on average by Euler's constant).
        """
        if not self.ready:
            return 0.0
        power = np.exp((self._mean + np.float32(_LOG_BIAS_DB)) * np.float32(np.log(10.0) / 10.0))
        return float(power[_bins(low_hz, high_hz, sample_rate_hz)].sum() * _POWER_PER_BIN)

    def round(self) -> None:
        """Keep no more than `to_bytes` does, so that a stream goes on the same after a restart from bytes."""
        self._mean = self._mean.astype(np.float16).astype(np.float32)
        self._variance = self._variance.astype(np.float16).astype(np.float32)

    def to_bytes(self) -> bytes:
        """Return the profile as versioned bytes (2072 of them), in half precision: 0.06 dB."""
        values = np.concatenate((self._mean, self._variance)).astype("<f2")
        return _PROFILE_MAGIC + struct.pack("<dd", self._limit, self._frames) + values.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> NoiseProfile:
        """Read what `to_bytes` wrote: to the bit, if the profile was rounded before.

        Raises:
            ValueError: these bytes are no profile of this version.

        """
        if len(data) != len(_PROFILE_MAGIC) + 16 + 4 * BINS or not data.startswith(_PROFILE_MAGIC):
            raise ValueError("not a NoiseProfile of version 1")
        profile = cls()
        profile._limit, profile._frames = struct.unpack_from("<dd", data, 4)
        values = np.frombuffer(data, "<f2", offset=20).astype(np.float32)
        profile._mean, profile._variance = values[:BINS].copy(), values[BINS:].copy()
        return profile

    def _merge(self, level_db: Float32) -> None:
        """Pool `level_db`, shape (frames, 513), with what is known (Chan et al. 1979), the past at most `_limit`."""
        count = level_db.shape[0]
        known = min(self._frames, max(0.0, self._limit - count))
        share = count / (known + count)
        mean = np.add.reduce(level_db) / count
        spread = level_db - mean
        spread *= spread
        step = mean - self._mean
        self._variance *= 1.0 - share
        self._variance += np.add.reduce(spread) * (share / count)
        self._variance += step * step * (share * (1.0 - share))
        self._mean += step * share
        self._frames = known + count


def reduce_noise(
    sound: Float32, *, first: int, start: int, stop: int, threshold_db: Float32, strength: float
) -> Float32:
    """Return [start, stop) of a stream with the bins that do not rise above the noise turned down by `strength`.

    Args:
        sound: float32 in [-1, 1], shape (n,): the stretch with `CONTEXT_SAMPLES` on either side of it. What is not
            given counts as silence, which is right at the ends of the stream only.
        first: position of `sound[0]` in the stream (samples).
        start: first position wanted.
        stop: position after the last one wanted.
        threshold_db: from `NoiseProfile.threshold_db()`, shape (513,).
        strength: 0 (nothing) to 1 (all of the noise); noisereduce's `prop_decrease`.

    Returns:
        float32, shape (stop - start,).

    """
    # Frames that touch the stretch, and three more on either side, which only the mask's smoothing sees.
    origin = _grid_at_or_after(start - FRAME_SAMPLES + 1) - _SMOOTH_FRAMES * HOP_SAMPLES
    count = (_grid_at_or_after(stop) - origin) // HOP_SAMPLES + _SMOOTH_FRAMES
    spectra = _spectra(_slice(sound, origin - first, (count - 1) * HOP_SAMPLES + FRAME_SAMPLES), HOP_SAMPLES)
    mask = _power(spectra) > _threshold_power(threshold_db)
    gain = _smooth(mask).astype(np.float32)
    gain *= np.float32(strength / _FULL_COUNT)
    gain += np.float32(1.0 - strength) * _edge_weight()
    inner = spectra[_SMOOTH_FRAMES:-_SMOOTH_FRAMES]
    inner.real *= gain
    inner.imag *= gain
    frames = np.fft.irfft(inner, FRAME_SAMPLES)
    frames *= _window() * np.float32(1.0 / _OVERLAP_GAIN)
    offset = start - origin - _SMOOTH_FRAMES * HOP_SAMPLES
    return _overlap_add(frames.astype(np.float32, copy=False))[offset : offset + stop - start]


def band_power(sound: Float32, low_hz: float, high_hz: float, sample_rate_hz: int = 16_000) -> float:
    """Return the mean power of `sound` (float32, at least 1024 samples) between two frequencies."""
    power = _power(_spectra(sound, FRAME_SAMPLES)[:, _bins(low_hz, high_hz, sample_rate_hz)])
    return float(power.sum(axis=1).mean() * (_POWER_PER_BIN / _AMPLITUDE_SCALE**2))


def _bins(low_hz: float, high_hz: float, sample_rate_hz: int) -> slice:
    return slice(round(low_hz * FRAME_SAMPLES / sample_rate_hz), round(high_hz * FRAME_SAMPLES / sample_rate_hz) + 1)


def _grid_at_or_after(position: int) -> int:
    return position + (_GRID - position) % HOP_SAMPLES


def _slice(sound: Float32, begin: int, size: int) -> Float32:
    """`size` samples of `sound` from `begin` on (which may be negative), zeros where there are none."""
    out = np.zeros(size, np.float32)
    low, high = max(0, begin), min(sound.size, begin + size)
    if low < high:
        out[low - begin : high - begin] = sound[low:high]
    return out


def _frames(sound: Float32, step: int) -> Float32:
    """Overlapping frames as a view, shape (frames, 1024)."""
    count = (sound.size - FRAME_SAMPLES) // step + 1
    (stride,) = sound.strides
    return np.lib.stride_tricks.as_strided(sound, (count, FRAME_SAMPLES), (step * stride, stride), writeable=False)


def _spectra(sound: Float32, step: int) -> NDArray[np.complex64]:
    """Hann spectra of all whole frames, shape (frames, 513)."""
    return np.fft.rfft(_frames(sound, step) * _window()).astype(np.complex64, copy=False)


def _power(spectra: NDArray[np.complex64]) -> Float32:
    power = np.square(spectra.real)
    power += np.square(spectra.imag)
    return power


def _level_db(spectra: NDArray[np.complex64]) -> Float32:
    """Amplitude spectrum in dB, as scipy.signal.stft scales it."""
    level = np.abs(spectra)
    level *= np.float32(1.0 / _AMPLITUDE_SCALE)
    level += np.float32(_DB_EPSILON)
    np.log(level, out=level)
    level *= np.float32(20.0 / np.log(10.0))
    return level


def _threshold_power(threshold_db: Float32) -> Float32:
    power: Float32 = np.exp(threshold_db * np.float32(np.log(10.0) / 10.0))
    power *= np.float32(_AMPLITUDE_SCALE**2)
    return power


def _smooth(mask: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Weigh the mask by a triangle of +-3 frames and +-16 bins, zeros outside, without dividing by its sum of 4624.

    Counting in integers is exact, whatever the number of frames. (frames + 6, 513) -> (frames, 513).
    """
    rows = mask.view(np.uint8)
    for _ in range(2):
        rows = rows[:-1] + rows[1:]
        rows = rows[:-2] + rows[2:]
    padded = np.zeros((rows.shape[0], BINS + 2 * (_BIN_BOX - 1)), np.uint16)
    padded[:, _BIN_BOX - 1 : 1 - _BIN_BOX] = rows
    for _ in range(2):
        sums = padded
        for shift in (1, 2, 4, 8):
            sums = sums[:, :-shift] + sums[:, shift:]
        padded = sums[:, :-1] + padded[:, _BIN_BOX - 1 :]
    return padded


def _overlap_add(frames: Float32) -> Float32:
    """Sum frames 256 samples apart. (frames, 1024) -> (256 * (frames + 3),)."""
    count = frames.shape[0]
    parts = FRAME_SAMPLES // HOP_SAMPLES
    out = np.zeros((count + parts - 1, HOP_SAMPLES), np.float32)
    for part in range(parts):
        out[part : part + count] += frames[:, part * HOP_SAMPLES : (part + 1) * HOP_SAMPLES]
    return out.reshape(-1)


@lru_cache(maxsize=1)
def _window() -> Float32:
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES)
    return _frozen(window)


@lru_cache(maxsize=1)
def _edge_weight() -> Float32:
    """How much of the smoothing triangle lies inside the spectrum: 1, falling to about a half at 0 Hz and 8 kHz."""
    return _frozen(_smooth(np.ones((2 * _SMOOTH_FRAMES + 1, BINS), np.bool_))[0] / _FULL_COUNT)


def _frozen(values: NDArray[np.floating]) -> Float32:
    array = values.astype(np.float32)
    array.flags.writeable = False
    return array
