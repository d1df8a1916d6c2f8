"""Rows into the bytes of a one-sheet workbook that reads well in Excel and LibreOffice.

Every text is written as text, whatever it begins with. What XML cannot hold is cleaned, and what does not fit into one
cell goes on in a further column. Equal rows give equal bytes: no clock is asked.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Generic, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

CELL_LIMIT = 32_767
"""Characters that Excel keeps in a cell, counted in UTF-16 units; it cuts the rest without a word."""
TEXT_WIDTH = 60
"""Width, in characters, of a column that holds what was said: a line that the eye follows."""
NAME_WIDTH = 44
"""Of a column that holds names or remarks."""
SHORT_WIDTH = 12
"""Of a column that holds numbers or single words; no column is narrower."""
MAX_ROW_LINES = 14
"""A row grows no taller: a long transcript is read in the cell, not by scrolling past it."""
LINE_HEIGHT_PT = 15

_EPOCH = datetime(2026, 1, 1)  # the format knows no time zone
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NOT_UNICODE = re.compile("[\ud800-\udfff\ufffe\uffff]")

Row = TypeVar("Row")
CellValue = str | float | int | None


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its header, where its value comes from, and how it looks."""

    header: str
    value: Callable[[Row], CellValue]
    number_format: str = "General"
    width: int = SHORT_WIDTH
    """At most, in characters; a column is no wider than what stands in it."""
    alert: str = ""
    """A value that is shown in red."""


def workbook_bytes(title: str, columns: Sequence[Column[Row]], rows: Sequence[Row], *, fixed_columns: int) -> bytes:
    """Build a workbook of one sheet named `title`: header in row 1, then one row each.

    The header and the first `fixed_columns` stay in sight; the data is a table of the same name, with filters. Text
    past `CELL_LIMIT` goes on in columns at the end, named `HEADER (continuação 2)` and so on.
    """
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.properties.creator = "Balto"
    workbook.properties.created = workbook.properties.modified = _EPOCH
    sheet = workbook.worksheets[0]
    sheet.title = title
    columns, cells = _with_continuations(columns, [[column.value(row) for column in columns] for row in rows])
    columns = _fitted(columns, cells)
    _write_cells(sheet, columns, cells)
    _set_up(sheet, title, columns, len(cells), fixed_columns)
    return _undated_bytes(workbook)


