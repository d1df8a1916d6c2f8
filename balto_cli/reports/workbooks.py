"""The two workbooks of `balto compare`: which columns they have and what stands in them.

The columns that people's macros read come first and keep their names and order; new ones follow. One row a file or
segment, in order of file and time, and no totals row. A failed call is an empty text, with its state and reason in
columns of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.results import NOT_DONE, Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.reports.sheet import NAME_WIDTH, TEXT_WIDTH, CellValue, Column, workbook_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from balto_cli.evaluation.scores import Score

ORIGINALS = "Relatorio_Originais"
SEGMENTS = "Relatorio_Segmentos"

GOOD_SNR_DB = 20.0
"""From here on noise is a background that costs no words."""
FAIR_SNR_DB = 10.0
"""Below, the noise is within a third of the voice's amplitude, and endings and consonants drown."""

_SECONDS = "0.00"
_PERCENT = "0.0%"
_DECIBELS = "0.0"
_COUNT = "0"
_FAILED = str(State.FAILED)


def originals_workbook(comparison: Comparison) -> bytes:
    """Build `Relatorio_Originais.xlsx`: one row a file."""
    providers = comparison.providers
    return workbook_bytes(ORIGINALS, _original_columns(providers), comparison.files, fixed_columns=1)


def segments_workbook(comparison: Comparison) -> bytes:
    """Build `Relatorio_Segmentos.xlsx`: one row a segment."""
    rows = [_SegmentRow(file, segment) for file in comparison.files for segment in file.segments]
    return workbook_bytes(SEGMENTS, _segment_columns(comparison.providers), rows, fixed_columns=2)


def quality_band(snr_db: float | None) -> str:
    """Name a signal-to-noise ratio: `boa` from 20 dB, `média` from 10 dB, `ruim` below; "" where it is unknown."""
    snr_db = _rounded(snr_db, 1)  # as it is shown, so that no 20.0 stands beside "média"
    if snr_db is None:
        return ""
    if snr_db >= GOOD_SNR_DB:
        return "boa"
    return "média" if snr_db >= FAIR_SNR_DB else "ruim"


@dataclass(frozen=True, slots=True)
class _SegmentRow:
    file: FileResult
    segment: SegmentResult


def _original_columns(providers: Sequence[str]) -> list[Column[FileResult]]:
    def of(provider: str, value: Callable[[Outcome], CellValue]) -> Callable[[FileResult], CellValue]:
        return lambda file: value(file.outcomes.get(provider, NOT_DONE))

    columns: list[Column[FileResult]] = [Column("Nome do Arquivo", lambda file: file.name, width=NAME_WIDTH)]
    columns += [Column(f"Transcrição Completa ({name})", of(name, _text), width=TEXT_WIDTH) for name in providers]
    columns += [
        Column("Estado", lambda file: str(State.FAILED if file.problem else State.OK), alert=_FAILED),
        Column("Motivo", lambda file: file.problem, width=NAME_WIDTH),
        Column("Observação", lambda file: "\n".join(file.remarks), width=NAME_WIDTH),
        Column("Duração (s)", lambda file: _rounded(file.duration_s, 2), number_format=_SECONDS),
        Column("Referência", lambda file: file.reference and file.reference.strip(), width=TEXT_WIDTH),
        Column("Palavras na Referência", lambda file: _reference_words(file.outcomes), number_format=_COUNT),
    ]
    for name in providers:
        columns += [
            Column(f"WER {name}", of(name, _counted(lambda score: score.wer)), number_format=_PERCENT),
            Column(f"Erros {name}", of(name, _counted(lambda score: score.errors)), number_format=_COUNT),
            Column(f"Trocas {name}", of(name, _counted(lambda score: score.substitutions)), number_format=_COUNT),
            Column(f"Omissões {name}", of(name, _counted(lambda score: score.deletions)), number_format=_COUNT),
            Column(f"Inserções {name}", of(name, _counted(lambda score: score.insertions)), number_format=_COUNT),
            Column(f"Estado {name}", of(name, _state), alert=_FAILED),
            Column(f"Motivo {name}", of(name, _reason), width=NAME_WIDTH),
        ]
    return columns


def _segment_columns(providers: Sequence[str]) -> list[Column[_SegmentRow]]:
    def of(provider: str, value: Callable[[Outcome], CellValue]) -> Callable[[_SegmentRow], CellValue]:
        return lambda row: value(row.segment.outcomes.get(provider, NOT_DONE))

    columns: list[Column[_SegmentRow]] = [
        Column("Arquivo Original", lambda row: row.file.name, width=NAME_WIDTH),
        Column("Nome do Segmento", lambda row: row.segment.name, width=NAME_WIDTH),
        Column("Duração (s)", lambda row: _rounded(row.segment.duration_s, 2), number_format=_SECONDS),
    ]
    columns += [Column(f"Transcrição {name} (Segmento)", of(name, _text), width=TEXT_WIDTH) for name in providers]
    columns += [
        Column("Qualidade", lambda row: _rounded(row.segment.snr_db, 1), number_format=_DECIBELS),
        Column("Faixa de Qualidade", lambda row: quality_band(row.segment.snr_db)),
    ]
    columns += [Column("Acurácia", of(name, _accuracy), number_format=_PERCENT) for name in providers[:1]]
    columns += [Column(f"Acurácia {name}", of(name, _accuracy), number_format=_PERCENT) for name in providers]
    columns += [
        Column("Início (s)", lambda row: _rounded(row.segment.start_s, 2), number_format=_SECONDS),
        Column("Fim (s)", lambda row: _rounded(row.segment.end_s, 2), number_format=_SECONDS),
        Column("Referência do Segmento", lambda row: row.segment.reference, width=TEXT_WIDTH),
        Column("Palavras na Referência", lambda row: _reference_words(row.segment.outcomes), number_format=_COUNT),
    ]
    for name in providers:
        columns += [
            Column(f"Erros {name}", of(name, _counted(lambda score: score.errors)), number_format=_COUNT),
            Column(f"Estado {name}", of(name, _state), alert=_FAILED),
            Column(f"Motivo {name}", of(name, _reason), width=NAME_WIDTH),
        ]
    return columns


def _rounded(value: float | None, digits: int) -> float | None:
    return round(value, digits) if value is not None and math.isfinite(value) else None


def _text(outcome: Outcome) -> CellValue:
    return outcome.text


def _state(outcome: Outcome) -> CellValue:
    return str(outcome.state)


def _reason(outcome: Outcome) -> CellValue:
    return outcome.reason


def _accuracy(outcome: Outcome) -> CellValue:
    return outcome.accuracy


def _counted(count: Callable[[Score], float | None]) -> Callable[[Outcome], CellValue]:
    return lambda outcome: count(outcome.score) if outcome.score else None


def _reference_words(outcomes: Mapping[str, Outcome]) -> int | None:
    return next((outcome.score.reference_words for outcome in outcomes.values() if outcome.score), None)
