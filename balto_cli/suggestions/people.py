"""For whom a customer asks: age, a child, a baby, pregnancy and breast-feeding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.suggestions import numbers
from balto_cli.suggestions.phrases import phrase
from balto_cli.suggestions.speakers import is_distant, without_vocative

if TYPE_CHECKING:
    from balto_cli.suggestions.notes import Asked, Notes
    from balto_cli.suggestions.sentences import Sentence

_AGE_QUESTION = phrase("reading.age_question")
_BABY = phrase("reading.baby")
_CHILD = phrase("reading.child")
_DOSE_QUESTION = phrase("reading.dose_question")
_FEVER_QUESTION = phrase("reading.fever_question")
_LACTATING = phrase("reading.lactating")
_MAYBE_PREGNANT = phrase("reading.maybe_pregnant")
_NOT_THE_CHILD = phrase("reading.not_the_child")
_OF_ONESELF = phrase("reading.of_oneself")
_PREGNANT = phrase("reading.pregnant")
_SELF_CORRECTION = phrase("reading.self_correction")
_ENDED = re.compile(r"\b(?:parei|parou|deixei|deixou|terminei|acabei) de $")
_ADOLESCENT_MONTHS = 144
"""Age that is taken for granted of an adolescent: the least there is."""


def read_person(sentence: Sentence, notes: Notes, waiting: Asked | None) -> None:
    """Note for whom the customer asks; with `waiting`, what an attendant wants to know of it."""
    words, facts = without_vocative(sentence), notes.facts
    if _SELF_CORRECTION.search(sentence.words):
        # "Não tô grávida. Quer dizer, tô": what was denied holds.
        facts.pregnant = True if facts.pregnant is False else facts.pregnant
        facts.lactating = True if facts.lactating is False and not facts.pregnant else facts.lactating
    # Offsets in the words without whom they are spoken to are nearer to the start.
    shift = 0 if sentence.words.startswith(words) else len(sentence.words) - len(words)
    child = bool(_CHILD.search(words))
    pregnant = False
    for match in _PREGNANT.finditer(words):
        if _MAYBE_PREGNANT.search(words):
            continue
        pregnant = True
        if waiting is not None:
            waiting.pregnant = True
        elif sentence.denies(match.start() + shift, match.end() + shift):
            facts.pregnant = facts.pregnant or False
        elif not is_distant(sentence):
            facts.pregnant = True
    for match in _LACTATING.finditer(words):
        if waiting is not None:
            waiting.lactating = True
        elif sentence.denies(match.start() + shift, match.end() + shift) or _ENDED.search(words[: match.start()]):
            facts.lactating = facts.lactating or False
        else:
            facts.lactating = True
    if waiting is not None and _AGE_QUESTION.search(words):
        waiting.age = True
    if waiting is not None and _DOSE_QUESTION.search(words):
        waiting.dose = True
    if waiting is not None and _FEVER_QUESTION.search(words):
        waiting.temperature = True
    if _AGE_QUESTION.search(words) or is_distant(sentence):
        return
    if facts.age_months is None and waiting is None and "adolescente" in words:
        facts.age_months = _ADOLESCENT_MONTHS
    patient_child = child and (
        not (pregnant or facts.lactating or _NOT_THE_CHILD.search(words))
        or bool(re.search(r"\b(?:ele|ela|dele|dela|pro|pra) ", words))
    )
    if patient_child and waiting is None:
        facts.child = True
        notes.last_child = True
    born = _NOT_THE_CHILD.search(words) and _OF_ONESELF.search(words)
    of_a_mother = pregnant or facts.pregnant is not None or facts.lactating
    if _BABY.search(words) and waiting is None and not (born or of_a_mother):
        facts.baby = True
        facts.child = True
    age = numbers.age_months(words, child=child or notes.last_child, pregnant=pregnant or facts.pregnant is True)
    if age is not None and waiting is None:
        facts.age_months = age
        if age >= 144:
            facts.child = False
        elif not re.search(r"\b(?:tenho|fiz)\b", words):
            facts.child = True
        if age >= 720:
            facts.conditions.add("idoso")
