"""Rows into a sheet that reads well in Excel and LibreOffice: a table with filters, frozen, fitted and ready to print.

What does not fit into one cell goes on in further columns at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from balto_cli.reports.cell_looks import LINE, NAVY, RED
from balto_cli.reports.cell_text import CELL_LIMIT, clean_text
from balto_cli.reports.cell_values import CellValue, Styled, fitted, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xlsxwriter.worksheet import Worksheet

    from balto_cli.reports.book import Book
    from balto_cli.reports.cell_looks import CellLook

TEXT_WIDTH = 60
"""Width, in characters, of a column that holds what was said: a line that the eye follows."""
NAME_WIDTH = 44
"""Of a column that holds names or remarks."""
SHORT_WIDTH = 12
"""Of a column that holds numbers or single words; no column is narrower."""
MAX_ROW_LINES = 14
"""A row grows no taller: a long transcript is read in the cell, not by scrolling past it."""
LINE_HEIGHT_PT = 15

SECONDS, PERCENT, DECIBELS, COUNT = "0.00", "0.0%", "0.0", "0"
FLAGGED = '[>=1]"▲ "0;0'
"""A count with a sign before it, unless it is 0. Excel's own icon sets show zeros with one in LibreOffice."""

A4 = 9
PAGE_WIDTH = 260
"""Characters of columns on one page across: half the size of the screen, the least that is read on paper."""
LIGHT, MIDDLE, DARK = "#F3FAF6", "#FFD666", "#D9694F"
"""From good to bad; each is darker than the one before, so that they differ without their colours too."""
NOTHING = "#E7E7E7"
"""Behind a rate that does not exist."""
TO_FILL_IN = "#FFF8E1"
"""Behind a cell that waits for a person."""

Row = TypeVar("Row")


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
    scale: Literal["", "error", "accuracy"] = ""
    """Three colours by value: `error` from 0 (light) to 50 % (dark), `accuracy` the other way; empty cells are grey."""
    flag: bool = False
    """Whether a count of one or more stands out, with a sign before it."""
    to_left: bool = False
    """Whether numbers stand on the left, where a column mixes them with texts."""
    choices: tuple[str, ...] = ()
    """What a person can choose in this column."""
    link: Callable[[Row], str | None] | None = None
    """Where the text leads, as a relative address; None for a row that leads nowhere."""


@dataclass(frozen=True, slots=True)
class TableSheet:
    """A table that was written: where its columns are, for formulas."""

    name: str
    headers: tuple[str, ...]
    rows: int

    def cells(self, header: str) -> str:
        """The data of a column as a range for formulas; one empty cell where there are no rows."""
        from xlsxwriter.utility import xl_col_to_name

        letters = xl_col_to_name(self.headers.index(header))
        return f"'{self.name}'!${letters}$2:${letters}${max(1, self.rows) + 1}"


def write_table(
    book: Book, sheet: Worksheet, columns: Sequence[Column[Row]], rows: Iterable[Row], *, fixed_columns: int
) -> TableSheet:
    """Fill a sheet with a header in row 1 and then one row each, as a table of the sheet's name.

    The header and the first `fixed_columns` stay in sight. Text past the limit of a cell goes on in columns at the
    end, named `HEADER (continuação 2)` and so on.
    """
    longest = [0] * len(columns)
    looks = [_looks(book, column) for column in columns]
    overflow: dict[tuple[int, int], list[tuple[int, CellValue]]] = {}
    count = 0
    for count, row in enumerate(rows, start=1):
        lines = 1
        for index, column in enumerate(columns):
            value = column.value(row)
            text = plain_text(value)
            if text is None:
                book.write(sheet, count, index, value, looks[index].other)
                continue
            longest[index] = max(longest[index], _longest_line(text))
            lines = max(lines, _lines(text, column.width))
            if len(text) > CELL_LIMIT // 2:
                value, *further = fitted(value)
                for number, part in enumerate(further, start=2):
                    overflow.setdefault((index, number), []).append((count, part))
            if column.link and (address := column.link(row)):
                book.link(sheet, count, index, text, address, looks[index].text)
            else:
                alert = column.alert and text == column.alert
                book.write(sheet, count, index, Styled(text, "falha") if alert else value, looks[index].text)
        sheet.set_row(count, LINE_HEIGHT_PT * min(lines, MAX_ROW_LINES))
    headers = _unlike([clean_text(column.header) for column in columns])
    widths = [_width(column, length) for column, length in zip(columns, longest, strict=True)]
    for (index, number), parts in sorted(overflow.items()):
        for at, part in parts:
            book.write(sheet, at, len(headers), part, book.look(**_TEXT))
        headers.append(f"{headers[index]} (continuação {number})")
        widths.append(columns[index].width)
    _set_up(book, sheet, headers, widths, count, fixed_columns)
    for index, column in enumerate(columns):
        _mark(book, sheet, index, column, count)
    return TableSheet(sheet.name, tuple(column.header for column in columns), count)


_TEXT: dict[str, Any] = {
    "align": "left", "valign": "top", "text_wrap": True, "indent": 1, "bottom": 1, "bottom_color": LINE,
}  # fmt: skip
_NUMBER: dict[str, Any] = {"align": "right", "valign": "top", "indent": 1, "bottom": 1, "bottom_color": LINE}


