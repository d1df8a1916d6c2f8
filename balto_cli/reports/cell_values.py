"""What can be put into a cell: numbers, texts, texts with looks, formulas; cleaned, and cut where Excel would cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.reports.cell_text import Run, clean_runs, clean_text, split_runs, split_text

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Rich:
    """A text whose stretches look different."""

    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        """All of it, bare."""
        return "".join(text for _, text in self.runs)


@dataclass(frozen=True, slots=True)
class Styled:
    """A text of one look."""

    text: str
    look: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in Excel's English, without `=`, and what it amounts to, which is stored beside it."""

    expression: str
    value: float | str | None


CellValue = str | float | int | Rich | Styled | Formula | None


def fitted(value: CellValue) -> list[CellValue]:
    """Clean a value and cut it into cells: one, unless it is a text over the limit. What is no number is None."""
    if isinstance(value, str):
        return list(split_text(clean_text(value)))
    if isinstance(value, Styled):
        return [Styled(part, value.look) for part in split_text(clean_text(value.text))]
    if isinstance(value, Rich):
        return [Rich(tuple(part)) for part in split_runs(clean_runs(value.runs))]
    if isinstance(value, float) and not math.isfinite(value):
        return [None]
    return [value]


def plain_text(value: CellValue) -> str | None:
    """The text of a cell; None where it holds no text."""
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, Rich | Styled) else None


def by_looks(texts: Sequence[Run]) -> Rich:
    """A rich text of stretches with one space between them."""
    spaced: list[Run] = []
    plain: list[str] = []  # since the last stretch with a look; most words have none
    for number, (look, text) in enumerate(texts):
        if number:
            plain.append(" ")
        if not look:
            plain.append(text)
            continue
        spaced += [("", "".join(plain)), (look, text)] if plain else [(look, text)]
        plain.clear()
    if plain:
        spaced.append(("", "".join(plain)))
    return Rich(tuple(spaced))
