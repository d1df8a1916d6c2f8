"""Reads back what a person marked in the Revisão columns of a workbook."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from balto_cli.errors import UsageError
from balto_cli.evaluation.findings import Mark
from balto_cli.files import os_reason
from balto_cli.reports.book_differences import FILE, SEGMENT, reviewed_provider

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.evaluation.findings import RevisionKey

RUN_PROPERTY = "balto_execucao"
"""Property of a workbook that names the run it was made of."""


def read_revision(path: Path, *, run: str | None = None) -> dict[RevisionKey, Mark]:
    """Read a person's marks by file, segment ("" for an original) and provider; with `run`, of that run alone.

    Raises `UsageError` where it is no workbook, where nothing can be marked in it, or where a mark is none of ours.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:  # a sheet is read as its lines are asked for, and may be broken where the workbook is not
            marks = _marks_in(book, run)
        finally:
            book.close()
    except OSError as error:
        raise UsageError(f"Não consegui ler a revisão de {path}: {os_reason(error)}.") from None
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, AttributeError, SyntaxError, zlib.error):
        raise UsageError(f"{path} não é uma planilha do Excel (.xlsx): escolha a que tem as colunas Revisão.") from None
    if marks is None:
        raise UsageError(f"{path} não tem colunas Revisão: escolha uma planilha que o balto gravou.")
    return marks


def _marks_in(book: Any, run: str | None) -> dict[RevisionKey, Mark] | None:
    """The marks of a workbook; with `run`, none where it is another one's; None where nothing can be marked in it."""
    if run is not None and _run_of(book) != run:
        return {}
    marks: dict[RevisionKey, Mark] = {}
    found = run is not None
    for sheet in book.worksheets:
        lines = sheet.iter_rows(values_only=True)
        headers = [str(header) if header is not None else "" for header in next(lines, ())]
        columns = {index: name for index, header in enumerate(headers) if (name := reviewed_provider(header))}
        if FILE not in headers or not columns:
            continue
        found = True
        for number, line in enumerate(lines, start=2):
            marks.update(_marks_of(line, headers, columns, f"{sheet.title}, linha {number}"))
    return marks if found else None


def _run_of(book: Any) -> str | None:
    names = book.custom_doc_props.names
    return str(book.custom_doc_props[RUN_PROPERTY].value) if RUN_PROPERTY in names else None


def _marks_of(
    line: tuple[Any, ...], headers: list[str], columns: dict[int, str], place: str
) -> dict[RevisionKey, Mark]:
    def cell(header: str) -> str:
        value = line[headers.index(header)] if header in headers and headers.index(header) < len(line) else None
        return "" if value is None else str(value)

    marks = {}
    for index, provider in columns.items():
        text = "" if index >= len(line) or line[index] is None else " ".join(str(line[index]).split()).casefold()
        if not text:
            continue
        try:
            marks[cell(FILE), cell(SEGMENT), provider] = Mark(text)
        except ValueError:
            raise UsageError(
                f'"{line[index]}" não é uma revisão ({place}): escolha {", ".join(Mark)} ou deixe em branco.'
            ) from None
    return marks
