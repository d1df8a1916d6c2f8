"""The recognition catalogue: names of medicines and counter goods that are heard, whether or not they may be offered.

It is a table that people edit (`data/termos.csv`, or a file of one's own with the same header). Recognising a name says
nothing about offering it: antimicrobials and controlled medicines are heard too.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from itertools import zip_longest
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from balto_cli.errors import UsageError
from balto_cli.files import os_reason
from balto_cli.terms.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["principio", "marca"]
"""Active ingredient, or brand."""
Use = Literal["livre", "contexto"]
"""A name that is heard anywhere, or one that is an everyday word too and needs a word of the counter beside it."""

_KINDS = get_args(Kind)
_USES = get_args(Use)

DATA = Path(__file__).parent / "data"
COLUMNS = (
    "nome",
    "tipo",
    "principios",
    "categoria",
    "classe",
    "relevancia",
    "registros",
    "uso",
    "variantes",
    "fonte",
    "data",
)
MEDICINE_CATEGORIES = (
    "isento",
    "conforme_apresentacao",
    "tarja_vermelha",
    "antimicrobiano",
    "controlado",
    "verificar",
)
CATEGORIES = (
    *MEDICINE_CATEGORIES,
    "correlato",
    "cosmetico",
    "saneante_cosmetico",
    "higiene",
    "alimento",
    "suplemento",
)
_MAX_RELEVANCE = 3
_OVER_THE_COUNTER = ("isento", "conforme_apresentacao")
"""Brands that are asked for by name come before those that a prescription names."""


class CatalogueTerm(NamedTuple):
    """A name of the catalogue.

    `ingredients` are keys of the ingredients (small letters, no accents), empty for goods without one. `relevance` goes
    from 0 (registered only) to 3 (sold most); `registrations` counts the active registrations of its ingredient.
    `variants` are other ways in which it is said or spelt. `therapeutic_class` is a code or the wording of the source.
    """

    name: str
    kind: Kind
    ingredients: tuple[str, ...]
    category: str
    therapeutic_class: str
    relevance: int
    registrations: int
    use: Use
    variants: tuple[str, ...]
    source: str
    date: str


def load_terms(path: Path | None = None) -> tuple[CatalogueTerm, ...]:
    """Read a catalogue (CSV, UTF-8, the columns of `COLUMNS` in any order); without a path, the one of Balto.

    Raises UsageError, with the line, for the first thing that is wrong.
    """
    return load_own_terms() if path is None else _read(path)


def keyterms(limit: int, *, categories: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return at most `limit` names to tell a speech provider to expect, the most useful ones first.

    Ingredients and brands take turns, so that neither fills a short list alone. Names that are
    everyday words stay out: a provider would hear them everywhere. `categories`: only these (`CATEGORIES`).
    """
    wanted = None if categories is None else frozenset(categories)
    chosen = (term.name for term in _by_usefulness() if wanted is None or term.category in wanted)
    return tuple(name for name, _ in zip(chosen, range(max(limit, 0)), strict=False))


@lru_cache(maxsize=1)
def load_own_terms() -> tuple[CatalogueTerm, ...]:
    """Read the catalogue of Balto, once.

    `build` wrote it and a test reads it with all checks: without them it takes half the time, which every start pays.
    """
    with (DATA / "termos.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        return tuple(
            CatalogueTerm._make(
                (*row[:2], _parts(row[2]), *row[3:5], int(row[5]), int(row[6]), row[7], _parts(row[8]), *row[9:])
            )
            for row in rows
        )


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


@lru_cache(maxsize=1)
def _by_usefulness() -> tuple[CatalogueTerm, ...]:
    ordered: list[CatalogueTerm] = []
    for relevance in range(_MAX_RELEVANCE, -1, -1):
        ingredients, brands = (
            sorted(
                (t for t in load_terms() if t.kind == kind and t.relevance == relevance and t.use == "livre"),
                key=lambda t: (t.kind == "marca" and t.category not in _OVER_THE_COUNTER, -t.registrations, t.name),
            )
            for kind in _KINDS
        )
        for pair in zip_longest(ingredients, brands):
            ordered += [term for term in pair if term is not None]
    return tuple(ordered)


def _read(path: Path) -> tuple[CatalogueTerm, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            missing = [column for column in COLUMNS if column not in header]
            if missing:
                raise UsageError(f"{path.name}: falta a coluna {', '.join(missing)}. A primeira linha dá os nomes.")
            cells_of = itemgetter(*(header.index(column) for column in COLUMNS))
            terms = []
            lines: dict[str, int] = {}
            for row in rows:
                if not any(row):
                    continue
                where = f"{path.name}, linha {rows.line_num}"
                if len(row) != len(header):
                    raise UsageError(
                        f"{where}: há {len(row)} colunas, e o cabeçalho tem {len(header)}. Confira vírgulas e aspas."
                    )
                term = _term(list(map(str.strip, cells_of(row))), where)
                first = lines.setdefault(fold(term.name), rows.line_num)
                if first != rows.line_num:
                    raise UsageError(f"{where}: “{term.name}” já está na linha {first}. Apague uma delas.")
                terms.append(term)
    except OSError as error:
        raise UsageError(f"Não consegui ler {path.name}: {os_reason(error)}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(f"{path.name} não é um CSV em UTF-8. Salve-o de novo como “CSV UTF-8”.") from None
    if not terms:
        raise UsageError(f"{path.name} não tem nenhum nome. Ponha um por linha, abaixo do cabeçalho.")
    return tuple(terms)


def _term(cells: list[str], where: str) -> CatalogueTerm:
    """Build a term from its cells, in the order of `COLUMNS`."""
    name, kind, ingredients, category, therapeutic_class, relevance, registrations, use, variants, source, date = cells
    if not any(letter.isalnum() for letter in name):
        raise UsageError(f"{where}: o nome está vazio. Escreva um nome ou apague a linha.")
    return CatalogueTerm(
        name=name,
        kind=_one_of(kind, _KINDS, "tipo", where),  # type: ignore[arg-type]
        ingredients=_several(ingredients),
        category=_one_of(category, CATEGORIES, "categoria", where),
        therapeutic_class=therapeutic_class,
        relevance=_whole(relevance, "relevancia", where, _MAX_RELEVANCE),
        registrations=_whole(registrations, "registros", where),
        use=_one_of(use, _USES, "uso", where),  # type: ignore[arg-type]
        variants=_several(variants),
        source=source,
        date=date,
    )


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip()) if cell else ()


def _one_of(cell: str, allowed: tuple[str, ...], column: str, where: str) -> str:
    if cell not in allowed:
        raise UsageError(f"{where}: {column} “{cell}” não existe. Use {', '.join(allowed)}.")
    return cell


def _whole(cell: str, column: str, where: str, most: int | None = None) -> int:
    if not (cell.isascii() and cell.isdigit()) or (most is not None and int(cell) > most):
        span = "um número inteiro" if most is None else f"um número de 0 a {most}"
        raise UsageError(f"{where}: {column} “{cell}” não serve. Use {span}.")
    return int(cell)
