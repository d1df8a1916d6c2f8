"""What an engine answers: suggest, stay silent or refer; plain values, ready for the wire and the database."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.suggestions.catalogue import Product

SUGGEST: Literal["sugerir"] = "sugerir"
SILENCE: Literal["silencio"] = "silencio"
REFER: Literal["encaminhar"] = "encaminhar"
Action = Literal["sugerir", "silencio", "encaminhar"]
Urgency = Literal["imediata", "farmaceutico"]


@dataclass(frozen=True, slots=True)
class Item:
    """One product of a suggestion, in the words that are sent."""

    product: Product
    name: str
    explanation: str
    category: str
    questions: tuple[str, ...]
    """One to three questions whose answer would forbid it; none for goods that nothing forbids."""

    @property
    def ingredients(self) -> tuple[str, ...]:
        """Keys of the active ingredients."""
        return self.product.ingredients

    @property
    def classes(self) -> tuple[str, ...]:
        """How it may be sold: `isento`, always."""
        return ("isento",)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer.

    `reason` is a template's sentence. `evidence` are words of the transcript that the rule went by: for people who
    check a rule, never sent. `versions` are those of the rules and of the catalogue; `model` is set where one chose.
    """

    action: Action
    category: str | None = None
    reason: str = ""
    items: tuple[Item, ...] = ()
    questions: tuple[str, ...] = ()
    urgency: Urgency | None = None
    rule: str = ""
    evidence: str = ""
    message: str = ""
    confidence: str = "media"
    versions: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    cost_brl: float = 0.0

    @property
    def perguntas(self) -> tuple[str, ...]:
        """The questions, by the name they have on the wire."""
        return self.questions

    def wire(self) -> dict[str, Any]:
        """The fields of `recomendar` or `encaminhar` that do not depend on the session; empty for silence."""
        if self.action == REFER:
            return {"motivo": self.reason, "urgencia": self.urgency}
        if self.action == SILENCE:
            return {}
        return {
            "produto": self.items[0].name,
            "explicacao": self.items[0].explanation,
            "categoria": self.category,
            "mensagem": self.message,
            "confianca": self.confidence,
            "itens": [
                {"sugestao": i.name, "explicacao": i.explanation, "categoria": i.category, "tag": i.category}
                for i in self.items
            ],
            "perguntas": list(self.questions),
        }

    def prediction(self, identifier: str) -> dict[str, Any]:
        """A line for `score_suggestions.py`."""
        return {
            "id": identifier,
            "acao": self.action,
            "categoria": self.category or "",
            "produtos": [item.name for item in self.items],
            "principios": sorted({key for item in self.items for key in item.ingredients}),
            "classes": sorted({name for item in self.items for name in item.classes}),
        }

    def stored(self) -> dict[str, Any]:
        """Everything for the database, but for the words of the transcript."""
        return {
            "acao": self.action,
            "categoria": self.category,
            "motivo": self.reason,
            "urgencia": self.urgency,
            "regra": self.rule,
            "itens": [item.product.id for item in self.items],
            "perguntas": list(self.questions),
            "versoes": dict(self.versions),
            "modelo": self.model,
            "custo_brl": self.cost_brl,
        }

    def with_versions(self, versions: Mapping[str, str]) -> Suggestion:
        """The same answer, stamped."""
        return replace(self, versions=versions)


def silence(rule: str, reason: str, evidence: str = "") -> Suggestion:
    """Nothing is said."""
    return Suggestion(SILENCE, reason=reason, rule=rule, evidence=evidence)


def refer(rule: str, reason: str, *, immediate: bool = False, evidence: str = "") -> Suggestion:
    """The attendant calls the pharmacist, or help."""
    return Suggestion(
        REFER, reason=reason, rule=rule, urgency="imediata" if immediate else "farmaceutico", evidence=evidence,
        confidence="alta",
    )  # fmt: skip
