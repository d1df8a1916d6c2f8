"""`python -m balto_cli.suggestions.build CATALOGO_DIR`: distils public facts into `produtos.csv` and `cautelas.csv`.

Reads `isentos.csv`, `substancias.csv` and `cautelas.csv` of CATALOGO_DIR, and of `data/`: `exclusoes.csv` (lines of the
official list that Balto does not suggest, with the reason), `escolhas.csv` (names, least age and needs written by a
person), `indicacoes.csv` (which words of an indication mean which need) and `mercadorias.csv` (goods that are no
medicines). The same inputs give the same bytes.

A medicine gets in only by a line of the list of prescription-free medicines (IN 285/2024) none of whose ingredients is
antimicrobial, controlled or unknown to the sources. The line gives the form and the greatest strength.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.files import write_atomically
from balto_cli.suggestions.catalogue import CAUTION_COLUMNS, DATA, GOODS, MEDICINE, PRODUCT_COLUMNS, read_rows, several
from balto_cli.terms.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, str]

FREE = frozenset({"isento", "conforme_apresentacao"})
ADULT_MONTHS = 144
"""Least age of a medicine whose own least age nobody wrote down."""
UNCHOSEN = 9
"""Rank of a line that nobody ranked: after all that somebody did."""
_PLAIN_EXPLANATION = "isento de prescrição, indicado pela lista oficial para este caso"


def main(arguments: list[str]) -> int:
    """Build the tables from the folder named in `arguments`; return the exit code."""
    if len(arguments) != 1:
        print("Uso: python -m balto_cli.suggestions.build PASTA_DO_CATALOGO", file=sys.stderr)  # noqa: T201
        return 2
    folder = Path(arguments[0])
    substances = {row["chave"]: row for row in read_rows(folder / "substancias.csv")}
    products = [
        *medicines(read_rows(folder / "isentos.csv"), substances, *map(_own, ("exclusoes", "escolhas", "indicacoes"))),
        *goods(_own("mercadorias"), substances),
    ]
    write_atomically(DATA / "produtos.csv", _csv(PRODUCT_COLUMNS, products))
    write_atomically(DATA / "cautelas.csv", _csv(CAUTION_COLUMNS, read_rows(folder / "cautelas.csv")))
    return 0


def medicines(
    listed: Iterable[Row],
    substances: Mapping[str, Row],
    excluded: Iterable[Row],
    chosen: Iterable[Row],
    indications: Iterable[Row],
) -> list[Row]:
    """The medicines that may be suggested, by id; of lines that differ in strength alone, the first."""
    out_of_it = {row["id"] for row in excluded}
    choice = {row["id"]: row for row in chosen}
    words = [(re.compile(row["padrao"]), several(row["necessidades"])) for row in indications]
    products: list[Row] = []
    seen: set[str] = set()
    # Lines that a person chose come first, so that a plain line of the same name is the one left out.
    for row in sorted(listed, key=lambda r: (r["id"] not in choice, r["id"])):
        keys = several(row["principios"])
        if row["id"] in out_of_it or not all(substances.get(k, {}).get("categoria_venda") in FREE for k in keys):
            continue
        picked = choice.get(row["id"], {})
        name = picked.get("nome") or _name(row, keys, substances)
        if fold(name) in seen:
            continue
        seen.add(fold(name))
        indication = fold(row["indicacao"])
        needs = dict.fromkeys(several(picked.get("necessidades", "")))
        needs |= dict.fromkeys(need for pattern, meant in words if pattern.search(indication) for need in meant)
        products.append(
            {
                "id": row["id"],
                "nome": name,
                "tipo": MEDICINE,
                "categoria": row["categoria_balto"],
                "principios": ";".join(keys),
                "classes": "",
                "situacao": "isento",
                "necessidades": ";".join(needs),
                "ordem": picked.get("ordem") or str(UNCHOSEN),
                "idade_minima_meses": picked.get("idade_minima_meses") or str(ADULT_MONTHS),
                "explicacao": picked.get("explicacao") or _PLAIN_EXPLANATION,
                "indicacao": row["indicacao"],
                "limite": f"{row['forma']}: {row['concentracao_maxima']}",
                "fonte": f"{row['fonte']}, linha {row['id']}",
                "data": row["data"],
            }
        )
    return sorted(products, key=lambda p: p["id"])


def goods(rows: Iterable[Row], substances: Mapping[str, Row]) -> list[Row]:
    """The goods that are no medicines; a class that names an ingredient is one."""
    products = []
    for row in rows:
        classes = several(row["classes"])
        products.append(
            {
                **{column: row.get(column, "") for column in PRODUCT_COLUMNS},
                "tipo": GOODS,
                "principios": ";".join(c for c in classes if c in substances),
                "classes": ";".join(c for c in classes if c not in substances),
                "situacao": "livre",
                "indicacao": row["explicacao"],
                "limite": "não é medicamento",
            }
        )
    return products


def _name(row: Row, keys: tuple[str, ...], substances: Mapping[str, Row]) -> str:
    names = " + ".join(substances[key]["substancia"] for key in keys)
    form = row["forma"].split(",")[0].strip().lower()
    route = "tópico" if "tópico" in row["indicacao"] else "oral"
    return f"{names[0].upper()}{names[1:]} ({form if row['anexo'] == 'I' else f'fitoterápico {route}'})"


def _own(name: str) -> list[Row]:
    return read_rows(DATA / f"{name}.csv")


def _csv(columns: Iterable[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