@dataclass(frozen=True, slots=True)
class _Looks:
    """The looks of one column's cells."""

    text: CellLook
    other: CellLook
    """Of numbers, formulas and what is empty."""


def _looks(book: Book, column: Column[Row]) -> _Looks:
    if column.choices:
        to_fill_in = book.look(**_TEXT, bg_color=TO_FILL_IN)
        return _Looks(to_fill_in, to_fill_in)
    other = _TEXT if column.to_left else _NUMBER
    number_format = FLAGGED if column.flag else column.number_format
    if number_format != "General":
        other = {**other, "num_format": number_format}
    return _Looks(book.look(**_TEXT), book.look(**other))


def _longest_line(text: str) -> int:
    return max(map(len, text.split("\n"))) if "\n" in text else len(text)


def _lines(text: str, width: int) -> int:
    """How many lines a text takes in a column.

    Letters are narrower than the digits that widths are counted in, but lines end between words.
    """
    if len(text) <= width and "\n" not in text:
        return 1
    return sum(1 if len(line) <= 1.1 * width else math.ceil(len(line) / width) for line in text.split("\n"))


def _width(column: Column[Row], longest: int) -> int:
    """As narrow as the longest line, with room for the header, which wraps, and its filter button."""
    header = max(len(word) for word in column.header.split()) + 4
    choices = max((len(choice) + 4 for choice in column.choices), default=0)
    return max(SHORT_WIDTH, header, choices, min(column.width, longest + 3))


def _unlike(headers: Sequence[str]) -> list[str]:
    """Number headers that a table would take for the same: Excel does not tell Local from LOCAL."""
    taken: set[str] = set()
    unlike = []
    for header in headers:
        name, number = header, 1
        while name.casefold() in taken:
            number += 1
            name = f"{header} ({number})"
        taken.add(name.casefold())
        unlike.append(name)
    return unlike


def _set_up(
    book: Book, sheet: Worksheet, headers: Sequence[str], widths: Sequence[int], rows: int, fixed_columns: int
) -> None:
    """Everything about the sheet that is not a cell: header, widths, frozen panes, the table with its filters."""
    title = book.format(
        align="left", valign="vcenter", text_wrap=True, indent=1, bold=True, font_color="#FFFFFF", bg_color=NAVY
    )
    if rows:  # a table has at least one row of data
        columns = [{"header": header, "header_format": title} for header in headers]
        style = {"name": sheet.name, "columns": columns, "style": "Table Style Light 1", "banded_rows": False}
        sheet.add_table(0, 0, rows, len(headers) - 1, style)
        sheet.table_cells.clear()  # kept to find tables that overlap: 150 MB for 10,000 rows of 80 columns
    else:
        for index, header in enumerate(headers):
            sheet.write_string(0, index, header, title)
    for index, width in enumerate(widths):
        sheet.set_column(index, index, width)
    sheet.set_row(0, LINE_HEIGHT_PT * 3)
    sheet.freeze_panes(1, fixed_columns)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, fixed_columns - 1)
    print_on_a4(sheet, pages_wide=-(-sum(widths) // PAGE_WIDTH))


def print_on_a4(sheet: Worksheet, *, pages_wide: int = 1) -> None:
    """Landscape, so many pages wide, with page numbers; across before down, as a row is read."""
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(pages_wide, 0)
    sheet.print_across()
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&8&A&R&8&P / &N")


def _mark(book: Book, sheet: Worksheet, index: int, column: Column[Row], rows: int) -> None:
    """Colours, flags and choices of a column."""
    if not rows:
        return
    if column.scale:
        sheet.conditional_format(1, index, rows, index, {
            "type": "blanks", "format": book.format(bg_color=NOTHING), "stop_if_true": True,
        })  # fmt: skip
        colour_scale(sheet, 1, index, rows, index, good_is_high=column.scale == "accuracy")
    if column.flag:
        flags(book, sheet, 1, index, rows, index)
    if column.choices:
        sheet.data_validation(1, index, rows, index, {
            "validate": "list", "source": list(column.choices), "ignore_blank": True,
            "error_title": "Revisão", "error_message": f"Escolha: {', '.join(column.choices)}; ou deixe em branco.",
        })  # fmt: skip


def colour_scale(sheet: Worksheet, *cells: int, good_is_high: bool = False) -> None:
    """Colour rates: light where good and dark from 50 % of errors on; from one cell (row, column) to another."""
    low, middle, high = (0.5, 0.85, 1) if good_is_high else (0, 0.15, 0.5)
    sheet.conditional_format(*cells, {
        "type": "3_color_scale", "min_type": "num", "mid_type": "num", "max_type": "num",
        "min_value": low, "mid_value": middle, "max_value": high,
        "min_color": DARK if good_is_high else LIGHT, "mid_color": MIDDLE, "max_color": LIGHT if good_is_high else DARK,
    })  # fmt: skip


def flags(book: Book, sheet: Worksheet, *cells: int) -> None:
    """Make counts of one or more stand out; their sign comes with `FLAGGED`, which every program shows."""
    look = book.format(bold=True, font_color=RED)
    sheet.conditional_format(*cells, {"type": "cell", "criteria": ">=", "value": 1, "format": look})
