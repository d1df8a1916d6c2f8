"""Speech in two stages: a cheap gate listens to everything, Silero's net to what the gate lets through.

The net hears groups of up to four blocks at once, which halves its cost a block: from the gate's sign on, and in speech
whatever the gate says, to the end of the pause that closes the segment: a gate which opens late would make that pause
longer than it is. A group is heard when it is full, or when somebody waits for the answer: no segment comes later for
it. In the quiet the last blocks are held back for a moment: where the net
then hears speech it goes back over them, so that a soft beginning which the gate missed is found. Over what it skips
the net keeps its memory, which fades when it wakes after a pause, so that hours of one noise do not spoil the next
customer (a memory that is cleared misses the first second, one that is kept whole drifts).
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from balto_cli.pipeline.detector import Floats, Hops
from balto_cli.pipeline.gates import WebrtcGate
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

GROUP_BLOCKS = 4
"""Less than the pause that closes a segment; twice as many would save a tenth more."""
BACK_BLOCKS = 2
"""How far the net goes back: 0.2 s, with the pre-roll more than the gate was late in 19 of 20 real utterances."""
BACK_SCORE = 0.3
BACK_AFTER_BLOCKS = 5
"""It goes back after half a second of quiet only: sooner, with speech still in its memory, it would make more speech
out of the noises that follow."""
FADE = 0.5
FADE_AFTER_BLOCKS = 10
"""About a second without the net. Measured with `FADE` on whole sets as one stream in both orders."""

_FULL_SCALE = np.float32(1 / 32768)
_STATE = struct.Struct("<?BBI")
_NOTHING = Hops(np.zeros(0, np.float32), ())


class _Held(NamedTuple):
    """A block that has no score yet."""

    sound: Floats
    gate_score: float | None


class NetDetector:
    """Gate and net over blocks of 96 ms; a hop is one window of the net, 32 ms. Skipped hops score 0."""

    hop_samples = WINDOW_SAMPLES
    block_samples = BLOCK_SAMPLES

    def __init__(self) -> None:
        self._gate = WebrtcGate()
        self._weights = SileroWeights.load()
        self._net = SileroState.fresh()
        self._held: deque[_Held] = deque()
        self._skipped_blocks = 0
        self._gathers = True
        """Whether the net will hear what is held: at first, since a stream may begin in mid-word."""
        self._back = 0
        """How many of the blocks held came before the gate's sign."""

    def process(self, block: Pcm, *, in_speech: bool, may_wait: bool) -> Hops:
        """See `Detector.process`."""
        self._gathers |= in_speech
        asked = not self._gathers
        if asked and self._gate.opens(block):
            self._gathers, self._back = True, len(self._held)
        sound = block.astype(np.float32)
        sound *= _FULL_SCALE
        self._held.append(_Held(sound, self._gate.score if asked else None))
        if self._gathers:
            return _NOTHING if may_wait and len(self._held) < GROUP_BLOCKS else self._listen()
        return self._skip(max(0, len(self._held) - BACK_BLOCKS) if may_wait else len(self._held))

    def finish(self) -> Hops:
        """See `Detector.finish`."""
        return self._listen() if self._gathers and self._held else self._skip(len(self._held))

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """See `Detector.renew`: only the gate is made anew."""
        self._gate.renew(blocks)

    def to_bytes(self) -> bytes:
        """See `Detector.to_bytes`: the net's memory and the counters, 1.3 KB."""
        counters = _STATE.pack(self._gathers, self._back, len(self._held), min(self._skipped_blocks, 1 << 30))
        return counters + self._net.to_bytes()

    def restore(self, data: bytes, blocks: Sequence[Pcm]) -> None:
        """See `Detector.restore`; what the gate said of the blocks held back is not kept."""
        self._gathers, self._back, held, self._skipped_blocks = _STATE.unpack_from(data)
        self._net = SileroState.from_bytes(data[_STATE.size :])
        last = blocks[len(blocks) - held :]
        self._held = deque(_Held(block.astype(np.float32) * _FULL_SCALE, None) for block in last)
        self.renew(blocks)

    def _listen(self) -> Hops:
        """Hear what is held from the gate's sign on; if that is speech, go back and hear all."""
        held = list(self._held)
        self._held.clear()
        sounds = [one.sound for one in held]
        back, self._back = self._back, 0
        before, skipped = self._net.copy(), self._skipped_blocks
        if back:
            self._pass(sounds[:back])
        scores = self._score(sounds[back:])
        if back and skipped >= BACK_AFTER_BLOCKS and scores.max() >= BACK_SCORE:
            self._net, self._skipped_blocks, back = before, skipped, 0
            scores = self._score(sounds)
        self._gathers = False
        looks = tuple(FirstLook(one.gate_score, passed=at >= back) for at, one in enumerate(held))
        return Hops(np.concatenate((np.zeros(WINDOWS * back, np.float32), scores)), looks)

    def _score(self, sounds: Sequence[Floats]) -> Floats:
        if self._skipped_blocks >= FADE_AFTER_BLOCKS:
            self._net.fade(FADE)
        self._skipped_blocks = 0
        return probabilities(np.concatenate(sounds), self._net, self._weights)

    def _pass(self, sounds: Sequence[Floats]) -> None:
        self._skipped_blocks += len(sounds)
        self._net.listen(sounds[-1])

    def _skip(self, count: int) -> Hops:
        """Settle the oldest `count` of the blocks held as quiet."""
        if not count:
            return _NOTHING
        settled = [self._held.popleft() for _ in range(count)]
        self._pass([held.sound for held in settled])
        looks = tuple(FirstLook(held.gate_score, passed=False) for held in settled)
        return Hops(np.zeros(WINDOWS * count, np.float32), looks)
