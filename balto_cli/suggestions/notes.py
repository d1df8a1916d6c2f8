"""What is noted down while a conversation is read: facts, findings that wait for an answer or for company."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from balto_cli.suggestions import numbers
from balto_cli.suggestions.facts import Facts

if TYPE_CHECKING:
    from balto_cli.suggestions.lexicon import Sign, Worry

FEVER = 37.5
"""Body temperature, in degrees Celsius, from which it is one."""


@dataclass(slots=True)
class Asked:
    """Findings of an attendant's question, which are facts only if the answer says so."""

    needs: dict[str, str] = field(default_factory=dict)
    signs: dict[str, tuple[Sign, str]] = field(default_factory=dict)
    worries: list[tuple[Worry, str]] = field(default_factory=list)
    conditions: set[str] = field(default_factory=set)
    allergy: bool = False
    allergens: set[str] = field(default_factory=set)
    prescription: bool = False
    paper: bool = False
    """That a prescription is needed was told, not asked: only a clear answer counts."""
    dose: bool = False
    pregnant: bool = False
    lactating: bool = False
    age: bool = False
    temperature: bool = False
    where: bool = False
    """Where it hurts was asked: the answer is of a pain."""
    words: str = ""
    """The question, which the answer may make a part of what was told."""


@dataclass(slots=True)
class Notes:
    """The facts so far and what is still open."""

    facts: Facts = field(default_factory=Facts)
    asked: Asked | None = None
    texts: list[str] = field(default_factory=list)
    """The words of all sentences that tell something, for signs that need company."""
    papers: list[bool] = field(default_factory=list)
    """Each time that a prescription was said to be there or not."""
    together: list[tuple[Sign, str]] = field(default_factory=list)
    """Signs that count only together with another finding."""
    last_child: bool = False
    """Whether a child was spoken of before."""

    def copy(self) -> Notes:
        """Notes that may be added to without a change to these."""
        return replace(
            self,
            facts=self.facts.copy(),
            texts=[*self.texts],
            papers=[*self.papers],
            together=[*self.together],
        )

    def add_sign(self, sign: Sign, words: str) -> None:
        """Take in an alarm sign, now or for the end, where it needs company."""
        if sign.together is not None:
            self.together.append((sign, words))
        else:
            self.facts.signs.setdefault(sign.id, (sign, words))

    def add_temperature(self, words: str) -> None:
        """Take in a body temperature, the highest of several."""
        told = numbers.temperature(words)
        if told is not None:
            self.facts.temperature = max(self.facts.temperature or 0.0, told)

    def finish(self) -> Facts:
        """The facts, once everything is read."""
        facts = self.facts
        text = " | ".join(self.texts)
        for sign, words in self.together:
            if sign.together and sign.together.search(text):
                facts.signs.setdefault(sign.id, (sign, words))
        if self.papers:
            facts.prescription = all(self.papers)
        if facts.temperature is not None and facts.temperature >= FEVER:
            facts.needs.setdefault("febre", "temperatura")
        return facts
