"""The cheap first stage: whether a block may hold speech at all, so that the net runs only there.

A gate may be wrong in one direction only: it opens on noise now and then, and that costs a little time; what it keeps
shut is not heard. Neither library can save its state, so a gate is made anew now and then from the last blocks.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.pcm import Pcm

GateName: TypeAlias = Literal["earshot", "webrtcvad"]

EARSHOT_FRAME_SAMPLES = 256
WEBRTC_FRAME_SAMPLES = 480
WEBRTC_MODE = 3
"""The strictest of 0 to 3; it still opens on a third of all noise."""
WEBRTC_SHARE = 0.6
"""Two of the three frames of a block; a single one is a click."""


def best_gate() -> GateName:
    """Pick earshot where there is a wheel of it for this machine, else webrtcvad, which opens more often."""
    return "earshot" if importlib.util.find_spec("earshot") else "webrtcvad"


class Gate(Protocol):
    """Opens on blocks of 1536 samples that may hold speech."""

    score: float
    """Of the last block, 0 to 1: what was held against the threshold."""

    def opens(self, block: Pcm) -> bool:
        """Take the next block; say whether it may hold speech."""

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """Forget all but `blocks`, the last ones heard."""


def make_gate(name: GateName, threshold: float) -> Gate:
    """A gate for a new stream; `threshold` (0 to 1) is for earshot, webrtcvad knows none."""
    return EarshotGate(threshold) if name == "earshot" else WebrtcGate()


class EarshotGate:
    """earshot's small recurrent net over frames of 16 ms: opens when one frame of the block reaches the threshold."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self.score = 0.0
        self._earshot: Any = None
        self.renew(())

    def opens(self, block: Pcm) -> bool:
        """See `Gate.opens`."""
        predict = self._earshot.predict_i16
        # Every frame is heard, since the net remembers; `max` over all of them, not `any`, which would stop.
        self.score = float(max(predict(frame) for frame in block.reshape(-1, EARSHOT_FRAME_SAMPLES)))
        return self.score >= self._threshold

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """See `Gate.renew`."""
        import earshot

        self._earshot = earshot.Detector()
        for block in blocks:
            self.opens(block)


class WebrtcGate:
    """webrtcvad at its strictest, over frames of 30 ms: opens when two thirds of the block's frames are speech."""

    def __init__(self) -> None:
        self._webrtc: Any = None
        self._rest = b""
        self.score = 0.0
        self.renew(())

    def opens(self, block: Pcm) -> bool:
        """See `Gate.opens`; the frames run over the blocks' edges."""
        self._rest += pcm_to_bytes(block)
        frame_bytes = 2 * WEBRTC_FRAME_SAMPLES
        whole = len(self._rest) // frame_bytes * frame_bytes
        frames = [self._rest[start : start + frame_bytes] for start in range(0, whole, frame_bytes)]
        self._rest = self._rest[whole:]
        speech = sum(self._webrtc.is_speech(frame, SAMPLE_RATE_HZ) for frame in frames)
        self.score = speech / len(frames)
        return bool(speech >= WEBRTC_SHARE * len(frames))

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """See `Gate.renew`."""
        import webrtcvad

        self._webrtc = webrtcvad.Vad(WEBRTC_MODE)
        self._rest = b""
        for block in blocks:
            self.opens(block)
