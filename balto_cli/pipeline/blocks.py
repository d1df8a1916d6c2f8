"""Bytes of any length in, blocks of fixed length at absolute sample positions out.

Whatever comes after works on blocks only, so nothing downstream can depend on how the transport cut the audio. Also
holds the recent raw sound that segments and the noise profile are cut from, in bounded memory.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import pcm_from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from balto_cli.audio.pcm import Pcm

_BYTES_PER_SAMPLE = 2


class BlockCutter:
    """Cuts PCM16LE bytes into blocks of `block_samples`; keeps what is left over, an odd byte included."""

    def __init__(self, block_samples: int) -> None:
        self._block_bytes = block_samples * _BYTES_PER_SAMPLE
        self._rest = bytearray()
        self._blocks_out = 0

    @property
    def total_samples(self) -> int:
        """Whole samples taken so far."""
        return (self._blocks_out * self._block_bytes + len(self._rest)) // _BYTES_PER_SAMPLE

    def push(self, chunk: bytes | bytearray | memoryview) -> Iterator[Pcm]:
        """Take bytes of any length; yield each block that is full, shape (block_samples,)."""
        view = memoryview(chunk).cast("B")
        position = 0
        while position < len(view):
            missing = self._block_bytes - len(self._rest)
            self._rest += view[position : position + missing]
            position += missing
            if len(self._rest) == self._block_bytes:
                block = pcm_from_bytes(bytes(self._rest))
                self._rest.clear()
                self._blocks_out += 1
                yield block

    def finish(self) -> Pcm | None:
        """End of audio: the last part block, filled with zeros, or None if nothing is left. A half sample is let go."""
        tail = bytes(self._rest[: len(self._rest) // _BYTES_PER_SAMPLE * _BYTES_PER_SAMPLE])
        self._rest = bytearray(tail)
        return pcm_from_bytes(tail.ljust(self._block_bytes, b"\0")) if tail else None


class RawSound:
    """The last blocks of raw sound, read by absolute sample position."""

    def __init__(self, block_samples: int) -> None:
        self._block_samples = block_samples
        self._blocks: deque[Pcm] = deque()
        self._first_block = 0

    @property
    def start(self) -> int:
        """Absolute position of the oldest sample still held."""
        return self._first_block * self._block_samples

    def append(self, block: Pcm) -> None:
        """Add the next block."""
        self._blocks.append(block)

    def read(self, start: int, end: int) -> Pcm:
        """Copy of the samples from `start` up to `end`, both absolute and still held."""
        if not self.start <= start <= end <= self.start + len(self._blocks) * self._block_samples:
            raise IndexError(f"samples {start} to {end} are not held")
        first = start // self._block_samples - self._first_block
        last = -(-end // self._block_samples) - self._first_block
        pieces = [self._blocks[index] for index in range(first, max(last, first + 1))] if end > start else []
        if not pieces:
            return np.zeros(0, dtype=np.int16)
        offset = (self._first_block + first) * self._block_samples
        return np.concatenate(pieces)[start - offset : end - offset].copy()

    def forget_before(self, position: int) -> None:
        """Let go of all blocks that end at or before `position`."""
        while self._blocks and self.start + self._block_samples <= position:
            self._blocks.popleft()
            self._first_block += 1
