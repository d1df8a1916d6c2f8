"""Reads the facts of one customer's conversation, sentence after sentence; see `facts` for what they are."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from balto_cli.suggestions import numbers
from balto_cli.suggestions.allergies import read_allergies
from balto_cli.suggestions.answers import take_answer
from balto_cli.suggestions.facts import Facts
from balto_cli.suggestions.findings import read_conditions, read_needs, read_signs, read_worries
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.mentions import ACCEPT, Mention, mentions_of
from balto_cli.suggestions.notes import Asked, Notes
from balto_cli.suggestions.people import read_person
from balto_cli.suggestions.phrases import phrase
from balto_cli.suggestions.prescriptions import read_prescription
from balto_cli.suggestions.speakers import far_since, is_attendants, is_distant, is_far, marked

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from balto_cli.suggestions.lexicon import Lexicon
    from balto_cli.suggestions.sentences import Sentence

_AFTER_MEDICINE = phrase("reading.after_medicine")
_ANTIBIOTIC_OVER = phrase("reading.antibiotic_over")
_ASKED_CLASS = phrase("reading.asked_class")
_ASKS_LEAVE = phrase("reading.asks_leave")
_BITE = phrase("reading.bite")
_CLOSED = phrase("reading.closed")
_COMPLAINT = phrase("reading.complaint")
_FIGURATIVE = phrase("reading.figurative")
_FOR_THEM = phrase("reading.for_them")
_HAPPENED_TO_ME = phrase("reading.happened_to_me")
_MEDIA = phrase("reading.media")
_MILD = phrase("reading.mild")
_MANY_TAKEN = phrase("reading.many_taken")
_ONLY_PRICE = phrase("reading.only_price")
_ORDER = phrase("reading.order")
_OTHER_SPAN = phrase("reading.other_span")
_OWN_COMPLAINT = phrase("reading.own_complaint")
_PET = phrase("reading.pet")
_PET_AILS_ME = phrase("reading.pet_ails_me")
_PHONE = phrase("reading.phone")
_STOCK = phrase("reading.stock")
_TEMPERATURE_CUE = phrase("reading.temperature_cue")
_TEMPERATURE_TOLD = phrase("reading.temperature_told")
_WHERE = phrase("reading.where_question")
_TRUSTED_USE = phrase("reading.trusted_use")
_DENIED = re.compile(
    r"\b(?:sem|nem|nenhuma?|nao (?:tenho|tem|to com|ta com|esta com|teve|tive|deu|sinto|sente)) \w+|\b\w+ nao$"
)
"""What is said not to be there, as far as two words tell it: no company for a sign that needs some."""
_WANTS = re.compile(r"^nao\b|\b(?:quero|queria|me (?:ve|da)|levo|vou levar|tem)\b")
"""In the answer to whether somebody is allergic: what is named is no allergen."""
_TAKES_ONLY = re.compile(
    r"\b(?:vou (?:levar|querer) (?:\w+ )?so|so (?:vou (?:levar|querer|pegar)|levo)|levo so|vim (?:aqui )?so)\b"
    r"|^(?:e |era )?so (?:o|a|os|as|ess[ea]|est[ea]|um|uma) (?:\w+ ){1,4}mesmo"
    r"(?: (?:pode|obrigad\w+|valeu|brigad\w+)\b|$)"
)
"""Who takes one thing and no more: it may be a plaster, and no wound was told."""
_LEAST_OF_ECHO, _LONGEST_ECHO = 2, 4
"""Sentences of the turn; words of its first one."""
_DENIES_ECHO = re.compile(
    r"^(?:nao|nada|que nada|imagina|magina|nem|que \w+$|que \w+ |foi|isso (?:e|foi)|capaz|deus me livre|credo|eu nao"
    r"|jamais|nunca|e (?:so|d[oa]|o|a))\b"
)
_GOES_ON = re.compile(r"\b(?:mas|porem|(?<!e )so que|quero|queria|preciso|e pra|ta doendo|doi|comecou)\b")
_UNWANTED = re.compile(r"\bnao (?:quero|queria|preciso|precisa|gosto|vou|posso)(?: \w+){0,3} ?$")
_PAIN = "dor "
_KEPT_CONVERSATIONS = 1024
"""More than twice the sessions that a server may hold: each has what it was and what it is with its newest turn."""
_LONGEST_KEPT = 60
"""Turns of a conversation beyond which nothing is kept of it."""
_LONG_TURN = 40
"""Characters of a turn that opens a conversation again which "só isso" had closed."""
_SAME_AGAIN = phrase("reading.same_again")
_SPOKEN_GROUPS = tuple(
    (name, phrase(f"reading.grupo_{name}")) for name in ("antimicrobiano", "controlado", "tarja_vermelha")
)


def facts_of(turns: Sequence[str], lexicon: Lexicon | None = None) -> Facts:
    """Read the facts of one customer's conversation, turn after turn.

    A conversation comes again with each turn that is added to it, so what was read of it before is kept for a while.
    """
    if not turns:
        return Facts()
    tables = lexicon or load_lexicon()
    reader = _Reader(tables, _settled(tuple(turns), tables).copy())
    reader.read(turns[-1], marked(turns[-1], None))
    return reader.notes.finish()


@lru_cache(maxsize=_KEPT_CONVERSATIONS)
def _settled(turns: tuple[str, ...], lexicon: Lexicon) -> Notes:
    """What all turns but the last tell: the last one only says whether the one before it was a question."""
    if len(turns) == 1:
        return Notes()
    if len(turns) > _LONGEST_KEPT:
        reader, left = _Reader(lexicon), turns
    else:
        reader, left = _Reader(lexicon, _settled(turns[:-1], lexicon).copy()), turns[-2:]
    for turn, following in pairwise(left):
        reader.read(turn, marked(turn, following))
    return reader.notes


class _Reader:
    """Reads on in some notes."""

    def __init__(self, lexicon: Lexicon, notes: Notes | None = None) -> None:
        self._lexicon = lexicon
        self.notes = notes or Notes()

    def read(self, turn: str, sentences: tuple[Sentence, ...]) -> None:
        terms = mentions_of(turn)
        phone = (
            bool(sentences)
            and any(_PHONE.search(s.words) for s in sentences)
            and not any(_FOR_THEM.search(s.words) for s in sentences)
        )
        if len(turn) > _LONG_TURN and not any(_CLOSED.search(s.words) for s in sentences):
            self.notes.facts.closed = False
        echoed = self._is_echo(sentences)
        for index, sentence in enumerate(sentences):
            inside = [m for m in terms if sentence.start <= m.start < sentence.end]
            for mention in inside:
                mention.place(turn, sentence)
            if phone or (echoed and not inside):
                read_signs(sentence, self.notes, self._lexicon, None, distant=False, only_immediate=True)
                continue
            self._sentence(sentence, inside, last=index == len(sentences) - 1)

    def _sentence(self, sentence: Sentence, terms: list[Mention], *, last: bool) -> None:
        if self.notes.asked is not None and self.notes.asked.where and not sentence.question and not terms:
            sentence = _of_a_pain(sentence)
        words, notes, lexicon = sentence.words, self.notes, self._lexicon
        facts = notes.facts
        if _ORDER.search(words):
            facts.ordered = True
            for mention in terms:
                mention.ordered = True
                facts.mentions.append(mention)
            facts.spoken_groups |= {
                name
                for name, pattern in _SPOKEN_GROUPS
                if pattern.search(words) and re.search(r"\b(?:quero|preciso|me (?:da|ve|vende|passa))\b", words)
            }
            return
        allergic_to = False
        if self.notes.asked is not None and not sentence.question:
            allergic_to = self.notes.asked.allergy and not _WANTS.search(words)
            take_answer(sentence, notes, lexicon)
        if _PET.search(words) and not _BITE.search(words) and not _PET_AILS_ME.search(words):
            facts.pet = True
            return
        if (_STOCK.search(words) and not _OWN_COMPLAINT.search(words)) or (
            _MEDIA.search(words) and not _COMPLAINT.search(words) and "receita" not in words
        ):
            told_elsewhere = bool(_MEDIA.search(words))
            mine = not told_elsewhere and bool(_HAPPENED_TO_ME.search(words))
            read_signs(sentence, notes, lexicon, None, distant=told_elsewhere, only_immediate=not mine)
            if not told_elsewhere:
                # What restricts counts wherever it is said.
                read_person(sentence, notes, None)
                read_conditions(sentence, notes, lexicon, None, distant=False)
                read_allergies(sentence, [], notes, lexicon, None)
            for mention in terms:
                mention.role = "alheio"
                facts.mentions.append(mention)
            return
        distant = is_distant(sentence)
        since = far_since(sentence) if distant else 0
        # What is dangerous, or asked for by name, is rather taken for one's own.
        at_most = far_since(sentence, loosely=True) if distant else 0
        figurative = _FIGURATIVE.search(words)
        # Who echoes "tosse, eu?" tells no more than an attendant who asks.
        attendant_asks = sentence.question and (is_attendants(words) or words.endswith(" eu"))
        waiting = Asked(words=words, where=bool(_WHERE.search(words))) if attendant_asks else None
        read_person(sentence, notes, waiting)
        read_prescription(sentence, notes, waiting)
        for mention in terms:
            mention.classify(sentence, distant=distant and mention.at >= at_most, asked=waiting is not None)
            if figurative and mention.role == "pedido" and not _COMPLAINT.search(words):
                mention.role = "citado"
            if allergic_to and mention.role in ("citado", "pedido"):
                mention.role = "alergia"
                facts.allergies |= set(mention.ingredients)
            facts.mentions.append(mention)
            if waiting is None and not distant and _MANY_TAKEN.search(words[: mention.at]):
                notes.add_sign(lexicon.overdose, words)
        for name, pattern in _SPOKEN_GROUPS:
            for match in pattern.finditer(words):
                if (
                    not distant
                    and waiting is None
                    and not sentence.denies(match.start(), match.end())
                    and not _is_in_use(words)
                    and not _AFTER_MEDICINE.search(words[: match.start()].strip())
                    and not _UNWANTED.search(words[: match.start()])
                    and not _ANTIBIOTIC_OVER.search(words[match.end() :])
                ):
                    facts.spoken_groups.add(name)
        allergies = len(facts.allergies)
        read_allergies(sentence, terms, notes, lexicon, waiting)
        tells_allergy = len(facts.allergies) > allergies and (
            "alergi" in words or any(mention.role == "alergia" for mention in terms)
        )
        read_conditions(sentence, notes, lexicon, waiting, distant=distant)
        read_signs(sentence, notes, lexicon, waiting, distant=is_far(sentence), since=at_most)
        if not tells_allergy:
            # What a medicine did to somebody then is not today's state.
            read_worries(sentence, notes, lexicon, waiting, distant=distant, since=since)
        if waiting is None and not distant and _MILD.search(words):
            facts.mild = True
        before = set(facts.needs)
        read_needs(sentence, notes, lexicon, waiting, distant=distant, figurative=bool(figurative), since=since)
        if (
            not sentence.question
            and not terms
            and ACCEPT.search(words)
            and not re.search(r"\b(?:volto|pensar|pesquisar|depois)\b", words)
        ):
            for mention in facts.mentions:
                mention.role = "pedido" if mention.role == "preco" else mention.role
        if not attendant_asks and not distant and (asked := _ASKED_CLASS.search(words)):
            facts.asked_classes.add("descongestionante" if asked.group(1) else "aine")
        if not attendant_asks and not distant and _ASKS_LEAVE.search(words):
            facts.asks_leave = True
        if facts.mentions and not attendant_asks and _SAME_AGAIN.search(words):
            # Who wants one like it asks for what was named last, whoever takes it.
            last_named = facts.mentions[-1]
            if last_named.role in ("uso", "citado", "alheio"):
                last_named.role = "pedido"
        if _ONLY_PRICE.search(words):
            self._only_price()
            if "curiosidade" in words:
                facts.needs.clear()
        takes_only = _TAKES_ONLY.search(words) and not _COMPLAINT.search(words.replace("levo", "").replace("quero", ""))
        if (
            not sentence.question
            and _CLOSED.search(words)
            and (takes_only or not self._complaints(facts.needs.keys() - before))
        ):
            # "Só tosse, mais nada" ends the list of complaints, not the visit.
            facts.closed = True
        if waiting is None:
            self.notes.texts.append(_DENIED.sub(" ", words))
            days = numbers.duration_days(words)
            if days is not None and not _OTHER_SPAN.search(words):
                facts.days = max(facts.days or 0.0, days)
            if (
                (_TEMPERATURE_CUE.search(words) or _TEMPERATURE_TOLD.search(words))
                and "r$" not in words
                and "reais" not in words
            ):
                self.notes.add_temperature(words)
        if sentence.question:
            self.notes.asked = waiting or (None if last else self.notes.asked)

    def _is_echo(self, sentences: tuple[Sentence, ...]) -> bool:
        """Whether a turn asks back of what it was asked, and denies it: "Tosse? Não, foi a farofa"."""
        if len(sentences) < _LEAST_OF_ECHO or not sentences[0].question or sentences[1].question:
            return False
        asked, said = sentences[0].words, sentences[1:]
        return (
            len(asked.split()) <= _LONGEST_ECHO
            and bool(_DENIES_ECHO.search(said[0].words))
            and bool(self._lexicon.need_patterns.find(asked))
            and not any(_COMPLAINT.search(s.words) or _GOES_ON.search(s.words) for s in said)
        )

    def _complaints(self, names: Set[str]) -> bool:
        return any(need.symptom and need.id in names for need in self._lexicon.needs)

    def _only_price(self) -> None:
        """Nothing is asked for by who says to have come for the price."""
        for mention in self.notes.facts.mentions:
            mention.role = "preco" if mention.role == "pedido" else mention.role
        goods = {need.id for need in self._lexicon.needs if not need.symptom}
        for name in goods & self.notes.facts.needs.keys():
            del self.notes.facts.needs[name]


def _of_a_pain(sentence: Sentence) -> Sentence:
    """The answer to "onde dói?" as if it were told in full: "no peito" is "dor no peito"."""
    breaks = tuple(place + len(_PAIN) for place in sentence.breaks)
    return replace(sentence, words=_PAIN + sentence.words, breaks=breaks)


def _is_in_use(words: str) -> bool:
    """Whether a group of medicines is spoken of as taken, not as wanted."""
    return bool(_TRUSTED_USE.search(words)) and not re.search(
        r"\b(?:posso|preciso|quero|queria|tem|vende|da pra) ", words
    )
