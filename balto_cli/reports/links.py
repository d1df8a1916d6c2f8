"""Where the rows of a workbook lead: to the recording, and to the same place in the HTML page, by relative address."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from balto_cli.reports.audio_link import link_audio

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses as seen from the folder of the workbook."""

    recordings: Mapping[str, str] = field(default_factory=dict)
    """By file name; a file that is absent cannot be reached."""
    page: str | None = None
    """Of the HTML page; None where there is none."""

    def audio(self, file: str) -> str | None:
        """The recording of a file."""
        return self.recordings.get(file)

    def place(self, file: str, segment: str) -> str | None:
        """A segment in the HTML page, or the file where `segment` is ""."""
        if not self.page:
            return None
        key = f"seg={quote(f'{file}/{segment}', safe='')}" if segment else f"arquivo={quote(file, safe='')}"
        return f"{self.page}#{key}"


def links_from(folder: Path, recordings: Mapping[str, str], page: Path | None) -> Links:
    """Links for a workbook that will stand in `folder`; `recordings` are paths by file name."""
    found = {name: link_audio(path, folder).href for name, path in recordings.items()}
    return Links(
        {name: href.removeprefix("./") for name, href in found.items() if href},
        _relative(page, folder) if page else None,
    )


def _relative(path: Path, folder: Path) -> str | None:
    """Relative address; None from one drive to another."""
    try:
        relative = os.path.relpath(path.resolve(), folder.resolve())
    except (OSError, ValueError):
        return None
    return "/".join(quote(os.fsencode(part)) for part in Path(relative).parts)
