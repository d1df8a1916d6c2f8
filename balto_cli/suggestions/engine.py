"""The engine: turns in, one safe answer out. The rules work offline; a model may only pick among their candidates."""

from __future__ import annotations

from dataclasses import replace
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
    """What a chooser answers: ids of candidates in its order, empty for silence; the model and what it cost."""

    @property
    def picked(self) -> tuple[str, ...]:
        """Ids of candidates, empty for silence."""

    @property
    def model(self) -> str:
        """Which model chose."""

    @property
    def cost_brl(self) -> float:
        """What it cost, in reais."""


class Chooser(Protocol):
    """Picks among candidates, or gives None where it cannot in time."""

    async def choose(self, turns: Sequence[str], candidates: Candidates, budget_s: float) -> Choice | None:
        """Never raises."""


class SuggestionEngine:
    """Decides what the attendant hears. Without a `chooser` it is pure and synchronous."""

    def __init__(
        self, catalogue: Catalogue | None = None, lexicon: Lexicon | None = None, chooser: Chooser | None = None
    ) -> None:
        self._catalogue = catalogue or load_catalogue()
        self._lexicon = lexicon or load_lexicon()
        self._chooser = chooser
        self.versions = {
            "regras": f"{RULES_VERSION}-{self._lexicon.version}",
            "catalogo": self._catalogue.version,
        }

    @classmethod
    def offline(cls, own: Sequence[Product] = (), refused: Iterable[str] = ()) -> Self:
        """The rules over Balto's catalogue and a pharmacy's own products, without those it refused; no network."""
        return cls(load_catalogue().with_own(own).without(refused))

    def suggest(self, turns: Sequence[str]) -> Suggestion:
        """The rules' answer to a conversation; where it holds two customers, to the last one."""
        answer, _, _ = self._decide(last_customer([str(turn) for turn in turns]))
        return answer

    async def decide(self, turns: Sequence[str], *, budget_s: float = 1.5) -> Suggestion:
        """The answer to one customer's turns, asking the chooser where the rules have candidates.

        `budget_s`: how long the chooser may take; then the rules' answer goes out.
        """
        said = last_customer([str(turn) for turn in turns])
        answer, candidates, facts = self._decide(said)
        if self._chooser is None or candidates is None or facts is None or budget_s <= 0:
            return answer
        choice = await self._chooser.choose(said, candidates, budget_s)
        if choice is None:
            return answer
        if not choice.picked:
            return silence("modelo", "o modelo preferiu não sugerir").with_versions(self.versions)
        products = chosen(candidates, choice.picked, facts, self._catalogue)
        made = self._made(candidates, products, facts)
        if made is None:
            return answer
        return replace(made, model=choice.model, cost_brl=choice.cost_brl)

    def _decide(self, turns: Sequence[str]) -> tuple[Suggestion, Candidates | None, Facts | None]:
        facts = facts_of(turns, self._lexicon)
        found = decide(facts, self._catalogue, self._lexicon)
        if isinstance(found, Suggestion):
            return found.with_versions(self.versions), None, None
        made = self._made(found, chosen(found, (p.id for p in found.products), facts, self._catalogue), facts)
        if made is None:
            return (
                silence("nada_seguro", "nenhum produto seguro para este caso").with_versions(self.versions),
                None,
                None,
            )
        return made, found, facts

    def _made(self, candidates: Candidates, products: Sequence[Product], facts: Facts) -> Suggestion | None:
        made = wording.suggestion(candidates, products, facts, self._catalogue, self._lexicon)
        if made is None or not wording.is_sendable(made, self._catalogue):
            return None
        return made.with_versions(self.versions)
