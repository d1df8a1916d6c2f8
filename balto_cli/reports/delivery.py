"""Both workbooks of a run, written where people look for them, with the marks that a person had made."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError
from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.session import RUNS
from balto_cli.reports.links import links_from
from balto_cli.reports.revision import read_revision
from balto_cli.reports.saving import SavedWorkbook, save_workbook
from balto_cli.reports.workbooks import ORIGINALS, SEGMENTS, originals_workbook, segments_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from balto_cli.evaluation.findings import Analysis, Mark, RevisionKey

_BUILDERS = {
    Part.ORIGINALS: (ORIGINALS, originals_workbook),
    Part.SEGMENTS: (SEGMENTS, segments_workbook),
}


def write_workbooks(
    analysis: Analysis,
    output: Path,
    run: Path,
    *,
    revision: Mapping[RevisionKey, Mark] | None = None,
    page: Path | None = None,
) -> tuple[SavedWorkbook, ...]:
    """Write a workbook for each part of the run into `output`, else into the run's folder `run`, else elsewhere.

    Marks in a workbook of the same run that stands there are carried over; those of `revision` win. `page` is the HTML
    page that the rows lead to. Raises `OutputError` when no folder takes them.
    """
    record = output / RUNS / "planilhas.json"
    fallbacks = (run, Path(tempfile.gettempdir()) / "balto")
    saved = []
    for part in analysis.parts:
        name, build = _BUILDERS[part]
        target = output / f"{name}.xlsx"
        carried, note = _carried_marks(target, analysis.run.name)
        marks = {**carried, **(revision or {})}
        content = partial(_content, build, analysis, marks, page)
        book = save_workbook(target, content, record=record, fallbacks=fallbacks)
        saved.append(replace(book, note=" ".join(filter(None, (book.note, note))) or None))
    return tuple(saved)


def _content(
    build: Callable[..., bytes], analysis: Analysis, marks: Mapping[RevisionKey, Mark], page: Path | None, folder: Path
) -> bytes:
    return build(analysis, marks=marks, links=links_from(folder, analysis.audio, page))


def _carried_marks(path: Path, run: str) -> tuple[Mapping[RevisionKey, Mark], str | None]:
    """The marks in a workbook of this run; where one cannot be read, none, and why."""
    if not path.is_file():
        return {}, None
    try:
        return read_revision(path, run=run), None
    except UsageError as error:
        return {}, f"As revisões de {path.name} não passaram para a nova: {error}"
