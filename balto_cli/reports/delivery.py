"""Both workbooks of a comparison, written where people look for them."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.evaluation.session import RUNS
from balto_cli.reports.saving import SavedWorkbook, save_workbook
from balto_cli.reports.workbooks import ORIGINALS, SEGMENTS, originals_workbook, segments_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from balto_cli.evaluation.results import Comparison


def write_workbooks(
    comparison: Comparison, output: Path, run: Path, *, whole: bool, in_segments: bool
) -> tuple[SavedWorkbook, ...]:
    """Write the workbooks of the parts that were asked for into `output`, else into the run's folder, else elsewhere.

    Raises `OutputError` when no folder takes them.
    """
    builders: tuple[tuple[bool, str, Callable[[Comparison], bytes]], ...] = (
        (whole, ORIGINALS, originals_workbook),
        (in_segments, SEGMENTS, segments_workbook),
    )
    record = output / RUNS / "planilhas.json"
    fallbacks = (run, Path(tempfile.gettempdir()) / "balto")
    return tuple(
        save_workbook(output / f"{name}.xlsx", partial(build, comparison), record=record, fallbacks=fallbacks)
        for wanted, name, build in builders
        if wanted
    )
