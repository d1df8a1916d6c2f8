"""The cheap first stage: whether a block may hold speech at all, so that the net runs only there.

A gate may be wrong in one direction only: it opens on noise now and then, and that costs a little time; what it keeps
shut is not heard. webrtcvad cannot save its state, so it is made anew now and then from the last blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.pcm import Pcm

FRAME_SAMPLES = 480
MODE = 2
"""Of 0 to 3, the strictest. It opens on half of all noise, as 3 does, and hears four short answers of 64 more."""
SHARE = 0.6
"""Two of the three frames of a block; a single one is a click."""


class WebrtcGate:
    """webrtcvad over frames of 30 ms: opens on a block of 96 ms when two thirds of its frames are speech."""

    def __init__(self) -> None:
        self._webrtc: Any = None
        self._rest = b""
        self.score = 0.0
        """Of the last block: the share of its frames that are speech."""
        self.renew(())

    def opens(self, block: Pcm) -> bool:
        """Take the next block; say whether it may hold speech. The frames run over the blocks' edges."""
        data = self._rest + pcm_to_bytes(block)
        frame_bytes = 2 * FRAME_SAMPLES
        whole = len(data) // frame_bytes
        is_speech = self._webrtc.is_speech
        speech = sum(
            [is_speech(data[at * frame_bytes : (at + 1) * frame_bytes], SAMPLE_RATE_HZ) for at in range(whole)]
        )
        self._rest = data[whole * frame_bytes :]
        self.score = speech / whole
        return bool(speech >= SHARE * whole)

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """Forget all but `blocks`, the last ones heard."""
        import webrtcvad

        self._webrtc = webrtcvad.Vad(MODE)
        self._rest = b""
        for block in blocks:
            self.opens(block)
