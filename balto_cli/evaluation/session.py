"""One `compare` from its inputs to its results: references found, run folder opened or gone on with, answers kept.

The run is closed only after `Session.close`, when its workbooks stand; until then the same command goes on with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from balto_cli.errors import AudioError
from balto_cli.evaluation.hearing import hear
from balto_cli.evaluation.references import Reference, find_references, read_reference
from balto_cli.evaluation.response_store import ResponseStore
from balto_cli.evaluation.run import Request, Tally, compare, content_sha256
from balto_cli.evaluation.run_folder import RunFolder, open_run
from balto_cli.files import folder_refused, os_reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.progress import Progress
    from balto_cli.evaluation.results import Comparison
    from balto_cli.pipeline import PipelineConfig

RUNS = "execucoes"
"""Folder of all runs inside the output folder."""


@dataclass(frozen=True, slots=True)
class Session:
    """A comparison that is done, and its run folder, still open."""

    comparison: Comparison
    tally: Tally
    folder: RunFolder
    unwritten: int
    """Answers that the disk did not take."""

    def close(self) -> str | None:
        """Write the run's files and mark it as ended; return what to tell the person if that failed."""
        try:
            self.folder.finish(self.tally.responses, asdict(self.comparison), _now())
        except OSError as error:
            return f"A execução {self.folder.path} ficou sem fechar: {os_reason(error)}. O mesmo comando a continua."
        return None


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
    store = ResponseStore(output / RUNS / "respostas")
    comparison, tally = asyncio.run(compare(request, store, folder.started_at, progress, _now))
    return Session(comparison, tally, folder, store.flush())


def gather_references(files: Iterable[InputFile], progress: Progress) -> dict[Path, Reference]:
    """Read the reference beside each recording, and say which text files belong to none."""
    paths = [file.path for file in files]
    folders = sorted({path.parent for path in paths})
    names = find_references(paths, [entry for folder in folders for entry in folder.iterdir()])
    if names.orphans:
        listed = ", ".join(orphan.name for orphan in names.orphans[:5])
        progress.say(
            f"Referências sem gravação ({len(names.orphans)}): {listed}{' …' if len(names.orphans) > 5 else ''}."
        )
    for text, count in Counter(names.of.values()).items():
        if count > 1:
            progress.say(f"{text.name} é a referência de {count} gravações: NOME.EXT.txt serve a uma só.")
    references = {path: read_reference(type(path)(names.of[path])) for path in paths if path in names.of}
    speakers = sum(reference.speakers_dropped for reference in references.values())
    stamps = sum(reference.timestamps_dropped for reference in references.values())
    if speakers or stamps:
        progress.say(f"Nas referências, ficaram fora: nomes de quem fala {speakers}, marcas de tempo {stamps}.")
    return references


@dataclass(frozen=True, slots=True)
class Survey:
    """How much there is to transcribe."""

    files: int
    whole_s: float
    segments: int
    segments_s: float
    problems: tuple[tuple[str, str], ...]


def survey(files: Iterable[InputFile], config: PipelineConfig, progress: Progress) -> Survey:
    """Hear every file without asking any provider."""
    whole_s, segments_s, count, segments, problems = 0.0, 0.0, 0, 0, []
    files = tuple(files)
    progress.begin(len(files))
    for file in files:
        try:
            heard = hear(file.path, config, whole=False, cut=True)
        except AudioError as error:
            problems.append((file.name, str(error)))
        else:
            count += 1
            whole_s += heard.report.duration_s
            segments += len(heard.segments)
            segments_s += sum(segment.duration_s for segment in heard.segments)
        progress.advance(1, file.name)
    return Survey(count, whole_s, segments, segments_s, tuple(problems))


def _now() -> datetime:
    return datetime.now().astimezone()
