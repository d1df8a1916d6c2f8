"""Sound on disk before anything else happens to it: append-only journals of records, one writer, all sessions together.

A record is a head and its payload; the head names whose it is (16 bytes), from which sample on it reaches, how long it
is, and its CRC-32. One file for all sessions makes one `fdatasync` enough for all of them: 300 files of 32 KB take
760 ms to sync, one journal with the same bytes 22 ms. Files are closed at a size and deleted when nothing in them is
wanted any more.

Appending only gathers; `write` hands everything to the system in one call, which outlives the death of the process,
and `sync` makes it outlive a power cut. What cannot be written stays gathered, so that nothing is lost while the disk
is full.

Erasing overwrites records where they lie. A stretch that was erased out of a session that goes on is read as silence,
by the next process too, so that the session's clock does not stand still for it.
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
from io import FileIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_HEAD = struct.Struct("<2sBx16sQII")
_MAGIC = b"B1"
_ERASED, _KEPT, _GONE = 0, 1, 2
"""Kinds of records: silence in place of sound, sound, and what was erased with all that its owner had."""
_KIND_OFFSET = 2
_NAME = re.compile(r"(\d{10})\.diario")
FILE_BYTES = 32 * 1024 * 1024
"""Size at which a file is closed: about four seconds of 300 sessions."""
RECORD_BYTES = 8_192
"""Records are no longer than this, a quarter of a second, so that little beside a stretch is erased with it; sound
that comes in tiny messages is joined up to it, as far as it came between two writes."""
_BYTES_PER_SAMPLE = 2
Span = tuple[int, int | None]
"""From sample, up to sample; None: to the end, whatever comes."""
EVERYTHING: Span = (0, None)


class _Extent(NamedTuple):
    """Where a piece of sound lies; one for every message of every session, so made as cheaply as may be."""

    file: int
    offset: int
    """Of its payload."""
    start: int
    samples: int
    erased: bool = False
    """Nothing but zeros lies there."""

    @property
    def end(self) -> int:
        return self.start + self.samples

    def overlaps(self, spans: Sequence[Span]) -> bool:
        return any(self.end > start and (end is None or self.start < end) for start, end in spans)


class Journal:
    """One journal in a folder of its own, used from one thread."""

    def __init__(self, folder: Path, *, file_bytes: int = FILE_BYTES) -> None:
        """Read what a process before left there; a record that was cut off by its death ends its file."""
        self._folder = folder
        self._file_bytes = file_bytes
        self._extents: dict[bytes, deque[_Extent]] = {}
        self._wanted: dict[int, int] = {}
        """How many pieces of each file are wanted."""
        self._inside: dict[int, set[bytes]] = {}
        """Whose sound lies in each file, wanted or not."""
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
        self._number = files[-1] if files else 0
        for number in files:
            self._wanted[number] = 0
            self._inside[number] = set()
            with self._path(number).open("rb") as file:
                for owner, kind, extent in _scan(file, number):
                    self._inside[number].add(owner)
                    if kind != _GONE:
                        self._keep(owner, extent)
        for number in tuple(self._wanted):
            self._delete_if_unwanted(number)

    def append(self, owner: bytes, start: int, pcm: bytes | bytearray | memoryview) -> None:
        """Gather a piece of sound of `owner` (16 bytes) that begins at sample `start`."""
        self.gathered_bytes += len(pcm)
        if self._gathered:
            last_owner, last_start, payload = self._gathered[-1]
            follows = last_owner == owner and last_start + len(payload) // _BYTES_PER_SAMPLE == start
            if follows and len(payload) + len(pcm) <= RECORD_BYTES:
                payload += pcm
                return
        for offset in range(0, len(pcm), RECORD_BYTES):
            piece = bytearray(pcm[offset : offset + RECORD_BYTES])
            self._gathered.append((owner, start + offset // _BYTES_PER_SAMPLE, piece))

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
        """PCM16LE of the samples from `start` on, up to `end` or the first one that is not there. Raises OSError.

        Samples that were erased are 0.
        """
        found = bytearray()
        position = start
        with contextlib.ExitStack() as opened:
            files: dict[int, FileIO] = {}
            for extent in self._extents.get(owner, ()):
                if extent.start > position or position >= end:
                    break
                if extent.end <= position:
                    continue
                if extent.file not in files:
                    files[extent.file] = opened.enter_context(self._path(extent.file).open("rb", buffering=0))
                file = files[extent.file]
                wanted = (min(end, extent.end) - position) * _BYTES_PER_SAMPLE
                file.seek(extent.offset + (position - extent.start) * _BYTES_PER_SAMPLE)
                piece = bytes(wanted) if extent.erased else file.read(wanted)
                found += piece
                position += len(piece) // _BYTES_PER_SAMPLE
        return bytes(found)

    def owners(self) -> tuple[bytes, ...]:
        """Whose sound is there."""
        return tuple(self._extents)

    def end_of(self, owner: bytes, start: int) -> int:
        """Sample after the last one that is there, or was erased, without a gap from `start` on."""
        position = start
        for extent in self._extents.get(owner, ()):
            if extent.start <= position < extent.end:
                position = extent.end
        return position

    def was_erased(self, owner: bytes, start: int) -> bool:
        """Whether some of its sound from `start` on was erased."""
        return any(extent.erased and extent.end > start for extent in self._extents.get(owner, ()))

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

    async def erase(self, spans: Mapping[bytes, Sequence[Span]]) -> None:
        """Overwrite these stretches of sound, by owner, wherever they lie, forgotten or not, and sync. Raises OSError.

        Records go whole: up to `RECORD_BYTES` more at either end. Of an owner who loses `EVERYTHING` nothing is kept;
        in any other the stretch is silence from this call on.
        """
        if not spans:
            return
        self.write()
        for owner in spans.keys() & self._extents.keys():
            kept = deque[_Extent]()
            for extent in self._extents.pop(owner):
                if not extent.overlaps(spans[owner]):
                    kept.append(extent)
                elif EVERYTHING in spans[owner]:
                    self._let_go(extent)
                else:
                    kept.append(extent._replace(erased=True))
            if kept:
                self._extents[owner] = kept
        numbers = [number for number, owners in self._inside.items() if owners & spans.keys()]
        # Of the file that is written to, what comes meanwhile is none of it.
        sizes = {number: self._size if number == self._number and self._writer else None for number in numbers}
        if numbers:
            await asyncio.to_thread(self._overwrite, sizes, spans)

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

    def _overwrite(self, sizes: Mapping[int, int | None], spans: Mapping[bytes, Sequence[Span]]) -> None:
        """Put zeros in place of sound. The mark comes first: a death in between leaves what the next try finds."""
        for number, size in sizes.items():
            # A file that is gone since held nothing that is wanted.
            with contextlib.suppress(FileNotFoundError), self._path(number).open("r+b") as file:
                records = _scan(file, number, size=size, checked=False)
                found = [(owner, extent) for owner, _, extent in records if extent.overlaps(spans.get(owner, ()))]
                for owner, extent in found:
                    file.seek(extent.offset - _HEAD.size + _KIND_OFFSET)
                    file.write(bytes([_GONE if EVERYTHING in spans[owner] else _ERASED]))
                    file.seek(extent.offset)
                    file.write(bytes(extent.samples * _BYTES_PER_SAMPLE))
                if found:
                    file.flush()
                    _to_disk(file)

    def _begin_file(self) -> FileIO:
        path = self._path(self._number + 1)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        self._writer = writer = FileIO(descriptor, "r+b")
        self._number += 1
        self._size = 0
        self._begun_s = time.monotonic()
        self._wanted[self._number] = 0
        self._inside[self._number] = set()
        if sys.platform != "win32":
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return writer

    def _end_file(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            # It is let go of even where the disk complains: one that is closed already could not be written to.
            writer.close()
            self._delete_if_unwanted(self._number)

    def _keep(self, owner: bytes, extent: _Extent) -> None:
        """Sound that comes in place of other sound is what counts: that was forgotten when it came."""
        extents = self._extents.setdefault(owner, deque())
        self._wanted[extent.file] += 1
        self._inside[extent.file].add(owner)
        while extents and extents[-1].start >= extent.start:
            self._let_go(extents.pop())
        if extents and extents[-1].end > extent.start:
            extents[-1] = extents[-1]._replace(samples=extent.start - extents[-1].start)
        extents.append(extent)

    def _let_go(self, extent: _Extent) -> None:
        self._wanted[extent.file] -= 1
        self._delete_if_unwanted(extent.file)

    def _delete_if_unwanted(self, number: int) -> None:
        if self._wanted[number] or (number == self._number and self._writer is not None):
            return
        del self._wanted[number], self._inside[number]
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


def _scan(
    file: BinaryIO, number: int, *, size: int | None = None, checked: bool = True
) -> Iterator[tuple[bytes, int, _Extent]]:
    """Owner, kind and place of each record; with `checked` up to the first one that is damaged."""
    size = os.fstat(file.fileno()).st_size if size is None else size
    offset = 0
    while offset + _HEAD.size <= size:
        file.seek(offset)
        magic, kind, owner, start, length, crc = _HEAD.unpack(file.read(_HEAD.size))
        offset += _HEAD.size
        if magic != _MAGIC or offset + length > size:
            return
        if checked and kind == _KEPT and zlib.crc32(file.read(length)) != crc:
            return
        yield owner, kind, _Extent(number, offset, start, length // _BYTES_PER_SAMPLE, kind == _ERASED)
        offset += length


def _write_all(file: FileIO, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def _to_disk(file: BinaryIO | FileIO) -> None:
    getattr(os, "fdatasync", os.fsync)(file.fileno())
