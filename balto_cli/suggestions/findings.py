"""Complaints, alarm signs and conditions in a sentence, as far as they are meant and not denied."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.suggestions.allergies import named_allergens
from balto_cli.suggestions.patterns import since_turn
from balto_cli.suggestions.phrases import phrase

if TYPE_CHECKING:
    from balto_cli.suggestions.lexicon import Lexicon
    from balto_cli.suggestions.notes import Asked, Notes
    from balto_cli.suggestions.patterns import Pattern
    from balto_cli.suggestions.sentences import Sentence

_ALLERGY = phrase("reading.allergy")
_COMPLAINT = phrase("reading.complaint")
_FIGURATIVE = phrase("reading.figurative")
_FIGURE_WORDS = phrase("reading.figure_words")
_FIRST_PERSON = phrase("reading.first_person")
_PAST = phrase("reading.past")
_PRICE_WORDS = phrase("reading.price_words")
_REAL_COMPLAINT = phrase("reading.real_complaint")
_SERVICE = phrase("reading.service")
_GIVES = re.compile(r"\b(?:da|dao|deu|incha|enche|fecha|empola|empipoca|ataca)\b")
_SOME_MEDICINE = re.compile(r"\b(?:remedio|medicamento|comprimido|antibiotico|xarope|injecao|pomada)s?\b")
_DENIAL = re.compile(
    r"\b(?:sem|nem|nunca|ninguem"
    r"|nao(?! (?:para|paro|parou|parei|passa|passou|acho|acha|saem?|obedece|larg\w+|melhora|melhorou|aguento|resolve"
    r"|sai|cessa)))\b"
)
_OFTEN_FIGURATIVE = frozenset(
    """
    dor_cabeca febre enjoo cansaco ansiedade insonia azia dor_muscular ma_digestao vomito rinite alergia_pele contusao
    dor_dente memoria acne verme
    """.split()  # noqa: SIM905
)
"""Complaints that people make of taxes, teams and traffic."""


def read_conditions(
    sentence: Sentence, notes: Notes, lexicon: Lexicon, waiting: Asked | None, *, distant: bool
) -> None:
    """Note diseases, habits and groups of medicines in use, said or denied."""
    for position, matches in lexicon.condition_patterns.find(sentence.words):
        condition = lexicon.conditions[position]
        for match in matches:
            if waiting is not None:
                waiting.conditions.add(condition.target)
            elif distant or sentence.conditional(match.start):
                continue
            elif sentence.denies(match.start, match.end) and not match.words.startswith(("nao", "sem")):
                notes.facts.denied_conditions.add(condition.target)
            else:
                notes.facts.conditions.add(condition.target)


def read_signs(
    sentence: Sentence,
    notes: Notes,
    lexicon: Lexicon,
    waiting: Asked | None,
    *,
    distant: bool,
    only_immediate: bool = False,
    since: int = 0,
) -> None:
    """Note alarm signs, `distant` those from `since` on.

    What is told of a neighbour counts only where it is happening here and is immediate.
    """
    words = sentence.words
    figures = [match.span() for match in _FIGURATIVE.finditer(words)]
    # What a medicine that is named gives is an allergy; what "o remédio" gave is happening.
    if named_allergens(words, lexicon) or not _SOME_MEDICINE.search(words):
        figures += [match.span() for match in _ALLERGY.finditer(words) if _GIVES.search(match.group())]
    for position, matches in lexicon.sign_patterns.find(words):
        sign = lexicon.signs[position]
        for match in matches:
            # A figure of speech takes away its own words only: who jokes and suffers in one breath suffers.
            if (only_immediate and not sign.immediate) or any(
                start < match.end and match.start < end for start, end in figures
            ):
                continue
            own_denial = _own_denial(sign.pattern, match.words)
            if sentence.conditional(match.start) or (
                not own_denial and (_DENIAL.search(since_turn(match.words)) or sentence.denies(match.start, match.end))
            ):
                continue
            if waiting is not None and sign.id != "A08":
                waiting.signs[sign.id] = (sign, match.words)
            elif (
                distant
                and match.start >= since
                and not (
                    sign.immediate
                    and re.search(r"\b(?:agora|aqui|ta|esta|ajuda|rapido|socorro)\b", words)
                    and not _PAST.search(words)
                )
            ):
                continue
            else:
                notes.add_sign(sign, match.words)


def read_worries(
    sentence: Sentence, notes: Notes, lexicon: Lexicon, waiting: Asked | None, *, distant: bool, since: int = 0
) -> None:
    """Note what is said of a body beyond the complaints, but `distant` things from `since` on; see `rules.unread`."""
    figures = [match.span() for way in (_FIGURATIVE, _ALLERGY) for match in way.finditer(sentence.words)]
    for position, matches in lexicon.worry_patterns.find(sentence.words):
        worry = lexicon.worries[position]
        for match in matches:
            if (
                sentence.conditional(match.start)
                or (not _own_denial(worry.pattern, match.words) and sentence.denies(match.start, match.end))
                or any(start < match.end and match.start < end for start, end in figures)
            ):
                continue
            if waiting is not None:
                waiting.worries.append((worry, match.words))
            elif not distant or match.start < since:
                notes.facts.worries.append((worry, match.words))


def read_needs(
    sentence: Sentence,
    notes: Notes,
    lexicon: Lexicon,
    waiting: Asked | None,
    *,
    distant: bool,
    figurative: bool,
    since: int = 0,
) -> None:
    """Note complaints and things asked for, but `distant` ones from `since` on."""
    words, facts = sentence.words, notes.facts
    # A figure of speech takes away its own words, in a complaint not even those.
    figures = [m.span() for m in _FIGURATIVE.finditer(words)] if figurative and not _COMPLAINT.search(words) else []
    served = bool(_SERVICE.search(words)) and not _COMPLAINT.search(words)
    if served and sentence.question:
        return
    figured = bool(_FIGURE_WORDS.search(words)) and not _REAL_COMPLAINT.search(words)
    priced = bool(_PRICE_WORDS.search(words))
    # What somebody gets from a medicine that is named is an allergy, not today's complaint.
    told = [m.span() for m in _ALLERGY.finditer(words)] if named_allergens(words, lexicon) else []
    for position, matches in lexicon.need_patterns.find(words):
        need = lexicon.needs[position]
        if (figured and need.id in _OFTEN_FIGURATIVE) or (served and not need.symptom):
            continue
        for match in matches:
            phrase = match.words
            own_denial = _own_denial(need.pattern, phrase)
            if sentence.conditional(match.start) or (
                not own_denial and (_DENIAL.search(since_turn(match.words)) or sentence.denies(match.start, match.end))
            ):
                continue
            if any(start < match.end and match.start < end for start, end in figures):
                continue
            if any(start <= match.start and match.end <= end for start, end in told):
                continue
            if waiting is not None:
                waiting.needs[need.id] = phrase
            elif (
                (distant and match.start >= since)
                or (priced and not need.symptom)
                or (priced and not _FIRST_PERSON.search(words))
            ):
                continue
            else:
                facts.needs.setdefault(need.id, phrase)


def _own_denial(pattern: Pattern, words: str) -> bool:
    """Whether a denial inside a match is what the pattern speaks of, not one that stands between its words."""
    return pattern.speaks_of_denial and _DENIAL.search(words) is not None
