"""The engine: turns in, one safe answer out. The rules work offline; a model may only pick among their candidates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, Self

from balto_cli.suggestions import wording
from balto_cli.suggestions.catalogue import load_catalogue
from balto_cli.suggestions.conversation import last_customer
from balto_cli.suggestions.decision import Suggestion, silence
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.reading import facts_of
from balto_cli.suggestions.rules import RULES_VERSION, Candidates, chosen, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.suggestions.catalogue import Catalogue, Product
    from balto_cli.suggestions.facts import Facts
    from balto_cli.suggestions.lexicon import Lexicon


class Choice(Protocol):
    """What a chooser answers: ids of candidates in its order; the model and what it cost."""

    @property
    def picked(self) -> tuple[str, ...] | None:
        """Ids of candidates, empty for silence; None where the rules' answer stands, which may have cost as well."""

    @property
    def model(self) -> str:
        """Which model chose."""

    @property
    def cost_brl(self) -> float:
        """What it cost, or may have cost, in reais."""


class Chooser(Protocol):
    """Picks among candidates, or leaves the rules' answer standing where it cannot in time."""

    async def choose(self, turns: Sequence[str], candidates: Candidates, budget_s: float) -> Choice | None:
        """None where nobody was asked. Never raises but when cancelled."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What the rules say of a customer's turns and, where they would suggest, among what a chooser may pick."""

    answer: Suggestion
    turns: tuple[str, ...]
    candidates: Candidates | None = None
    facts: Facts | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """The same for answers that tell an attendant the same: what, by which rule, among which products."""
        products = self.candidates.products if self.candidates else ()
        return (self.answer.action, self.answer.rule, *(product.id for product in products))


class SuggestionEngine:
    """Decides what the attendant hears. Without a `chooser` it is pure and synchronous."""

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        lexicon: Lexicon | None = None,
        chooser: Chooser | None = None,
        refused_rules: Iterable[str] = (),
    ) -> None:
        """`refused_rules` suggest nothing; a rule that refers or silences cannot be refused."""
        self._catalogue = catalogue or load_catalogue()
        self._lexicon = lexicon or load_lexicon()
        self._chooser = chooser
        self._refused = frozenset(refused_rules)
        self.versions = {
            "regras": f"{RULES_VERSION}-{self._lexicon.version}",
            "catalogo": self._catalogue.version,
        }

    @classmethod
    def offline(cls, own: Sequence[Product] = (), refused: Iterable[str] = ()) -> Self:
        """Balto's catalogue and a pharmacy's own products, without the products and rules that were refused."""
        gone = tuple(refused)
        return cls(load_catalogue().with_own(own).without(gone), refused_rules=gone)

    @property
    def asks_model(self) -> bool:
        """Whether there is a chooser to be asked."""
        return self._chooser is not None

    def suggest(self, turns: Sequence[str]) -> Suggestion:
        """The rules' answer to a conversation; where it holds two customers, to the last one."""
        return self.ruled(turns).answer

    async def decide(self, turns: Sequence[str], *, budget_s: float = 1.5) -> Suggestion:
        """The answer to one customer's turns, asking the chooser where the rules have candidates.

        `budget_s`: how long the chooser may take; then the rules' answer goes out.
        """
        return await self.refined(self.ruled(turns), budget_s=budget_s)

    def ruled(self, turns: Sequence[str]) -> Ruled:
        """The rules alone: milliseconds for one customer's turns, a tenth of a second for the longest of talks."""
        said = tuple(last_customer([str(turn) for turn in turns]))
        facts = facts_of(said, self._lexicon)
        found = decide(facts, self._catalogue, self._lexicon)
        if isinstance(found, Suggestion):
            return Ruled(found.with_versions(self.versions), said)
        if found.rule in self._refused:
            refused = silence("regra_recusada", "um farmacêutico recusou a regra que sugeriria")
            return Ruled(refused.with_versions(self.versions), said)
        made = self._made(found, chosen(found, (p.id for p in found.products), facts, self._catalogue), facts)
        if made is None:
            return Ruled(
                silence("nada_seguro", "nenhum produto seguro para este caso").with_versions(self.versions), said
            )
        return Ruled(made, said, found, facts)

    async def refined(self, ruled: Ruled, *, budget_s: float) -> Suggestion:
        """The rules' answer, or what the chooser made of it within `budget_s`."""
        candidates, facts = ruled.candidates, ruled.facts
        if self._chooser is None or candidates is None or facts is None or budget_s <= 0:
            return ruled.answer
        choice = await self._chooser.choose(ruled.turns, candidates, budget_s)
        if choice is None:
            return ruled.answer
        if choice.picked is None:
            return replace(ruled.answer, cost_brl=choice.cost_brl)
        if not choice.picked:
            nothing = silence("modelo", "o modelo preferiu não sugerir").with_versions(self.versions)
            return replace(nothing, model=choice.model, cost_brl=choice.cost_brl)
        made = self._made(candidates, chosen(candidates, choice.picked, facts, self._catalogue), facts)
        if made is None:
            return replace(ruled.answer, cost_brl=choice.cost_brl)
        return replace(made, model=choice.model, cost_brl=choice.cost_brl)

    def _made(self, candidates: Candidates, products: Sequence[Product], facts: Facts) -> Suggestion | None:
        made = wording.suggestion(candidates, products, facts, self._catalogue, self._lexicon)
        if made is None or not wording.is_sendable(made, self._catalogue):
            return None
        return made.with_versions(self.versions)
