"""The sheet Configuração: where the numbers come from, setting by setting, and what the sheets mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.verdicts import counted
from balto_cli.reports.sheet import TEXT_WIDTH, Column, write_table
from balto_cli.stt.prices import PRICES_DATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from xlsxwriter.worksheet import Worksheet

    from balto_cli.evaluation.findings import Analysis, PartAnalysis, RunInfo
    from balto_cli.reports.book import Book
    from balto_cli.reports.cell_values import CellValue

Line = tuple[str, str, "CellValue"]

_VERSIONS = {"balto": "Balto", "catalogo": "Catálogo de medicamentos", "normalizacao": "Normalização"}
_MEANINGS = (
    (
        "WER",
        "Trocas, perdas e inserções sobre palavras ditas, somadas antes de dividir; nunca a média das taxas.",
    ),
    ("Intervalo", "Onde o WER deve estar, com 95 % de confiança, se viessem outros arquivos como estes."),
    (
        "Conta no Total",
        "sim: tem referência e resposta de todos os provedores, comparados assim no mesmo áudio.",
    ),
    (
        "Erros no Total",
        "Erros do arquivo, cada um no segmento em que está; um erro em um corte conta uma vez só.",
    ),
    ("Discordância", "Palavras em que dois provedores diferem, somadas por todos os pares: onde vale a pena ouvir."),
    ("Cinza riscado", "Palavra da referência que não foi ouvida."),
    ("Vermelho negrito", "Palavra ouvida no lugar de outra."),
    ("Azul negrito", "Palavra ouvida que não foi dita."),
    ("Revisão: referência errada", "O trecho sai da conta do WER revisado, para todos os provedores."),
    ("Revisão: aceitável", "O texto conta como sem erro no WER revisado."),
    ("Revisão: erro grave", "Conta como está, e é contado em Resumo."),
    (
        "WER revisado",
        "Tira das somas os erros dos trechos marcados. balto report --revisao alinha de novo o que resta do arquivo, e"
        " pode achar um ou outro erro a menos onde havia um corte.",
    ),
)


def write_settings(book: Book, sheet: Worksheet, analysis: Analysis, part: PartAnalysis) -> None:
    """Fill the sheet: one setting a row."""
    columns: list[Column[Line]] = [
        Column("Grupo", lambda line: line[0], width=24),
        Column("Item", lambda line: line[1], width=34),
        Column("Valor", lambda line: line[2], width=TEXT_WIDTH + 30, to_left=True),
    ]
    write_table(book, sheet, columns, list(_lines(analysis, part)), fixed_columns=2)


def moment(when: datetime | None) -> str:
    """A date and time as people write them; "" where there is none."""
    return f"{when:%d/%m/%Y %H:%M}" if when else ""


def _lines(analysis: Analysis, part: PartAnalysis) -> Iterator[Line]:
    yield from _run_lines(analysis.run)
    for remark in analysis.remarks:
        yield "Observações", "", remark
    yield from (("Dois a dois", f"{pair.a} e {pair.b}", pair.sentence) for pair in part.pairs)
    noun = "segmento" if part.part is Part.SEGMENTS else "arquivo"
    for left_out in part.coverage.left_out:
        yield "Fora da conta", left_out.reason, counted(left_out.utterances, noun)
    yield from (("O que quer dizer", name, meaning) for name, meaning in _MEANINGS)
    settings = analysis.run.settings
    for name, identity in zip(analysis.comparison.providers, settings.get("provedores", ()), strict=False):
        yield from ((f"Provedor {name}", item, value) for item, value in _flat(identity))
    yield from (("Pipeline", item, value) for item, value in _flat(settings.get("pipeline", {})))
    rest = {name: value for name, value in settings.items() if name not in ("provedores", "pipeline")}
    yield from (("Pedido", item, value) for item, value in _flat(rest))


def _run_lines(run: RunInfo) -> Iterator[Line]:
    yield "Execução", "Nome", run.name
    yield "Execução", "Início", moment(run.started_at)
    yield "Execução", "Fim", moment(run.ended_at)
    for when, versions in (("Versões da execução", run.made_by), ("Versões das notas", run.judged_by)):
        for name, version in versions.items():
            yield when, _VERSIONS.get(name, name), version
    yield "Preços", "Tabela de", f"{PRICES_DATE[8:]}/{PRICES_DATE[5:7]}/{PRICES_DATE[:4]}"
    yield "Preços", "Reais por dólar", run.reais_per_dollar


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, CellValue]]:
    """Plain JSON as names, joined by dots, and values."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(inner) for inner in value)
    elif isinstance(value, bool):
        yield name, "sim" if value else "não"
    elif value is None or isinstance(value, int | float | str):
        yield name, value
    else:
        yield name, str(value)
