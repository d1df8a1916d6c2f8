"""Sound on disk before anything else happens to it: append-only journals of records, one writer, all sessions together.

A record is a head and its payload; the head names whose it is (16 bytes), from which sample on it reaches, how long it
is, and its CRC-32. One file for all sessions makes one `fdatasync` enough for all of them: 300 files of 32 KB take
760 ms to sync, one journal with the same bytes 22 ms. Files are closed at a size and deleted when nothing in them is
wanted any more.

Appending only gathers; `write` hands everything to the system in one call, which outlives the death of the process,
and `sync` makes it outlive a power cut. What cannot be written stays gathered, so that nothing is lost while the disk
is full.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import struct
import sys
import time
import zlib
from collections import deque
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_HEAD = struct.Struct("<2sBx16sQII")
_MAGIC = b"B1"
_KEPT, _ERASED = 1, 0
_KIND_OFFSET = 2
_NAME = re.compile(r"(\d{10})\.diario")
FILE_BYTES = 32 * 1024 * 1024
"""Size at which a file is closed: about four seconds of 300 sessions."""
_JOIN_BYTES = 8_192
"""Sound that comes in tiny messages is joined into records up to this long, as far as it came between two writes."""
_BYTES_PER_SAMPLE = 2


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where a piece of sound lies."""

    file: int
    offset: int
    """Of its payload."""
    start: int
    samples: int

    @property
    def end(self) -> int:
        return self.start + self.samples

    def overlaps(self, start: int, end: int | None) -> bool:
        return self.end > start and (end is None or self.start < end)


