"""Talking to the person: results to standard output, everything else to standard error, UTF-8 on every console."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID


_TOO_EARLY_S = 3.0


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


def say_kept(*, unwritten: int, reused: int) -> None:
    """Of the answers of a run: how many the disk did not take, and how many were there before; nothing of none."""
    from balto_cli.evaluation.verdicts import counted

    if unwritten:
        one, more = "resposta não coube no disco e será pedida", "respostas não couberam no disco e serão pedidas"
        say(f"{counted(unwritten, one, more)} de novo na próxima vez.")
    if reused:
        one, more = "resposta já guardada foi usada", "respostas já guardadas foram usadas"
        say(f"{counted(reused, one, more)} de novo (--refazer pergunta outra vez).")


class Pace:
    """How long the rest takes, from the later half of the time that has passed.

    A run that goes on takes what is stored in no time, and that says nothing of the rest.
    """

    def __init__(self, began_s: float) -> None:
        self._began_s = began_s
        self._points = deque([(began_s, 0.0)])
        """When how much was done, the first one from before the later half."""

    def left_s(self, now_s: float, done: float, of: float) -> float | None:
        """Seconds for the rest, once `done` of `of` is done; None while it is too early to say."""
        points = self._points
        points.append((now_s, done))
        half_s = (self._began_s + now_s) / 2
        while len(points) > 2 and points[1][0] <= half_s:
            points.popleft()
        since_s, before = points[0]
        if now_s - self._began_s < _TOO_EARLY_S or done <= before:
            return None
        return (now_s - since_s) / (done - before) * max(0.0, of - done)


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
        self._pace = Pace(self._began_s)

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
        now_s = time.monotonic()
        left_s = self._pace.left_s(now_s, self._done, self._files)
        done = int(self._done + 1e-6)
        if self._plain and done > self._told:
            self._told = done
            left = "" if left_s is None else f", faltam cerca de {left_s:.0f} s"
            say(f"[{done}/{self._files}] {doing} — passaram {now_s - self._began_s:.0f} s{left}")

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
