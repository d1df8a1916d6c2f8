"""Speech in two stages: a cheap gate listens to everything, Silero's net to what the gate lets through.

The net runs while the gate is open, a block after its last sign, and on for as long as the net itself hears speech;
the gate is not asked meanwhile, since it could close nothing, which saves a quarter of all the work.
Over what it skips it keeps its memory, which fades when it wakes after a pause, so that hours of one noise do not spoil
the next customer (a memory that is cleared misses the first second, one that is kept whole drifts).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.pipeline.detector import Floats, Hops
from balto_cli.pipeline.gates import GateName, make_gate
from balto_cli.pipeline.listener import FirstLook
from balto_cli.pipeline.silero_net import (
    BLOCK_SAMPLES,
    WINDOW_SAMPLES,
    WINDOWS,
    SileroState,
    SileroWeights,
    probabilities,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.pcm import Pcm

FIRST_BLOCKS = 2
"""The net runs on the first blocks of a stream whatever the gate says: a stream may begin in mid-word."""
HOLD_BLOCKS = 1
AWAKE_SCORE = 0.5
"""While the last block reached it the net goes on by itself."""
FADE = 0.5
FADE_AFTER_BLOCKS = 10
"""About a second without the net. Measured with `FADE` on whole sets as one stream in both orders."""

_FULL_SCALE = np.float32(1 / 32768)
_STATE = struct.Struct("<IIIf")


class NetDetector:
    """Gate and net over blocks of 96 ms; a hop is one window of the net, 32 ms. Skipped hops score 0."""

    hop_samples = WINDOW_SAMPLES
    block_samples = BLOCK_SAMPLES

    def __init__(self, gate: GateName, gate_threshold: float) -> None:
        self._gate = make_gate(gate, gate_threshold)
        self._weights = SileroWeights.load()
        self._net = SileroState.fresh()
        self._closed_blocks = 0
        self._skipped_blocks = 0
        self._heard_blocks = 0
        self._last_score = 0.0
        self.first_look = FirstLook(None, passed=False)

    def process(self, block: Pcm) -> Hops:
        """Score the three hops of the next block."""
        awake = self._last_score >= AWAKE_SCORE
        first = self._heard_blocks < FIRST_BLOCKS
        self._heard_blocks += first
        asked = not (first or awake)
        opens = first or (asked and self._gate.opens(block))
        self._closed_blocks = 0 if opens else self._closed_blocks + 1
        sound = block.astype(np.float32)
        sound *= _FULL_SCALE
        listens = awake or self._closed_blocks <= HOLD_BLOCKS
        self.first_look = FirstLook(self._gate.score if asked else None, listens)
        if listens:
            score = self._listen(sound)
            self._last_score = float(score.max())
        else:
            score = np.zeros(WINDOWS, np.float32)
            self._last_score = 0.0
            self._skipped_blocks += 1
            self._net.listen(sound)
        return Hops(score, _power(sound))

    def finish(self) -> Hops:
        """No hop is held back."""
        return Hops(np.zeros(0, np.float32), np.zeros(0, np.float32))

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """See `Detector.renew`: only the gate is made anew."""
        self._gate.renew(blocks)

    def to_bytes(self) -> bytes:
        """See `Detector.to_bytes`: the net's memory and the counters, 1.3 KB."""
        closed, skipped = min(self._closed_blocks, 1 << 30), min(self._skipped_blocks, 1 << 30)
        return _STATE.pack(closed, skipped, self._heard_blocks, self._last_score) + self._net.to_bytes()

    def restore(self, data: bytes, blocks: Sequence[Pcm]) -> None:
        """See `Detector.restore`."""
        self._closed_blocks, self._skipped_blocks, self._heard_blocks, self._last_score = _STATE.unpack_from(data)
        self._net = SileroState.from_bytes(data[_STATE.size :])
        self.renew(blocks)

    def _listen(self, sound: Floats) -> Floats:
        if self._skipped_blocks >= FADE_AFTER_BLOCKS:
            self._net.fade(FADE)
        self._skipped_blocks = 0
        return probabilities(sound, self._net, self._weights)


def _power(sound: Floats) -> Floats:
    """Mean square of each hop; only compared with its neighbours', so an offset of the input does not matter."""
    hops = sound.reshape(WINDOWS, WINDOW_SAMPLES)
    power: Floats = np.vecdot(hops, hops)
    power /= WINDOW_SAMPLES
    return power
