"""The first sheet of a workbook, which people's macros read: one row a file or segment, and no totals row.

The columns that were there first keep their names and order; new ones follow. A failed call is an empty text, with its
state and reason in columns of their own. An undefined rate is an empty cell, never a word among numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from balto_cli.evaluation.results import State
from balto_cli.evaluation.slices import FAIR_SNR_DB, GOOD_SNR_DB
from balto_cli.reports.sheet import COUNT, DECIBELS, NAME_WIDTH, PERCENT, SECONDS, TEXT_WIDTH, Column

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from balto_cli.evaluation.results import Outcome, SegmentResult
    from balto_cli.evaluation.scores import Score
    from balto_cli.reports.book_rows import BookRow
    from balto_cli.reports.cell_values import CellValue
    from balto_cli.reports.links import Links

COUNTED, TOTAL_WORDS = "Conta no Total", "Palavras no Total"
YES, NO = "sim", "não"

_FAILED = str(State.FAILED)


def total_errors(provider: str) -> str:
    """Header of a provider's errors that are in the totals."""
    return f"Erros no Total {provider}"


def medicine_errors(provider: str) -> str:
    """Header of a provider's medicine errors."""
    return f"Erros de Medicamento {provider}"


def quality_band(snr_db: float | None) -> str:
    """Name a signal-to-noise ratio: `boa` from 20 dB, `média` from 10 dB, `ruim` below; "" where it is unknown."""
    snr_db = rounded(snr_db, 1)  # as it is shown, so that no 20.0 stands beside "média"
    if snr_db is None:
        return ""
    if snr_db >= GOOD_SNR_DB:
        return "boa"
    return "média" if snr_db >= FAIR_SNR_DB else "ruim"


def rounded(value: float | None, digits: int) -> float | None:
    """A number as it is shown; None where there is none."""
    return round(value, digits) if value is not None and math.isfinite(value) else None


def original_columns(providers: Sequence[str], links: Links) -> list[Column[BookRow]]:
    """Columns of `Relatorio_Originais`."""
    columns: list[Column[BookRow]] = [
        Column("Nome do Arquivo", lambda row: row.file.name, width=NAME_WIDTH, link=_audio(links)),
    ]
    columns += [Column(f"Transcrição Completa ({name})", _of(name, _text), width=TEXT_WIDTH) for name in providers]
    columns += [
        Column("Estado", lambda row: str(State.FAILED if row.file.problem else State.OK), alert=_FAILED),
        Column("Motivo", lambda row: row.file.problem, width=NAME_WIDTH),
        Column("Observação", lambda row: "\n".join(row.file.remarks), width=NAME_WIDTH),
        Column("Duração (s)", lambda row: rounded(row.file.duration_s, 2), number_format=SECONDS),
        Column("Referência", lambda row: row.file.reference and row.file.reference.strip(), width=TEXT_WIDTH),
        Column("Palavras na Referência", lambda row: row.words, number_format=COUNT),
    ]
    for name in providers:
        columns += [
            Column(f"WER {name}", _of(name, _counted(lambda score: score.wer)), PERCENT, scale="error"),
            Column(f"Erros {name}", _of(name, _counted(lambda score: score.errors)), COUNT),
            Column(f"Trocas {name}", _of(name, _counted(lambda score: score.substitutions)), COUNT),
            Column(f"Omissões {name}", _of(name, _counted(lambda score: score.deletions)), COUNT),
            Column(f"Inserções {name}", _of(name, _counted(lambda score: score.insertions)), COUNT),
            Column(f"Estado {name}", _of(name, _state), alert=_FAILED),
            Column(f"Motivo {name}", _of(name, _reason), width=NAME_WIDTH),
        ]
    columns += [Column(f"Enviado Como {name}", _of(name, _sent_as), width=NAME_WIDTH) for name in providers]
    columns += _total_columns(providers)
    if links.page:
        columns.append(Column("Relatório", lambda _: "abrir", link=_place(links)))
    return columns


