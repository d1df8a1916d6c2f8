"""`balto segment`: cuts recordings into segments, as WAV files and one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from balto_cli.cli.console import TerminalProgress, print_error, print_result
from balto_cli.cli.options import Entrada, Json, opened_inputs


def segment(
    entrada: Entrada,
    output: Annotated[Path, typer.Option("--output", metavar="PASTA", help="Onde gravar os segmentos.")] = Path(
        "segmentos"
    ),
    json: Json = False,
) -> int:
    """Corta cada gravação em segmentos de fala: NOME_seg_000.wav … e segmentos.csv."""
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.reports.segment_files import write_segments

    with opened_inputs(entrada) as inputs, TerminalProgress() as progress:
        written = write_segments(inputs.files, output, PipelineConfig(), progress)
    for problem in written.problems:
        print_error(problem)
    print_result(written.as_json() if json else written.summary)
    return 1 if written.failed else 0
