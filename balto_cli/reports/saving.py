"""Puts a workbook where people look for it, without ever costing them one that they changed.

A workbook that Balto did not write as it stands (somebody changed it, or brought it) is kept under its date. One that
is open in Excel or LibreOffice is left alone and the new one is written beside it. A folder that cannot be written
gives way to the next one. What happened is told in one sentence; a workbook is there whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from balto_cli.errors import OutputError
from balto_cli.files import os_reason, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_REMEMBERED = 200
"""Workbooks whose hashes are remembered; two are written a run."""
_NAMES_TRIED = 50


@dataclass(frozen=True, slots=True)
class SavedWorkbook:
    """Where a workbook is, and what the person should know of it."""

    path: Path
    note: str | None
    """One sentence, where it is not simply where it was asked for or an older one was kept; None otherwise."""


def save_workbook(
    path: Path, build: Callable[[Path], bytes], *, record: Path, fallbacks: Sequence[Path] = ()
) -> SavedWorkbook:
    """Write the workbook that `build` makes for a folder to `path`, or as near to it as can be.

    `record` is a JSON file of our own that remembers the workbooks written. `fallbacks` are folders to try, in order,
    where `path`'s own cannot be written (full disk, no permission). Raises `OutputError` when none can.
    """
    try:
        content = build(path.parent)
        return _save_in(path, content, record)
    except OSError as error:
        failure = error
    for folder in fallbacks:
        with contextlib.suppress(OSError):
            saved = _save_in(folder / path.name, build(folder), record)
            note = f"{path.name} não pôde ser gravada em {path.parent} ({os_reason(failure)}) e ficou em {saved.path}."
            return SavedWorkbook(saved.path, note)
    raise OutputError(
        f"Não foi possível gravar {path.name} em {path.parent} ({os_reason(failure)}): libere espaço ou escolha outra"
        " pasta com --output e repita o comando; o que já foi transcrito está guardado."
    ) from failure


def _save_in(path: Path, content: bytes, record: Path) -> SavedWorkbook:
    """Save in the folder of `path`. Raises OSError where the folder takes no file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = _Written(record)
    partial = _write_partial(path, content)
    try:
        for candidate in _names_beside(path):
            try:
                kept = _take_place(candidate, partial, content, ours)
            except PermissionError:  # Windows: somebody has it open
                continue
            return SavedWorkbook(candidate, _note(path, candidate, kept))
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    raise PermissionError(errno.EACCES, "todas as planilhas estão abertas", str(path))


def _write_partial(path: Path, content: bytes) -> Path:
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    return partial


def _names_beside(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, _NAMES_TRIED):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def _take_place(path: Path, partial: Path, content: bytes, ours: _Written) -> Path | None:
    """Move the new workbook to `path`; return where the one that stood there was kept, if it had to be.

    Raises PermissionError where `path` is in use.
    """
    kept = None
    if os.path.lexists(path):
        if path.exists() and not path.is_file():
            raise PermissionError(errno.EACCES, "não é um arquivo", str(path))
        standing = path.read_bytes() if path.exists() else b""
        if standing == content:
            return None
        if _is_open(path):
            raise PermissionError(errno.EACCES, "está aberta", str(path))
        if not ours.holds(standing):
            kept = _dated_name(path)
            path.rename(kept)
    ours.add(content)
    partial.replace(path)
    return kept


def _is_open(path: Path) -> bool:
    """LibreOffice and Excel put an owner file beside a workbook while they have it open."""
    return any(path.with_name(name).exists() for name in (f".~lock.{path.name}#", f"~${path.name}"))


def _dated_name(path: Path) -> Path:
    changed_at = datetime.fromtimestamp(path.lstat().st_mtime)
    dated = path.with_name(f"{path.stem}_{changed_at:%Y-%m-%d_%Hh%M}{path.suffix}")
    return next(name for name in _names_beside(dated) if not os.path.lexists(name))


def _note(asked: Path, written: Path, kept: Path | None) -> str | None:
    notes = []
    if written != asked:
        notes.append(f"{asked.name} está aberta em outro programa: a nova é {written.name}")
    if kept:
        notes.append(f"{written.name} tinha sido alterada e foi guardada como {kept.name}")
    return "; ".join(notes) + "." if notes else None


class _Written:
    """Hashes of the workbooks that Balto wrote; a file that has one of them was not touched since."""

    def __init__(self, record: Path) -> None:
        self._record = record
        try:
            hashes = json.loads(record.read_text("utf-8"))["sha256"]
        except (OSError, ValueError, TypeError, KeyError):
            hashes = []
        self._hashes = [digest for digest in hashes if isinstance(digest, str)] if isinstance(hashes, list) else []

    def holds(self, content: bytes) -> bool:
        """Whether a workbook is one of ours, unchanged."""
        return hashlib.sha256(content).hexdigest() in self._hashes

    def add(self, content: bytes) -> None:
        """Remember a workbook before it takes its place: a kill in between costs at most a needless entry."""
        digest = hashlib.sha256(content).hexdigest()
        self._hashes = [*(known for known in self._hashes if known != digest), digest][-_REMEMBERED:]
        with contextlib.suppress(OSError):  # without the record a workbook is kept once too often, never lost
            write_atomically(self._record, json.dumps({"sha256": self._hashes}, indent=1) + "\n")
