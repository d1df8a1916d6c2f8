"""Files that are there whole or not at all, and why a disk refused, in words for a person."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from balto_cli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_REASONS = {
    errno.ENOSPC: "o disco está cheio",
    errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC: "a cota de disco acabou",
    errno.EACCES: "sem permissão",
    errno.EPERM: "sem permissão",
    errno.EROFS: "o disco só permite leitura",
    errno.ENOENT: "o caminho não existe",
    errno.EEXIST: "há um arquivo onde deveria haver uma pasta",
    errno.ENOTDIR: "há um arquivo onde deveria haver uma pasta",
    errno.EISDIR: "há uma pasta onde deveria haver um arquivo",
    errno.ENAMETOOLONG: "o nome é comprido demais",
    errno.ELOOP: "o atalho aponta para si mesmo",
    errno.EIO: "o disco falhou",
}


def os_reason(error: OSError) -> str:
    """Why the system refused, in Portuguese where it is a common reason."""
    return _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__


def folder_refused(folder: Path, error: OSError) -> OutputError:
    """What to tell the person whose output folder cannot be written."""
    return OutputError(f"Não consegui gravar em {folder}: {os_reason(error)}. Escolha outra pasta com --output.")


def write_atomically(path: Path, text: str | Iterable[str]) -> None:
    """Write a UTF-8 file, from one text or several after each other, so that it is there whole, on disk, or not at all.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{os.getpid()}.{path.name}"[:200] + ".tmp")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.writelines((text,) if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
