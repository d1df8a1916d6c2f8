"""Several channels in, one channel out, without losing who spoke in only one of them.

A plain mean halves a voice that is in one channel only and cancels one that is in opposite phase in the other.
`Downmixer` decides per block of 50 ms which channels are alive and which are inverted, from what it has heard up to
that block; blocks stand at fixed positions of the stream, so the result does not depend on how the audio was chunked.
The live server uses the same class.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK_SAMPLES = SAMPLE_RATE_HZ // 20
_RAMP_SAMPLES = SAMPLE_RATE_HZ // 200
"""Gains move over 5 ms, so that a changed decision makes no click."""
_ALIVE_BELOW_LOUDEST = 10 ** (-30 / 10)
"""A channel 30 dB below the loudest one of the last seconds carries no voice of its own."""
_ALIVE_POWER = 4.0
"""Mean square (LSB²) under which a channel is digital silence with dither."""
_ENVELOPE_DECAY = 0.5 ** (_BLOCK_SAMPLES / (5 * SAMPLE_RATE_HZ))
"""A voice counts for its channel with a half-life of 5 s, so that channels do not come and go between words."""
_CORRELATION_DECAY = 0.5 ** (_BLOCK_SAMPLES / SAMPLE_RATE_HZ)
_INVERTED_BELOW, _UPRIGHT_ABOVE = -0.5, 0.0


class Downmixer:
    """Mixes interleaved PCM16LE of `channels` channels at 16 kHz down to one, as a stream."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._pending = bytearray()
        self._envelope = np.zeros(channels)
        self._power = np.zeros(channels)
        self._cross = np.zeros(channels)
        self._signs = np.ones(channels)
        self._leader = 0
        self._gains: NDArray[np.float64] | None = None
        self._samples_by_mode: defaultdict[tuple[int, ...], int] = defaultdict(int)

    def feed(self, chunk: bytes) -> bytes:
        """Take interleaved bytes of any number; return the mono PCM16LE bytes that they completed."""
        if self._channels == 1:
            return chunk
        self._pending += chunk
        block_bytes = _BLOCK_SAMPLES * self._channels * 2
        whole = len(self._pending) // block_bytes * block_bytes
        if not whole:
            return b""
        blocks = np.frombuffer(bytes(self._pending[:whole]), "<i2").reshape(-1, _BLOCK_SAMPLES, self._channels)
        del self._pending[:whole]
        return b"".join(self._mix(block) for block in blocks)

    def flush(self) -> bytes:
        """End of audio: mix what is left of the last block; a part of a sample is dropped."""
        frame_bytes = self._channels * 2
        whole = len(self._pending) // frame_bytes * frame_bytes
        rest = np.frombuffer(bytes(self._pending[:whole]), "<i2").reshape(-1, self._channels)
        self._pending.clear()
        return self._mix(rest) if len(rest) else b""

    @property
    def description(self) -> str:
        """What was done for most of the audio, in the words that a person reads."""
        if self._channels == 1:
            return "mono"
        if not self._samples_by_mode:
            return f"{self._channels} canais, todos mudos"
        mode = max(self._samples_by_mode, key=lambda signs: self._samples_by_mode[signs])
        alive = [channel + 1 for channel, sign in enumerate(mode) if sign]
        inverted = [str(channel + 1) for channel, sign in enumerate(mode) if sign < 0]
        if len(alive) == 1:
            return f"só o canal {alive[0]} de {self._channels} (os outros estão mudos)"
        text = f"média de {len(alive)} canais"
        return f"{text}, canal {' e '.join(inverted)} em fase oposta, desinvertido" if inverted else text

    def _mix(self, block: NDArray[np.int16]) -> bytes:
        samples = block.astype(np.float64)
        gains = self._decide(samples)
        before = gains if self._gains is None else self._gains
        self._gains = gains
        mixed = samples @ gains
        if not np.array_equal(before, gains):
            ramp = np.linspace(0.0, 1.0, _RAMP_SAMPLES)[: len(samples)]
            head = samples[: len(ramp)]
            mixed[: len(ramp)] = (head @ before) * (1 - ramp) + (head @ gains) * ramp
        return np.clip(np.rint(mixed), -32768, 32767).astype("<i2").tobytes()

    def _decide(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gain of each channel for this block: ±1 / number of channels alive, 0 for the dead ones."""
        power = np.mean(samples**2, axis=0)
        self._envelope = np.maximum(power, self._envelope * _ENVELOPE_DECAY)
        alive = (self._envelope >= self._envelope.max() * _ALIVE_BELOW_LOUDEST) & (self._envelope > _ALIVE_POWER)
        if not alive.any():
            return np.full(self._channels, 1 / self._channels) if self._gains is None else self._gains
        if not alive[self._leader]:
            self._leader = int(np.argmax(self._envelope))
            self._power[:], self._cross[:] = 0, 0
        self._power = self._power * _CORRELATION_DECAY + power
        self._cross = self._cross * _CORRELATION_DECAY + np.mean(samples * samples[:, [self._leader]], axis=0)
        correlation = self._cross / np.sqrt(np.maximum(self._power * self._power[self._leader], 1e-9))
        self._signs[correlation < _INVERTED_BELOW] = -1
        self._signs[correlation > _UPRIGHT_ABOVE] = 1
        signs = np.where(alive, self._signs, 0.0)
        self._samples_by_mode[tuple(int(sign) for sign in signs)] += len(samples)
        gains: NDArray[np.float64] = signs / alive.sum()
        return gains
