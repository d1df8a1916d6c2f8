"""Talking to the person: results to standard output, everything else to standard error, UTF-8 on every console."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID


def use_utf8() -> None:
    """Write UTF-8 whatever the console's code page; a name that is no valid text is shown with replacement marks."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors="replace")


def print_error(message: str) -> None:
    """One sentence to standard error."""
    print(message, file=sys.stderr)  # noqa: T201


def say(line: str) -> None:
    """A remark that is no result, to standard error."""
    print(line, file=sys.stderr)  # noqa: T201


def print_result(text: str = "") -> None:
    """A result, to standard output."""
    print(text)  # noqa: T201


class TerminalProgress:
    """A progress bar where there is a terminal, plain lines where there is none."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.percentage:>3.0f} %"),
            BarColumn(bar_width=30),
            TextColumn("faltam"),
            TimeRemainingColumn(),
            TextColumn("passaram"),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            disable=not console.is_terminal,
            transient=True,
            # Results printed while the bar is up would go where the bar goes, to standard error.
            redirect_stdout=False,
        )
        self._plain = not console.is_terminal
        self._task: TaskID | None = None
        self._files = 0
        self._done = 0.0
        self._told = 0
        self._began_s = time.monotonic()

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._bar.stop()

    def begin(self, files: int) -> None:
        """See `Progress.begin`."""
        self._files = files
        self._task = self._bar.add_task("", total=files)

    def advance(self, files: float, doing: str) -> None:
        """See `Progress.advance`; plain lines come once a file."""
        self._done += files
        if self._task is not None:
            self._bar.update(self._task, advance=files, description=doing)
        done = int(self._done + 1e-6)
        if self._plain and done > self._told:
            self._told = done
            passed_s = time.monotonic() - self._began_s
            left_s = passed_s / self._done * (self._files - self._done)
            say(f"[{done}/{self._files}] {doing} — passaram {passed_s:.0f} s, faltam cerca de {max(0.0, left_s):.0f} s")

    def say(self, line: str) -> None:
        """See `Progress.say`; does not break the bar."""
        self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, text: str) -> None:
        """A piece of the result, to standard output, while the bar is up."""
        if not self._plain:
            self._bar.stop()
        sys.stdout.write(text)
        sys.stdout.flush()
        if not self._plain:
            self._bar.start()