def clean_text(text: str) -> str:
    """Make a text storable: line ends as line feeds, control characters as spaces, what is no character as `�`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_UNICODE.sub("\ufffd", _NOT_XML.sub(" ", text))


def split_text(text: str, limit: int = CELL_LIMIT) -> list[str]:
    """Cut a text into parts of at most `limit` UTF-16 units, at spaces if possible; joined, they are the text."""
    parts = []
    while _utf16_length(text) > limit:
        end = limit
        while _utf16_length(text[:end]) > limit:
            end -= (_utf16_length(text[:end]) - limit + 1) // 2
        space = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1
        end = space or end
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def _utf16_length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _with_continuations(
    columns: Sequence[Column[Row]], rows: list[list[CellValue]]
) -> tuple[list[Column[Row]], list[list[CellValue]]]:
    """Clean every text, and append the columns that overlong ones need."""
    parts = [
        [split_text(clean_text(value)) if isinstance(value, str) else [_finite(value)] for value in row] for row in rows
    ]
    wide_columns = list(columns)
    wide_rows: list[list[CellValue]] = [[cell[0] for cell in row] for row in parts]
    for index, column in enumerate(columns):
        for number in range(1, max((len(row[index]) for row in parts), default=1)):
            wide_columns.append(replace(column, header=f"{column.header} (continuação {number + 1})"))
            for wide, row in zip(wide_rows, parts, strict=True):
                wide.append(row[index][number] if number < len(row[index]) else None)
    return wide_columns, wide_rows


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _fitted(columns: Sequence[Column[Row]], rows: Sequence[Sequence[CellValue]]) -> list[Column[Row]]:
    """Narrow every column to its longest line, leaving room for the header, which wraps, and its filter button."""

    def width(index: int, column: Column[Row]) -> int:
        lines = [len(line) for row in rows if isinstance(row[index], str) for line in str(row[index]).split("\n")]
        header = max(len(word) for word in column.header.split()) + 4
        return max(SHORT_WIDTH, header, min(column.width, max(lines, default=0) + 3))

    return [replace(column, width=width(index, column)) for index, column in enumerate(columns)]


def _write_cells(sheet: Worksheet, columns: Sequence[Column[Row]], rows: Sequence[Sequence[CellValue]]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    text = Alignment(horizontal="left", vertical="top", wrap_text=True, indent=1)  # clear of the number before it
    number = Alignment(vertical="top")
    line = Border(bottom=Side(style="thin", color="D9D9D9"))
    alert = Font(name="Calibri", size=11, color="C00000", bold=True)
    header = [_cell(sheet, clean_text(column.header)) for column in columns]
    for cell in header:
        cell.font = Font(name="Calibri", size=11, color="FFFFFF", bold=True)
        cell.fill = PatternFill("solid", fgColor="1F4E79")
        cell.alignment = Alignment(horizontal="left", vertical="center", wrap_text=True, indent=1)
    sheet.append(header)
    for row_number, row in enumerate(rows, start=2):
        cells = [_cell(sheet, value) for value in row]
        for cell, column, value in zip(cells, columns, row, strict=True):
            cell.alignment = text if isinstance(value, str) else number
            cell.border = line
            cell.number_format = column.number_format
            if column.alert and value == column.alert:
                cell.font = alert
        sheet.append(cells)
        lines = max(_lines(value, column.width) for column, value in zip(columns, row, strict=True))
        sheet.row_dimensions[row_number].height = LINE_HEIGHT_PT * min(lines, MAX_ROW_LINES)


def _cell(sheet: Worksheet, value: CellValue) -> Cell:
    from openpyxl.cell import Cell

    cell = Cell(sheet, row=1, column=1, value=None if value == "" else value)  # `append` puts it in its place
    if isinstance(value, str) and value:
        cell.data_type = "s"  # openpyxl takes "=..." for a formula and "#N/A" for an error
        cell.quotePrefix = value[0] in "=+-@"  # so that editing the cell does not turn it into a formula either
    return cell


def _lines(value: CellValue, width: int) -> int:
    """How many lines a text takes in a column; letters are narrower than the digits that widths are counted in."""
    if not isinstance(value, str):
        return 1
    return sum(max(1, math.ceil(len(line) / width)) for line in value.split("\n"))


def _set_up(sheet: Worksheet, title: str, columns: Sequence[Column[Row]], rows: int, fixed_columns: int) -> None:
    """Everything about the sheet that is not a cell: widths, frozen panes, the table with its filters, printing."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.page import PageMargins
    from openpyxl.worksheet.properties import PageSetupProperties
    from openpyxl.worksheet.table import Table, TableStyleInfo

    for index, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = column.width
    sheet.row_dimensions[1].height = LINE_HEIGHT_PT * 3
    sheet.freeze_panes = f"{get_column_letter(fixed_columns + 1)}2"
    if rows:  # a table has at least one row of data
        table = Table(displayName=title, ref=f"A1:{get_column_letter(len(columns))}{rows + 1}")
        table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
        sheet.add_table(table)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    sheet.print_title_rows = "1:1"


def _undated_bytes(workbook: Workbook) -> bytes:
    """What `workbook.save` writes, without the time of day that it puts into the properties and the archive."""
    from openpyxl.writer.excel import ExcelWriter

    dated, undated = BytesIO(), BytesIO()
    ExcelWriter(workbook, ZipFile(dated, "w")).save()
    with ZipFile(dated) as source, ZipFile(undated, "w") as target:
        for name in source.namelist():
            target.writestr(ZipInfo(name, (1980, 1, 1, 0, 0, 0)), source.read(name), ZIP_DEFLATED)
    return undated.getvalue()
