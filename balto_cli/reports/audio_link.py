"""Addresses of recordings as a page beside them reaches them: relative, so that folders move together and voices stay.

An address is percent-encoded by the bytes of the file's name, whatever they are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class AudioLink:
    """Where a recording is, seen from the page's folder."""

    href: str | None
    """Relative address; None where the page cannot reach it."""
    problem: str = ""
    """Why not, one sentence; empty where it can."""


def link_audio(audio: str | None, folder: Path) -> AudioLink:
    """Address of the recording at path `audio` for a page in `folder`; None is a recording of unknown place."""
    if not audio:
        return AudioLink(None, "a execução não diz onde está a gravação")
    path = Path(audio)
    try:
        found = path.is_file()
    except (OSError, ValueError):
        found = False
    if not found:
        return AudioLink(None, "a gravação não estava mais onde a execução a encontrou quando o relatório foi feito")
    try:
        relative = os.path.relpath(path.resolve(), folder.resolve())
    except (OSError, ValueError):  # Windows: on another drive
        return AudioLink(None, "a gravação está em outra unidade de disco: copie o relatório para perto dela")
    parts = Path(relative).parts
    # A first part with a colon would read as a scheme.
    return AudioLink("./" + "/".join(quote(os.fsencode(part)) for part in parts))
