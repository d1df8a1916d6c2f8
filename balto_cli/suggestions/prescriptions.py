"""Whether a prescription is there, missing, or only spoken of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.suggestions.notes import Asked
from balto_cli.suggestions.phrases import phrase

if TYPE_CHECKING:
    from balto_cli.suggestions.notes import Notes
    from balto_cli.suggestions.sentences import Sentence

_FIRST_PERSON = phrase("reading.first_person")
_PRESCRIBED = phrase("reading.prescribed")
_PRESCRIPTION_RULE = phrase("reading.prescription_rule")
_PRESCRIPTION_SEEN = phrase("reading.prescription_seen")
_RX_NO = phrase("reading.rx_no")
_NO = "nao "
_RX_WORD = phrase("reading.rx_word")
_RX_YES = phrase("reading.rx_yes")


def read_prescription(sentence: Sentence, notes: Notes, waiting: Asked | None) -> None:
    """Note what is said of a prescription; with `waiting`, that an attendant asks for it."""
    words = sentence.words
    if words.startswith(_NO) and sentence.breaks[:1] == (len(_NO) - 1,):
        # "Não, a receita tá aqui": what is denied stands before the comma.
        words = words.removeprefix(_NO)
    if waiting is not None or sentence.question:
        if _RX_WORD.search(words) or re.search(r"\btrouxe\b", words):
            if waiting is None:
                if _RX_NO.search(words) and not re.search(r"\bprecisa\b", words):
                    notes.papers.append(False)
                elif _RX_YES.search(words) and not _PRESCRIPTION_RULE.search(words):
                    notes.papers.append(True)
                return
            waiting.prescription = True
        elif _RX_NO.search(words):
            notes.papers.append(False)
        return
    if _RX_WORD.search(words) and _PRESCRIPTION_RULE.search(words) and not _FIRST_PERSON.search(words):
        notes.asked = Asked(paper=True)
    if _RX_NO.search(words):
        notes.papers.append(False)
    elif (_RX_YES.search(words) and not _PRESCRIPTION_RULE.search(words)) or _PRESCRIPTION_SEEN.search(words):
        notes.papers.append(True)
    if _PRESCRIBED.search(words):
        notes.facts.prescribed = True
