"""The bytes of one request: a form or the bare audio, streamed where it is large, with what has left kept count of."""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

    from balto_cli.stt.upload import Parcel

CHUNK_BYTES = 256 * 1024
IN_ONE_PIECE_BYTES = 1024 * 1024
"""Up to this a body is handed over whole; aiohttp warns above it, since writing it holds up the loop."""


class Body:
    """The bytes of one request, `head` + audio + `tail`; knows what has left.

    In one piece up to `IN_ONE_PIECE_BYTES`, above that an asynchronous iterator over chunks.
    """

    def __init__(self, parcel: Parcel, head: bytes = b"", tail: bytes = b"") -> None:
        self._parcel = parcel
        self._head = head
        self._tail = tail
        self.size = len(head) + parcel.size + len(tail)
        self.streamed = parcel.data is None or self.size > IN_ONE_PIECE_BYTES
        self.sent = not self.streamed
        """Whether all of it left this machine; a small body leaves at once when the connection stands."""
        self.unreadable = False
        """Whether the file could not be read to its end."""
        self.on_chunk: Callable[[], None] | None = None
        self.on_end: Callable[[], None] | None = None

    @property
    def content(self) -> bytes | AsyncIterator[bytes]:
        """As httpx takes it."""
        if self.streamed:
            return self._chunks()
        return self._head + (self._parcel.data or b"") + self._tail

    @contextlib.asynccontextmanager
    async def as_file(self) -> AsyncIterator[bytes | BodyFile]:
        """The audio alone, as bytes where it is small."""
        if not self.streamed:
            yield self._parcel.data or b""
        elif self._parcel.path is None:
            yield BodyFile(io.BytesIO(self._parcel.data or b""), self)
        else:
            with await asyncio.to_thread(self._parcel.path.open, "rb") as file:
                yield BodyFile(file, self)

    def note(self, *, ended: bool) -> None:
        """Another chunk is wanted, so the ones before it were taken; `ended` where there is none."""
        self.sent = self.sent or ended
        told = self.on_end if ended else self.on_chunk
        if told:
            told()

    async def _chunks(self) -> AsyncIterator[bytes]:
        for edge in (self._head, None, self._tail):
            if edge is None:
                async for chunk in self._audio():
                    self.note(ended=False)
                    yield chunk
            elif edge:
                self.note(ended=False)
                yield edge
        self.note(ended=True)

    async def _audio(self) -> AsyncIterator[bytes]:
        if self._parcel.path is None:
            view = memoryview(self._parcel.data or b"")
            for start in range(0, len(view), CHUNK_BYTES):
                yield bytes(view[start : start + CHUNK_BYTES])
        else:
            async for chunk in self._from_disk(self._parcel.path, self._parcel.size):
                yield chunk

    async def _from_disk(self, path: Path, size: int) -> AsyncIterator[bytes]:
        """Exactly `size` bytes, which were promised to the provider; a file that became shorter is an error."""
        left = size
        try:
            file = await asyncio.to_thread(path.open, "rb")
            with file:
                while left:
                    chunk = await asyncio.to_thread(file.read, min(CHUNK_BYTES, left))
                    if not chunk:
                        raise EOFError
                    left -= len(chunk)
                    yield chunk
        except (OSError, EOFError):
            self.unreadable = True
            raise


class BodyFile:
    """The audio as a file, for a library that builds the form itself; tells `body` what has been read."""

    def __init__(self, file: IO[bytes], body: Body) -> None:
        self._file = file
        self._body = body

    def read(self, size: int = -1) -> bytes:
        """The next bytes; the empty answer at the end says that all were taken."""
        chunk = self._file.read(size)
        self._body.note(ended=not chunk)
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()


def multipart(
    fields: Iterable[tuple[str, str]], file_field: str, parcel: Parcel, *, json_fields: Sequence[str] = ()
) -> tuple[str, Body]:
    """A form (RFC 7578) with the audio as its last part: its content type and body.

    Fields named in `json_fields` say that they are JSON.
    """
    boundary = f"balto-{secrets.token_hex(16)}"
    parts = []
    for name, value in fields:
        kind = "Content-Type: application/json\r\n" if name in json_fields else ""
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n{kind}\r\n{value}\r\n')
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{file_field}"; filename="{parcel.filename}"\r\n'
        f"Content-Type: {parcel.media_type}\r\n\r\n"
    )
    head, tail = "".join(parts).encode(), f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", Body(parcel, head, tail)
