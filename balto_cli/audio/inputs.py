"""Which files a command works on: what a person named, folders with their subfolders, each told apart by content.

In a folder, what is plainly no recording (text, office files, archives, images) is passed over and counted. A file
that a person named, or whose ending says "recording", is always an input: if it is no audio it ends as a row with its
reason.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.audio.containers import MEDIA_SUFFIXES, Kind, identify
from balto_cli.audio.decode import read_head
from balto_cli.errors import AudioError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STDIN = "-"
_MAX_NAME_BYTES = 240
"""File systems allow 255 bytes a name; the rest is for `_seg_000.wav`."""
_SYSTEM_FILES = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class InputFile:
    """One recording: where it is, what it is called in reports, and the stem of its segments' names."""

    path: Path
    name: str
    """Path relative to the ENTRADA it was found in, with `/`; unique within a command."""
    stem: str
    """`name` without its ending, or with it where two recordings differ in nothing else; unique within a command."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The recordings of one command, in order of name, and how many files were passed over, by kind."""

    files: tuple[InputFile, ...]
    passed_over: dict[str, int] = field(default_factory=dict)

    @property
    def passed_over_line(self) -> str | None:
        """One line for the person, None when nothing was passed over."""
        if not self.passed_over:
            return None
        counts = ", ".join(f"{count} de {kind}" for kind, count in sorted(self.passed_over.items()))
        return f"Fora da lista por não serem gravações: {counts}."


def find_inputs(entradas: Sequence[Path]) -> Inputs:
    """List the recordings under `entradas` (files and folders). Raises `UsageError` when one of them does not exist."""
    found: dict[str, Path] = {}
    passed_over: Counter[str] = Counter()
    for entrada in entradas:
        if entrada.is_dir():
            named = _in_folder(entrada, passed_over)
        elif entrada.exists() or entrada.is_symlink():
            named = iter([(entrada.name, entrada)])
        else:
            raise UsageError(f"Não encontrei {printable(str(entrada))}: confira o caminho.")
        for name, path in named:
            _add(found, name, path, entrada)
    names = sorted(found, key=_sort_key)
    stems = _stems(names)
    return Inputs(tuple(InputFile(found[name], name, stems[name]) for name in names), dict(passed_over))


def printable(name: str) -> str:
    """A file name as text that any console, sheet or JSON can hold: undecodable bytes and controls are replaced."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)


def name_key(name: str) -> str:
    """What two names share when only case or Unicode form tells them apart, as on macOS and Windows."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def segment_name(stem: str, index: int) -> str:
    """Name of a segment's file, relative to the output folder: `NAME_seg_000.wav`."""
    return f"{stem}_seg_{index:03d}.wav"


def _in_folder(folder: Path, passed_over: Counter[str]) -> Iterator[tuple[str, Path]]:
    for parent, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            kind = _passed_over_kind(path)
            if kind is None:
                yield path.relative_to(folder).as_posix(), path
            elif kind:
                passed_over[kind] += 1


def _passed_over_kind(path: Path) -> str | None:
    """None for an input, "" for what nobody would miss (hidden files, references), else the kind to count."""
    name = path.name.casefold()
    if name.startswith((".", "~$")) or name in _SYSTEM_FILES:
        return ""
    suffix = path.suffix.casefold()
    if suffix in MEDIA_SUFFIXES:
        return None
    try:
        kind = identify(read_head(path)).kind
    except AudioError:
        return None
    if kind is Kind.MEDIA or (kind in (Kind.UNKNOWN, Kind.EMPTY) and not suffix):
        return None
    # References are read by their own rule, which counts those without a recording.
    return "" if suffix == ".txt" and kind in (Kind.TEXT, Kind.EMPTY) else kind.value


def _add(found: dict[str, Path], name: str, path: Path, entrada: Path) -> None:
    """Enter `path` under `name`; where another ENTRADA has that name, the ENTRADA's own name goes before it."""
    name = printable(name)
    folder = entrada.absolute() if entrada.is_dir() else entrada.absolute().parent
    candidates = [name, f"{printable(folder.name)}/{name}"]
    candidates += [f"{candidates[1]} ({number})" for number in range(2, len(found) + 3)]
    for candidate in candidates:
        if candidate not in found:
            found[candidate] = path
            return
        if _same_file(found[candidate], path):
            return


def _same_file(one: Path, other: Path) -> bool:
    return os.path.abspath(one) == os.path.abspath(other)  # noqa: PTH100 - resolve() would follow links


def _stems(names: Iterable[str]) -> dict[str, str]:
    """Stem of each name's segments; the ending stays where stems would collide."""
    names = list(names)
    without_suffix = {name: name[: -len(suffix)] if (suffix := Path(name).suffix) else name for name in names}
    taken = Counter(name_key(stem) for stem in without_suffix.values())
    stems: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        stem = without_suffix[name] if taken[name_key(without_suffix[name])] == 1 else name
        stem = _fitting(stem)
        unique, number = stem, 2
        while name_key(unique) in used:
            unique, number = f"{stem} ({number})", number + 1
        used.add(name_key(unique))
        stems[name] = unique
    return stems


def _fitting(stem: str) -> str:
    """Shorten the last part of a stem so that `_seg_000.wav` still fits into a file name."""
    folder, slash, last = stem.rpartition("/")
    data = last.encode()
    if len(data) <= _MAX_NAME_BYTES - len("_seg_00000.wav"):
        return stem
    return folder + slash + data[: _MAX_NAME_BYTES - len("_seg_00000.wav")].decode(errors="ignore")


def _sort_key(name: str) -> tuple[str, str]:
    return name_key(name), name
