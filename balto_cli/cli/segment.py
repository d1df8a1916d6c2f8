"""`balto segment`: cuts recordings into segments, as audio files and a table, and shows why."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from balto_cli.cli.console import TerminalProgress, print_error, print_result
from balto_cli.cli.options import Entrada, Json, Perfil, build_config, opened_inputs, read_settings
from balto_cli.errors import UsageError


class Audio(StrEnum):
    """How a segment's sound is written."""

    WAV = "wav"
    FLAC = "flac"


class Format(StrEnum):
    """Tables of the segments."""

    CSV = "csv"
    JSON = "json"
    AUDACITY = "audacity"
    RTTM = "rttm"


def segment(
    entrada: Entrada,
    output: Annotated[Path, typer.Option("--output", metavar="PASTA", help="Onde gravar os segmentos.")] = Path(
        "segmentos"
    ),
    audio: Annotated[Audio, typer.Option("--audio", help="Formato dos segmentos.")] = Audio.WAV,
    format: Annotated[  # noqa: A002
        list[Format] | None,
        typer.Option(
            "--format",
            metavar="csv|json|audacity|rttm",
            help="Tabela a mais, várias vezes para várias: json, audacity (rótulos) ou rttm; segmentos.csv sempre.",
            show_default=False,
        ),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", help="Uma figura por gravação (NOME.png): o som, os detectores e os cortes.")
    ] = False,
    explain: Annotated[
        list[str] | None,
        typer.Option(
            "--explain",
            metavar="INSTANTE",
            help="Diz o que cada estágio achou neste instante (12,3 s ou 1:02,5); várias vezes para vários.",
            show_default=False,
        ),
    ] = None,
    perfil: Perfil = None,
    json: Json = False,
) -> int:
    """Corta cada gravação em segmentos de fala: NOME_seg_000.wav … e segmentos.csv."""
    moments = tuple(_seconds(moment) for moment in explain or ())
    config = build_config(perfil, read_settings())
    from balto_cli.reports.processes import usable_cores
    from balto_cli.reports.segment_files import SegmentOptions, write_segments

    options = SegmentOptions(audio.value, tuple(table.value for table in format or ()), plot, moments)
    with opened_inputs(entrada) as inputs, TerminalProgress() as progress:
        written = write_segments(inputs.files, output, config, progress, options, workers=usable_cores())
    for problem in written.problems:
        print_error(problem)
    if json:
        print_result(written.as_json())
    else:
        if written.explanations:
            print_result(written.explained + "\n")
        print_result(written.summary)
    return 1 if written.failed else 0


def _seconds(moment: str) -> float:
    """12,3 or 12.3 seconds, 1:02,5 or 1:00:02,5. Raises `UsageError`."""
    if not re.fullmatch(r"(?:(?:\d+:)?\d+:)?\d+(?:[.,]\d+)?", moment.strip()):
        raise UsageError(
            f"Valor inválido para --explain: {moment} não é um instante; use segundos, como 12,3, ou 1:02,5."
        )
    parts = [float(part) for part in moment.strip().replace(",", ".").split(":")]
    return sum(part * scale for part, scale in zip(reversed(parts), (1.0, 60.0, 3600.0), strict=False))
