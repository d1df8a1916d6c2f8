"""One process at a time works in a data folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from balto_cli.errors import OutputError, UsageError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from pathlib import Path

LOCK_FILE = "em-uso.lock"


def lock_folder(folder: Path) -> FileLock:
    """Raises `UsageError` where another server has it, `OutputError` where it cannot be written."""
    lock = FileLock(folder / LOCK_FILE)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"Já há um servidor usando {folder}: pare-o, ou dê outra pasta a este com BALTO_DATA."
        ) from None
    except OSError as error:
        raise refused(folder, error) from None
    return lock


def refused(folder: Path, error: OSError) -> OutputError:
    """What to tell the person whose data folder cannot be written."""
    return OutputError(f"Não consegui gravar em {folder}: {os_reason(error)}. Escolha outra pasta com BALTO_DATA.")


def is_locked(folder: Path) -> bool:
    """Whether a server has it; nothing is made to find out."""
    path = folder / LOCK_FILE
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False
