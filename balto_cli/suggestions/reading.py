"""Reads the facts of one customer's conversation, sentence after sentence; see `facts` for what they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from balto_cli.suggestions import numbers
from balto_cli.suggestions.facts import Facts
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.mentions import ACCEPT, Mention, mentions_of
from balto_cli.suggestions.phrases import phrase
from balto_cli.suggestions.sentences import Sentence, sentences_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.suggestions.lexicon import Lexicon, Sign
    from balto_cli.suggestions.patterns import Pattern

_CHILD = phrase("reading.child")
_BABY = phrase("reading.baby")
_PREGNANT = phrase("reading.pregnant")
_MAYBE_PREGNANT = phrase("reading.maybe_pregnant")
_LACTATING = phrase("reading.lactating")
_FIRST_PERSON = phrase("reading.first_person")
_NEED_QUESTION = phrase("reading.need_question")
_SECOND_PERSON = phrase("reading.second_person")
_YES = phrase("reading.yes")
_NO = phrase("reading.no")
_PAST = phrase("reading.past")
_STILL = phrase("reading.still")
_PRESENT = phrase("reading.present")
_DISTANT = phrase("reading.distant")
_FAMILY = phrase("reading.family")
_TELLING = phrase("reading.telling")
_FOR_THEM = phrase("reading.for_them")
_MEDIA = phrase("reading.media")
_STOCK = phrase("reading.stock")
_SERVICE = phrase("reading.service")
_FIGURATIVE = phrase("reading.figurative")
_FIGURE_WORDS = phrase("reading.figure_words")
_COMPLAINT = phrase("reading.complaint")
_PHONE = phrase("reading.phone")
_ORDER = phrase("reading.order")
_RX_YES = phrase("reading.rx_yes")
_RX_NO = phrase("reading.rx_no")
_PRESCRIBED = phrase("reading.prescribed")
_RX_WORD = phrase("reading.rx_word")
_TRUSTED_USE = phrase("reading.trusted_use")
_ALLERGY = phrase("reading.allergy")
_ALLERGY_NONE = phrase("reading.allergy_none")
_CLOSED = phrase("reading.closed")
_AGE_QUESTION = phrase("reading.age_question")
_TEMPERATURE_CUE = phrase("reading.temperature_cue")
_PET = phrase("reading.pet")
_BITE = phrase("reading.bite")
_CUSTOMER_QUESTION = phrase("reading.customer_question")
_REAL_COMPLAINT = phrase("reading.real_complaint")
_TEMPERATURE_TOLD = phrase("reading.temperature_told")
_ALLERGY_ENDS = phrase("reading.allergy_ends")
_TO_CUSTOMER = phrase("reading.to_customer")
_AFTER_MEDICINE = phrase("reading.after_medicine")
_OTHER_SPAN = phrase("reading.other_span")
_FAMILY_TELLS = phrase("reading.family_tells")
_PRESENT_STATE = phrase("reading.present_state")
_CUSTOMER_ASKS = phrase("reading.customer_asks")
_FEVER_QUESTION = phrase("reading.fever_question")
_NOT_THE_CHILD = phrase("reading.not_the_child")
_PRESCRIPTION_RULE = phrase("reading.prescription_rule")
_PRESCRIPTION_SEEN = phrase("reading.prescription_seen")
_PRICE_WORDS = phrase("reading.price_words")
_DENIAL = re.compile(
    r"\b(?:sem|nem|nunca|ninguem"
    r"|nao(?! (?:para|paro|parou|passa|passou|melhora|melhorou|aguento|resolve|sai|larga|cessa)))\b"
)
_LONGEST_QUESTION = 10
"""Words of a question that is told by its answer alone."""
_ADOLESCENT_MONTHS = 144
"""Age that is taken for granted of an adolescent: the least there is."""
_LONG_TURN = 40
"""Characters of a turn that opens a conversation again which "só isso" had closed."""
_SPOKEN_GROUPS = tuple(
    (name, phrase(f"reading.grupo_{name}")) for name in ("antimicrobiano", "controlado", "tarja_vermelha")
)


@dataclass(slots=True)
class _Asked:
    """Findings of a question that wait for its answer."""

    needs: dict[str, str] = field(default_factory=dict)
    signs: dict[str, tuple[Sign, str]] = field(default_factory=dict)
    conditions: set[str] = field(default_factory=set)
    allergy: bool = False
    prescription: bool = False
    pregnant: bool = False
    lactating: bool = False
    age: bool = False
    temperature: bool = False
    terms: list[Mention] = field(default_factory=list)


def facts_of(turns: Sequence[str], lexicon: Lexicon | None = None) -> Facts:
    """Read the facts of one customer's conversation, turn after turn."""
    reader = _Reader(lexicon or load_lexicon())
    for turn, sentences in zip(turns, _with_questions([sentences_of(turn) for turn in turns]), strict=True):
        reader.read(turn, sentences)
    return reader.finish()


