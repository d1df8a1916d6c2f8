"""The two workbooks of a run: which sheets they have, in which order.

The data sheet, which people's macros read, comes first; Resumo is the one shown on opening.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.collection import no_collection
from balto_cli.evaluation.findings import Part
from balto_cli.reports.book import Book
from balto_cli.reports.book_data import original_columns, segment_columns
from balto_cli.reports.book_differences import DIFFERENCES, write_differences
from balto_cli.reports.book_lists import write_confusions, write_failures, write_marks, write_medicine, write_suspects
from balto_cli.reports.book_rows import book_rows
from balto_cli.reports.book_settings import write_settings
from balto_cli.reports.book_summary import write_summary
from balto_cli.reports.links import Links
from balto_cli.reports.revision import RUN_PROPERTY
from balto_cli.reports.sheet import write_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.evaluation.findings import Analysis, Mark, RevisionKey

ORIGINALS = "Relatorio_Originais"
SEGMENTS = "Relatorio_Segmentos"
SUMMARY = "Resumo"


def originals_workbook(
    analysis: Analysis, *, marks: Mapping[RevisionKey, Mark] | None = None, links: Links | None = None
) -> bytes:
    """Build `Relatorio_Originais.xlsx`: one row a file. `marks` are a person's, from its Revisão columns."""
    return _workbook(ORIGINALS, analysis, Part.ORIGINALS, marks or {}, links or Links())


def segments_workbook(
    analysis: Analysis, *, marks: Mapping[RevisionKey, Mark] | None = None, links: Links | None = None
) -> bytes:
    """Build `Relatorio_Segmentos.xlsx`: one row a segment. `marks` are a person's, from its Revisão columns."""
    return _workbook(SEGMENTS, analysis, Part.SEGMENTS, marks or {}, links or Links())


@no_collection()
def _workbook(title: str, analysis: Analysis, which: Part, marks: Mapping[RevisionKey, Mark], links: Links) -> bytes:
    part = analysis.parts[which]
    providers = analysis.comparison.providers
    rows = book_rows(analysis, part)
    book = Book()
    book.note(RUN_PROPERTY, analysis.run.name)
    names = [title, SUMMARY, DIFFERENCES, "Confusões", "Medicamentos", "Suspeitas", "Falhas"]
    if marks:
        names.append("Revisados")
    sheets = {name: book.sheet(name) for name in (*names, "Configuração")}
    columns = (segment_columns if which is Part.SEGMENTS else original_columns)(providers, links)
    data = write_table(book, sheets[title], columns, rows, fixed_columns=2 if which is Part.SEGMENTS else 1)
    differences = write_differences(book, sheets[DIFFERENCES], rows, providers, which, marks, links)
    write_summary(book, sheets[SUMMARY], analysis, part, rows, data, differences, marks)
    write_confusions(book, sheets["Confusões"], part)
    write_medicine(book, sheets["Medicamentos"], part, links)
    write_suspects(book, sheets["Suspeitas"], part, links)
    write_failures(book, sheets["Falhas"], rows, part, links)
    if marks:
        write_marks(book, sheets["Revisados"], rows, which, marks, links)
    write_settings(book, sheets["Configuração"], analysis, part)
    return book.content()
