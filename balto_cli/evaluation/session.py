"""One `compare` from its inputs to its results: references found, run folder opened or gone on with, answers kept.

The run is closed only after `Session.close`, when its workbooks stand; until then the same command goes on with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.run import Request, Tally, compare, content_sha256
from balto_cli.evaluation.run_folder import RunFolder, open_run
from balto_cli.evaluation.stored_run import FileFacts, RunHeader, StoredRun, file_line, stored_run
from balto_cli.evaluation.versions import rule_versions
from balto_cli.files import folder_refused, os_reason
from balto_cli.stt.response_store import ResponseStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from balto_cli.evaluation.progress import Progress
    from balto_cli.evaluation.results import Comparison

RUNS = "execucoes"
"""Folder of all runs inside the output folder."""
RESPONSES = f"{RUNS}/respostas"
"""Folder of the answers of all runs inside the output folder."""


@dataclass(frozen=True, slots=True)
class Session:
    """A comparison that is done, and its run folder, still open."""

    comparison: Comparison
    tally: Tally
    folder: RunFolder
    unwritten: int
    """Answers that the disk did not take."""

    request: Request

    def stored_run(self) -> StoredRun:
        """The run as its folder will hold it, to be analysed before it is closed."""
        return stored_run(self._header(_now()), self._file_lines(), self.tally.responses)

    def close(self) -> str | None:
        """Write the run's files and mark it as ended; return what to tell the person if that failed."""
        try:
            self.folder.finish(self._header(_now()), self._file_lines(), self.tally.responses, self.comparison)
        except OSError as error:
            return f"A execução {self.folder.path} ficou sem fechar: {os_reason(error)}. O mesmo comando a continua."
        return None

    def _header(self, ended_at: datetime) -> RunHeader:
        providers = self.request.providers
        return RunHeader(
            name=self.folder.path.name,
            started_at=self.folder.started_at,
            ended_at=ended_at,
            settings=self.request.settings(),
            providers=self.comparison.providers,
            reais_per_dollar=self.request.reais_per_dollar,
            usd_per_hour={provider.name: provider.capabilities.usd_per_hour for provider in providers},
            versions=rule_versions(),
        )

    def _file_lines(self) -> Iterator[dict[str, Any]]:
        for heard, given in zip(self.tally.files, self.request.inputs, strict=True):
            known = self.request.facts.get(given.path, FileFacts())
            yield file_line(heard, replace(known, path=str(given.path.absolute())))


def run_session(request: Request, output: Path, progress: Progress) -> Session:
    """Transcribe and score everything, in a run folder under `output`.

    Raises `OutputError` when it cannot be written.
    """
    inputs = {file.name: content_sha256(file.path) for file in request.inputs}
    try:
        folder = open_run(output / RUNS, request.settings(), inputs, _now())
    except OSError as error:
        raise folder_refused(output, error) from None
    if folder.resumed:
        progress.say(f"Continuando a execução interrompida {folder.path.name}.")
    store = ResponseStore(output / RESPONSES)
    comparison, tally = asyncio.run(compare(request, store, folder.started_at, progress, _now))
    return Session(comparison, tally, folder, store.flush(), request)


def _now() -> datetime:
    return datetime.now().astimezone()
