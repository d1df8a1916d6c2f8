"""The sheet Diferenças: what each provider heard against what was said, and a column each for a person's mark.

Rows where the providers disagree most come first, since there a person's minute is worth most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.findings import Mark, Part
from balto_cli.evaluation.results import State
from balto_cli.reports.book_data import TOTAL_WORDS, rounded, total_errors
from balto_cli.reports.cell_values import Formula, Styled, by_looks
from balto_cli.reports.sheet import COUNT, NAME_WIDTH, PERCENT, SECONDS, Column, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xlsxwriter.worksheet import Worksheet

    from balto_cli.evaluation.alignment import AlignedWord
    from balto_cli.evaluation.findings import RevisionKey
    from balto_cli.reports.book import Book
    from balto_cli.reports.book_rows import BookRow
    from balto_cli.reports.cell_values import CellValue
    from balto_cli.reports.links import Links
    from balto_cli.reports.sheet import TableSheet

DIFFERENCES = "Diferenças"
FILE, SEGMENT = "Arquivo", "Segmento"
LEFT_OUT = "Fora do Total"
"""1 where a person says that the reference is wrong, 0 elsewhere."""

_REVISION = "Revisão "
_DIFF_WIDTH = 48


def revision(provider: str) -> str:
    """Header of the column where a person marks what a provider heard."""
    return f"{_REVISION}{provider}"


def reviewed_provider(header: str) -> str | None:
    """The provider of a header that `revision` made; None for any other header."""
    return header.removeprefix(_REVISION) if header.startswith(_REVISION) else None


def write_differences(
    book: Book,
    sheet: Worksheet,
    rows: Sequence[BookRow],
    providers: Sequence[str],
    part: Part,
    marks: Mapping[RevisionKey, Mark],
    links: Links,
) -> TableSheet:
    """Fill the sheet, with the marks that a person has made already."""
    columns: list[Column[BookRow]] = [
        Column(FILE, lambda row: row.file.name, width=30, link=lambda row: links.audio(row.file.name)),
    ]
    if part is Part.SEGMENTS:
        columns += [
            Column(SEGMENT, lambda row: row.segment, width=NAME_WIDTH, link=lambda row: links.place(*row.key)),
            Column("Início (s)", lambda row: rounded(row.start_s, 2), SECONDS),
        ]
    columns += [
        Column("Discordância", lambda row: row.disagreement_rate, PERCENT),
        Column("Referência", _reference, width=_DIFF_WIDTH),
        Column(TOTAL_WORDS, lambda row: row.words if row.counted else None, COUNT),
    ]
    for name in providers:
        columns += [
            Column(name, _heard(name), width=_DIFF_WIDTH),
            Column(total_errors(name), _errors(name), COUNT),
            Column(revision(name), _mark(name, marks), choices=tuple(Mark)),
        ]
    ordered = sorted(rows, key=lambda row: _urgency(row, providers), reverse=True)
    numbers = {row.key: number for number, row in enumerate(ordered, start=2)}
    headers = [column.header for column in columns]
    places = [headers.index(revision(name)) for name in providers]
    columns.append(Column(LEFT_OUT, lambda row: _left_out(row, numbers[row.key], places, providers, marks), COUNT))
    return write_table(book, sheet, columns, ordered, fixed_columns=2 if part is Part.SEGMENTS else 1)


def colour_words(alignment: Sequence[AlignedWord]) -> CellValue:
    """What was heard, with lost words struck, wrong ones red and invented ones blue; equal ones as they are."""
    looks = {"equal": "", "substitute": "errada", "delete": "perdida", "insert": "inventada"}
    return by_looks([(looks[step], (said if heard is None else heard) or "") for step, said, heard in alignment])


def _urgency(row: BookRow, providers: Sequence[str]) -> tuple[float, int]:
    """Most disagreement first, then most errors; one provider alone cannot disagree."""
    scores = [row.outcome(name).score for name in providers]
    return (row.disagreement_rate or 0.0), sum(score.errors for score in scores if score)


def _reference(row: BookRow) -> CellValue:
    return Styled("sem referência", "discreta") if row.reference is None else row.reference


def _heard(provider: str) -> Callable[[BookRow], CellValue]:
    def value(row: BookRow) -> CellValue:
        outcome = row.outcome(provider)
        if outcome.state is State.FAILED:
            return Styled(str(State.FAILED), "falha")
        if outcome.state is not State.OK and not (outcome.score and outcome.score.alignment):
            return Styled(str(outcome.state), "discreta")
        return colour_words(outcome.score.alignment) if outcome.score else outcome.text

    return value


def _errors(provider: str) -> Callable[[BookRow], CellValue]:
    return lambda row: row.errors.get(provider)


def _mark(provider: str, marks: Mapping[RevisionKey, Mark]) -> Callable[[BookRow], CellValue]:
    def value(row: BookRow) -> CellValue:
        mark = marks.get((*row.key, provider))
        return str(mark) if mark else None

    return value


def _left_out(
    row: BookRow, number: int, places: Sequence[int], providers: Sequence[str], marks: Mapping[RevisionKey, Mark]
) -> Formula:
    from xlsxwriter.utility import xl_col_to_name

    tests = ",".join(f'{xl_col_to_name(place)}{number}="{Mark.WRONG_REFERENCE}"' for place in places)
    wrong = any(marks.get((*row.key, name)) is Mark.WRONG_REFERENCE for name in providers)
    return Formula(f"IF(OR({tests}),1,0)", int(wrong))
