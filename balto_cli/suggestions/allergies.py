"""To what a customer is allergic, as it is told or answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.suggestions.phrases import phrase

if TYPE_CHECKING:
    from balto_cli.suggestions.lexicon import Lexicon
    from balto_cli.suggestions.mentions import Mention
    from balto_cli.suggestions.notes import Asked, Notes
    from balto_cli.suggestions.sentences import Sentence

_ALLERGY = phrase("reading.allergy")
_ALLERGY_ENDS = phrase("reading.allergy_ends")
_ALLERGY_NONE = phrase("reading.allergy_none")
_WHICH = phrase("reading.which")
_UNKNOWN = "desconhecido"
"""The row of the table for an allergy to a medicine that is not named."""
_MAY_NOT = re.compile(r" ?(?:eu |ele |ela )?nao (?:posso|pode|podia)(?: (?:tomar|usar))?\b")
"""After a medicine: who has it may not take it."""


def read_allergies(
    sentence: Sentence, terms: list[Mention], notes: Notes, lexicon: Lexicon, waiting: Asked | None
) -> None:
    """Note to what somebody is allergic, and which of the medicines named are named for that."""
    words, facts = sentence.words, notes.facts
    if waiting is not None:
        _allergy_question(words, terms, notes, lexicon, waiting)
        return
    if _ALLERGY_NONE.search(words):
        facts.no_allergies = True
        return
    if not sentence.question:
        for mention in terms:
            match = _MAY_NOT.match(words, mention.until)
            if mention.role != "alheio" and match and match.end() in (*sentence.breaks, len(words)):
                mention.role = "alergia"
                facts.allergies |= set(mention.ingredients)
    found = list(_ALLERGY.finditer(words))
    if not found:
        return
    first = found[0]
    if sentence.denies(first.start(), first.end()) and not first.group().startswith(("nao", "nunca")):
        return
    low, high = sentence.clause(first.start())
    near = words[low : max(high, first.end() + 40)]
    groups = named_allergens(near, lexicon)
    facts.allergies |= groups
    named = bool(groups)
    for mention in terms:
        ended = _ALLERGY_ENDS.search(words[first.end() : mention.at])
        if (
            mention.role != "alheio"
            and not ended
            and (low <= mention.at < high or not first.group().startswith(("aler", "into", "nao", "nunca")))
        ):
            mention.role = "alergia"
            facts.allergies |= set(mention.ingredients)
            named = True
    unknown = next(a for a in lexicon.allergens if a.target == _UNKNOWN)
    if not named and unknown.pattern.search(near):
        facts.allergies.add("*")


def _allergy_question(words: str, terms: list[Mention], notes: Notes, lexicon: Lexicon, waiting: Asked) -> None:
    again = "*" in notes.facts.allergies and bool(_WHICH.search(words))
    waiting.allergy = "alergi" in words or again
    if not waiting.allergy:
        return
    waiting.allergens = named_allergens(words, lexicon)
    for mention in terms:
        mention.role = "alergia"
        waiting.allergens |= set(mention.ingredients)


def named_allergens(words: str, lexicon: Lexicon) -> set[str]:
    """The allergens in some words, and their groups."""
    found = (lexicon.allergens[position] for position, _ in lexicon.allergen_patterns.find(words))
    return {group for allergen in found if allergen.target != _UNKNOWN for group in (allergen.target, *allergen.groups)}
