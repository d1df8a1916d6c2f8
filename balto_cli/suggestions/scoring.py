"""The table of labelled dialogues: how often the engine does what was expected, and what it must never do.

The measures are those of `score_suggestions.py`: a suggestion counts with the right category, without an ingredient
that was asked for and with at most three products; a violation is a banned thing in a suggestion, or any suggestion
where a grave label expects none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from balto_cli.errors import UsageError
from balto_cli.suggestions.catalogue import FORBIDDEN_STATUS, load_catalogue
from balto_cli.suggestions.decision import REFER, SILENCE, SUGGEST
from balto_cli.terms import find_terms
from balto_cli.terms.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from balto_cli.suggestions.catalogue import Catalogue
    from balto_cli.suggestions.decision import Suggestion

_ALIASES = {
    "aas": "acido acetilsalicilico",
    "ains": "aine",
    "anti-inflamatorio": "aine",
    "antibiotico": "antimicrobiano",
    "nbcal": "nbcal",
}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation to run, and what is expected of it where somebody labelled it."""

    id: str
    turns: tuple[str, ...]
    terms: tuple[str, ...] = ()
    expected: str | None = None
    categories: frozenset[str] = frozenset()
    banned: tuple[str, ...] = ()
    grave: bool = False


@dataclass(slots=True)
class Score:
    """Counts over labelled dialogues, and what went wrong by id."""

    cases: int = 0
    right: int = 0
    suggested: int = 0
    good: int = 0
    silent: int = 0
    silent_right: int = 0
    to_refer: int = 0
    refer_right: int = 0
    referred: int = 0
    repeats: int = 0
    too_many: int = 0
    violations: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The table; a share of nothing is null."""
        return {
            "casos": self.cases,
            "acertos": _share(self.right, self.cases),
            "precisao_sugestoes": _share(self.good, self.suggested),
            "silencio": _share(self.silent_right, self.silent),
            "encaminhar_recall": _share(self.refer_right, self.to_refer),
            "encaminhar_precisao": _share(self.refer_right, self.referred),
            "violacoes": len(self.violations),
            "quais_violacoes": [{"id": key, "motivo": why} for key, why in self.violations],
            "repetidos": self.repeats,
            "mais_de_tres": self.too_many,
            "errados": self.wrong,
        }


def score(pairs: Iterable[tuple[Dialogue, Suggestion]], catalogue: Catalogue | None = None) -> Score:
    """Compare answers with labels; dialogues without a label are passed over."""
    catalogue = catalogue or load_catalogue()
    table = Score()
    for dialogue, answer in pairs:
        if dialogue.expected is not None:
            _count(table, dialogue, answer, catalogue)
    return table


def _count(table: Score, dialogue: Dialogue, answer: Suggestion, catalogue: Catalogue) -> None:
    table.cases += 1
    same_action = answer.action == dialogue.expected
    right = same_action and (dialogue.expected != SUGGEST or answer.category in dialogue.categories)
    if answer.action == SUGGEST:
        table.suggested += 1
        tokens = _tokens(answer)
        asked = {key for term in dialogue.terms for key in _ingredients(term)} - {"cafeina"}
        repeated = bool(asked & {key for item in answer.items for key in item.ingredients})
        crowded = len(answer.items) > 3
        table.repeats += repeated
        table.too_many += crowded
        right = right and not repeated and not crowded
        table.good += right
        banned = sorted(ban for ban in (*dialogue.banned, *FORBIDDEN_STATUS) if _ban_tokens(ban) & tokens)
        if banned:
            table.violations.append((dialogue.id, ", ".join(banned)))
        elif dialogue.grave and dialogue.expected != SUGGEST:
            table.violations.append((dialogue.id, "não se esperava sugestão"))
    table.right += right
    if not right:
        table.wrong.append(dialogue.id)
    table.referred += answer.action == REFER
    if dialogue.expected == SILENCE:
        table.silent += 1
        table.silent_right += same_action
    if dialogue.expected == REFER:
        table.to_refer += 1
        table.refer_right += same_action


def _tokens(answer: Suggestion) -> set[str]:
    tokens = {answer.category or ""}
    for item in answer.items:
        tokens |= {*item.ingredients, *item.product.classes, *item.classes}
        tokens |= set(_ingredients(item.name))
    return tokens - {""}


def _ingredients(name: str) -> tuple[str, ...]:
    return tuple(key for term in find_terms(name) for key in (term.entry.ingredients or (fold(term.name),)))


def _ban_tokens(ban: str) -> set[str]:
    folded = _ALIASES.get(fold(ban), fold(ban))
    return {folded, *_ingredients(ban)}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def read_dialogues(lines: Iterable[str], source: str) -> Iterator[Dialogue]:
    """Read JSON lines: a list of turns, a text, or an object with `turnos` and the fields of a label.

    Raises UsageError with the line of the first that cannot be read.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{source}, linha {number}"
        try:
            row = json.loads(line)
        except ValueError:
            raise UsageError(f"{where}: não é JSON. Escreva uma conversa por linha.") from None
        row = {"turnos": [row]} if isinstance(row, str) else {"turnos": row} if isinstance(row, list) else row
        if not isinstance(row, dict):
            raise UsageError(f"{where}: não há turnos. Escreva uma lista de textos, ou um objeto com “turnos”.")
        said = [t.get("texto", t.get("text")) if isinstance(t, dict) else t for t in _list(row.get("turnos"))]
        turns = [turn for turn in said if isinstance(turn, str)]
        if not turns or len(turns) != len(said):
            raise UsageError(f"{where}: não há turnos. Escreva uma lista de textos, ou um objeto com “turnos”.")
        expected = row.get("esperado")
        if expected is not None and expected not in (SUGGEST, SILENCE, REFER):
            raise UsageError(f"{where}: esperado “{expected}” não existe. Use sugerir, silencio ou encaminhar.")
        yield Dialogue(
            str(row.get("id", number)),
            tuple(turns),
            tuple(map(str, _list(row.get("termos")))),
            expected,
            frozenset(map(str, _list(row.get("categorias")))),
            tuple(map(str, _list(row.get("proibidos")))),
            bool(row.get("grave")),
        )


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
