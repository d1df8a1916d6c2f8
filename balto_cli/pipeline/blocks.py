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

    def go_on_from(self, position: int) -> None:
        """Stand after `position` samples, a whole number of blocks, as if they had been pushed."""
        self._blocks_out = position * _BYTES_PER_SAMPLE // self._block_bytes

    def finish(self) -> Pcm | None:
        """End of audio: the last part block, filled with zeros, or None if nothing is left. A half sample is let go."""
        tail = bytes(self._rest[: len(self._rest) // _BYTES_PER_SAMPLE * _BYTES_PER_SAMPLE])
        self._rest = bytearray(tail)
        return pcm_from_bytes(tail.ljust(self._block_bytes, b"\0")) if tail else None


class RawSound:
    """The last raw sound, read by absolute sample position."""

    def __init__(self) -> None:
        self._blocks: deque[Pcm] = deque()
        self._start = 0
        self._end = 0

    @property
    def start(self) -> int:
        """Absolute position of the oldest sample still held."""
        return self._start

    def append(self, block: Pcm) -> None:
        """Add the next block."""
        self._blocks.append(block)
        self._end += len(block)

    def go_on_from(self, sound: Pcm, end: int) -> None:
        """Hold `sound` alone, the last of which stands before the absolute position `end`."""
        self._blocks = deque([sound])
        self._start, self._end = end - len(sound), end

    def read(self, start: int, end: int) -> Pcm:
        """Copy of the samples from `start` up to `end`, both absolute and still held."""
        if not self._start <= start <= end <= self._end:
            raise IndexError(f"samples {start} to {end} are not held")
        pieces, position = [], self._start
        for block in self._blocks:
            if position < end and position + len(block) > start:
                pieces.append(block[max(0, start - position) : end - position])
            position += len(block)
        return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)

    def last_blocks(self, count: int, block_samples: int) -> list[Pcm]:
        """The last whole blocks before the end, at most `count`, the oldest first."""
        held = min(count, (self._end - self._start) // block_samples)
        starts = range(self._end - held * block_samples, self._end, block_samples)
        return [self.read(start, start + block_samples) for start in starts]

    def forget_before(self, position: int) -> None:
        """Let go of what ends at or before `position`."""
        while self._blocks and self._start + len(self._blocks[0]) <= position:
            self._start += len(self._blocks.popleft())
