"""The sheets that list one kind of thing each: confusions, medicine errors, suspect references, failures, marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from balto_cli.evaluation.findings import Mark, Part
from balto_cli.evaluation.results import State
from balto_cli.reports.book_data import YES, rounded
from balto_cli.reports.cell_values import Rich, Styled
from balto_cli.reports.sheet import COUNT, NAME_WIDTH, SECONDS, TEXT_WIDTH, Column, write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xlsxwriter.worksheet import Worksheet

    from balto_cli.evaluation.findings import PartAnalysis, RevisionKey
    from balto_cli.evaluation.places import Confusion, MedicineFinding, Suspect
    from balto_cli.reports.book import Book
    from balto_cli.reports.book_rows import BookRow
    from balto_cli.reports.cell_values import CellValue
    from balto_cli.reports.links import Links

_WORD_WIDTH = 30


class _Placed(Protocol):
    @property
    def file(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def start_s(self) -> float: ...


Placed = TypeVar("Placed", bound=_Placed)


def write_confusions(book: Book, sheet: Worksheet, part: PartAnalysis) -> None:
    """Words heard as others, most frequent first."""

    def of(provider: str) -> Callable[[Confusion], CellValue]:
        return lambda row: row.by_provider.get(provider)

    columns: list[Column[Confusion]] = [
        Column("Dito", lambda row: row.said, width=_WORD_WIDTH),
        Column("Ouvido", lambda row: row.heard, width=_WORD_WIDTH),
        Column("Vezes", lambda row: row.count, COUNT),
        *(Column(f"Vezes {one.provider}", of(one.provider), COUNT) for one in part.providers),
        Column("É Medicamento", lambda row: YES if row.is_medicine else None, alert=YES),
        Column("Só o Acento", lambda row: YES if row.accent_only else None),
    ]
    write_table(book, sheet, columns, part.confusions, fixed_columns=2)


def write_medicine(book: Book, sheet: Worksheet, part: PartAnalysis, links: Links) -> None:
    """Errors in names, doses and negations, each as a pair."""
    columns: list[Column[MedicineFinding]] = [
        *_place_columns(part.part, links),
        Column("Provedor", lambda row: row.provider, width=_WORD_WIDTH),
        Column("Tipo", lambda row: row.error.kind, width=_WORD_WIDTH),
        Column("Dito", lambda row: _words(row.error.said), width=_WORD_WIDTH),
        Column("Ouvido", lambda row: _words(row.error.heard, "errada"), width=_WORD_WIDTH),
    ]
    write_table(book, sheet, columns, part.medicine, fixed_columns=len(columns) - 4)


def write_suspects(book: Book, sheet: Worksheet, part: PartAnalysis, links: Links) -> None:
    """Places where all providers agree against the reference."""
    columns: list[Column[Suspect]] = [
        *_place_columns(part.part, links),
        Column("Na Referência", lambda row: _words(row.said), width=_WORD_WIDTH),
        Column("Todos Ouviram", lambda row: _words(row.heard, "inventada"), width=_WORD_WIDTH),
        Column("Onde", _surroundings, width=TEXT_WIDTH),
        Column("É Medicamento", lambda row: YES if row.is_medicine else None, alert=YES),
    ]
    write_table(book, sheet, columns, part.suspects, fixed_columns=len(columns) - 4)


@dataclass(frozen=True, slots=True)
class _Failed:
    file: str
    segment: str
    start_s: float
    provider: str
    reason: str


def write_failures(book: Book, sheet: Worksheet, rows: Sequence[BookRow], part: PartAnalysis, links: Links) -> None:
    """Calls that gave no transcript and files that gave no audio, with the reason."""
    columns: list[Column[_Failed]] = [
        *_place_columns(part.part, links),
        Column("Provedor", lambda row: row.provider or Styled("todos", "discreta"), width=_WORD_WIDTH),
        Column("Estado", lambda _: str(State.FAILED), alert=str(State.FAILED)),
        Column("Motivo", lambda row: row.reason, width=TEXT_WIDTH),
    ]
    names = [one.provider for one in part.providers]
    write_table(book, sheet, columns, _failed(rows, names), fixed_columns=len(columns) - 3)


def _failed(rows: Sequence[BookRow], providers: Sequence[str]) -> Iterator[_Failed]:
    for row in rows:
        if row.file.problem:
            yield _Failed(row.file.name, row.segment, row.start_s, "", row.file.problem)
        for name in providers:
            outcome = row.outcome(name)
            if outcome.state is State.FAILED:
                yield _Failed(row.file.name, row.segment, row.start_s, name, outcome.reason)


@dataclass(frozen=True, slots=True)
class _Marked:
    row: BookRow
    provider: str
    mark: Mark

    @property
    def file(self) -> str:
        return self.row.file.name

    @property
    def segment(self) -> str:
        return self.row.segment

    @property
    def start_s(self) -> float:
        return self.row.start_s


def write_marks(
    book: Book, sheet: Worksheet, rows: Sequence[BookRow], part: Part, marks: Mapping[RevisionKey, Mark], links: Links
) -> None:
    """What a person has marked so far, severe errors first."""
    order = (Mark.SEVERE, Mark.WRONG_REFERENCE, Mark.ACCEPTABLE)
    by_key = {row.key: row for row in rows}
    found = [
        _Marked(by_key[file, segment], provider, mark)
        for (file, segment, provider), mark in marks.items()
        if (file, segment) in by_key
    ]
    places = {key: number for number, key in enumerate(by_key)}
    found.sort(key=lambda one: (order.index(one.mark), places[one.row.key], one.provider))
    columns: list[Column[_Marked]] = [
        *_place_columns(part, links),
        Column("Provedor", lambda one: one.provider, width=_WORD_WIDTH),
        Column("Revisão", lambda one: str(one.mark), width=_WORD_WIDTH, alert=str(Mark.SEVERE)),
        Column("Referência", lambda one: one.row.reference, width=TEXT_WIDTH),
        Column("Transcrição", lambda one: one.row.outcome(one.provider).text, width=TEXT_WIDTH),
    ]
    write_table(book, sheet, columns, found, fixed_columns=len(columns) - 4)


def _place_columns(part: Part, links: Links) -> list[Column[Placed]]:
    """Where something lies."""
    columns: list[Column[Placed]] = [
        Column("Arquivo", lambda row: row.file, width=NAME_WIDTH, link=lambda row: links.audio(row.file)),
    ]
    if part is Part.SEGMENTS:
        columns += [
            Column(
                "Segmento",
                lambda row: row.segment,
                width=NAME_WIDTH,
                link=lambda row: links.place(row.file, row.segment),
            ),
            Column("Início (s)", lambda row: rounded(row.start_s, 2), SECONDS),
        ]
    return columns


def _words(words: str | None, look: str = "") -> CellValue:
    return Styled(words, look) if words else Styled("nada", "discreta")


def _surroundings(row: Suspect) -> CellValue:
    """The reference around the place, as the struck and the red of Diferenças show it."""
    runs = [("", row.before), ("perdida", row.said), ("inventada", row.heard), ("", row.after)]
    spaced = [piece for look, text in runs if text for piece in ((look, text), ("", " "))]
    return Rich(tuple(spaced[:-1]))