def segment_columns(providers: Sequence[str], links: Links) -> list[Column[BookRow]]:
    """Columns of `Relatorio_Segmentos`."""
    columns: list[Column[BookRow]] = [
        Column("Arquivo Original", lambda row: row.file.name, width=NAME_WIDTH, link=_audio(links)),
        Column("Nome do Segmento", lambda row: row.segment, width=NAME_WIDTH, link=_place(links)),
        Column("Duração (s)", _of_part(lambda part: rounded(part.duration_s, 2)), SECONDS),
    ]
    columns += [Column(f"Transcrição {name} (Segmento)", _of(name, _text), width=TEXT_WIDTH) for name in providers]
    columns += [
        Column("Qualidade", _of_part(lambda part: rounded(part.snr_db, 1)), DECIBELS),
        Column("Faixa de Qualidade", _of_part(lambda part: quality_band(part.snr_db))),
    ]
    columns += [Column("Acurácia", _of(name, _accuracy), PERCENT, scale="accuracy") for name in providers[:1]]
    columns += [Column(f"Acurácia {name}", _of(name, _accuracy), PERCENT, scale="accuracy") for name in providers]
    columns += [
        Column("Início (s)", lambda row: rounded(row.start_s, 2), number_format=SECONDS),
        Column("Fim (s)", _of_part(lambda part: rounded(part.end_s, 2)), SECONDS),
        Column("Referência do Segmento", lambda row: row.reference, width=TEXT_WIDTH),
        Column("Palavras na Referência", lambda row: row.words, number_format=COUNT),
    ]
    for name in providers:
        columns += [
            Column(f"Erros {name}", _of(name, _counted(lambda score: score.errors)), COUNT),
            Column(f"Estado {name}", _of(name, _state), alert=_FAILED),
            Column(f"Motivo {name}", _of(name, _reason), width=NAME_WIDTH),
        ]
    return columns + _total_columns(providers)


def _total_columns(providers: Sequence[str]) -> list[Column[BookRow]]:
    """What the sums of Resumo are made of, in both workbooks."""
    columns: list[Column[BookRow]] = [
        Column("Discordância", lambda row: row.disagreement_rate, PERCENT),
        Column(COUNTED, lambda row: YES if row.counted else NO),
        Column(TOTAL_WORDS, lambda row: row.words if row.counted else None, COUNT),
    ]
    for name in providers:
        columns += [
            Column(total_errors(name), _at(name, lambda row: row.errors), COUNT),
            Column(medicine_errors(name), _at(name, lambda row: row.medicine_errors), flag=True),
        ]
    return columns


def _of(provider: str, value: Callable[[Outcome], CellValue]) -> Callable[[BookRow], CellValue]:
    return lambda row: value(row.outcome(provider))


def _of_part(value: Callable[[SegmentResult], CellValue]) -> Callable[[BookRow], CellValue]:
    return lambda row: value(row.part) if row.part else None


def _at(provider: str, counts: Callable[[BookRow], Mapping[str, int]]) -> Callable[[BookRow], CellValue]:
    return lambda row: counts(row).get(provider)


def _audio(links: Links) -> Callable[[BookRow], str | None]:
    return lambda row: links.audio(row.file.name)


def _place(links: Links) -> Callable[[BookRow], str | None]:
    return lambda row: links.place(*row.key)


def _text(outcome: Outcome) -> CellValue:
    return outcome.text


def _state(outcome: Outcome) -> CellValue:
    return str(outcome.state)


def _reason(outcome: Outcome) -> CellValue:
    return outcome.reason


def _sent_as(outcome: Outcome) -> CellValue:
    return outcome.sent_as


def _accuracy(outcome: Outcome) -> CellValue:
    return outcome.accuracy


def _counted(count: Callable[[Score], float | None]) -> Callable[[Outcome], CellValue]:
    return lambda outcome: count(outcome.score) if outcome.score else None
