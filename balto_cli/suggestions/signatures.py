"""The pharmacists' signatures: kept beside the catalogue they are about, and held against what it is today."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError
from balto_cli.files import os_reason, write_atomically
from balto_cli.suggestions.catalogue import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

APPROVED, REFUSED = "aprovado", "recusado"
COLUMNS = ("codigo", "farmaceutico", "crf", "data", "parecer", "versao")
_CRF = re.compile(r"^(?:CRF[-/ ]?)?[A-Z]{2}[-/ ]?\d{2,6}$|^\d{2,6}[-/ ][A-Z]{2}$")


@dataclass(frozen=True, slots=True)
class Signature:
    """A pharmacist's verdict on a product or a rule (`code`), at a version of it."""

    code: str
    pharmacist: str
    crf: str
    day: date
    verdict: str
    version: str


@dataclass(frozen=True, slots=True)
class Review:
    """What signatures say of a catalogue and its rules: all fields but the first hold codes."""

    signatures: Mapping[str, Signature]
    unsigned_products: tuple[str, ...]
    unsigned_rules: tuple[str, ...]
    outdated: tuple[str, ...]
    """Approved, but the product, its cautions or the rule have changed since."""
    refused: tuple[str, ...]

    @property
    def approved(self) -> int:
        """How many are approved as they are."""
        return len(self.signatures) - len(self.refused) - len(self.outdated)

    def summary(self) -> str:
        """One line for the start of a server and for the panel."""
        return (
            f"Revisão do farmacêutico: {len(self.unsigned_products)} produtos e {len(self.unsigned_rules)} regras sem "
            f"assinatura, {len(self.outdated)} mudaram depois de assinados, {self.approved} aprovados, "
            f"{len(self.refused)} recusados."
        )


def signed(code: str, name: str, crf: str, day: date, verdict: str, version: str) -> Signature:
    """A signature of what somebody wrote. Raises UsageError that says what is missing or wrong."""
    if len(name.split()) < 2:
        raise UsageError("falta o nome completo do farmacêutico.")
    if not _CRF.match(crf.upper()):
        raise UsageError(f"CRF “{crf}” não parece um registro (exemplo: SP 12345).")
    if verdict.lower() not in (APPROVED, REFUSED):
        raise UsageError(f"parecer “{verdict}” não existe: use {APPROVED} ou {REFUSED}.")
    return Signature(code, name, crf.upper(), day, verdict.lower(), version)


def review_of(signatures: Mapping[str, Signature], products: Mapping[str, str], rules: Mapping[str, str]) -> Review:
    """Hold signatures against the versions, by code, that products and rules have today."""
    versions = {**products, **rules}
    known = {code: one for code, one in signatures.items() if code in versions}
    return Review(
        known,
        tuple(code for code in products if code not in known),
        tuple(code for code in rules if code not in known),
        tuple(code for code, one in known.items() if one.verdict == APPROVED and one.version != versions[code]),
        tuple(code for code, one in known.items() if one.verdict == REFUSED),
    )


def read_signatures(path: Path) -> dict[str, Signature]:
    """Those that are kept in a file, by code; none where there is no file. Raises UsageError for a broken one."""
    if not path.exists():
        return {}
    found: dict[str, Signature] = {}
    for line, row in enumerate(read_rows(path), 2):
        try:
            day = date.fromisoformat(row["data"])
            one = signed(row["codigo"], row["farmaceutico"], row["crf"], day, row["parecer"], row["versao"])
        except (KeyError, ValueError, UsageError):
            raise UsageError(
                f"{path}: a linha {line} não é uma assinatura. Leia de novo a planilha com balto catalog review."
            ) from None
        found[one.code] = one
    return found


def write_signatures(path: Path, signatures: Mapping[str, Signature]) -> None:
    """Keep signatures. Raises UsageError where the folder refuses."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for _, one in sorted(signatures.items()):
        writer.writerow((one.code, one.pharmacist, one.crf, one.day.isoformat(), one.verdict, one.version))
    try:
        write_atomically(path, text.getvalue())
    except OSError as error:
        raise UsageError(f"Não consegui gravar {path}: {os_reason(error)}.") from None
