"""What may be suggested, with its cautions, and what medicines are alike: read-only tables behind every decision.

The tables are CSV (`data/`): `produtos.csv` and `cautelas.csv` are written by `build`, the others by hand.
A product that is not in this catalogue is never suggested, whoever asks for it.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.errors import UsageError
from balto_cli.files import os_reason
from balto_cli.terms import load_terms
from balto_cli.terms.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DATA = Path(__file__).parent / "data"

CATEGORIES = (
    "dor_febre", "gripe_tosse", "alergia", "digestivo", "hidratacao", "pele", "curativo", "olhos_ouvidos",
    "boca_garganta",
    "saude_intima", "menstrual", "infantil", "cardio_acompanhamento", "suplemento", "sono_bem_estar", "higiene",
    "probiotico", "protecao_gastrica", "aparelho", "repelente",
)  # fmt: skip
MEDICINE, GOODS = "medicamento", "mercadoria"
FORBIDDEN_STATUS = frozenset({"tarja_vermelha", "antimicrobiano", "controlado"})
PRODUCT_COLUMNS = (
    "id", "nome", "tipo", "categoria", "principios", "classes", "situacao", "necessidades", "ordem",
    "idade_minima_meses",
    "explicacao", "indicacao", "limite", "fonte", "data",
)  # fmt: skip
CAUTION_COLUMNS = (
    "id", "substancia", "chaves", "via", "tipo", "alvo", "acao", "detalhe", "verificado", "fonte", "endereco",
    "lido_em",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """Something that may be suggested.

    `ingredients` are keys of the ingredients (small letters, no accents); `classes` are the groups of `grupos.csv` that
    it belongs to and tokens of its own; `status` is `isento` or `livre` (no medicine). `min_age_months` is the age
    under which it is never suggested. `explanation` is the end of a sentence, without numbers.
    """

    id: str
    name: str
    kind: str
    category: str
    ingredients: tuple[str, ...]
    classes: frozenset[str]
    status: str
    needs: tuple[str, ...]
    order: int
    min_age_months: int
    explanation: str
    indication: str
    limit: str
    source: str
    date: str

    @property
    def is_medicine(self) -> bool:
        """Whether it has a pharmacological effect that a pharmacist answers for."""
        return self.kind == MEDICINE

    @property
    def topical(self) -> bool:
        """Whether it stays outside the body: judged by the name, which tells the form."""
        return _stays_outside(self.name)


@lru_cache(maxsize=2048)
def _stays_outside(name: str) -> bool:
    folded = fold(name)
    return any(
        form in folded for form in ("pele", "creme", "pomada", "gel", "xampu", "locao", "adesivo", "solucao para")
    )


@dataclass(frozen=True, slots=True)
class Caution:
    """A fact that restricts an ingredient or a class (`keys`): for whom (`target`), and how far (`action`)."""

    id: str
    keys: tuple[str, ...]
    combined: bool
    """Whether it was written of a combination of the keys, and not of each of them."""
    route: str
    kind: str
    target: str
    action: str
    detail: str
    verified: bool
    source: str

    @property
    def forbids(self) -> bool:
        """Whether a medicine that somebody asks for must go past the pharmacist first."""
        return self.action in ("contraindicado", "encaminhar")


@dataclass(frozen=True)
class Catalogue:
    """Products, cautions and groups, with the indexes that decisions need, and a version made of their bytes."""

    products: tuple[Product, ...]
    cautions: tuple[Caution, ...]
    groups: Mapping[str, frozenset[str]]
    version: str
    by_id: Mapping[str, Product] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {product.id: product for product in self.products})

    @cached_property
    def groups_of(self) -> Mapping[str, frozenset[str]]:
        """The groups of each ingredient."""
        found: dict[str, set[str]] = defaultdict(set)
        for group, keys in self.groups.items():
            for key in keys:
                found[key].add(group)
        return {key: frozenset(groups) for key, groups in found.items()}

    @cached_property
    def by_need(self) -> Mapping[str, tuple[Product, ...]]:
        """Products for a need, the best first."""
        found: dict[str, list[Product]] = defaultdict(list)
        for product in self.products:
            for need in product.needs:
                found[need].append(product)
        return {need: tuple(sorted(ps, key=lambda p: (p.order, p.id))) for need, ps in found.items()}

    @cached_property
    def _cautions_by_key(self) -> Mapping[str, tuple[Caution, ...]]:
        found: dict[str, list[Caution]] = defaultdict(list)
        for caution in self.cautions:
            for key in caution.keys:
                found[key].append(caution)
        return {key: tuple(rows) for key, rows in found.items()}

    def classes_of(self, ingredients: Iterable[str]) -> frozenset[str]:
        """The groups that some ingredients belong to, hidden ones of a combination too."""
        return frozenset().union(*(self.groups_of.get(key, frozenset()) for key in ingredients))

    def cautions_of(self, ingredients: Sequence[str], classes: Iterable[str]) -> tuple[Caution, ...]:
        """What restricts a product: rows on its ingredients and on its classes.

        A row on a combination holds for products with at least two of its ingredients.
        """
        found: dict[str, Caution] = {}
        for key in (*ingredients, *(f"classe:{name}" for name in classes)):
            for caution in self._cautions_by_key.get(key, ()):
                if caution.action != "livre" and (not caution.combined or len({*caution.keys} & {*ingredients}) > 1):
                    found[caution.id] = caution
        return tuple(found.values())

    def is_known(self, product: Product) -> bool:
        """Whether any caution, a harmless one too, was written down for it."""
        keys = (*product.ingredients, *(f"classe:{name}" for name in product.classes))
        return any(key in self._cautions_by_key for key in keys)

    @cached_property
    def medicine_names(self) -> frozenset[str]:
        """Folded names of ingredients and of brands that stand for ingredients, to scan words that are to be sent."""
        names = set()
        for term in load_terms():
            if term.ingredients and term.use == "livre":
                names.add(fold(term.name))
        return frozenset(names)

    def without(self, refused: Iterable[str]) -> Catalogue:
        """The catalogue without products that a pharmacist refused."""
        gone = frozenset(refused)
        if not gone & self.by_id.keys():
            return self
        digest = hashlib.sha256(repr(sorted(gone)).encode()).hexdigest()[:6]
        kept = tuple(p for p in self.products if p.id not in gone)
        return Catalogue(kept, self.cautions, self.groups, f"{self.version}-{digest}")

    def with_own(self, own: Sequence[Product]) -> Catalogue:
        """The catalogue with a pharmacy's own products; theirs win over one of the same id."""
        if not own:
            return self
        kept = tuple(p for p in self.products if p.id not in {o.id for o in own})
        digest = hashlib.sha256(repr(own).encode()).hexdigest()[:6]
        return Catalogue((*kept, *own), self.cautions, self.groups, f"{self.version}+{digest}")


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Read the catalogue of Balto, once. Raises UsageError where a table is wrong."""
    return read_catalogue(DATA)


def read_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue in a folder: `produtos.csv`, `cautelas.csv`, `grupos.csv`."""
    groups = {row["grupo"]: frozenset(several(row["chaves"])) for row in read_rows(folder / "grupos.csv")}
    members: dict[str, set[str]] = defaultdict(set)
    for group, keys in groups.items():
        for key in keys:
            members[key].add(group)
    products = tuple(_product(row, members) for row in read_rows(folder / "produtos.csv"))
    cautions = tuple(_caution(row) for row in read_rows(folder / "cautelas.csv"))
    digest = hashlib.sha256()
    for name in ("produtos.csv", "cautelas.csv", "grupos.csv"):
        digest.update((folder / name).read_bytes())
    latest = max((product.date for product in products), default="")
    return Catalogue(products, cautions, groups, f"{latest}-{digest.hexdigest()[:8]}")


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a table of this package. Raises UsageError with a sentence about what is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            names = next(rows, [])
            return [
                {name: cell.strip() for name, cell in zip_longest(names, row[: len(names)], fillvalue="") if name}
                for row in rows
                if row
            ]
    except OSError as error:
        raise UsageError(f"Não consegui ler {path.name}: {os_reason(error)}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(f"{path.name} não é um CSV em UTF-8. Salve-o de novo como “CSV UTF-8”.") from None


def several(cell: str) -> tuple[str, ...]:
    """The parts of a cell that are joined by semicolons."""
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def product_classes(
    ingredients: Sequence[str], own: Iterable[str], members: Mapping[str, Iterable[str]]
) -> frozenset[str]:
    """The groups of the ingredients, and the tokens that a row names itself."""
    return frozenset(own).union(*(members.get(key, ()) for key in ingredients))


def _product(row: Mapping[str, str], members: Mapping[str, Iterable[str]]) -> Product:
    ingredients = several(row["principios"])
    return Product(
        id=row["id"],
        name=row["nome"],
        kind=row["tipo"],
        category=row["categoria"],
        ingredients=ingredients,
        classes=product_classes(ingredients, several(row["classes"]), members),
        status=row["situacao"],
        needs=several(row["necessidades"]),
        order=int(row["ordem"]),
        min_age_months=int(row["idade_minima_meses"]),
        explanation=row["explicacao"],
        indication=row["indicacao"],
        limit=row["limite"],
        source=row["fonte"],
        date=row["data"],
    )


def _caution(row: Mapping[str, str]) -> Caution:
    return Caution(
        id=row["id"],
        keys=several(row["chaves"]),
        combined="+" in row["substancia"],
        route=row["via"],
        kind=row["tipo"],
        target=row["alvo"],
        action=row["acao"],
        detail=row["detalhe"],
        verified=row["verificado"] == "sim",
        source=row["fonte"],
    )
