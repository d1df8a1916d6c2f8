"""The words that are sent: templates and the catalogue's own, never the transcript's or a model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.suggestions.catalogue import FORBIDDEN_STATUS
from balto_cli.suggestions.decision import SUGGEST, Item, Suggestion
from balto_cli.suggestions.safety import words_are_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.suggestions.catalogue import Catalogue, Caution, Product
    from balto_cli.suggestions.facts import Facts
    from balto_cli.suggestions.lexicon import Lexicon
    from balto_cli.suggestions.rules import Candidates

MAX_QUESTIONS = 3
_KIND_RANK = {"alergia": 0, "gestacao": 2, "condicao": 1, "interacao": 3, "lactacao": 4}
_FALLBACK = ("Tem alergia a algum medicamento?", "Toma algum remédio todos os dias?", "Tem alguma doença?")
_FOR_WOMEN = "Está grávida ou amamentando?"
_DISCLAIMER = "Confira com o cliente; na dúvida, chame o farmacêutico."


def suggestion(
    candidates: Candidates, products: Sequence[Product], facts: Facts, catalogue: Catalogue, lexicon: Lexicon
) -> Suggestion | None:
    """The suggestion of these products, or None where no words for it pass the scan."""
    items = tuple(
        item
        for product in products
        if words_are_safe(
            (item := _item(product, candidates.category, facts, catalogue, lexicon)).explanation, (item,), catalogue
        )
    )
    if not items:
        return None
    names = [item.name for item in items]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} ou {names[-1]}"
    questions = _together(items)
    return Suggestion(
        SUGGEST,
        category=candidates.category,
        reason=candidates.reason,
        items=items,
        questions=questions,
        rule=candidates.rule,
        evidence=candidates.evidence,
        message=f"Pode oferecer: {listed}. {_DISCLAIMER}",
        confidence="alta" if not any(item.product.is_medicine for item in items) else "media",
    )


def _item(product: Product, category: str, facts: Facts, catalogue: Catalogue, lexicon: Lexicon) -> Item:
    explanation = f"{product.explanation[:1].upper()}{product.explanation[1:]}."
    return Item(product, product.name, explanation, category, questions_of(product, facts, catalogue, lexicon))


def questions_of(product: Product, facts: Facts, catalogue: Catalogue, lexicon: Lexicon) -> tuple[str, ...]:
    """Up to three questions without an answer that would forbid the product; a medicine has at least one."""
    rows = sorted(catalogue.cautions_of(product.ingredients, product.classes), key=_weight)
    asked: dict[str, None] = {}
    for row in rows:
        if row.kind == "alergia" and facts.no_allergies:
            continue
        if row.kind in ("gestacao", "lactacao"):
            if facts.pregnant is None and facts.lactating is None and not facts.is_minor:
                asked[_FOR_WOMEN] = None
            continue
        if row.kind not in _KIND_RANK:
            continue
        for target in row.target.split(";"):
            if target in facts.denied_conditions:
                continue
            question = lexicon.question(target)
            if question:
                asked[question] = None
    if product.is_medicine and not asked:
        asked = dict.fromkeys(q for q in _FALLBACK if not (facts.no_allergies and "alergia" in q))
    return tuple(asked)[:MAX_QUESTIONS]


def _weight(row: Caution) -> tuple[bool, int, str]:
    return (not row.forbids, _KIND_RANK.get(row.kind, 9), row.id)


def _together(items: Sequence[Item]) -> tuple[str, ...]:
    """The questions of all items, each item's first before any item's second."""
    found: dict[str, None] = {}
    for position in range(MAX_QUESTIONS):
        for item in items:
            if position < len(item.questions):
                found[item.questions[position]] = None
    return tuple(found)[:MAX_QUESTIONS]


def is_sendable(answer: Suggestion, catalogue: Catalogue) -> bool:
    """The last look at an answer: only free products of the catalogue, and words that pass the scan."""
    words = (answer.reason, answer.message, *(item.explanation for item in answer.items), *answer.questions)
    scanned = (answer.message, *(item.explanation for item in answer.items))
    return (
        all(
            catalogue.by_id.get(item.product.id) is item.product and item.name == item.product.name
            for item in answer.items
        )
        and not any(FORBIDDEN_STATUS & {item.product.status} for item in answer.items)
        and all(len(text) < 400 for text in words)
        and all(words_are_safe(text, answer.items, catalogue) for text in scanned)
    )
