"""What a long run tells while it works; a terminal, a log or a test listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Listens to a run over a known number of files."""

    def begin(self, files: int) -> None:
        """The run is about to work on so many files."""

    def advance(self, files: float, doing: str) -> None:
        """So much more of the files is done (a fraction counts); `doing` names what is being worked on."""

    def say(self, line: str) -> None:
        """One sentence that the person should read now."""