def _with_questions(said: Sequence[tuple[Sentence, ...]]) -> list[tuple[Sentence, ...]]:
    """Mark questions that an engine wrote without their sign: what is put to the customer, or answered by yes or no."""
    marked = []
    for index, sentences in enumerate(said):
        after = said[index + 1][0].words if index + 1 < len(said) and said[index + 1] else ""
        answered = bool(_NO.search(after) or _YES.search(after))
        marked.append(
            tuple(
                replace(s, question=True)
                if not s.question
                and (_TO_CUSTOMER.search(s.words) or (answered and s is sentences[-1] and _sounds_asked(s.words)))
                else s
                for s in sentences
            )
        )
    return marked


def _sounds_asked(words: str) -> bool:
    return len(words.split()) <= _LONGEST_QUESTION and bool(_SECOND_PERSON.search(words)) and not _CHILD.search(words)


class _Reader:
    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._facts = Facts()
        self._asked: _Asked | None = None
        self._texts: list[str] = []
        self._rx: list[bool] = []
        self._together: list[tuple[Sign, str]] = []
        self._last_child = False

    def read(self, turn: str, sentences: tuple[Sentence, ...]) -> None:
        terms = mentions_of(turn)
        phone = (
            bool(sentences)
            and any(_PHONE.search(s.words) for s in sentences)
            and not any(_FOR_THEM.search(s.words) for s in sentences)
        )
        if len(turn) > _LONG_TURN and not any(_CLOSED.search(s.words) for s in sentences):
            self._facts.closed = False
        for index, sentence in enumerate(sentences):
            inside = [m for m in terms if sentence.start <= m.start < sentence.end]
            for mention in inside:
                mention.place(turn, sentence)
            if phone:
                self._signs(sentence, None, distant=False, only_immediate=True)
                continue
            self._sentence(sentence, inside, last=index == len(sentences) - 1)

    def finish(self) -> Facts:
        facts = self._facts
        text = " | ".join(self._texts)
        for sign, words in self._together:
            if sign.together and sign.together.search(text):
                facts.signs.setdefault(sign.id, (sign, words))
        if self._rx:
            facts.prescription = all(self._rx)
        if facts.temperature is not None and facts.temperature >= 37.5:
            facts.needs.setdefault("febre", "temperatura")
        return facts

    def _sentence(self, sentence: Sentence, terms: list[Mention], *, last: bool) -> None:
        words = sentence.words
        facts = self._facts
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
        if self._asked is not None and not sentence.question:
            self._answer(sentence)
        if _PET.search(words) and not _BITE.search(words):
            facts.pet = True
            return
        if (_STOCK.search(words) and not _COMPLAINT.search(words)) or (
            _MEDIA.search(words) and not _COMPLAINT.search(words)
        ):
            told_elsewhere = bool(_MEDIA.search(words))
            self._signs(sentence, None, distant=told_elsewhere, only_immediate=True)
            if not told_elsewhere:
                # What restricts counts wherever it is said.
                self._person(sentence, None)
                self._conditions(sentence, None, distant=False)
                self._allergies(sentence, [], None)
            for mention in terms:
                mention.role = "alheio"
                facts.mentions.append(mention)
            return
        distant = self._is_distant(sentence)
        figurative = _FIGURATIVE.search(words)
        attendant_asks = sentence.question and self._is_attendant(words)
        waiting = _Asked() if attendant_asks else None
        self._person(sentence, waiting)
        self._prescription(sentence, waiting)
        for mention in terms:
            mention.classify(sentence, distant=distant, asked=waiting is not None)
            if figurative and mention.role == "pedido" and not _COMPLAINT.search(words):
                mention.role = "citado"
            facts.mentions.append(mention)
        for name, pattern in _SPOKEN_GROUPS:
            for match in pattern.finditer(words):
                if (
                    not distant
                    and waiting is None
                    and not sentence.denies(match.start(), match.end())
                    and not self._in_use_words(words)
                    and not _AFTER_MEDICINE.search(words[: match.start()].strip())
                ):
                    facts.spoken_groups.add(name)
        self._allergies(sentence, terms, waiting)
        self._conditions(sentence, waiting, distant=distant)
        self._signs(sentence, waiting, distant=distant)
        self._needs(sentence, waiting, distant=distant, figurative=bool(figurative))
        if (
            not sentence.question
            and not terms
            and ACCEPT.search(words)
            and not re.search(r"\b(?:volto|pensar|pesquisar|depois)\b", words)
        ):
            for mention in facts.mentions:
                mention.role = "pedido" if mention.role == "preco" else mention.role
        if not sentence.question and _CLOSED.search(words):
            facts.closed = True
        if waiting is None or not sentence.question:
            self._texts.append(words)
            days = numbers.duration_days(words)
            if days is not None and not _OTHER_SPAN.search(words):
                facts.days = max(facts.days or 0.0, days)
            if (
                (_TEMPERATURE_CUE.search(words) or _TEMPERATURE_TOLD.search(words))
                and "r$" not in words
                and "reais" not in words
            ):
                self._temperature(words)
        if sentence.question:
            self._asked = waiting if waiting is not None else (self._asked if self._asked and not last else None)

    def _temperature(self, words: str) -> None:
        told = numbers.temperature(words)
        if told is not None:
            self._facts.temperature = max(self._facts.temperature or 0.0, told)

    def _is_distant(self, sentence: Sentence) -> bool:
        words = sentence.words
        if _FOR_THEM.search(words) or _RX_YES.search(words):
            return False
        if (
            _DISTANT.search(words)
            and _TELLING.search(words)
            and not re.search(r"\b(?:eu|to|tou|estou|tambem|sou|mim|comigo)\b", words)
        ):
            return True
        if (
            _FAMILY.search(words)
            and not _CHILD.search(words)
            and _FAMILY_TELLS.search(words)
            and not _PRESENT_STATE.search(words)
        ):
            return True
        return (
            bool(_PAST.search(words))
            and not _STILL.search(words)
            and not _PRESENT.search(words)
            and not re.search(r"\bja (?:tomei|tomou|dei)\b", words)
        )

    @staticmethod
    def _is_attendant(words: str) -> bool:
        if _SECOND_PERSON.search(words):
            return not _CUSTOMER_ASKS.search(words)
        return not (
            _FIRST_PERSON.search(words)
            or _NEED_QUESTION.search(words)
            or _CUSTOMER_QUESTION.search(words)
            or re.search(r"\b(?:tem|teria|voces|quanto)\b", words)
        )

    @staticmethod
    def _in_use_words(words: str) -> bool:
        return bool(_TRUSTED_USE.search(words)) and not re.search(
            r"\b(?:posso|preciso|quero|queria|tem|vende|da pra) ", words
        )

    def _person(self, sentence: Sentence, waiting: _Asked | None) -> None:
        words, facts = sentence.words, self._facts
        child = bool(_CHILD.search(words))
        pregnant = False
        for match in _PREGNANT.finditer(words):
            if _MAYBE_PREGNANT.search(words):
                continue
            pregnant = True
            if waiting is not None:
                waiting.pregnant = True
            elif sentence.denies(match.start(), match.end()):
                facts.pregnant = facts.pregnant or False
            elif not self._is_distant(sentence):
                facts.pregnant = True
        for match in _LACTATING.finditer(words):
            if waiting is not None:
                waiting.lactating = True
            elif sentence.denies(match.start(), match.end()):
                facts.lactating = facts.lactating or False
            else:
                facts.lactating = True
        if waiting is not None and _AGE_QUESTION.search(words):
            waiting.age = True
        if waiting is not None and _FEVER_QUESTION.search(words):
            waiting.temperature = True
        if _AGE_QUESTION.search(words) or self._is_distant(sentence):
            return
        if facts.age_months is None and waiting is None and "adolescente" in words:
            facts.age_months = _ADOLESCENT_MONTHS
        patient_child = (child and not (pregnant or facts.lactating or _NOT_THE_CHILD.search(words))) or (
            child and bool(re.search(r"\b(?:ele|ela|dele|dela|pro|pra) ", words))
        )
        if patient_child and waiting is None:
            facts.child = True
            self._last_child = True
        if _BABY.search(words) and not pregnant and facts.pregnant is None and waiting is None and not facts.lactating:
            facts.baby = True
            facts.child = True
        age = numbers.age_months(words, child=child or self._last_child, pregnant=pregnant or facts.pregnant is True)
        if age is not None and waiting is None:
            facts.age_months = age
            if age < 216 and not re.search(r"\b(?:tenho|fiz)\b", words):
                facts.child = facts.child or age < 144
            if age >= 144:
                facts.child = False
            if age >= 720:
                facts.conditions.add("idoso")

    def _prescription(self, sentence: Sentence, waiting: _Asked | None) -> None:
        words = sentence.words
        if waiting is not None or sentence.question:
            if _RX_WORD.search(words) or re.search(r"\btrouxe\b", words):
                if waiting is None:
                    if _RX_NO.search(words) and not re.search(r"\bprecisa\b", words):
                        self._rx.append(False)
                    return
                waiting.prescription = True
            elif _RX_NO.search(words):
                self._rx.append(False)
            return
        if _RX_NO.search(words):
            self._rx.append(False)
        elif (_RX_YES.search(words) and not _PRESCRIPTION_RULE.search(words)) or _PRESCRIPTION_SEEN.search(words):
            self._rx.append(True)
        if _PRESCRIBED.search(words):
            self._facts.prescribed = True

    def _allergies(self, sentence: Sentence, terms: list[Mention], waiting: _Asked | None) -> None:
        words, facts = sentence.words, self._facts
        if waiting is not None:
            waiting.allergy = "alergi" in words
            return
        if _ALLERGY_NONE.search(words):
            facts.no_allergies = True
            return
        found = list(_ALLERGY.finditer(words))
        if not found:
            return
        first = found[0]
        if sentence.denies(first.start(), first.end()) and not first.group().startswith(("nao", "nunca")):
            return
        low, high = sentence.clause(first.start())
        near = words[low : max(high, first.end() + 40)]
        named = False
        for allergen in self._lexicon.allergens:
            if allergen.target == "desconhecido":
                continue
            if allergen.pattern.search(near):
                facts.allergies |= {allergen.target, *allergen.groups}
                named = True
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
        unknown = next(a for a in self._lexicon.allergens if a.target == "desconhecido")
        if not named and unknown.pattern.search(near):
            facts.allergies.add("*")

    def _conditions(self, sentence: Sentence, waiting: _Asked | None, *, distant: bool) -> None:
        for position, matches in self._lexicon.condition_patterns.find(sentence.words):
            condition = self._lexicon.conditions[position]
            for match in matches:
                if waiting is not None:
                    waiting.conditions.add(condition.target)
                elif distant or sentence.conditional(match.start()):
                    continue
                elif sentence.denies(match.start(), match.end()) and not match.group().startswith(("nao", "sem")):
                    self._facts.denied_conditions.add(condition.target)
                else:
                    self._facts.conditions.add(condition.target)

    def _signs(
        self, sentence: Sentence, waiting: _Asked | None, *, distant: bool, only_immediate: bool = False
    ) -> None:
        words = sentence.words
        figures = [match.span() for match in _FIGURATIVE.finditer(words)]
        for position, matches in self._lexicon.sign_patterns.find(words):
            sign = self._lexicon.signs[position]
            for match in matches:
                # A figure of speech takes away its own words only: who jokes and suffers in one breath suffers.
                if (only_immediate and not sign.immediate) or any(
                    start < match.end() and match.start() < end for start, end in figures
                ):
                    continue
                own_denial = _own_denial(sign.pattern, match.group())
                if sentence.conditional(match.start()) or (
                    not own_denial and (_DENIAL.search(match.group()) or sentence.denies(match.start(), match.end()))
                ):
                    continue
                if waiting is not None and sign.id != "A08":
                    waiting.signs[sign.id] = (sign, match.group())
                elif distant and not (
                    sign.immediate
                    and re.search(r"\b(?:agora|aqui|ta|esta|ajuda|rapido|socorro)\b", words)
                    and not _PAST.search(words)
                ):
                    continue
                elif sign.together is not None:
                    self._together.append((sign, match.group()))
                else:
                    self._facts.signs.setdefault(sign.id, (sign, match.group()))

    def _needs(self, sentence: Sentence, waiting: _Asked | None, *, distant: bool, figurative: bool) -> None:
        words, facts = sentence.words, self._facts
        if figurative and not _COMPLAINT.search(words):
            return
        if _SERVICE.search(words) and not _COMPLAINT.search(words):
            return
        if _FIGURE_WORDS.search(words) and not _REAL_COMPLAINT.search(words):
            return
        priced = bool(_PRICE_WORDS.search(words))
        for position, matches in self._lexicon.need_patterns.find(words):
            need = self._lexicon.needs[position]
            for match in matches:
                phrase = match.group()
                own_denial = _own_denial(need.pattern, phrase)
                if sentence.conditional(match.start()) or (
                    not own_denial and (_DENIAL.search(match.group()) or sentence.denies(match.start(), match.end()))
                ):
                    continue
                if waiting is not None:
                    waiting.needs[need.id] = phrase
                elif distant or (priced and not need.symptom) or (priced and not _FIRST_PERSON.search(words)):
                    continue
                else:
                    facts.needs.setdefault(need.id, phrase)

    def _answer(self, sentence: Sentence) -> None:
        asked, self._asked = self._asked, None
        assert asked is not None
        words, facts = sentence.words, self._facts
        yes, no = bool(_YES.search(words)), bool(_NO.search(words))
        if asked.age:
            age = numbers.bare_age_months(words)
            if age is not None:
                facts.age_months = age
                facts.child = facts.child and age < 144
                if age >= 720:
                    facts.conditions.add("idoso")
        if asked.temperature:
            self._temperature(words)
        if asked.prescription:
            if no or _RX_NO.search(words):
                self._rx.append(False)
            elif yes or re.search(r"\b(?:aqui|trouxe|ta na)\b", words):
                self._rx.append(True)
            else:
                self._rx.append(False)
        if no:
            facts.denied_conditions |= asked.conditions
            facts.no_allergies = facts.no_allergies or asked.allergy
            if asked.pregnant:
                facts.pregnant = facts.pregnant or False
            if asked.lactating:
                facts.lactating = facts.lactating or False
        elif yes:
            for name, words_said in asked.needs.items():
                facts.needs.setdefault(name, words_said)
            for sign, said in asked.signs.values():
                if sign.together is not None:
                    self._together.append((sign, said))
                else:
                    facts.signs.setdefault(sign.id, (sign, said))
            facts.conditions |= asked.conditions
            facts.pregnant = True if asked.pregnant else facts.pregnant
            facts.lactating = True if asked.lactating else facts.lactating
        if asked.allergy and not no:
            for allergen in self._lexicon.allergens:
                if allergen.target != "desconhecido" and allergen.pattern.search(words):
                    facts.allergies |= {allergen.target, *allergen.groups}


def _own_denial(pattern: Pattern, words: str) -> bool:
    """Whether a denial inside a match is what the pattern speaks of, not one that stands between its words."""
    return pattern.speaks_of_denial and _DENIAL.search(words) is not None
