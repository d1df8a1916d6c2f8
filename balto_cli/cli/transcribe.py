"""`balto transcribe`: the text of recordings, to the terminal or one file each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from balto_cli.cli.console import TerminalProgress, print_error, print_result
from balto_cli.cli.options import Entrada, Provider, build_providers, opened_inputs, read_settings


class Format(StrEnum):
    """How a transcript is written."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"


def transcribe(
    entrada: Entrada,
    provider: Provider = None,
    format: Annotated[Format, typer.Option("--format", help="Formato do texto.")] = Format.TXT,  # noqa: A002
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="PASTA", help="Um arquivo por gravação nesta pasta.", show_default=False),
    ] = None,
) -> int:
    """Transcreve cada gravação inteira: texto no terminal ou um arquivo para cada."""
    from balto_cli.reports.transcript_files import write_transcripts

    providers = build_providers(provider, read_settings())
    with opened_inputs(entrada) as inputs, TerminalProgress() as progress:
        written = write_transcripts(inputs.files, providers, format.value, output, progress)
    for problem in written.problems:
        print_error(problem)
    if written.text:
        print_result(written.text)
    return 1 if written.failed else 0
