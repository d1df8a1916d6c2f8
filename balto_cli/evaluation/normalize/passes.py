"""Runs the rules on words: those of spelling once, those that look at neighbours until none finds anything more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.order import NEIGHBOUR_RULES, SPELLING_RULES
from balto_cli.evaluation.normalize.rule import DIGITS, spliced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits, WordRule

_MOST_PASSES = 8
"""A bound that no text is known to reach: a rule must not undo another."""


class _Finder:
    """Finds the rules of a list that may have something to do, by one look at each word instead of one a rule."""

    def __init__(self, rules: tuple[WordRule, ...]) -> None:
        self.rules = rules
        self.by_word: dict[str, int] = {}
        self.by_mark: dict[str, int] = {}
        self.need_numbers = sum(1 << at for at, rule in enumerate(rules) if rule.needs_number)
        for at, rule in enumerate(rules):
            for table, keys in ((self.by_word, rule.triggers), (self.by_mark, rule.marks)):
                for key in keys:
                    table[key] = table.get(key, 0) | 1 << at
        self.words = frozenset(self.by_word)

    def worth_trying(self, words: Sequence[str]) -> int:
        """Return a bit for each rule."""
        found = 0
        for word in self.words.intersection(words):
            found |= self.by_word[word]
        text = " ".join(words)
        for mark, rules in self.by_mark.items():
            if mark in text:
                found |= rules
        if found & self.need_numbers and not any(word[0] in DIGITS for word in words):
            found &= ~self.need_numbers
        return found


_SPELLING = _Finder(SPELLING_RULES)
_NEIGHBOURS = _Finder(NEIGHBOUR_RULES)


def apply_rules(words: list[str], log: list[tuple[str, Edits]] | None = None) -> list[str]:
    """Return the words after all rules.

    `log` takes each rule that changed something with its edits, which hold for the words as the rules before left them.
    The rules on neighbours are gone through again until nothing changes, since one may complete what another looks for.
    """
    words = _pass(_SPELLING, words, log)
    for _ in range(_MOST_PASSES):
        before = words
        words = _pass(_NEIGHBOURS, words, log)
        if words is before:
            break
    return words


def _pass(finder: _Finder, words: list[str], log: list[tuple[str, Edits]] | None) -> list[str]:
    left = finder.worth_trying(words)
    while left:
        first = left & -left
        left ^= first
        rule = finder.rules[first.bit_length() - 1]
        edits = rule.apply(words)
        if edits:
            words = spliced(words, edits)
            left = finder.worth_trying(words) & ~(2 * first - 1)
            if log is not None:
                log.append((rule.name, edits))
    return words
