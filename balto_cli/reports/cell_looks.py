"""How cells and the words in them look: one palette, one set of looks by name, each format made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

INK, QUIET, LINE = "#1F2933", "#6B7280", "#D9D9D9"
NAVY, RED, BLUE, GREY = "#1F4E79", "#C00000", "#0B57D0", "#8A8A8A"

LOOKS: dict[str, dict[str, Any]] = {
    "": {},
    "perdida": {"font_strikeout": True, "font_color": GREY},
    "errada": {"bold": True, "font_color": RED},
    "inventada": {"bold": True, "font_color": BLUE},
    "falha": {"bold": True, "font_color": RED},
    "discreta": {"italic": True, "font_color": QUIET},
    "ligação": {"font_color": BLUE, "underline": 1},
}
"""How a text looks, by name."""

_LETTERS = frozenset(("bold", "italic", "underline", "font_strikeout", "font_color", "font_size", "font_name"))
_SIGNS = (("bold", "<b/>"), ("italic", "<i/>"), ("font_strikeout", "<strike/>"), ("underline", "<u/>"))


@dataclass(slots=True)
class CellLook:
    """The look of a cell, and of texts in it that stand out, as formats of one workbook."""

    workbook: Workbook
    properties: Mapping[str, Any]
    """As XlsxWriter names them."""
    _cells: dict[tuple[str, bool], Format] = field(default_factory=dict)
    _fonts: dict[str, Format] = field(default_factory=dict)
    _runs: dict[str, str] = field(default_factory=dict)

    def cell(self, look: str = "", *, quoted: bool = False) -> Format:
        """Format of a cell whose text has a look; `quoted` keeps it from turning into a formula when it is edited."""
        made = self._cells.get((look, quoted))
        if made is None:
            properties = {**self.properties, **LOOKS[look], **({"quote_prefix": True} if quoted else {})}
            made = self._cells[look, quoted] = self.workbook.add_format(properties)
        return made

    def font(self, look: str) -> Format:
        """Format of a stretch of rich text: what is about its letters alone."""
        made = self._fonts.get(look)
        if made is None:
            properties = {**self.properties, **LOOKS[look]}
            letters = {name: value for name, value in properties.items() if name in _LETTERS}
            made = self._fonts[look] = self.workbook.add_format(letters)
        return made

    def run(self, look: str, text: str) -> str:
        """A stretch of rich text as the file holds it; XlsxWriter spells out every one anew.

        A stretch of no look of its own is written as its cell.
        """
        start = self._runs.get(look)
        if start is None:
            start = self._runs[look] = f"<r>{_run_properties({**self.properties, **LOOKS[look]}) if look else ''}<t"
        preserved = ' xml:space="preserve"' if text[:1].isspace() or text[-1:].isspace() else ""
        return f"{start}{preserved}>{escape(text)}</t></r>"


def _run_properties(properties: Mapping[str, Any]) -> str:
    """The letters' properties in the order that the format prescribes (ECMA-376, 18.4.7)."""
    signs = "".join(tag for name, tag in _SIGNS if properties.get(name))
    size, colour = properties.get("font_size", 11), properties.get("font_color", INK).removeprefix("#")
    font = properties.get("font_name", "Calibri")
    scheme = '<scheme val="minor"/>' if font == "Calibri" else ""
    return (
        f'<rPr>{signs}<sz val="{size}"/><color rgb="FF{colour}"/><rFont val="{font}"/><family val="2"/>{scheme}</rPr>'
    )
