"""Two mistakes of clients that nobody else would notice: another rate than said, and bytes that are no PCM."""

from __future__ import annotations

import struct
from itertools import pairwise

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

_OVER = 1.5
_FOR_S = 10.0
_LIKELY_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000)
_WINDOW = 320
_LOUD = 32768.0**2 * 10 ** (-25 / 10)
"""Mean square of -25 dB of full scale."""
_WHITE_BELOW = 0.25
"""Correlation of neighbours, which is within 0.17 of 0 for white noise in 99.7 % of windows."""


class RateWatch:
    """Tells once when bytes have come at over 1.5 times the rate that was said, ten seconds long."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._bytes_per_s = rate_hz * channels * 2
        self._second = -1
        self._bytes = 0
        self._seconds: list[int] = []
        self._told = False

    def took(self, size: int, now_s: float) -> int | None:
        """Bytes came. The samples a second that they most likely are (of all channels), the one time it is time."""
        if self._told:
            return None
        second = int(now_s)
        if second != self._second:
            if self._second >= 0:
                over = self._bytes > _OVER * self._bytes_per_s and second == self._second + 1
                self._seconds = [*self._seconds, self._bytes] if over else []
            self._second, self._bytes = second, 0
        self._bytes += size
        if len(self._seconds) < _FOR_S:
            return None
        self._told = True
        rate = sum(self._seconds) / len(self._seconds) / 2
        return min(_LIKELY_HZ, key=lambda hz: abs(hz - rate))


class PcmWatch:
    """Tells once of ten seconds of loud white noise without a pause, as swapped bytes or compressed audio sound.

    Looks at 20 ms of each second, in plain Python: arrays would hand the interpreter over to another thread.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._white_s = 0
        self._told = False

    def is_suspect(self, pcm: bytes) -> bool:
        """PCM16 16 kHz mono came. True the one time it is time."""
        if self._told:
            return False
        second = self._samples // SAMPLE_RATE_HZ
        self._samples += len(pcm) // 2
        if self._samples // SAMPLE_RATE_HZ == second or len(pcm) < 2 * _WINDOW:
            return False
        self._white_s = self._white_s + 1 if _is_loud_and_white(pcm[-2 * _WINDOW :]) else 0
        self._told = self._white_s >= _FOR_S
        return self._told


def _is_loud_and_white(pcm: bytes) -> bool:
    """Whether it is loud, and no sample tells anything of the next one."""
    samples: tuple[int, ...] = struct.unpack(f"<{_WINDOW}h", pcm)
    power = sum(sample * sample for sample in samples)
    if power < _LOUD * _WINDOW:
        return False
    correlation: int = sum(one * other for one, other in pairwise(samples))
    return abs(correlation) < _WHITE_BELOW * power
