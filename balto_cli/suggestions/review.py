"""The pharmacist's sheet: every product with its cautions and every rule, with sources; signed and read back."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from balto_cli.errors import OutputError, UsageError
from balto_cli.files import os_reason
from balto_cli.suggestions.rule_list import list_rules, rule_versions
from balto_cli.suggestions.signatures import APPROVED, REFUSED, Review, Signature, review_of, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from xlsxwriter import Workbook

    from balto_cli.suggestions.catalogue import Catalogue, Product

_TO_SIGN = ("Farmacêutico", "CRF", "Data", "Parecer", "Observação")
HEADERS = (
    "Código", "Produto", "Tipo", "Categoria", "Princípios", "Para que", "Limite", "Cautelas", "Fonte", "Versão",
    *_TO_SIGN,
)  # fmt: skip
RULE_HEADERS = ("Código", "Regra", "Efeito", "Expressões", "Fonte", "Versão", *_TO_SIGN)
_SIGN_WIDTHS = (22, 12, 12, 12, 30)
_WIDTHS = (8, 34, 12, 16, 28, 30, 30, 70, 34, 14, *_SIGN_WIDTHS)
_RULE_WIDTHS = (30, 60, 12, 70, 34, 14, *_SIGN_WIDTHS)
_CELL = 32_000
"""Characters of a cell, a little under what XLSX takes."""


def product_version(product: Product, catalogue: Catalogue) -> str:
    """A short mark of everything that a pharmacist signs for."""
    cautions = catalogue.cautions_of(product.ingredients, product.classes)
    return hashlib.sha256(
        repr((product.id, product.name, product.ingredients, product.min_age_months, product.needs, cautions)).encode()
    ).hexdigest()[:10]


def review(signatures: Mapping[str, Signature], catalogue: Catalogue) -> Review:
    """What signatures say of this catalogue and of the rules."""
    versions = {product.id: product_version(product, catalogue) for product in catalogue.products}
    return review_of(signatures, versions, rule_versions())


def write_sheet(path: Path, catalogue: Catalogue) -> tuple[int, int]:
    """Write the sheet to fill in; return its products and its rules. Raises OutputError."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    rules = list_rules()
    book = Workbook(path)
    _table(book, "Produtos", HEADERS, _WIDTHS, [_cells(product, catalogue) for product in catalogue.products])
    _table(
        book, "Regras", RULE_HEADERS, _RULE_WIDTHS,
        [(one.code, one.what, one.kind, one.words[:_CELL], one.source, one.version) for one in rules],
    )  # fmt: skip
    try:
        book.close()
    except (OSError, FileCreateError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "o arquivo está aberto ou a pasta não existe"
        raise OutputError(f"Não consegui gravar {path.name}: {reason}.") from None
    return len(catalogue.products), len(rules)


def _table(
    book: Workbook, name: str, headers: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[str]]
) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    sign = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#FFF8E1"})
    day = book.add_format({"num_format": "dd/mm/yyyy", "valign": "top", "bg_color": "#FFF8E1"})
    for column, (header, width) in enumerate(zip(headers, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, header, head)
    first = len(headers) - len(_TO_SIGN)
    for number, row in enumerate(rows, 1):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text, plain)
        for column in range(first, len(headers)):
            sheet.write_blank(number, column, None, day if column == first + 2 else sign)
    sheet.data_validation(
        1, first + 3, max(1, len(rows)), first + 3, {"validate": "list", "source": [APPROVED, REFUSED]}
    )
    sheet.freeze_panes(1, 2)


def _cells(product: Product, catalogue: Catalogue) -> tuple[str, ...]:
    cautions = "\n".join(
        f"{c.kind} {c.target}: {c.action} ({c.detail}; {'lida' if c.verified else 'não verificada'}) [{c.id}]"
        for c in catalogue.cautions_of(product.ingredients, product.classes)
    )
    age = f"a partir de {product.min_age_months // 12} anos" if product.min_age_months else "qualquer idade"
    return (
        product.id, product.name, product.kind, product.category, "; ".join(product.ingredients),
        f"{product.explanation} [{'; '.join(product.needs)}]", f"{product.limit}; {age}",
        cautions[:_CELL] or "nenhuma conhecida", f"{product.source}, {product.date}",
        product_version(product, catalogue),
    )  # fmt: skip


def read_sheet(path: Path, catalogue: Catalogue) -> dict[str, Signature]:
    """The signatures of a sheet that was filled in, by code.

    Raises UsageError naming the lines that are filled in by half or wrongly.
    """
    known = {*catalogue.by_id, *rule_versions()}
    signatures: dict[str, Signature] = {}
    problems: list[str] = []
    for sheet, rows in _sheets(path):
        header = [str(cell or "") for cell in rows[0]] if rows else []
        if missing := [name for name in ("Código", "Versão", *_TO_SIGN[:4]) if name not in header]:
            raise UsageError(f"{path.name}, {sheet}: falta a coluna {', '.join(missing)}.")
        place = {name: header.index(name) for name in header if name}
        for line, cells in enumerate(rows[1:], 2):
            row = {name: cells[index] if index < len(cells) else None for name, index in place.items()}
            if not row["Código"] or not any(row[name] for name in _TO_SIGN[:4]):
                continue
            try:
                signature = _signature(row, known)
            except UsageError as error:
                problems.append(f"{sheet}, linha {line}: {error}")
            else:
                signatures[signature.code] = signature
    if problems:
        raise UsageError("\n".join((f"{path.name} não serve como está:", *problems)))
    return signatures


def _sheets(path: Path) -> list[tuple[str, list[list[Any]]]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        sheets = [(sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)]) for sheet in book.worksheets]
        book.close()
    except OSError as error:
        raise UsageError(f"Não consegui ler {path.name}: {os_reason(error)}.") from None
    except Exception:
        # openpyxl raises whatever the broken archive makes it raise.
        raise UsageError(f"{path.name} não é uma planilha XLSX que eu consiga ler. Salve-a de novo.") from None
    return sheets


def _signature(row: Mapping[str, object], known: Iterable[str]) -> Signature:
    code = str(row["Código"]).strip()
    if code not in known:
        raise UsageError(f"o código “{code}” não está no catálogo.")
    name, crf, verdict = (str(row[column] or "").strip() for column in ("Farmacêutico", "CRF", "Parecer"))
    return signed(code, name, crf, _day(row["Data"]), verdict, str(row["Versão"] or ""))


def _day(cell: object) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        return datetime.strptime(str(cell or "").strip(), "%d/%m/%Y").date()
    except ValueError:
        raise UsageError(f"data “{cell or ''}” não serve: use dia/mês/ano.") from None
