"""The sheet Resumo: who wins, how sure that is, what it costs; on one screen.

Sums and rates are formulas over the data sheet and over Diferenças, with what they amount to stored beside them, so
that a corrected cell or a mark in a Revisão column changes them. Intervals, latency and costs are numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.findings import Mark, Part
from balto_cli.evaluation.results import State
from balto_cli.reports.book_data import COUNTED, TOTAL_WORDS, YES, medicine_errors, total_errors
from balto_cli.reports.book_differences import LEFT_OUT, revision
from balto_cli.reports.book_settings import moment
from balto_cli.reports.cell_looks import INK, LINE, LOOKS, NAVY, QUIET
from balto_cli.reports.cell_values import CellValue, Formula
from balto_cli.reports.sheet import COUNT, FLAGGED, LINE_HEIGHT_PT, PERCENT, colour_scale, flags, print_on_a4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xlsxwriter.worksheet import Worksheet

    from balto_cli.evaluation.findings import Analysis, PartAnalysis, RevisionKey
    from balto_cli.evaluation.rates import ProviderScores
    from balto_cli.reports.book import Book
    from balto_cli.reports.book_rows import BookRow
    from balto_cli.reports.sheet import TableSheet

NO_REFERENCE = "sem referência"
NO_ANSWER = "sem resposta"
"""Of a provider that answered nothing at all: it has no rate, and a sum of nothing would read as no errors."""
_TABLE_ROW = 6
_CHART_COLUMNS = 6
_MOST_PAIRS = 4
_REACH = (16, 17)
"""Hidden columns that the error bars are drawn from."""
_POINTS_A_PIXEL = 0.75
_LETTERS_A_DIGIT = 1.2
"""Widths are counted in digits, and letters are narrower."""


@dataclass(frozen=True, slots=True)
class _Source:
    """What the formulas stand on."""

    part: PartAnalysis
    rows: Sequence[BookRow]
    data: TableSheet
    differences: TableSheet
    marks: Mapping[RevisionKey, Mark]


@dataclass(frozen=True, slots=True)
class _Field:
    """One column of the table of providers."""

    header: str
    width: int
    value: Callable[[_Source, ProviderScores, int], CellValue]
    """The row's number is Excel's, from 1."""
    number_format: str = "General"
    of_calls: bool = False
    """Whether it is known of a provider that answered nothing, too."""


def write_summary(
    book: Book,
    sheet: Worksheet,
    analysis: Analysis,
    part: PartAnalysis,
    rows: Sequence[BookRow],
    data: TableSheet,
    differences: TableSheet,
    marks: Mapping[RevisionKey, Mark],
) -> None:
    """Fill the sheet and make it the one that is shown on opening."""
    source = _Source(part, rows, data, differences, marks)
    last = len(_FIELDS) - 1
    for index, column in enumerate(_FIELDS):
        sheet.set_column(index, index, column.width, book.format(font_color=INK))
    _write_heading(book, sheet, analysis, part, last)
    _write_table(book, sheet, source)
    first_note = _TABLE_ROW + len(part.providers) + 2
    height_pt = _write_notes(book, sheet, first_note, last, _notes(analysis, source))
    if any(one.wer.value is not None for one in part.providers):
        _insert_chart(book, sheet, part, first_note, max(height_pt, 190.0))
    sheet.set_column(*_REACH, 8, None, {"hidden": True})
    sheet.hide_gridlines(2)
    print_on_a4(sheet)
    sheet.fit_to_pages(1, 1)
    sheet.activate()


def _write_heading(book: Book, sheet: Worksheet, analysis: Analysis, part: PartAnalysis, last: int) -> None:
    run = analysis.run
    what = "segmentos" if part.part is Part.SEGMENTS else "originais"
    version = f"Balto {run.judged_by.get('balto', '')}".rstrip()
    origin = " · ".join((f"Execução {run.name}", moment(run.started_at), version))
    lines: tuple[tuple[str, float, dict[str, Any]], ...] = (
        (f"Quem transcreve melhor: {what}", 27.0, {"bold": True, "font_size": 18, "font_color": NAVY}),
        (origin, 16.0, {"font_color": QUIET}),
        ("", 6.0, {}),
        (part.verdict, 0.0, {"bold": True, "font_size": 13, "bg_color": "#E8F0FA", "indent": 1, "font_color": INK}),
        (part.coverage.sentence, 18.0, {"font_color": QUIET}),
        ("", 6.0, {}),
    )
    for row, (text, height_pt, look) in enumerate(lines):
        lines_of_text = math.ceil(len(text) / 105)
        sheet.set_row(row, height_pt or max(30.0, 19.0 * lines_of_text + 10))
        if text:
            _write_across(book, sheet, row, 0, last, text, {"valign": "vcenter", "text_wrap": True, **look})


def _write_across(
    book: Book, sheet: Worksheet, row: int, first: int, last: int, text: str, look: Mapping[str, Any]
) -> None:
    sheet.merge_range(row, first, row, last, "", book.format(**look))
    book.write(sheet, row, first, text, book.look(**look))


def _write_table(book: Book, sheet: Worksheet, source: _Source) -> None:
    header = {"bold": True, "font_color": "#FFFFFF", "bg_color": NAVY, "text_wrap": True, "valign": "vcenter"}
    headers = [book.format(**header, **_side(index)) for index in range(len(_FIELDS))]
    first, last = _TABLE_ROW + 1, _TABLE_ROW + len(source.part.providers)
    if source.part.providers:
        sheet.add_table(_TABLE_ROW, 0, last, len(_FIELDS) - 1, {
            "name": "Resumo_Provedores", "autofilter": False, "style": "Table Style Light 1", "banded_rows": False,
            "columns": [
                {"header": column.header, "header_format": look} for column, look in zip(_FIELDS, headers, strict=True)
            ],
        })  # fmt: skip
    sheet.set_row(_TABLE_ROW, 48)
    for row, scores in enumerate(source.part.providers, start=first):
        sheet.set_row(row, 22)
        silent = not scores.files and any(one.files for one in source.part.providers)
        for index, column in enumerate(_FIELDS):
            look: dict[str, Any] = {"valign": "vcenter", "bottom": 1, "bottom_color": LINE, "font_color": INK}
            look |= {"num_format": column.number_format} if column.number_format != "General" else {}
            look |= _side(index)
            look |= {"bold": True} if not index or (index == 1 and scores.provider == source.part.winner) else {}
            value = column.value(source, scores, row + 1) if column.of_calls or not silent else _NOTHING.get(index)
            book.write(sheet, row, index, value, book.look(**look))
        for index, reach in enumerate(_reach(scores, row + 1), start=_REACH[0]):
            book.write(sheet, row, index, reach, book.look())
    quiet = book.format(**LOOKS["discreta"])
    for index in (1, 4):
        for words in (NO_REFERENCE, NO_ANSWER):
            sheet.conditional_format(first, index, last, index, {
                "type": "cell", "criteria": "==", "value": f'"{words}"', "format": quiet, "stop_if_true": True,
            })  # fmt: skip
        colour_scale(sheet, first, index, last, index)
    flags(book, sheet, first, 8, last, 8)


def _side(index: int) -> dict[str, Any]:
    """Names to the left, numbers and their headers to the right."""
    return {"align": "right" if index else "left", "indent": 1}


def _errors(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    return _sum(source.data.cells(total_errors(scores.provider)), scores.score.errors, _rest(source, scores)[0])


def _words(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    return _sum(source.data.cells(TOTAL_WORDS), scores.score.reference_words, _rest(source, scores)[1])


def _sum(cells: str, value: int, rest: int) -> Formula:
    return Formula(f"SUM({cells})" + (f"{rest:+d}" if rest else ""), value)


def _rest(source: _Source, scores: ProviderScores) -> tuple[int, int]:
    """Errors and words of files in which no speech was found, which have no row."""
    counted = [row for row in source.rows if row.counted]
    errors = scores.score.errors - sum(row.errors[scores.provider] for row in counted)
    return errors, scores.score.reference_words - sum(row.words or 0 for row in counted)


def _wer(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    value = scores.score.errors / scores.score.reference_words if scores.score.reference_words else NO_REFERENCE
    return Formula(f'IF(G{row}=0,"{NO_REFERENCE}",F{row}/G{row})', value)


def _revised_wer(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    """The sums without what a person's marks take out of them."""
    cells, name = source.differences.cells, scores.provider
    out, errors = cells(LEFT_OUT), cells(total_errors(name))
    words_left = f"G{row}-SUMIFS({cells(TOTAL_WORDS)},{out},1)"
    errors_left = (
        f'F{row}-SUMIFS({errors},{out},1)-SUMIFS({errors},{out},0,{cells(revision(name))},"{Mark.ACCEPTABLE}")'
    )
    return Formula(f'IF({words_left}>0,({errors_left})/({words_left}),"{NO_REFERENCE}")', _revised(source, scores))


