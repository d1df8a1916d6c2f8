"""What a cell of a workbook can hold: texts cleaned of what XML refuses, and cut where Excel would cut in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CELL_LIMIT = 32_767
"""Characters that Excel keeps in a cell, counted in UTF-16 units; it cuts the rest without a word."""
FORMULA_STARTS = ("=", "+", "-", "@")
"""A text that begins with one of these is a formula to a spreadsheet: in a table of text at once, in a workbook as soon
as a person edits its cell, unless it is marked."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NOT_UNICODE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9a-fA-F]{4}_)")

Run = tuple[str, str]
"""A stretch of a rich text: the name of its look ("" for that of the cell), and the stretch."""


def clean_text(text: str) -> str:
    """Make a text storable: line ends as line feeds, control characters as spaces, what is no character as `�`."""
    if text.isprintable():  # nothing to clean in it, and quickly seen
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_UNICODE.sub("\ufffd", _NOT_XML.sub(" ", text))


def no_formula(text: str, harmless: str) -> str:
    """Put something `harmless` before a text of a table that a spreadsheet would take for a formula."""
    return harmless + text if text.startswith(FORMULA_STARTS) else text


def split_text(text: str, limit: int = CELL_LIMIT) -> list[str]:
    """Cut a text into parts of at most `limit` UTF-16 units, at spaces if possible; joined, they are the text."""
    if 2 * len(text) <= limit:
        return [text]
    parts = []
    while utf16_length(text) > limit:
        end = _fitting(text, limit)
        space = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end)) + 1
        end = space or end
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def clean_runs(runs: Sequence[Run]) -> list[Run]:
    """Clean every stretch of a rich text, join neighbours of one look, and leave out empty ones."""
    cleaned: list[Run] = []
    for look, text in runs:
        if not (text := clean_text(text)):
            continue
        if cleaned and cleaned[-1][0] == look:
            cleaned[-1] = (look, cleaned[-1][1] + text)
        else:
            cleaned.append((look, text))
    return cleaned


def split_runs(runs: Sequence[Run], limit: int = CELL_LIMIT) -> list[list[Run]]:
    """Cut a rich text into parts of at most `limit` UTF-16 units, at the ends of stretches if possible."""
    if 2 * sum(len(text) for _, text in runs) <= limit:
        return [list(runs)]
    parts: list[list[Run]] = [[]]
    room = limit
    for look, text in runs:
        for piece in split_text(text, limit):
            length = utf16_length(piece)
            if length > room:
                parts.append([])
                room = limit
            parts[-1].append((look, piece))
            room -= length
    return parts


def without_escapes(text: str) -> list[str]:
    """Cut a text inside whatever Excel would take for an escaped character (`_x0041_` is an A to it)."""
    if "_x" not in text:
        return [text]
    ends = [match.end() for match in _ESCAPE.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def utf16_length(text: str) -> int:
    """Length in UTF-16 units, as Excel counts."""
    return len(text) if text.isascii() else len(text) + sum(character > "\uffff" for character in text)


def _fitting(text: str, limit: int) -> int:
    """How many characters of a text fit into so many UTF-16 units."""
    end = limit
    while (surplus := utf16_length(text[:end]) - limit) > 0:
        end -= (surplus + 1) // 2
    return end
