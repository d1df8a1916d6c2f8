"""What the answer to an attendant's question tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.suggestions import numbers
from balto_cli.suggestions.allergies import named_allergens
from balto_cli.suggestions.phrases import phrase

if TYPE_CHECKING:
    from balto_cli.suggestions.lexicon import Lexicon
    from balto_cli.suggestions.notes import Notes
    from balto_cli.suggestions.sentences import Sentence

_NO = phrase("reading.no")
_RX_NO = phrase("reading.rx_no")
_SHOWN = phrase("reading.shown")
_YES = phrase("reading.yes")
_WITHOUT = re.compile(r"\b(?:sem|nao)\b")
_MOST_A_DAY = 4
"""Tablets of a day above which the answer to "quantos tomou?" is the pharmacist's, whatever they are."""


def take_answer(sentence: Sentence, notes: Notes, lexicon: Lexicon) -> None:
    """Note what a sentence answers to the question that is open."""
    asked, notes.asked = notes.asked, None
    if asked is None:
        return
    words, facts = sentence.words, notes.facts
    yes, no = bool(_YES.search(words)), bool(_NO.search(words))
    if asked.age:
        age = numbers.bare_age_months(words)
        if age is not None:
            facts.age_months = age
            facts.child = facts.child and age < 144
            if age >= 720:
                facts.conditions.add("idoso")
    if asked.temperature:
        notes.add_temperature(words)
    if asked.prescription:
        denied = no or bool(_RX_NO.search(words) or _WITHOUT.search(words))
        notes.papers.append(not denied and (yes or bool(_SHOWN.search(words))))
    elif asked.paper:
        if no or _RX_NO.search(words):
            notes.papers.append(False)
        elif _SHOWN.search(words):
            notes.papers.append(True)
    if no:
        facts.denied_conditions |= asked.conditions
        facts.no_allergies = facts.no_allergies or asked.allergy
        if asked.pregnant:
            facts.pregnant = facts.pregnant or False
        if asked.lactating:
            facts.lactating = facts.lactating or False
    elif yes:
        notes.texts.append(asked.words)
        for name, words_said in asked.needs.items():
            facts.needs.setdefault(name, words_said)
        for sign, said in asked.signs.values():
            notes.add_sign(sign, said)
        facts.worries += asked.worries
        facts.conditions |= asked.conditions
        facts.allergies |= asked.allergens
        facts.pregnant = True if asked.pregnant else facts.pregnant
        facts.lactating = True if asked.lactating else facts.lactating
    if asked.allergy and not no:
        named = named_allergens(words, lexicon)
        facts.allergies |= named
        if named or asked.allergens:
            facts.allergies.discard("*")
        elif yes:
            facts.allergies.add("*")
    if asked.dose and (numbers.bare_number(words) or 0) > _MOST_A_DAY:
        notes.add_sign(lexicon.overdose, words)
