"""How many files of a run are in memory at once."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Room:
    """Lets files in while there is room for their sound, which is known only once they are decoded.

    Not over `files` at once, not over `decoding` of them being decoded, and none while those that are there hold
    `sound_bytes` or more. So one provider that is slow keeps the others waiting only when that much waits for it.
    """

    def __init__(self, *, files: int, decoding: int, sound_bytes: int) -> None:
        self._most_files, self._most_decoding, self._most_bytes = files, decoding, sound_bytes
        self._files = self._decoding = self._bytes = 0
        self._changed = asyncio.Event()

    async def enter(self) -> Place:
        """Wait for room; one task alone may wait."""
        while (
            self._files >= self._most_files
            or self._decoding >= self._most_decoding
            or (self._files and self._bytes >= self._most_bytes)
        ):
            self._changed.clear()
            await self._changed.wait()
        self._files += 1
        self._decoding += 1
        return Place(self)

    def _change(self, *, files: int = 0, decoding: int = 0, sound_bytes: int = 0) -> None:
        self._files += files
        self._decoding += decoding
        self._bytes += sound_bytes
        self._changed.set()


class Place:
    """One file's place in the room."""

    def __init__(self, room: Room) -> None:
        self._room = room

    @contextmanager
    def decoding(self) -> Iterator[None]:
        """While the file is being decoded; it must be, exactly once."""
        try:
            yield
        finally:
            self._room._change(decoding=-1)

    @contextmanager
    def holding(self, sound_bytes: int) -> Iterator[None]:
        """While its sound is in memory."""
        self._room._change(sound_bytes=sound_bytes)
        try:
            yield
        finally:
            self._room._change(sound_bytes=-sound_bytes)

    def leave(self) -> None:
        """Give the place up."""
        self._room._change(files=-1)
