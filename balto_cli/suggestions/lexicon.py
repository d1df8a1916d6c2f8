"""The tables of words behind the facts and rules: needs, alarm signs, worries, conditions, allergens, complements."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

from balto_cli.suggestions.catalogue import DATA, read_rows, several
from balto_cli.suggestions.patterns import Pattern, PatternSet

_FILES = (
    "necessidades", "encaminhamentos", "condicoes", "alergenos", "complementos", "preocupacoes",
    "falas", "conceitos", "falares",
)  # fmt: skip

_OVERDOSE = "A33"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a customer asks relief or a product for."""

    id: str
    category: str
    symptom: bool
    """Whether it is a complaint; otherwise a thing that is asked for."""
    max_days: int | None
    """Days after which it is the pharmacist's."""
    under_two: bool
    """Whether it may be answered for a child under two."""
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Sign:
    """An alarm sign: words that send the customer to the pharmacist or to an emergency."""

    id: str
    immediate: bool
    who: str
    pattern: Pattern
    together: Pattern | None
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Worry:
    """Words of a body's state that no simple complaint explains: beside them nothing is offered.

    They are wider than any sign: not a danger that is known, but something said that no rule understood.
    """

    id: str
    pattern: Pattern
    common_in: frozenset[str]
    """Needs in which these words are ordinary: a bruise is purple."""
    unless_mild: bool
    """Whether they count for nothing where the hurt part moves and bears weight."""
    reason: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A disease, a habit or a group of medicines in use that restricts, and the question that asks for it."""

    target: str
    pattern: Pattern | None
    question: str


@dataclass(frozen=True, slots=True)
class Allergen:
    """What somebody says to be allergic to; `*` among the groups means any medicine."""

    target: str
    pattern: Pattern
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Complement:
    """What goes with a product that is asked for: by its group, `prescribed` where it needs a prescription."""

    group: str
    prescribed: bool
    category: str
    products: tuple[str, ...]
    reason: str


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All tables, and a version made of their bytes. Two are the same only if they are one object."""

    needs: tuple[Need, ...]
    signs: tuple[Sign, ...]
    conditions: tuple[Condition, ...]
    allergens: tuple[Allergen, ...]
    complements: tuple[Complement, ...]
    worries: tuple[Worry, ...]
    version: str

    @cached_property
    def need_patterns(self) -> PatternSet:
        """The patterns of `needs`, by position."""
        return PatternSet([need.pattern for need in self.needs])

    @cached_property
    def sign_patterns(self) -> PatternSet:
        """The patterns of `signs`, by position."""
        return PatternSet([sign.pattern for sign in self.signs])

    @cached_property
    def worry_patterns(self) -> PatternSet:
        """The patterns of `worries`, by position."""
        return PatternSet([worry.pattern for worry in self.worries])

    @cached_property
    def condition_patterns(self) -> PatternSet:
        """The patterns of `conditions`, by position."""
        return PatternSet([condition.pattern for condition in self.conditions])

    @cached_property
    def allergen_patterns(self) -> PatternSet:
        """The patterns of `allergens`, by position."""
        return PatternSet([allergen.pattern for allergen in self.allergens])

    @property
    def overdose(self) -> Sign:
        """The sign of a dose above the usual."""
        return next(sign for sign in self.signs if sign.id == _OVERDOSE)

    def question(self, target: str) -> str | None:
        """The question that would tell whether `target` holds."""
        return next((c.question for c in self.conditions if c.target == target), None)


def _beginning(source: str) -> str:
    """A pattern of company, whose words may go on: "vomit" is met by "vomitando"."""
    return rf"(?:{source})\w*"


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """Read the tables, once."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((DATA / f"{name}.csv").read_bytes())
    needs, signs, conditions, allergens, complements, worries = (read_rows(DATA / f"{name}.csv") for name in _FILES[:6])
    return Lexicon(
        tuple(
            Need(
                row["id"], row["categoria"], row["tipo"] == "sintoma",
                int(row["dias_maximos"]) if row["dias_maximos"] else None, row["bebe"] == "sim",
                Pattern(row["id"], row["padrao"]),
            )
            for row in needs
        ),
        tuple(
            Sign(
                row["id"], row["urgencia"] == "imediata", row["quem"], Pattern(row["id"], row["padrao"]),
                Pattern(row["id"], _beginning(row["junto"])) if row["junto"] else None, row["motivo"], row["fonte"],
            )
            for row in signs
        ),
        tuple(
            Condition(row["alvo"], Pattern(row["alvo"], row["padrao"]) if row["padrao"] else None, row["pergunta"])
            for row in conditions
        ),
        tuple(
            Allergen(row["alvo"], Pattern(row["alvo"], row["padrao"]), several(row["grupos"])) for row in allergens
        ),
        tuple(
            Complement(
                row["grupo"], row["receita"] == "sim", row["categoria"], several(row["produtos"]), row["motivo"]
            )
            for row in complements
        ),
        tuple(
            Worry(
                row["id"], Pattern(row["id"], row["padrao"]), frozenset(several(row["comum_em"])),
                row["se_grave"] == "sim", row["motivo"],
            )
            for row in worries
        ),
        digest.hexdigest()[:8],
    )  # fmt: skip
