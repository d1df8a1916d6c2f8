"""`balto report`: what runs that are done say, as table, page and workbooks; asks no provider and needs no key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.options import Json
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from balto_cli.evaluation.findings import Analysis, Mark, RevisionKey
    from balto_cli.reports.html import Since

EXIT_GATE = 3
"""A `--fail-if` holds."""


def report(
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="EXECUÇÃO",
            help="Pastas de execução (planilhas/execucoes/DATA_HORA); de planilhas, a última terminada. Várias saem "
            "uma depois da outra.",
            show_default=False,
        ),
    ],
    html: Annotated[
        bool, typer.Option("--html", help="Grava Relatorio.html: um arquivo só, que abre sem rede.")
    ] = False,
    com_audio: Annotated[
        bool, typer.Option("--com-audio", help="Leva o áudio dos trechos dentro da página: são vozes de clientes.")
    ] = False,
    limite_audio: Annotated[
        int, typer.Option("--limite-audio", metavar="MB", help="Até quanto áudio a página leva.")
    ] = 25,
    xlsx: Annotated[bool, typer.Option("--xlsx", help="Grava as planilhas de novo.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="PASTA",
            help="Onde gravar; sem isto, ao lado de execucoes/. De várias execuções, uma pasta para cada.",
            show_default=False,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="EXECUÇÃO",
            help="Execução de antes: diz o que mudou, e quão certo.",
            show_default=False,
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            metavar="CONDIÇÃO",
            help='Sai com código 3 se valer; várias vezes: "wer>0.15", "wer[Local]>15%", "erros_medicamento piora".',
            show_default=False,
        ),
    ] = None,
    revisao: Annotated[
        Path | None,
        typer.Option(
            "--revisao", metavar="ARQUIVO.xlsx", help="Conta as marcas das colunas Revisão.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Refaz tabela, página e planilhas de execuções prontas, sem transcrever de novo."""
    from balto_cli.evaluation.analysis import analyse
    from balto_cli.evaluation.baseline import changes
    from balto_cli.evaluation.gate import check, parse_condition
    from balto_cli.evaluation.run_folder import load_run
    from balto_cli.reports.html import Since
    from balto_cli.reports.report_table import report_dict, report_text, reports_json

    if com_audio and not html:
        raise UsageError("--com-audio põe o áudio na página: use junto com --html.")
    if limite_audio < 1:
        raise UsageError(f"--limite-audio {limite_audio} não deixa lugar para áudio: diga quantos MB, 1 ou mais.")
    conditions = [parse_condition(text) for text in fail_if or ()]
    marks = _marks(revisao)
    before = analyse(load_run(_run_folder(Path(baseline)))) if baseline is not None else None
    reports: list[dict[str, Any]] = []
    holds = False
    for number, folder in enumerate([_run_folder(Path(name)) for name in run]):
        analysis = analyse(load_run(folder), revision=marks)
        since = Since(before.run.name, changes(analysis, before)) if before else None
        gate = check(conditions, analysis, before)
        holds = holds or any(result.holds for result in gate)
        files = _write(
            analysis, _target(folder, output, several=len(run) > 1), folder,
            html=html, xlsx=xlsx, marks=marks, since=since,
            audio_bytes=limite_audio * 1_000_000 if com_audio else None,
        )  # fmt: skip
        if json:
            reports.append(report_dict(analysis, since, gate, files))
        else:
            print_result(("\n" if number else "") + report_text(analysis, since, gate, files))
    if json:
        print_result(reports_json(reports))
    return EXIT_GATE if holds else 0


def _marks(path: Path | None) -> dict[RevisionKey, Mark] | None:
    if path is None:
        return None
    from balto_cli.reports.revision import read_revision

    return read_revision(path)


def _run_folder(path: Path) -> Path:
    """The folder of a run; of an output folder, its newest run that ended."""
    from balto_cli.evaluation.run_folder import newest_run
    from balto_cli.evaluation.session import RUNS

    runs = path / RUNS
    if not runs.is_dir():
        return path
    newest = newest_run(runs)
    if newest is None:
        raise UsageError(f"Nenhuma execução terminada em {runs}: rode `balto compare` ou diga outra pasta.")
    return newest


def _target(folder: Path, output: Path | None, *, several: bool) -> Path:
    """Where a run's files go."""
    from balto_cli.evaluation.session import RUNS

    folder = folder.absolute()
    if output is None:
        output = folder.parent.parent if folder.parent.name == RUNS else folder
    return output / folder.name if several else output


def _write(
    analysis: Analysis,
    target: Path,
    folder: Path,
    *,
    html: bool,
    xlsx: bool,
    marks: dict[RevisionKey, Mark] | None,
    since: Since | None,
    audio_bytes: int | None,
) -> list[Path]:
    from balto_cli.reports.page_delivery import PAGE, write_page

    files = []
    if html:
        files.append(write_page(analysis, target, audio_bytes=audio_bytes, since=since))
    if xlsx:
        from balto_cli.reports.delivery import write_workbooks

        page = target / PAGE if html else None
        for book in write_workbooks(analysis, target, folder, revision=marks, page=page):
            files.append(book.path)
            if book.note:
                say(book.note)
    return files
