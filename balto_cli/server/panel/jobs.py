"""Comparisons that the panel starts: `balto compare` and `balto report` as processes of their own, one at a time.

What they use of a core is not taken from the counters (they are nice), and a fault of theirs is none of the server's.
A comparison that is stopped, or that the server's end stops, is gone on with by starting the same again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import signal
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.files import write_atomically
from balto_cli.server.logs import logger
from balto_cli.server.panel.runs import MADE, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_LOG = logger("balto.painel")
_STEP = re.compile(r"\[(\d+)/(\d+)\]")
_LINES = 40
_LINE_CHARS = 300
_STOP_S = 10.0
_GOOD = (0, 1)
"""All done, or some inputs failed: either way there is a run to report."""


@dataclass(slots=True, eq=False)
class Job:
    """A comparison or report under way, or the last one."""

    title: str
    actor: str
    begun_at: datetime
    done: int = 0
    of: int = 0
    doing: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES))
    ended_at: datetime | None = None
    stopped: bool = False
    failed: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self.ended_at is None


class Jobs:
    """The one place for them."""

    def __init__(self, now: Callable[[], datetime], output: Path) -> None:
        """`output` is where comparisons write."""
        self._now = now
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.job: Job | None = None
        self.changed = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Whether one is under way."""
        return self.job is not None and self.job.is_running

    def compare(self, actor: str, folders: Sequence[Path], options: Sequence[str]) -> None:
        """Compare providers over recorded sessions, then make the report."""
        sessions = "1 sessão" if len(folders) == 1 else f"{len(folders)} sessões"
        self._begin(Job(f"Comparação sobre {sessions}", actor, self._now()))
        command = ["compare", *options, "--json", "--output", str(self._output), "--", *map(str, folders)]
        self._task = asyncio.create_task(self._work(command, None))

    def report(self, actor: str, run: Path) -> None:
        """Make page, workbooks and summary of a run."""
        self._begin(Job(f"Relatório de {run.name}", actor, self._now()))
        self._task = asyncio.create_task(self._work(None, run))

    def stop(self) -> None:
        """Stop what is under way."""
        if self.job is not None and self.job.is_running:
            self.job.stopped = True
            self._signal()

    async def close(self) -> None:
        """Stop, and wait a moment for it."""
        self.stop()
        if self._task is not None:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, 2.0)
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _begin(self, job: Job) -> None:
        self.job = job
        self._tell()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def _signal(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
        asyncio.get_running_loop().call_later(_STOP_S, _kill, process)

    async def _work(self, command: Sequence[str] | None, run: Path | None) -> None:
        job = self.job
        assert job is not None
        try:
            if command is not None:
                code, said = await self._run(job, command)
                run = _run_told(said) if code in _GOOD else None
                job.failed = run is None
            if run is not None and not job.stopped:
                job.doing = "montando o relatório"
                self._tell()
                await self._report(job, run)
        except OSError as error:
            _LOG.error("comparativo_falhou", erro=type(error).__name__)
            job.failed = True
            job.lines.append("O servidor não conseguiu rodar a comparação: veja se o disco tem espaço.")
        finally:
            job.ended_at = self._now()
            job.doing = ""
            self._tell()

    async def _report(self, job: Job, run: Path) -> None:
        made = run / MADE
        # Without the sound: a page outlives what retention says of voices.
        command = ["report", "--html", "--xlsx", "--json", "--output", str(made), "--", str(run)]
        code, said = await self._run(job, command)
        job.failed = code != 0
        if code == 0:
            await asyncio.to_thread(write_atomically, made / SUMMARY, said)

    async def _run(self, job: Job, arguments: Sequence[str]) -> tuple[int, str]:
        """The code it ended with, and its standard output."""
        if job.stopped:
            return 130, ""
        nice = [found, "-n", "15"] if (found := shutil.which("nice")) else []
        self._process = process = await asyncio.create_subprocess_exec(
            *nice, sys.executable, "-m", "balto_cli", *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            # A signal for the server is told to it by us, in time.
            start_new_session=sys.platform != "win32",
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        said, _ = await asyncio.gather(process.stdout.read(), self._follow(job, process.stderr))
        return await process.wait(), said.decode("utf-8", "replace")

    async def _follow(self, job: Job, stream: asyncio.StreamReader) -> None:
        while line := await _line(stream):
            text = line.decode("utf-8", "replace").strip()[:_LINE_CHARS]
            if not text:
                continue
            if step := _STEP.match(text):
                job.done, job.of = int(step[1]), int(step[2])
                job.doing = text[step.end() :].strip()
            else:
                job.lines.append(text)
            self._tell()


def _run_told(said: str) -> Path | None:
    """The run's folder, as `balto compare --json` says it; None from one that broke off before it said anything."""
    try:
        return Path(json.loads(said)["execucao"])
    except (ValueError, KeyError, TypeError):
        return None


async def _line(stream: asyncio.StreamReader) -> bytes:
    """A line; one that is longer than the reader holds is passed over."""
    while True:
        try:
            return await stream.readline()
        except ValueError:
            continue


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
