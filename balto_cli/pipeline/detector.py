"""What in the raw sound is speech: a score for every hop, and what every detector must do.

A detector is anything that satisfies `Detector`: blocks in, scored hops out, in order, each once, perhaps some hops
later than they were heard. It can be renewed: what of it cannot be saved is made anew from the last seconds of sound,
live and offline alike, so that a restart from saved bytes differs in nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.listener import FirstLook

Floats: TypeAlias = NDArray[np.float32]

RENEWAL_BLOCKS = 4
"""Blocks of sound from which a detector is made anew: 0.4 s; measured to cost nothing against one that heard all."""


class Hops(NamedTuple):
    """The next hops that a detector has made up its mind on: of any number of blocks, or none."""

    score: Floats
    """How sure the detector is of speech, 0 to 1, shape (hops,)."""
    looks: tuple[FirstLook, ...]
    """What the first stage said of each of their blocks; only listeners ask."""


class Detector(Protocol):
    """Scores speech in blocks of raw sound. Holds the state of one stream."""

    @property
    def hop_samples(self) -> int:
        """Samples that one score is for."""

    @property
    def block_samples(self) -> int:
        """Samples of every block, a multiple of `hop_samples`."""

    def process(self, block: Pcm, *, in_speech: bool, may_wait: bool) -> Hops:
        """Take the next block; return the hops that it settled, the oldest first.

        `in_speech`: after the hops settled so far speech has begun, and no pause has ended it yet.
        With `may_wait` nobody waits for a score yet: what is held back may be settled with a later block.
        """

    def finish(self) -> Hops:
        """End of audio: return the hops still held back."""

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """Make anew what cannot be saved, from the last (at most `RENEWAL_BLOCKS`) blocks of sound."""

    def to_bytes(self) -> bytes:
        """What `restore` needs beside the blocks, just after `renew`; plain bytes of fixed layout."""

    def restore(self, data: bytes, blocks: Sequence[Pcm]) -> None:
        """Become the detector that wrote `data` after `renew(blocks)`. Raises ValueError for foreign bytes."""
