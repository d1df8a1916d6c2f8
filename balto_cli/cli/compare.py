"""`balto compare`: transcribes recordings by every provider, whole and in segments, and writes both workbooks."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import TerminalProgress, print_error, print_result, say
from balto_cli.cli.options import (
    Entrada,
    Json,
    Perfil,
    Provider,
    build_config,
    build_providers,
    opened_inputs,
    read_settings,
)

if TYPE_CHECKING:
    from balto_cli.evaluation.run import Request
    from balto_cli.evaluation.session import Session


class Part(StrEnum):
    """The two ways to transcribe a file."""

    ORIGINALS = "originais"
    SEGMENTS = "segmentos"


def compare(
    entrada: Entrada,
    provider: Provider = None,
    somente: Annotated[
        Part | None, typer.Option("--somente", help="Só os originais ou só os segmentos.", show_default=False)
    ] = None,
    perfil: Perfil = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só diz quanto há para transcrever.")] = False,
    refazer: Annotated[bool, typer.Option("--refazer", help="Pergunta de novo o que já foi respondido.")] = False,
    output: Annotated[Path, typer.Option("--output", metavar="PASTA", help="Onde gravar as planilhas.")] = Path(
        "planilhas"
    ),
    json: Json = False,
) -> int:
    """Compara provedores sobre gravações e grava Relatorio_Originais.xlsx e Relatorio_Segmentos.xlsx."""
    from balto_cli.evaluation.run import Request
    from balto_cli.evaluation.session import gather_references, run_session

    settings = read_settings()
    config = build_config(perfil, settings)
    providers = build_providers(provider, settings)
    with opened_inputs(entrada) as inputs, TerminalProgress() as progress:
        request = Request(
            inputs=inputs.files,
            references=gather_references(inputs.files, progress),
            providers=providers,
            config=config,
            whole=somente is not Part.SEGMENTS,
            in_segments=somente is not Part.ORIGINALS,
            ask_anew=refazer,
        )
        if dry_run:
            return _print_survey(request, progress, json)
        session = run_session(request, output, progress)
    return _finish(session, request, output, json)


def _print_survey(request: Request, progress: TerminalProgress, json: bool) -> int:
    from balto_cli.evaluation.session import survey
    from balto_cli.reports.terminal import survey_json, survey_text

    found = survey(request.inputs, request.config, progress)
    for name, reason in found.problems:
        print_error(f"{name}: {reason}")
    print_result(survey_json(request, found) if json else survey_text(request, found))
    return 1 if found.problems else 0


def _finish(session: Session, request: Request, output: Path, json: bool) -> int:
    """Write the workbooks, say where they are, close the run."""
    from balto_cli.evaluation.run import failed_calls
    from balto_cli.reports.delivery import write_workbooks
    from balto_cli.reports.terminal import print_summary, summary_json

    saved = write_workbooks(
        session.comparison, output, session.folder.path, whole=request.whole, in_segments=request.in_segments
    )
    if session.unwritten:
        say(f"{session.unwritten} respostas não couberam no disco e serão pedidas de novo na próxima vez.")
    if session.tally.reused:
        say(f"{session.tally.reused} respostas já guardadas foram usadas de novo (--refazer pergunta outra vez).")
    if note := session.close():
        say(note)
    failed = failed_calls(session.comparison)
    for file in session.comparison.files:
        if file.problem:
            print_error(f"{file.name}: {file.problem}")
    for reason, count in failed.items():
        print_error(f"{count} {'chamada falhou' if count == 1 else 'chamadas falharam'}: {reason}")
    if json:
        print_result(summary_json(session.comparison, str(session.folder.path), [str(book.path) for book in saved]))
    else:
        print_summary(session.comparison)
    for book in saved:
        if book.note:
            say(book.note)
        if not json:
            print_result(str(book.path))
    return 1 if failed or any(file.problem for file in session.comparison.files) else 0