def _revised(source: _Source, scores: ProviderScores) -> float | str:
    errors, words = scores.score.errors, scores.score.reference_words
    names = [one.provider for one in source.part.providers]
    for row in source.rows:
        if not row.counted:
            continue
        marks = {name: source.marks.get((*row.key, name)) for name in names}
        wrong_reference = Mark.WRONG_REFERENCE in marks.values()
        if wrong_reference:
            words -= row.words or 0
        if wrong_reference or marks[scores.provider] is Mark.ACCEPTABLE:
            errors -= row.errors[scores.provider]
    return errors / words if words > 0 else NO_REFERENCE


def _medicine_share(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    counted = source.data.cells(COUNTED)
    wrong = source.data.cells(medicine_errors(scores.provider))
    return Formula(
        f'IF(COUNTIF({counted},"{YES}")=0,"",COUNTIF({wrong},">0")/COUNTIF({counted},"{YES}"))',
        _medicine_share_of([row.medicine_errors[scores.provider] for row in source.rows if row.counted]),
    )


def _medicine_share_of(errors: Sequence[int]) -> float | None:
    return sum(count > 0 for count in errors) / len(errors) if errors else None


def _medicine_count(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    total = sum(row.medicine_errors[scores.provider] for row in source.rows if row.counted)
    return Formula(f"SUM({source.data.cells(medicine_errors(scores.provider))})", total)


def _failures(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    failed = sum(row.outcome(scores.provider).state is State.FAILED for row in source.rows)
    return Formula(f'COUNTIF({source.data.cells(f"Estado {scores.provider}")},"{State.FAILED}")', failed)


def _p95(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    return scores.effort.latency.p95.value if scores.effort.latency.p95 else None


def _severe(source: _Source, scores: ProviderScores, row: int) -> CellValue:
    marked = sum(source.marks.get((*row.key, scores.provider)) is Mark.SEVERE for row in source.rows)
    return Formula(f'COUNTIF({source.differences.cells(revision(scores.provider))},"{Mark.SEVERE}")', marked)


_FIELDS = (
    _Field("Provedor", 24, lambda source, scores, row: scores.provider, of_calls=True),
    _Field("WER", 11, _wer, PERCENT),
    _Field("Intervalo: de", 11, lambda source, scores, row: scores.wer.low, PERCENT),
    _Field("Intervalo: até", 11, lambda source, scores, row: scores.wer.high, PERCENT),
    _Field("WER revisado", 13, _revised_wer, PERCENT),
    _Field("Erros", 9, _errors, "#,##0"),
    _Field("Palavras", 11, _words, "#,##0"),
    _Field("Trechos com erro de medicamento", 17, _medicine_share, PERCENT),
    _Field("Erros de medicamento", 17, _medicine_count, FLAGGED),
    _Field("Palavras inventadas", 13, lambda source, scores, row: scores.inventions.words, COUNT),
    _Field("Espera p95 (s)", 11, _p95, "0.00"),
    _Field("R$ por hora", 10, lambda source, scores, row: scores.effort.cost_brl_per_hour, "0.00", of_calls=True),
    _Field("Chamadas falhas", 12, _failures, COUNT, of_calls=True),
    _Field("Erros graves (revisão)", 13, _severe, COUNT),
)
_NOTHING = {1: NO_ANSWER}
"""What stands for a rate that a provider without answers does not have; other cells stay empty."""


def _notes(analysis: Analysis, source: _Source) -> list[tuple[str, list[str]]]:
    """What stands beside the chart: headings and sentences."""
    part = source.part
    notes = []
    if analysis.cutting:
        notes.append(("Cortar em segmentos", [effect.sentence for effect in analysis.cutting]))
    if pairs := sorted(part.pairs, key=lambda pair: pair.p_holm):
        sentences = [pair.sentence for pair in pairs[:_MOST_PAIRS]]
        if len(pairs) > _MOST_PAIRS:
            sentences.append(f"Os outros {len(pairs) - _MOST_PAIRS} pares estão em Configuração.")
        notes.append(("Dois a dois", sentences))
    if first := part.transcribe_first()[:3]:
        names = ", ".join(one.segment or one.file for one in first)
        notes.append(("Sem referência", [f"Transcreva primeiro onde os provedores mais discordam: {names}."]))
    remarks = list(analysis.remarks)
    if any(rest := [_rest(source, scores)[1] for scores in part.providers if scores.files]):
        remarks.append(f"{max(rest)} palavras de arquivos em que nenhuma fala foi achada contam como perdidas.")
    if remarks:
        notes.append(("Observações", remarks))
    notes.append(("Revisão", ["As colunas Revisão de Diferenças mudam o WER revisado na hora."]))
    return notes


def _write_notes(
    book: Book, sheet: Worksheet, first: int, last: int, notes: Sequence[tuple[str, Sequence[str]]]
) -> float:
    """Write the notes right of the chart, from row `first` on; return their height in points."""
    row, height_pt = first, 0.0
    left = _CHART_COLUMNS
    letters = sum(column.width for column in _FIELDS[left:]) * _LETTERS_A_DIGIT
    for heading, sentences in notes:
        _write_across(book, sheet, row, left, last, heading, {"bold": True, "font_color": NAVY, "valign": "bottom"})
        sheet.set_row(row, 20)
        row, height_pt = row + 1, height_pt + 20
        for sentence in sentences:
            look = {"text_wrap": True, "valign": "top", "font_color": INK}
            _write_across(book, sheet, row, left, last, sentence, look)
            taken_pt = LINE_HEIGHT_PT * math.ceil(len(sentence) / letters) + 1.0
            sheet.set_row(row, taken_pt)
            row, height_pt = row + 1, height_pt + taken_pt
    return height_pt


def _insert_chart(book: Book, sheet: Worksheet, part: PartAnalysis, row: int, height_pt: float) -> None:
    """WER by provider as bars, with their intervals."""
    from xlsxwriter.utility import xl_range_abs

    first, last = _TABLE_ROW + 1, _TABLE_ROW + len(part.providers)
    below, above = (f"='{sheet.name}'!{xl_range_abs(first, column, last, column)}" for column in _REACH)
    chart = book.chart({"type": "bar"})
    chart.add_series({
        "name": "WER",
        "categories": [sheet.name, first, 0, last, 0],
        "values": [sheet.name, first, 1, last, 1],
        "gap": 60,
        "fill": {"color": "#9DB4CE"},
        "points": [{"fill": {"color": NAVY}} if one.provider == part.winner else None for one in part.providers],
        "y_error_bars": {
            "type": "custom", "plus_values": above, "minus_values": below,
            "line": {"color": INK, "width": 1.25},
        },
    })  # fmt: skip
    chart.set_title({
        "name": "WER e seu intervalo de 95 %", "name_font": {"size": 11, "color": INK}, "overlay": False,
    })  # fmt: skip
    chart.show_hidden_data()
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 10, "color": INK}, "line": {"color": LINE}})
    chart.set_x_axis({
        "num_format": "0%", "min": 0, "max": _axis_end(part), "num_font": {"size": 9, "color": INK},
        "major_gridlines": {"visible": True, "line": {"color": LINE}}, "label_position": "high", "line": {"none": True},
    })  # fmt: skip
    chart.set_chartarea({"border": {"color": LINE}})
    width = sum(column.width * 7 + 5 for column in _FIELDS[:_CHART_COLUMNS])
    chart.set_size({"width": width - 16, "height": height_pt / _POINTS_A_PIXEL})
    sheet.insert_chart(row, 0, chart, {"x_offset": 4, "object_position": 3})


def _axis_end(part: PartAnalysis) -> float:
    """Where the axis of rates ends: beyond every bar and interval, at a multiple of 5 %."""
    ends = [end for one in part.providers for end in (one.wer.value, one.wer.high) if end is not None]
    return max(0.05, math.ceil(max(ends) * 20.4) / 20)


def _reach(scores: ProviderScores, row: int) -> tuple[Formula, Formula]:
    """How far the interval goes below and above the rate; LibreOffice takes error bars from cells alone."""
    value, low, high = scores.wer.value, scores.wer.low, scores.wer.high
    if value is None or low is None or high is None:
        return Formula("0", 0), Formula("0", 0)
    return Formula(f"B{row}-C{row}", value - low), Formula(f"D{row}-B{row}", high - value)
