"""What came in one request: its sound, hashed on the way and spooled to disk where it is large, and its fields."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from balto_cli.audio.containers import HEAD_BYTES

_IN_MEMORY_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 16


class TooLargeError(Exception):
    """More bytes came than the provider takes."""


class UnreadableError(Exception):
    """The body is not what its content type says."""


class Sound:
    """The audio of one request."""

    def __init__(self, *, keep: bool, filename: str = "", content_type: str = "") -> None:
        """Keep the bytes unless only their hash is of interest."""
        self.filename = filename
        self.content_type = content_type
        self.size = 0
        self.head = b""
        self._keep = keep
        self._hash = hashlib.sha256()
        self._file: IO[bytes] | None = None

    @property
    def sha256(self) -> str:
        """Of all bytes, hexadecimal."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self._hash.update(chunk)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        if self._keep:
            if self._file is None:
                self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
            self._file.write(chunk)

    def read(self) -> bytes:
        """All bytes; empty where they were not kept."""
        if self._file is None:
            return b""
        self._file.seek(0)
        return self._file.read()

    def copy_to(self, path: Path) -> None:
        """Write all bytes to a file."""
        with path.open("wb") as target:
            if self._file is not None:
                self._file.seek(0)
                while chunk := self._file.read(_CHUNK_BYTES):
                    target.write(chunk)

    def close(self) -> None:
        """Let the bytes go."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._keep = False


@dataclass(slots=True)
class Body:
    """What came in one request."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    data: Any = None
    """The JSON value of a JSON body."""
    sound: Sound | None = None

    def one(self, name: str, default: str = "") -> str:
        """A field's last value."""
        return self.fields.get(name, [default])[-1]

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A field that is true or false."""
        return self.one(name, str(default)).strip().lower() in ("true", "1", "yes")

    def many(self, name: str) -> list[str]:
        """A field's values, whether it is called `name` or `name[]`."""
        return self.fields.get(name, []) + self.fields.get(f"{name}[]", [])
