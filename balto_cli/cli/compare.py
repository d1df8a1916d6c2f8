"""`balto compare`: transcribes recordings by every provider, whole and in segments, and writes both workbooks."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import TerminalProgress, print_error, print_result, say, say_kept
from balto_cli.cli.estimate import print_survey
from balto_cli.cli.live_parity import (
    find_parity,
    find_server,
    keep_parity,
    play_at,
    print_parity,
    say_other_profile,
    with_parity,
)
from balto_cli.cli.noise import FOLDER, accept_cost, mix_noise
from balto_cli.cli.options import (
    DryRun,
    Entrada,
    Json,
    Orcamento,
    Perfil,
    Provider,
    Refazer,
    SemTermos,
    build_config,
    build_providers,
    number,
    opened_inputs,
    read_reais,
    read_settings,
)
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.audio.inputs import InputFile
    from balto_cli.evaluation.run import Request
    from balto_cli.evaluation.session import Session
    from balto_cli.live_playing import Played


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
    dry_run: DryRun = False,
    orcamento: Orcamento = None,
    sem_termos: SemTermos = False,
    ruido: Annotated[
        str | None,
        typer.Option(
            "--ruido",
            metavar="DB,DB…",
            help="Mistura ruído a estas relações sinal-ruído (20,10,5,0) e compara tudo; multiplica as chamadas.",
            show_default=False,
        ),
    ] = None,
    arquivo_ruido: Annotated[
        Path | None,
        typer.Option(
            "--arquivo-ruido",
            metavar="ARQUIVO",
            help="Ruído a misturar; sem isto, um ar-condicionado.",
            show_default=False,
        ),
    ] = None,
    sim: Annotated[bool, typer.Option("--sim", help="Aceita o custo de --ruido sem perguntar.")] = False,
    refazer: Refazer = False,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="URL",
            help="Toca também as gravações em um servidor e diz onde ele ouve outra coisa; `-` é o de "
            "BALTO_SERVER_URL. A chave do balcão vem de BALTO_API_KEY.",
            show_default=False,
        ),
    ] = None,
    velocidade: Annotated[
        float,
        typer.Option(
            "--velocidade",
            metavar="NÚMERO",
            parser=number(0.1, 1000),
            help="Quantas vezes o tempo real, com --server; 1 é ao vivo.",
        ),
    ] = 20,
    output: Annotated[Path, typer.Option("--output", metavar="PASTA", help="Onde gravar as planilhas.")] = Path(
        "planilhas"
    ),
    json: Json = False,
) -> int:
    """Compara provedores sobre gravações e grava Relatorio_Originais.xlsx e Relatorio_Segmentos.xlsx."""
    from balto_cli.evaluation.gathering import Gathered, gather
    from balto_cli.evaluation.noise_sweep import Sweep, parse_ratios
    from balto_cli.evaluation.run import Request
    from balto_cli.evaluation.session import run_session
    from balto_cli.stt.prices import REAIS_PER_DOLLAR

    if arquivo_ruido is not None and ruido is None:
        raise UsageError("--arquivo-ruido diz o que misturar: diga também quanto, com --ruido 20,10,5,0.")
    ratios_db = parse_ratios(ruido) if ruido is not None else ()
    budget_brl = read_reais(orcamento)
    settings = read_settings()
    config = build_config(perfil, settings)
    access = find_server(server, settings) if server is not None else None
    if access and somente is Part.ORIGINALS:
        raise UsageError("--server compara os segmentos: tire --somente originais.")
    whole, in_segments = somente is not Part.SEGMENTS, somente is not Part.ORIGINALS
    if dry_run:
        with opened_inputs(entrada) as inputs, tempfile.TemporaryDirectory(prefix="balto-") as folder:
            files: tuple[InputFile, ...] = inputs.files
            if ratios_db:
                files = mix_noise(files, Gathered({}, {}), ratios_db, arquivo_ruido, config, Path(folder)).inputs
            with TerminalProgress() as progress:
                return print_survey(
                    files, config, provider, settings, progress,
                    whole=whole, cut=in_segments, terms=not sem_termos, budget_brl=budget_brl, json=json,
                )  # fmt: skip
    providers = build_providers(provider, settings, terms=not sem_termos)
    with opened_inputs(entrada) as inputs:
        with TerminalProgress() as progress:
            folders = [path.absolute() for path in map(Path, entrada) if path.is_dir()]
            gathered = gather(inputs.files, progress, whole=folders)
        asked = Sweep(inputs.files, gathered.references, gathered.facts)
        if ratios_db:
            asked = mix_noise(inputs.files, gathered, ratios_db, arquivo_ruido, config, output / FOLDER)
            names = provider or settings.providers
            if not accept_cost(asked.inputs, names, settings, config, whole=whole, cut=in_segments, accepted=sim):
                say("Nada foi transcrito.")
                return 0
        request = Request(
            inputs=asked.inputs,
            references=asked.references,
            facts=asked.facts,
            providers=providers,
            config=config,
            whole=whole,
            in_segments=in_segments,
            ask_anew=refazer,
            budget_brl=budget_brl,
            reais_per_dollar=settings.dolar or REAIS_PER_DOLLAR,
        )
        say_other_profile(request.inputs, config)
        played = play_at(access, request.inputs, velocidade) if access else None
        with TerminalProgress() as progress:
            session = run_session(request, output, progress)
    return _finish(session, request, output, json, played)


def _finish(session: Session, request: Request, output: Path, json: bool, played: Mapping[str, Played] | None) -> int:
    """Write the workbooks, say where they are and how the server's hearing compares, close the run."""
    from balto_cli.evaluation.analysis import analyse
    from balto_cli.evaluation.run import failed_calls
    from balto_cli.reports.delivery import write_workbooks
    from balto_cli.reports.price_table import spending_text
    from balto_cli.reports.report_table import report_text
    from balto_cli.reports.terminal import summary_json

    analysis = analyse(session.stored_run())
    saved = write_workbooks(analysis, output, session.folder.path)
    say_kept(unwritten=session.unwritten, reused=session.tally.reused)
    if note := session.close():
        say(note)
    failed = failed_calls(session.comparison)
    for file in session.comparison.files:
        if file.problem:
            print_error(f"{file.name}: {file.problem}")
    for reason, count in failed.items():
        print_error(f"{count} {'chamada falhou' if count == 1 else 'chamadas falharam'}: {reason}")
    parity = find_parity(session.comparison, played) if played is not None else None
    if parity is not None:
        keep_parity(parity, session.folder.path)
    if json:
        books = [str(book.path) for book in saved]
        summary = summary_json(analysis, session.tally.spending, str(session.folder.path), books)
        print_result(summary if parity is None else with_parity(summary, parity))
    else:
        print_result(report_text(analysis))
        if line := spending_text(session.tally.spending, request.reais_per_dollar):
            say(line)
    if parity is not None and not json:
        print_parity(parity)
    for book in saved:
        if book.note:
            say(book.note)
        if not json:
            print_result(str(book.path))
    say(f"Página para ouvir e conferir trecho a trecho: balto report {session.folder.path} --html")
    differs = parity is not None and not parity.is_same
    return 1 if failed or differs or any(file.problem for file in session.comparison.files) else 0
