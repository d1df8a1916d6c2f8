"""A pharmacy's own products, from CSV or XLSX: every row checked, every problem with its line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError
from balto_cli.files import os_reason, write_atomically
from balto_cli.suggestions.catalogue import (
    CATEGORIES,
    FORBIDDEN_STATUS,
    GOODS,
    MEDICINE,
    Product,
    load_catalogue,
    product_classes,
    several,
)
from balto_cli.suggestions.decision import Item
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.safety import forbidden_ingredients, words_are_safe
from balto_cli.terms import load_terms
from balto_cli.terms.finder import find_terms
from balto_cli.terms.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

OWN_COLUMNS = (
    "codigo", "nome", "tipo", "categoria", "principios", "linha_lmip", "necessidades", "idade_minima_anos",
    "explicacao",
)  # fmt: skip
"""`linha_lmip` is the line of the official list that makes a medicine free of prescription; empty for goods."""
_REQUIRED = ("codigo", "nome", "tipo", "categoria", "explicacao")
_FORBIDDEN_GOODS = ("mamadeira", "chupeta", "formula infantil", "bico de", "protetor de mamilo")
_FREE = ("isento", "conforme_apresentacao")


def read_own(path: Path) -> tuple[Product, ...]:
    """Read and check a pharmacy's products (CSV in UTF-8 or Windows-1252, comma or semicolon; XLSX).

    Raises UsageError naming all problems with their lines.
    """
    problems: list[str] = []
    products: list[Product] = []
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        try:
            product = _product(row)
        except UsageError as error:
            problems.append(f"linha {line}: {error}")
            continue
        first = seen.setdefault(product.id, line)
        if first != line:
            problems.append(f"linha {line}: o código “{row['codigo']}” já está na linha {first}.")
            continue
        products.append(product)
    if problems:
        raise UsageError("\n".join((f"{path.name} não serve como está:", *problems)))
    if not products:
        raise UsageError(f"{path.name} não tem nenhum produto. Ponha um por linha, abaixo do cabeçalho.")
    return tuple(products)


def write_own(rows_of: Path, target: Path) -> int:
    """Check a file and keep a copy of it as CSV; return how many products it has. Raises UsageError."""
    products = read_own(rows_of)
    text = io.StringIO()
    writer = csv.DictWriter(text, OWN_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: row.get(column, "") for column in OWN_COLUMNS} for _, row in _rows(rows_of))
    try:
        write_atomically(target, text.getvalue())
    except OSError as error:
        raise UsageError(f"Não consegui gravar {target}: {os_reason(error)}.") from None
    return len(products)


def _product(row: Mapping[str, str]) -> Product:
    for column in _REQUIRED:
        if not row.get(column):
            raise UsageError(f"falta {column}.")
    name, kind, category = row["nome"], row["tipo"].lower(), row["categoria"]
    if kind not in (MEDICINE, GOODS):
        raise UsageError(f"tipo “{row['tipo']}” não existe: use {MEDICINE} ou {GOODS}.")
    if category not in CATEGORIES:
        raise UsageError(f"categoria “{category}” não existe: use {', '.join(CATEGORIES)}.")
    if any(word in fold(name) for word in _FORBIDDEN_GOODS):
        raise UsageError(f"“{name}” não pode ser promovido (Lei 11.265/2006).")
    known = {need.id for need in load_lexicon().needs}
    needs = several(row.get("necessidades", ""))
    if unknown := [need for need in needs if need not in known]:
        raise UsageError(f"necessidade “{unknown[0]}” não existe: veja necessidades.csv.")
    catalogue = load_catalogue()
    ingredients = _ingredients(row, name, kind)
    months = _months(row.get("idade_minima_anos", ""), kind)
    members = catalogue.groups_of
    product = Product(
        id=f"P-{row['codigo']}",
        name=name,
        kind=kind,
        category=category,
        ingredients=ingredients,
        classes=product_classes(ingredients, (), members),
        status="isento" if kind == MEDICINE else "livre",
        needs=needs,
        order=0,
        min_age_months=months,
        explanation=row["explicacao"].rstrip("."),
        indication=row["explicacao"],
        limit=row.get("linha_lmip", "") or "não é medicamento",
        source="catálogo da farmácia",
        date="",
    )
    if not words_are_safe(product.explanation, (Item(product, name, product.explanation, category, ()),), catalogue):
        raise UsageError("a explicação fala de outro remédio, de dose, de número, de prazo ou promete cura.")
    return product


def _ingredients(row: Mapping[str, str], name: str, kind: str) -> tuple[str, ...]:
    free = {term.name: term for term in load_terms() if term.kind == "principio"}
    by_key = {fold(term_name): term for term_name, term in free.items()}
    keys: list[str] = []
    for said in several(row.get("principios", "")):
        term = by_key.get(fold(said))
        if term is None:
            raise UsageError(f"princípio ativo “{said}” é desconhecido.")
        if term.category in FORBIDDEN_STATUS:
            raise UsageError(f"“{said}” é {term.category.replace('_', ' ')} e nunca é sugerido.")
        keys += term.ingredients or (fold(said),)
    heard = {key for term in find_terms(name) for key in term.entry.ingredients}
    if heard & forbidden_ingredients() or any(t.entry.category in FORBIDDEN_STATUS for t in find_terms(name)):
        raise UsageError(f"“{name}” tem princípio ativo que exige receita.")
    if missing := heard - set(keys):
        raise UsageError(f"o nome “{name}” contém {', '.join(sorted(missing))}, que falta em principios.")
    if kind == MEDICINE:
        line = load_catalogue().by_id.get(row.get("linha_lmip", ""))
        if line is None or not line.is_medicine:
            raise UsageError(
                "um medicamento precisa da linha da lista oficial de isentos em linha_lmip (exemplo: S204)."
            )
        if set(line.ingredients) != set(keys):
            raise UsageError(f"os princípios não são os da linha {line.id} ({', '.join(line.ingredients)}).")
    return tuple(dict.fromkeys(keys))


def _months(cell: str, kind: str) -> int:
    if not cell:
        return 144 if kind == MEDICINE else 0
    if not (cell.isascii() and cell.isdigit() and int(cell) < 100):
        raise UsageError(f"idade_minima_anos “{cell}” não serve: use um número inteiro de anos.")
    if kind == MEDICINE and int(cell) < 12:
        raise UsageError("um medicamento da farmácia só é sugerido a partir dos doze anos.")
    return int(cell) * 12


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    rows = list(_sheet(path) if path.suffix.lower() == ".xlsx" else _text(path))
    header = [fold(cell).strip() for cell in rows[0]] if rows else []
    if missing := [column for column in _REQUIRED if column not in header]:
        raise UsageError(f"{path.name}: falta a coluna {', '.join(missing)}. A primeira linha dá os nomes.")
    for line, cells in enumerate(rows[1:], 2):
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        if any(row.values()):
            yield line, row


def _text(path: Path) -> Sequence[list[str]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"Não consegui ler {path.name}: {os_reason(error)}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    return list(csv.reader(io.StringIO(text), delimiter=";" if first.count(";") > first.count(",") else ","))


def _sheet(path: Path) -> Sequence[list[str]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = [
            ["" if cell is None else _plain(cell) for cell in row]
            for row in book.worksheets[0].iter_rows(values_only=True)
        ]
        book.close()
    except OSError as error:
        raise UsageError(f"Não consegui ler {path.name}: {os_reason(error)}.") from None
    except Exception:
        # openpyxl raises whatever the broken archive makes it raise.
        raise UsageError(f"{path.name} não é uma planilha XLSX que eu consiga ler. Salve-a de novo.") from None
    return rows


def _plain(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
