"""A workbook in the making: safe cells, looks by name, and the bytes at the end. XlsxWriter writes, nothing is read.

Every text is written as text, whatever it begins with. Equal contents give equal bytes: no clock is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from balto_cli.reports.cell_looks import CellLook
from balto_cli.reports.cell_text import CELL_LIMIT, FORMULA_STARTS, Run, clean_text, without_escapes
from balto_cli.reports.cell_values import CellValue, Formula, Rich, Styled, fitted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MOST_LINKS = 65_530
"""Links that Excel takes on one sheet; a workbook with more is broken to it."""
LONGEST_LINK = 2_000
"""Characters of a link; Excel takes 2,079."""

_EPOCH = datetime(2026, 1, 1)  # the format knows no time zone


@dataclass(slots=True)
class Book:
    """One workbook. Sheets appear in the order in which they are asked for."""

    _target: BytesIO = field(default_factory=BytesIO)
    _looks: dict[tuple[tuple[str, Any], ...], CellLook] = field(default_factory=dict)
    _links: dict[str, int] = field(default_factory=dict)
    _workbook: Any = None

    def __post_init__(self) -> None:
        from xlsxwriter import Workbook

        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self._workbook = Workbook(self._target, options)
        self._workbook.set_properties({"author": "Balto", "created": _EPOCH})

    def sheet(self, name: str) -> Worksheet:
        """Add a sheet; its name is one of ours, and so a valid one."""
        sheet: Worksheet = self._workbook.add_worksheet(name)
        return sheet

    def note(self, name: str, value: str) -> None:
        """Keep a property of the file, which no sheet shows."""
        self._workbook.set_custom_property(name, clean_text(value), "text")

    def chart(self, options: Mapping[str, Any]) -> Any:
        """Start a chart, to be put on a sheet."""
        return self._workbook.add_chart(options)

    def look(self, **properties: Any) -> CellLook:
        """The look of these properties, as XlsxWriter names them."""
        key = tuple(sorted(properties.items()))
        if key not in self._looks:
            self._looks[key] = CellLook(self._workbook, properties)
        return self._looks[key]

    def format(self, **properties: Any) -> Format:
        """The look of these properties for what is no cell: columns, rows, conditions."""
        return self.look(**properties).cell()

    def write(self, sheet: Worksheet, row: int, column: int, value: CellValue, look: CellLook) -> None:
        """Write one cell, of a text as much as fits. Rows and columns count from 0.

        NaN, infinity, None and "" leave the cell empty, with its look.
        """
        if value is not None:
            value = fitted(value)[0]
        if value is None:
            sheet.write_blank(row, column, None, look.cell())
        elif isinstance(value, str):
            _write_text(sheet, row, column, value, look)
        elif isinstance(value, Styled):
            _write_text(sheet, row, column, value.text, look, value.look)
        elif isinstance(value, Rich):
            _write_rich(sheet, row, column, value.runs, look)
        elif isinstance(value, Formula):
            stored = "" if value.value is None else value.value
            sheet.write_formula(row, column, f"={value.expression}", look.cell(), stored)
        else:
            sheet.write_number(row, column, value, look.cell())

    def link(self, sheet: Worksheet, row: int, column: int, text: str, address: str, look: CellLook) -> None:
        """Write a text that opens a file by its relative address; a mere text where Excel takes no more links.

        `address` is a relative URL with forward slashes, quoted.
        """
        from xlsxwriter.url import Url

        taken = self._links.get(sheet.name, 0)
        if not text or taken >= MOST_LINKS or len(address) > LONGEST_LINK:
            self.write(sheet, row, column, text, look)
            return
        self._links[sheet.name] = taken + 1
        url = Url(f"external:{address}")
        url._relationship_link, _, url._anchor = address.partition(
            "#"
        )  # as Excel writes it; XlsxWriter turns / into \\
        sheet.write_url(row, column, url, look.cell())
        self.write(sheet, row, column, Styled(text, "ligação"), look)

    def content(self) -> bytes:
        """Finish the workbook; nothing can be written to it afterwards.

        Raises OSError where the system's folder for temporary files takes no more.
        """
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._workbook.close()
        except FileCreateError as error:
            raise OSError(*error.args) from error
        # Workbook, sheets and formats refer to one another in circles; their cells would stay until those are found.
        for sheet in self._workbook.worksheets():
            sheet.table.clear()
        return self._target.getvalue()


def _write_text(sheet: Worksheet, row: int, column: int, text: str, look: CellLook, name: str = "") -> None:
    cell = look.cell(name, quoted=text.startswith(FORMULA_STARTS))
    if not text:
        sheet.write_blank(row, column, None, cell)
    elif len(pieces := _harmless(text)) > 1:
        font = look.font(name)
        sheet.write_rich_string(row, column, *(token for piece in pieces for token in (font, piece)), cell)
    else:
        sheet.write_string(row, column, text, cell)


def _harmless(text: str) -> list[str]:
    """A text in one piece, or in more where it would not be read as it is.

    XlsxWriter takes `<r>…</r>` for rich text of its own, and escapes `_x005F_x0041_` so that Excel reads another text.
    """
    pieces = without_escapes(text)
    if len(pieces) == 1 and text.startswith("<r>") and text.endswith("</r>"):
        return [text[:1], text[1:]]
    return pieces


def _write_rich(sheet: Worksheet, row: int, column: int, runs: Sequence[Run], look: CellLook) -> None:
    if len(runs) < 2:  # Excel wants two stretches at least
        name, text = runs[0] if runs else ("", "")
        _write_text(sheet, row, column, text, look, name)
        return
    pieces = [(name, piece) for name, text in runs for piece in without_escapes(text)]
    cell = look.cell(quoted=runs[0][1].startswith(FORMULA_STARTS))
    written = "".join(look.run(name, piece) for name, piece in pieces)
    if len(written) <= CELL_LIMIT // 2:
        sheet.write_string(row, column, written, cell)  # what begins and ends as a run is taken for one
    else:
        sheet.write_rich_string(
            row, column, *(token for name, text in pieces for token in (look.font(name), text)), cell
        )