class Journal:
    """One journal in a folder of its own, used from one thread."""

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES) -> None:
        """Read what a process before left there; a record that was cut off by its death ends its file."""
        self._folder = folder
        self._file_bytes = file_bytes
        self._extents: dict[bytes, deque[_Extent]] = {}
        self._wanted: dict[int, int] = {}
        """How many pieces of each file are wanted."""
        self._gathered: list[tuple[bytes, int, bytearray]] = []
        self.gathered_bytes = 0
        """Not yet given to the system."""
        self._writer: FileIO | None = None
        self._begun_s = 0.0
        self._size = 0
        self._unsynced: set[int] = set()
        self._syncing: asyncio.Task[None] | None = None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = sorted(int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))
        for number in files:
            self._wanted[number] = 0
            with self._path(number).open("rb") as file:
                for owner, extent in _scan(file, number):
                    self._keep(owner, extent)
        self._number = files[-1] if files else 0
        for number in files:
            self._delete_if_unwanted(number)

    def append(self, owner: bytes, start: int, pcm: bytes | bytearray | memoryview) -> None:
        """Gather a piece of sound of `owner` (16 bytes) that begins at sample `start`."""
        self.gathered_bytes += len(pcm)
        if self._gathered:
            last_owner, last_start, payload = self._gathered[-1]
            follows = last_owner == owner and last_start + len(payload) // _BYTES_PER_SAMPLE == start
            if follows and len(payload) + len(pcm) <= _JOIN_BYTES:
                payload += pcm
                return
        self._gathered.append((owner, start, bytearray(pcm)))

    def write(self) -> None:
        """Hand what was gathered to the system. Raises OSError, and keeps it, where the disk takes no more."""
        if not self._gathered:
            return
        writer = self._writer or self._begin_file()
        batch = bytearray()
        placed: list[tuple[bytes, _Extent]] = []
        for owner, start, payload in self._gathered:
            batch += _HEAD.pack(_MAGIC, _KEPT, owner, start, len(payload), zlib.crc32(payload))
            placed.append((owner, _Extent(self._number, self._size + len(batch), start, len(payload) // 2)))
            batch += payload
        try:
            writer.seek(self._size)
            _write_all(writer, batch)
        except OSError:
            # Nothing of a batch that broke off may be read back.
            with contextlib.suppress(OSError):
                writer.truncate(self._size)
            raise
        self._size += len(batch)
        self._gathered.clear()
        self.gathered_bytes = 0
        self._unsynced.add(self._number)
        for owner, extent in placed:
            self._keep(owner, extent)
        if self._size >= self._file_bytes:
            self._end_file()

    async def sync(self) -> None:
        """Return when all that was appended outlives a power cut; callers share one `fdatasync`. Raises OSError."""
        self.write()
        if self._syncing is not None:
            # It may have begun before the last write.
            await asyncio.wait([self._syncing])
        if self._syncing is None and self._unsynced:
            self._syncing = asyncio.create_task(self._sync_now())
            self._syncing.add_done_callback(self._synced)
        if self._syncing is not None:
            await asyncio.shield(self._syncing)

    def read(self, owner: bytes, start: int, end: int) -> bytes:
        """PCM16LE of the samples from `start` on, up to `end` or the first one that is not there. Raises OSError."""
        found = bytearray()
        position = start
        for extent in self._extents.get(owner, ()):
            if extent.start > position or position >= end:
                break
            if extent.end <= position:
                continue
            wanted = min(end, extent.end) - position
            with self._path(extent.file).open("rb", buffering=0) as file:
                file.seek(extent.offset + (position - extent.start) * _BYTES_PER_SAMPLE)
                piece = file.read(wanted * _BYTES_PER_SAMPLE)
            found += piece
            position += len(piece) // _BYTES_PER_SAMPLE
        return bytes(found)

    def owners(self) -> tuple[bytes, ...]:
        """Whose sound is there."""
        return tuple(self._extents)

    def end_of(self, owner: bytes, start: int) -> int:
        """Sample after the last one that is there without a gap from `start` on."""
        position = start
        for extent in self._extents.get(owner, ()):
            if extent.start <= position < extent.end:
                position = extent.end
        return position

    def forget(self, owner: bytes, before: int | None = None) -> None:
        """Sound before sample `before` (all of it without one) is not wanted any more."""
        extents = self._extents.get(owner)
        if extents is None:
            return
        while extents and (before is None or extents[0].end <= before):
            self._let_go(extents.popleft())
        if not extents:
            del self._extents[owner]

    def forget_from(self, owner: bytes, start: int) -> None:
        """Sound that begins at sample `start` or later is not wanted: what comes there will be appended anew."""
        extents = self._extents.get(owner)
        if extents is None:
            return
        while extents and extents[-1].start >= start:
            self._let_go(extents.pop())
        if not extents:
            del self._extents[owner]

    def erase(self, owners: Collection[bytes], start: int = 0, end: int | None = None) -> None:
        """Overwrite their sound with zeros wherever it lies, forgotten or not, and sync. Raises OSError."""
        self.write()
        wanted = frozenset(owners)
        for number in tuple(self._wanted):
            with self._path(number).open("r+b") as file:
                mine = [
                    extent for owner, extent in _scan(file, number) if owner in wanted and extent.overlaps(start, end)
                ]
                for extent in mine:
                    file.seek(extent.offset - _HEAD.size + _KIND_OFFSET)
                    file.write(bytes([_ERASED]))
                    file.seek(extent.offset)
                    file.write(bytes(extent.samples * _BYTES_PER_SAMPLE))
                if mine:
                    file.flush()
                    _to_disk(file)
        for owner in wanted & self._extents.keys():
            kept = deque[_Extent]()
            for extent in self._extents.pop(owner):
                if extent.overlaps(start, end):
                    self._let_go(extent)
                else:
                    kept.append(extent)
            if kept:
                self._extents[owner] = kept

    def tidy(self, *, older_than_s: float = 60.0) -> None:
        """Close a file that has been written to for a while, so that it goes as soon as nothing in it is wanted."""
        if self._writer is not None and time.monotonic() - self._begun_s >= older_than_s:
            self._end_file()

    @property
    def disk_bytes(self) -> int:
        """What the journal takes on disk."""
        return sum(self._path(number).stat().st_size for number in self._wanted)

    def close(self) -> None:
        """Write what was gathered, if the disk takes it, and let go of the file. Raises OSError."""
        try:
            self.write()
        finally:
            self._end_file()

    async def _sync_now(self) -> None:
        numbers, self._unsynced = self._unsynced, set()
        try:
            await asyncio.to_thread(self._sync_files, tuple(numbers))
        except OSError:
            self._unsynced |= numbers
            raise

    def _synced(self, done: asyncio.Task[None]) -> None:
        self._syncing = None
        if not done.cancelled():
            done.exception()  # those who wait for it are told

    def _sync_files(self, numbers: tuple[int, ...]) -> None:
        for number in numbers:
            # A file that is gone held nothing that is wanted.
            with contextlib.suppress(FileNotFoundError), self._path(number).open("r+b", buffering=0) as file:
                _to_disk(file)

    def _begin_file(self) -> FileIO:
        path = self._path(self._number + 1)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        self._writer = writer = FileIO(descriptor, "r+b")
        self._number += 1
        self._size = 0
        self._begun_s = time.monotonic()
        self._wanted[self._number] = 0
        if sys.platform != "win32":
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return writer

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._delete_if_unwanted(self._number)

    def _keep(self, owner: bytes, extent: _Extent) -> None:
        self._extents.setdefault(owner, deque()).append(extent)
        self._wanted[extent.file] += 1

    def _let_go(self, extent: _Extent) -> None:
        self._wanted[extent.file] -= 1
        self._delete_if_unwanted(extent.file)

    def _delete_if_unwanted(self, number: int) -> None:
        if self._wanted[number] or (number == self._number and self._writer is not None):
            return
        del self._wanted[number]
        self._unsynced.discard(number)
        self._path(number).unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010d}.diario"


class Spool:
    """The two journals of a server: sound as it arrived, and segments as the provider is to hear them.

    They are apart because they live differently: sound is wanted until the next checkpoint, half a minute, a segment
    until it has its transcript, which in an outage is hours.
    """

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES) -> None:
        self.sound = Journal(folder / "som", file_bytes=file_bytes)
        """By session."""
        self.segments = Journal(folder / "segmentos", file_bytes=file_bytes)
        """By segment; each begins at its own sample 0."""
        self.refusal: OSError | None = None
        """Why the disk took nothing at the last try; None while it does."""

    def write(self) -> bool:
        """Hand everything to the system; False, and `refusal` says why, where the disk takes no more."""
        try:
            self.sound.write()
            self.segments.write()
        except OSError as error:
            self.refusal = error.with_traceback(None)
            return False
        self.refusal = None
        return True

    @property
    def gathered_bytes(self) -> int:
        """What the disk has not taken."""
        return self.sound.gathered_bytes + self.segments.gathered_bytes

    @property
    def disk_bytes(self) -> int:
        """What both take on disk."""
        return self.sound.disk_bytes + self.segments.disk_bytes

    def close(self) -> None:
        """Let go of both. Raises OSError."""
        try:
            self.sound.close()
        finally:
            self.segments.close()


def _scan(file: BinaryIO, number: int) -> Iterator[tuple[bytes, _Extent]]:
    """Whole records that were not erased, up to the first one that is damaged."""
    offset = 0
    file.seek(0)
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        magic, kind, owner, start, length, crc = _HEAD.unpack(head)
        offset += _HEAD.size
        payload = file.read(length) if magic == _MAGIC and length <= FILE_BYTES else b""
        if magic != _MAGIC or len(payload) != length:
            return
        if kind == _KEPT:
            if zlib.crc32(payload) != crc:
                return
            yield owner, _Extent(number, offset, start, length // _BYTES_PER_SAMPLE)
            file.seek(offset + length)
        offset += length


def _write_all(file: FileIO, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _to_disk(file: BinaryIO | FileIO) -> None:
    getattr(os, "fdatasync", os.fsync)(file.fileno())
