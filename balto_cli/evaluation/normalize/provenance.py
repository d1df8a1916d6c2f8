"""Where each normalised word comes from, and which rules made it so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from balto_cli.evaluation.normalize.characters import blank_tags, tags
from balto_cli.evaluation.normalize.order import TAGS, TEXT_RULES
from balto_cli.evaluation.normalize.passes import apply_rules

if TYPE_CHECKING:
    from balto_cli.evaluation.normalize.rule import Edit, Edits

_CHUNK = re.compile(r"\S+")


class NormalizedWord(NamedTuple):
    """A normalised word, the raw characters `start` to `end` (left out) it comes from, and the rules that fired.

    Words that come from the same characters, as the two of "guarda-chuva", share their span.
    """

    text: str
    start: int
    end: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What one rule did at one place: words `before` it and `after` it, and the raw characters they come from.

    `after` is "" where the words vanish.
    """

    rule: str
    before: str
    after: str
    start: int
    end: int


def normalize_words(text: str) -> tuple[NormalizedWord, ...]:
    """Return the words of `normalize(text)`, in order, each with its place in `text` and the rules that changed it."""
    return _traced(text)[0]


def explain(text: str) -> list[RuleChange]:
    """Return every change that a rule makes to `text`, in the order of the rules."""
    return _traced(text)[1]


@lru_cache(maxsize=1 << 14)
def _by_characters(chunk: str) -> tuple[tuple[str, ...], tuple[tuple[str, str, str], ...]]:
    """The words that the rules on characters make of what stands between spaces, and each that fired: before, after.

    They never look across white space, and a talk repeats its words.
    """
    now = chunk
    fired = []
    for rule in TEXT_RULES:
        changed = rule.apply(now)
        if changed.split() != now.split():
            fired.append((rule.name, " ".join(now.split()), " ".join(changed.split())))
        now = changed
    return tuple(now.split()), tuple(fired)


def _traced(text: str) -> tuple[tuple[NormalizedWord, ...], list[RuleChange]]:
    changes = [RuleChange(TAGS.name, text[start:end], "", start, end) for start, end in tags(text)]
    words: list[NormalizedWord] = []
    by_rule: dict[str, list[RuleChange]] = {rule.name: [] for rule in TEXT_RULES}
    for chunk in _CHUNK.finditer(blank_tags(text)):
        start, end = chunk.span()
        made, fired = _by_characters(chunk.group())
        for name, before, after in fired:
            by_rule[name].append(RuleChange(name, before, after, start, end))
        names = tuple(name for name, _, _ in fired)
        words += [NormalizedWord(word, start, end, names) for word in made]
    changes += (change for rule in TEXT_RULES for change in by_rule[rule.name])

    log: list[tuple[str, Edits]] = []
    apply_rules([word.text for word in words], log)
    for rule_name, edits in log:
        traced: list[NormalizedWord] = []
        done = 0
        for edit in edits:
            start, stop, replacement = _trimmed(words, edit)
            traced += words[done:start]
            replaced = words[start:stop]
            first, last = replaced[0].start, replaced[-1].end
            fired_before = dict.fromkeys(name for word in replaced for name in word.rules)
            names = tuple(dict.fromkeys((*fired_before, rule_name)))
            traced += (NormalizedWord(word, first, last, names) for word in replacement)
            before = " ".join(word.text for word in replaced)
            changes.append(RuleChange(rule_name, before, " ".join(replacement), first, last))
            done = stop
        words = [*traced, *words[done:]]
    return tuple(words), changes


def _trimmed(words: list[NormalizedWord], edit: Edit) -> Edit:
    """Leave out of an edit the words it keeps at its ends, as long as something is left on both sides."""
    start, stop, replacement = edit
    while stop - start > 1 and len(replacement) > 1 and words[start].text == replacement[0]:
        start, replacement = start + 1, replacement[1:]
    while stop - start > 1 and len(replacement) > 1 and words[stop - 1].text == replacement[-1]:
        stop, replacement = stop - 1, replacement[:-1]
    return start, stop, replacement
