"""What a rule is: a name, a sentence for people, an example, and a pure function that says what it would change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Edit: TypeAlias = tuple[int, int, tuple[str, ...]]
"""Words `start` (included) to `stop` (left out) become these. A list of edits is in order and without overlap."""

Edits: TypeAlias = list[Edit]

DIGITS = frozenset("0123456789")
_NUMBER = re.compile(r"[0-9]+(?:,[0-9]+)?")
_LONGEST_VALUE = 9


@dataclass(frozen=True, slots=True)
class Rule:
    """A named step. `name` and `description` are Portuguese; `example` is a text before and after all rules."""

    name: str
    description: str
    example: tuple[str, str]


@dataclass(frozen=True, slots=True)
class TextRule(Rule):
    """Works on characters and never looks across white space, so that what it changes can be told word by word."""

    apply: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class WordRule(Rule):
    """Works on words.

    So that most sentences skip it: it is tried only where one of its `triggers` is a word or one of its `marks` a
    character of the text, and with `needs_number` only where a word begins with a digit.
    """

    apply: Callable[[Sequence[str]], Edits]
    triggers: frozenset[str] = frozenset()
    marks: str = ""
    needs_number: bool = False


def spliced(words: Sequence[str], edits: Edits) -> list[str]:
    """Return `words` with the edits made."""
    result: list[str] = []
    done = 0
    for start, stop, replacement in edits:
        result += words[done:start]
        result += replacement
        done = stop
    result += words[done:]
    return result


def replace_by_table(table: Mapping[str, tuple[str, ...]]) -> Callable[[Sequence[str]], Edits]:
    """Build the function of a rule that replaces single words whatever stands beside them."""

    def apply(words: Sequence[str]) -> Edits:
        return [(at, at + 1, table[word]) for at, word in enumerate(words) if word in table]

    return apply


def numbers_in(words: Sequence[str]) -> list[int]:
    """Return where the words are that begin with a digit."""
    return [at for at, word in enumerate(words) if word[0] in DIGITS]


def word_at(words: Sequence[str], at: int) -> str:
    """Return the word there; "" before the first and after the last."""
    return words[at] if 0 <= at < len(words) else ""


def is_integer(word: str) -> bool:
    """Tell whether the word is made of ASCII digits alone."""
    return word.isascii() and word.isdecimal()


def is_number(word: str) -> bool:
    """Tell whether the word is a number in digits, whole or with a decimal comma."""
    return word[:1] in DIGITS and _NUMBER.fullmatch(word) is not None


def value(word: str) -> int:
    """Return the value of a whole number of up to nine digits; -1 for all else."""
    return int(word) if len(word) <= _LONGEST_VALUE and is_integer(word) else -1


def less_than_two(number: str) -> bool:
    """Tell whether a number takes the singular in Portuguese: 1, 0,5, 1,5, 1/3."""
    return number == "1" or number.startswith(("0,", "1,")) or "/" in number
