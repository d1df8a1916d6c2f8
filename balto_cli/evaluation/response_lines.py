"""Every answer of a run, with what it was for, kept out of memory until the run is closed."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class ResponseLines:
    """Lines in order of file, whatever the order in which files end; they lie in a temporary file without a name."""

    def __init__(self) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self._places: dict[int, tuple[int, int]] = {}
        self._in_memory: dict[int, bytes] = {}

    def put(self, file: int, lines: Iterable[Mapping[str, Any]]) -> None:
        """Keep the lines of one file, by its place in the run; in memory where the temporary disk is full."""
        data = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode("utf-8", "backslashreplace")
        try:
            begin = self._spool.seek(0, 2)
            self._spool.write(data)
            self._spool.flush()
        except OSError:
            self._in_memory[file] = data
        else:
            self._places[file] = (begin, len(data))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for file in sorted(self._places.keys() | self._in_memory.keys()):
            data = self._in_memory.get(file)
            if data is None:
                begin, size = self._places[file]
                self._spool.seek(begin)
                data = self._spool.read(size)
            for line in data.splitlines():
                yield json.loads(line)
