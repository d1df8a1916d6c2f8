"""Brings two spellings of the same Portuguese words to one form, so that only what was heard counts as an error.

The canonical form is made of lower-case words parted by single spaces, with numbers in digits: "500 mg", "2,5 ml",
"14:30", "15 de março de 2026", "12,50 reais", "50 %". Accents stay: avó is not avô. Each rule is an object with a name,
a description and an example (`RULES`, in order); `normalize_words` and `explain` say which rule changed which word.
"""

from __future__ import annotations

from balto_cli.evaluation.normalize.accents import accents_apart
from balto_cli.evaluation.normalize.characters import ROUND_TAGS, SQUARE_TAGS, blank_tags
from balto_cli.evaluation.normalize.order import RULES, TEXT_RULES
from balto_cli.evaluation.normalize.passes import apply_rules
from balto_cli.evaluation.normalize.provenance import NormalizedWord, RuleChange, explain, normalize_words
from balto_cli.evaluation.normalize.rule import Rule

__all__ = [
    "ROUND_TAGS",
    "RULES",
    "SQUARE_TAGS",
    "NormalizedWord",
    "Rule",
    "RuleChange",
    "accents_apart",
    "explain",
    "normalize",
    "normalize_words",
]


def normalize(text: str) -> str:
    """Return `text` in its canonical form, "" where no word is left. Pure, idempotent, never raises."""
    text = blank_tags(text)
    for rule in TEXT_RULES:
        text = rule.apply(text)
    return " ".join(apply_rules(text.split()))
