"""Speech in two stages: a cheap gate listens to everything, Silero's net to what the gate lets through.

The net runs while the gate is open, a block after its last sign, and on for as long as the net itself hears speech;
the gate is not asked meanwhile, since it could close nothing. In a longer quiet the last blocks are held back for a
moment: where the net then hears speech it goes back over them, so that a soft beginning which the gate missed is found.
Over what it skips the net keeps its memory, which fades when it wakes after a pause, so that hours of one noise do not
spoil the next customer (a memory that is cleared misses the first second, one that is kept whole drifts).
"""

from __future__ import annotations

import struct
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from balto_cli.pipeline.detector import Floats, Hops
from balto_cli.pipeline.gates import WebrtcGate
from balto_cli.pipeline.listener import FirstLook
from balto_cli.pipeline.silero_net import (
    BLOCK_SAMPLES,
    CONTEXT_SAMPLES,
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
BACK_BLOCKS = 2
"""How far the net goes back: 0.2 s, with the pre-roll more than the gate was late in 19 of 20 real utterances."""
BACK_SCORE = 0.3
HOLD_BACK_AFTER_BLOCKS = 7
"""Nothing is held back before any segment has been closed by its pause: no answer comes later for it."""

_FULL_SCALE = np.float32(1 / 32768)
_STATE = struct.Struct("<IIIfI")


class _Held(NamedTuple):
    """A block that was skipped and may still be heard."""

    sound: Floats
    context: Floats
    """The samples before it that the net wants to see."""
    look: FirstLook


class NetDetector:
    """Gate and net over blocks of 96 ms; a hop is one window of the net, 32 ms. Skipped hops score 0."""

    hop_samples = WINDOW_SAMPLES
    block_samples = BLOCK_SAMPLES

    def __init__(self) -> None:
        self._gate = WebrtcGate()
        self._weights = SileroWeights.load()
        self._net = SileroState.fresh()
        self._held: deque[_Held] = deque()
        self._closed_blocks = 0
        self._skipped_blocks = 0
        self._heard_blocks = 0
        self._last_score = 0.0

    def process(self, block: Pcm) -> Hops:
        """Score the three hops of the next block, and of those before it that were held back; none if it is held."""
        awake = self._last_score >= AWAKE_SCORE
        first = self._heard_blocks < FIRST_BLOCKS
        self._heard_blocks += first
        asked = not (first or awake)
        opens = first or (asked and self._gate.opens(block))
        self._closed_blocks = 0 if opens else self._closed_blocks + 1
        listens = awake or self._closed_blocks <= HOLD_BLOCKS
        look = FirstLook(self._gate.score if asked else None, listens)
        sound = block.astype(np.float32)
        sound *= _FULL_SCALE
        hops = self._listen(sound, look) if listens else self._skip(sound, look)
        self._last_score = float(hops.score[-WINDOWS:].max()) if listens else 0.0
        return hops

    def finish(self) -> Hops:
        """What was held back is quiet: nothing followed it."""
        return self._let_go(len(self._held))

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """See `Detector.renew`: only the gate is made anew."""
        self._gate.renew(blocks)

    def to_bytes(self) -> bytes:
        """See `Detector.to_bytes`: the net's memory and the counters, 1.3 KB."""
        closed, skipped = min(self._closed_blocks, 1 << 30), min(self._skipped_blocks, 1 << 30)
        counters = _STATE.pack(closed, skipped, self._heard_blocks, self._last_score, len(self._held))
        return counters + self._net.to_bytes()

    def restore(self, data: bytes, blocks: Sequence[Pcm]) -> None:
        """See `Detector.restore`; the looks of what was held back are not kept."""
        self._closed_blocks, self._skipped_blocks, self._heard_blocks, self._last_score, held = _STATE.unpack_from(data)
        self._net = SileroState.from_bytes(data[_STATE.size :])
        sounds = [block.astype(np.float32) * _FULL_SCALE for block in blocks][-held - 1 :]
        self._held = deque(
            _Held(sound, before[-CONTEXT_SAMPLES:], FirstLook(None, passed=False)) for before, sound in pairwise(sounds)
        )
        self.renew(blocks)

    def _skip(self, sound: Floats, look: FirstLook) -> Hops:
        self._skipped_blocks += 1
        context = self._net.context.copy()
        self._net.listen(sound)
        if self._skipped_blocks <= HOLD_BACK_AFTER_BLOCKS:
            return Hops(np.zeros(WINDOWS, np.float32), (look,))
        self._held.append(_Held(sound, context, look))
        return self._let_go(len(self._held) - BACK_BLOCKS)

    def _listen(self, sound: Floats, look: FirstLook) -> Hops:
        """Hear a block; if it is speech, go back first over what was held back."""
        if not self._held:
            return Hops(self._score(sound), (look,))
        before, skipped = self._net.copy(), self._skipped_blocks
        score = self._score(sound)
        if score.max() < BACK_SCORE:
            quiet = self._let_go(len(self._held))
            return Hops(np.concatenate((quiet.score, score)), (*quiet.looks, look))
        looks = (*(FirstLook(held.look.score, passed=True) for held in self._held), look)
        self._net, self._skipped_blocks = before, skipped
        self._net.listen(self._held[0].context)
        scores = [self._score(part) for part in (*(held.sound for held in self._held), sound)]
        self._held.clear()
        return Hops(np.concatenate(scores), looks)

    def _let_go(self, count: int) -> Hops:
        """Settle the oldest `count` of the blocks held back as quiet."""
        looks = tuple(self._held.popleft().look for _ in range(count))
        return Hops(np.zeros(WINDOWS * len(looks), np.float32), looks)

    def _score(self, sound: Floats) -> Floats:
        if self._skipped_blocks >= FADE_AFTER_BLOCKS:
            self._net.fade(FADE)
        self._skipped_blocks = 0
        return probabilities(sound, self._net, self._weights)
