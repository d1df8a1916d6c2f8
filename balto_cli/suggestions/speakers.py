"""Who speaks in a sentence and of whom: a customer of oneself, a child or a neighbour, or an attendant who asks."""

from __future__ import annotations

import re
from dataclasses import replace

from balto_cli.suggestions.phrases import phrase
from balto_cli.suggestions.sentences import Sentence, sentences_of

_CALLED = phrase("reading.called")
_CHILD = phrase("reading.child")
_CUSTOMER_ASKS = phrase("reading.customer_asks")
_CUSTOMER_QUESTION = phrase("reading.customer_question")
_DISTANT = phrase("reading.distant")
_FAMILY = phrase("reading.family")
_FAMILY_TELLS = phrase("reading.family_tells")
_FIRST_PERSON = phrase("reading.first_person")
_FOR_THEM = phrase("reading.for_them")
_KIN_SUFFERS = phrase("reading.kin_suffers")
_MY_CHILD = phrase("reading.my_child")
_NEED_QUESTION = phrase("reading.need_question")
_NO = phrase("reading.no")
_OF_ONESELF = phrase("reading.of_oneself")
_OVER = phrase("reading.over")
_PAST = phrase("reading.past")
_PLACE_OF = phrase("reading.place_of")
_PRESENT = phrase("reading.present")
_PRESENT_STATE = phrase("reading.present_state")
_RX_YES = phrase("reading.rx_yes")
_SECOND_PERSON = phrase("reading.second_person")
_STILL = phrase("reading.still")
_TELLING = phrase("reading.telling")
_TO_CUSTOMER = phrase("reading.to_customer")
_KIN = phrase("reading.called_kin")
_SELF_TALK = phrase("reading.self_talk")
_WHICH_ONE = phrase("reading.which_one")
_YES = phrase("reading.yes")
_QUOTED = re.compile(r"\b(?:disse|diz|falou|fala|contou|conta|jura|segundo|palavra d[eoa])\b")
_FORMS_OF_ASKING = tuple(
    phrase(f"reading.{name}") for name in ("where_question", "dose_question", "age_question", "unmarked_question")
)
_LONGEST_QUESTION = 10
"""Words of a question that is told by its answer alone."""
_LONGEST_BARE_QUESTION = 7
"""Words of a question without a "voce" that an attendant puts: "febre alta?"."""


def marked(turn: str, following: str | None) -> tuple[Sentence, ...]:
    """A turn's sentences, with the questions that an engine wrote without their sign.

    They are what is put to the customer, or answered by yes or no in the turn that follows.
    """
    sentences = sentences_of(turn)
    after = sentences_of(following)[:1] if following else ()
    answered = bool(after) and bool(_NO.search(after[0].words) or _YES.search(after[0].words))
    return tuple(
        replace(s, question=True)
        if not s.question
        and (
            _TO_CUSTOMER.search(s.words)
            or (following is not None and s is sentences[-1] and _is_a_form_of_asking(s.words))
            or (answered and s is sentences[-1] and _sounds_asked(s.words))
        )
        else s
        for s in sentences
    )


def _is_a_form_of_asking(words: str) -> bool:
    """Whether only an attendant says that, and to ask: "onde dói", "idade"."""
    return len(words.split()) <= _LONGEST_BARE_QUESTION and any(form.search(words) for form in _FORMS_OF_ASKING)


def _sounds_asked(words: str) -> bool:
    return len(words.split()) <= _LONGEST_QUESTION and bool(_SECOND_PERSON.search(words)) and not _CHILD.search(words)


def is_distant(sentence: Sentence) -> bool:
    """Whether what is told concerns nobody who is to be helped here and now."""
    return is_far(sentence) or _is_of_the_family(sentence)


def is_far(sentence: Sentence) -> bool:
    """Whether it concerns a neighbour, or is over."""
    words = without_vocative(sentence)
    if _OVER.search(words):
        return True
    if _FOR_THEM.search(words) or _RX_YES.search(words):
        return False
    # Whose house it is or who came along does not suffer.
    persons = _PLACE_OF.sub(" ", words)
    if (
        _DISTANT.search(persons)
        and not _KIN_SUFFERS.search(words)
        and _TELLING.search(words)
        and not (_OF_ONESELF.search(words) or _MY_CHILD.search(words))
    ):
        return True
    return (
        bool(_PAST.search(words))
        and not _STILL.search(words)
        and not _PRESENT.search(words)
        # What is of last year may be the prescription.
        and not re.search(r"\b(?:receita|ja (?:tomei|tomou|dei))\b", words)
    )


def far_since(sentence: Sentence, *, loosely: bool = False) -> int:
    """From where on a distant sentence is of somebody else: what stands in clauses before that one is not.

    `loosely`: an engine that wrote no commas is forgiven, and what stands before that person is not hers.
    """
    words = sentence.words
    match = _DISTANT.search(words) or _FAMILY.search(words)
    if match is None or _PAST.search(words) or _OVER.search(words):
        return 0
    low = sentence.clause(match.start())[0]
    # "Curou a tosse, disse a comadre": all of it is hers.
    if _QUOTED.search(words[low : match.start()]):
        return 0
    return match.start() if loosely and not sentence.breaks else low


def _is_of_the_family(sentence: Sentence) -> bool:
    """Whether somebody tells what one of the family takes: no request, but a danger in it is one."""
    words = without_vocative(sentence)
    return not (_FOR_THEM.search(words) or _RX_YES.search(words)) and bool(
        _FAMILY.search(words)
        and not _CHILD.search(words)
        and _FAMILY_TELLS.search(words)
        and not _PRESENT_STATE.search(words)
    )


def is_attendants(words: str) -> bool:
    """Whether a question is put to the customer, not by one."""
    if _WHICH_ONE.search(words):
        return True
    if _SECOND_PERSON.search(words):
        return not _CUSTOMER_ASKS.search(words)
    return len(words.split()) <= _LONGEST_BARE_QUESTION and not (
        _FIRST_PERSON.search(words)
        or _NEED_QUESTION.search(words)
        or _CUSTOMER_QUESTION.search(words)
        or re.search(r"\b(?:tem|teria|voces|quanto|o que|qual|vou|vamos|fui)\b", words)
    )


def without_vocative(sentence: Sentence) -> str:
    """The words without "minha filha", "amigo" and the like at their head where somebody is spoken to, not of.

    "Meu filho" stays unless the speaker goes on about herself: a child too many is asked after, one too few is not.
    """
    words = sentence.words
    match = _CALLED.search(words)
    if match is None:
        return words
    rest = words[match.end() :].strip()
    apart = bool(sentence.breaks) and sentence.breaks[0] == match.end()
    if _SELF_TALK.search(rest) or (apart and not _KIN.search(match.group())):
        return rest
    return words
