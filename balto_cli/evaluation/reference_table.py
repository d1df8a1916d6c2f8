"""Tables that people keep beside their recordings: CSV, JSON lines, XLSX; columns are found by their header.

A table is one whose header names a column of recordings (`headers.FILE`). A column of `headers.REFERENCE` holds what
was said; every other column is a detail of the recording, by which results can be cut. `{a / b}` and `(words)` in a
reference are marks of alternatives only where the table declares it: in the header of the reference, "Referência
(alternativas)", or in a column `Formato` that says "alternativas". Balto's own workbooks are no such tables.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.headers import ALTERNATIVES, FILE, FORMAT, REFERENCE, column_of, header_key
from balto_cli.evaluation.references import MAX_BYTES, decode_text, mend_encoding
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx", ".xlsm")
_HEADER_ROWS = 10
"""Rows above the header, at most: titles and blank lines."""
_DELIMITERS = (";", ",", "\t", "|")
_OWN = re.compile(r"transcricao completa .+|nome do segmento|transcricao .+ segmento")
"""Headers of the workbooks that Balto writes, as `header_key`."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """What a table says of one recording."""

    file: str
    """As written: a name, a relative path, with or without its ending."""
    text: str | None
    """None where the table has no column of references; "" for an empty cell."""
    alternatives: bool
    line: int
    """As the person counts rows, the first one 1."""
    mended: bool = False
    details: Mapping[str, str] = field(default_factory=dict)
    """Further columns by header; empty cells are absent."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table's rows, or why it gives none."""

    name: str
    rows: tuple[TableRow, ...]
    problem: str = ""
    """One sentence; empty if it could be read."""


def is_table_name(name: str) -> bool:
    """Whether a file may be such a table, by its ending; office lock files are none."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(("~$", "."))


def read_table(path: Path) -> Table | None:
    """Read a table; None where it does not speak of recordings."""
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > MAX_BYTES:
            return Table(path.name, (), f"{path.name} passa de {MAX_BYTES // 1_000_000} MB e não foi lido como tabela.")
        data = path.read_bytes()
    except OSError as error:
        return Table(path.name, (), f"{path.name} não pôde ser lido ({os_reason(error)}).")
    return parse_table(data, name=path.name)


def parse_table(data: bytes, *, name: str) -> Table | None:
    """Take the rows out of a table's bytes, in the format that `name` ends with."""
    kind = name.lower().rpartition(".")[2]
    if kind in ("xlsx", "xlsm"):
        return _from_sheets(data, name)
    decoded = decode_text(data)
    if decoded is None:
        return Table(name, (), f"{name} não é texto: grave-o como CSV UTF-8.")
    if kind in ("jsonl", "ndjson"):
        return _from_json_lines(decoded.text, name, decoded.mended)
    for delimiter in _DELIMITERS:
        try:
            lines: list[list[str]] = list(csv.reader(io.StringIO(decoded.text, newline=""), delimiter=delimiter))
        except csv.Error as error:
            return Table(name, (), f"{name} não pôde ser lido como CSV ({error}).")
        if not _is_own(lines) and (table := _from_lines(lines, name, decoded.mended)):
            return table
    return None


def _is_own(lines: Sequence[Sequence[str]]) -> bool:
    """Whether these are rows of a workbook that Balto wrote, which begins with its header."""
    return bool(lines) and any(_OWN.fullmatch(header_key(cell)) for cell in lines[0])


def _from_lines(lines: Sequence[Sequence[str]], name: str, mended: bool) -> Table | None:
    for number, cells in enumerate(lines[:_HEADER_ROWS]):
        headers = [cell.strip() for cell in cells]
        if column_of(headers, FILE) is not None and sum(map(bool, headers)) > 1:
            rows = (
                (line, dict(zip(headers, row, strict=False)))
                for line, row in enumerate(lines[number + 1 :], number + 2)
            )
            return Table(name, tuple(_rows(headers, rows, mended)))
    return None


def _from_json_lines(text: str, name: str, mended: bool) -> Table | None:
    rows: list[tuple[int, dict[str, str]]] = []
    headers: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            return Table(name, (), f"{name}, linha {number}: não é JSON. Ponha um objeto por linha.")
        if not isinstance(value, dict):
            return Table(name, (), f"{name}, linha {number}: não é um objeto JSON com nomes de colunas.")
        row = {str(key): _cell(item) for key, item in value.items()}
        headers.update(dict.fromkeys(row))
        rows.append((number, row))
    if column_of(headers, FILE) is None:
        return None
    return Table(name, tuple(_rows(list(headers), rows, mended)))


def _from_sheets(data: bytes, name: str) -> Table | None:
    import warnings
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = [[[_cell(value) for value in row] for row in sheet.values] for sheet in book.worksheets]
    except (BadZipFile, InvalidFileException, OSError, KeyError, ValueError, TypeError, AttributeError, SyntaxError):
        return Table(name, (), f"{name} não pôde ser aberto: grave-o de novo como Pasta de Trabalho do Excel (.xlsx).")
    if any(_is_own(lines) for lines in sheets):
        return None
    for lines in sheets:
        if table := _from_lines(lines, name, mended=False):
            return table
    return None


def _rows(headers: Sequence[str], rows: Iterable[tuple[int, Mapping[str, str]]], mended: bool) -> Iterator[TableRow]:
    file_column = column_of(headers, FILE)
    text_column = _reference_column(headers, file_column)
    format_column = column_of(headers, FORMAT)
    declared = text_column is not None and any(word in header_key(text_column).split() for word in ALTERNATIVES)
    others = [header for header in headers if header and header not in (file_column, text_column, format_column)]
    for line, row in rows:
        file = row.get(file_column or "", "").strip()
        if not file:
            continue
        written = None if text_column is None else row.get(text_column, "").strip()
        text = None if written is None else mend_encoding(written)
        yield TableRow(
            file=mend_encoding(file),
            text=text,
            alternatives=declared or header_key(row.get(format_column or "", "")) in ALTERNATIVES,
            line=line,
            mended=mended or text != written,
            details={header: value for header in others if (value := row.get(header, "").strip())},
        )  # fmt: skip


def _reference_column(headers: Sequence[str], file_column: str | None) -> str | None:
    rest = [header for header in headers if header != file_column]
    if (found := column_of(rest, REFERENCE)) is not None:
        return found
    marked = [f"{name} {word}" for name in REFERENCE for word in ALTERNATIVES]
    return column_of(rest, marked)


def _cell(value: Any) -> str:
    """A cell as people read it: whole numbers without a point, dates as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "sim" if value else "não"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, date | time) else str(value)
