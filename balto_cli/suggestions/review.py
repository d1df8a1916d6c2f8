"""The pharmacist's review: a sheet of every product with its cautions and sources, signed and read back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from balto_cli.errors import OutputError, UsageError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from balto_cli.suggestions.catalogue import Catalogue, Product

APPROVED, REFUSED = "aprovado", "recusado"
HEADERS = (
    "Código", "Produto", "Tipo", "Categoria", "Princípios", "Para que", "Limite", "Cautelas", "Fonte", "Versão",
    "Farmacêutico", "CRF", "Data", "Parecer", "Observação",
)  # fmt: skip
_TO_SIGN = HEADERS[10:]
_CRF = re.compile(r"^(?:CRF[-/ ]?)?[A-Z]{2}[-/ ]?\d{2,6}$|^\d{2,6}[-/ ][A-Z]{2}$")
_WIDTHS = (8, 34, 12, 16, 28, 30, 30, 70, 34, 14, 22, 12, 12, 12, 30)


@dataclass(frozen=True, slots=True)
class Signature:
    """A pharmacist's verdict on a product at a version of its row."""

    product: str
    pharmacist: str
    crf: str
    day: date
    verdict: str
    version: str


@dataclass(frozen=True, slots=True)
class Review:
    """What a sheet says of a catalogue."""

    signatures: Mapping[str, Signature]
    unsigned: tuple[str, ...]
    outdated: tuple[str, ...]
    """Signed, but the product or its cautions have changed since."""
    refused: tuple[str, ...]

    def summary(self) -> str:
        """One line for the start of a server and for the panel."""
        approved = sum(s.verdict == APPROVED for s in self.signatures.values()) - len(self.outdated)
        return (
            f"Revisão do catálogo: {approved} aprovados, {len(self.refused)} recusados, "
            f"{len(self.unsigned)} sem assinatura, {len(self.outdated)} mudaram depois de assinados."
        )


def product_version(product: Product, catalogue: Catalogue) -> str:
    """A short mark of everything that a pharmacist signs for."""
    import hashlib

    cautions = catalogue.cautions_of(product.ingredients, product.classes)
    return hashlib.sha256(
        repr((product.id, product.name, product.ingredients, product.min_age_months, product.needs, cautions)).encode()
    ).hexdigest()[:10]


def write_sheet(path: Path, catalogue: Catalogue) -> int:
    """Write the sheet to fill in; return its rows. Raises OutputError."""
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    book = Workbook(path)
    sheet = book.add_worksheet("Revisão")
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    sign = book.add_format({"text_wrap": True, "valign": "top", "bg_color": "#FFF8E1"})
    day = book.add_format({"num_format": "dd/mm/yyyy", "valign": "top", "bg_color": "#FFF8E1"})
    for column, (header, width) in enumerate(zip(HEADERS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, header, head)
    for row, product in enumerate(catalogue.products, 1):
        for column, text in enumerate(_cells(product, catalogue)):
            sheet.write_string(row, column, text, plain)
        for column in range(10, len(HEADERS)):
            sheet.write_blank(row, column, None, day if column == 12 else sign)
    sheet.data_validation(1, 13, len(catalogue.products), 13, {"validate": "list", "source": [APPROVED, REFUSED]})
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(catalogue.products), len(HEADERS) - 1)
    try:
        book.close()
    except (OSError, FileCreateError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "o arquivo está aberto ou a pasta não existe"
        raise OutputError(f"Não consegui gravar {path.name}: {reason}.") from None
    return len(catalogue.products)


def _cells(product: Product, catalogue: Catalogue) -> tuple[str, ...]:
    cautions = "\n".join(
        f"{c.kind} {c.target}: {c.action} ({c.detail}; {'lida' if c.verified else 'não verificada'}) [{c.id}]"
        for c in catalogue.cautions_of(product.ingredients, product.classes)
    )
    age = f"a partir de {product.min_age_months // 12} anos" if product.min_age_months else "qualquer idade"
    return (
        product.id, product.name, product.kind, product.category, "; ".join(product.ingredients),
        f"{product.explanation} [{'; '.join(product.needs)}]", f"{product.limit}; {age}",
        cautions[:32_000] or "nenhuma conhecida", f"{product.source}, {product.date}",
        product_version(product, catalogue),
    )  # fmt: skip


def read_sheet(path: Path, catalogue: Catalogue) -> Review:
    """Read a sheet back. Raises UsageError naming the lines that are filled in by half or wrongly."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        book.close()
    except OSError as error:
        raise UsageError(f"Não consegui ler {path.name}: {os_reason(error)}.") from None
    except Exception:
        # openpyxl raises whatever the broken archive makes it raise.
        raise UsageError(f"{path.name} não é uma planilha XLSX que eu consiga ler. Salve-a de novo.") from None
    header = [str(cell or "") for cell in rows[0]] if rows else []
    if missing := [name for name in ("Código", "Versão", *_TO_SIGN[:4]) if name not in header]:
        raise UsageError(f"{path.name}: falta a coluna {', '.join(missing)}.")
    place = {name: header.index(name) for name in header if name}
    signatures: dict[str, Signature] = {}
    problems: list[str] = []
    for line, cells in enumerate(rows[1:], 2):
        row = {name: cells[index] if index < len(cells) else None for name, index in place.items()}
        if not row["Código"] or not any(row[name] for name in ("Farmacêutico", "CRF", "Data", "Parecer")):
            continue
        try:
            signature = _signature(row, catalogue)
        except UsageError as error:
            problems.append(f"linha {line}: {error}")
        else:
            signatures[signature.product] = signature
    if problems:
        raise UsageError(f"{path.name} tem {len(problems)} problema(s):\n" + "\n".join(problems))
    versions = {product.id: product_version(product, catalogue) for product in catalogue.products}
    return Review(
        signatures,
        tuple(key for key in versions if key not in signatures),
        tuple(key for key, s in signatures.items() if s.version != versions[key] and s.verdict == APPROVED),
        tuple(key for key, s in signatures.items() if s.verdict == REFUSED),
    )


def _signature(row: Mapping[str, object], catalogue: Catalogue) -> Signature:
    key = str(row["Código"]).strip()
    if key not in catalogue.by_id:
        raise UsageError(f"o código “{key}” não está no catálogo.")
    name, crf, verdict = (str(row[column] or "").strip() for column in ("Farmacêutico", "CRF", "Parecer"))
    if len(name.split()) < 2:
        raise UsageError("falta o nome completo do farmacêutico.")
    if not _CRF.match(crf.upper()):
        raise UsageError(f"CRF “{crf}” não parece um registro (exemplo: SP 12345).")
    if verdict.lower() not in (APPROVED, REFUSED):
        raise UsageError(f"parecer “{verdict}” não existe: use {APPROVED} ou {REFUSED}.")
    return Signature(key, name, crf.upper(), _day(row["Data"]), verdict.lower(), str(row["Versão"] or ""))


def _day(cell: object) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    try:
        return datetime.strptime(str(cell or "").strip(), "%d/%m/%Y").date()
    except ValueError:
        raise UsageError(f"data “{cell or ''}” não serve: use dia/mês/ano.") from None
