"""`balto transcribe`: the text of recordings, to the terminal or one file each."""

from __future__ import annotations

import json as json_format
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from balto_cli.cli.console import TerminalProgress, print_error, print_result, say, say_kept
from balto_cli.cli.estimate import print_survey
from balto_cli.cli.options import (
    DryRun,
    Entrada,
    Orcamento,
    Perfil,
    Provider,
    Refazer,
    SemTermos,
    build_config,
    build_providers,
    opened_inputs,
    read_reais,
    read_settings,
)
from balto_cli.errors import UsageError


class Format(StrEnum):
    """How a transcript is written."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"
    TSV = "tsv"


def transcribe(
    entrada: Entrada,
    provider: Provider = None,
    format: Annotated[  # noqa: A002
        Format, typer.Option("--format", help="Texto, JSON, legendas (srt, vtt) ou tabela de trechos (tsv).")
    ] = Format.TXT,
    segments: Annotated[
        bool, typer.Option("--segments", help="Corta nas pausas e transcreve cada segmento, como ao vivo.")
    ] = False,
    falantes: Annotated[
        bool, typer.Option("--falantes", help="Mostra quem fala, onde o provedor distingue (Falante 1, Falante 2 …).")
    ] = False,
    perfil: Perfil = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="PASTA",
            help="Um arquivo por gravação nesta pasta, que guarda também as respostas: repetir o comando não paga "
            "duas vezes.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    orcamento: Orcamento = None,
    sem_termos: SemTermos = False,
    refazer: Refazer = False,
    json: Annotated[
        bool, typer.Option("--json", help="Resumo em JSON na saída padrão, com --output ou --dry-run.")
    ] = False,
) -> int:
    """Transcreve cada gravação, inteira ou por segmentos: texto no terminal ou um arquivo para cada."""
    if segments and falantes:
        raise UsageError(
            "--falantes vale para a gravação inteira: em cada segmento a contagem recomeça; tire um deles."
        )
    if json and output is None and not dry_run:
        raise UsageError("--json resume o que --output ou --dry-run fez: para o texto em JSON, use --format json.")
    budget_brl = read_reais(orcamento)
    settings = read_settings()
    config = build_config(perfil, settings)
    if dry_run:
        with opened_inputs(entrada) as inputs, TerminalProgress() as progress:
            return print_survey(
                inputs.files, config, provider, settings, progress,
                whole=not segments, cut=segments, terms=not sem_termos, speakers=falantes,
                budget_brl=budget_brl, json=json,
            )  # fmt: skip
    from balto_cli.evaluation.verdicts import counted
    from balto_cli.reports.price_table import spending_as_list, spending_text
    from balto_cli.reports.transcript_files import TranscriptOptions, write_transcripts
    from balto_cli.stt.prices import REAIS_PER_DOLLAR

    options = TranscriptOptions(
        style=format.value,
        config=config if segments else None,
        speakers=falantes,
        folder=output,
        ask_anew=refazer,
        budget_brl=budget_brl,
        reais_per_dollar=settings.dolar or REAIS_PER_DOLLAR,
    )
    providers = build_providers(provider, settings, speakers=falantes, terms=not sem_termos)
    with opened_inputs(entrada) as inputs, TerminalProgress() as progress:
        written = write_transcripts(inputs.files, providers, options, progress, progress.show)
    for problem in written.problems:
        print_error(problem)
    say_kept(unwritten=written.unwritten, reused=written.reused)
    if line := spending_text(written.spending, options.reais_per_dollar):
        say(line)
    if json:
        print_result(
            json_format.dumps(
                written.as_dict() | {"custos": spending_as_list(written.spending)}, ensure_ascii=False, indent=1
            )
        )
    elif output:
        say(f"{counted(len(written.saved), 'arquivo')} em {output}.")
    return 1 if written.failed else 0
