"""Where each normalised word comes from, and which rules made it so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.characters import blank_tags, tags
from balto_cli.evaluation.normalize.order import TAGS, TEXT_RULES
from balto_cli.evaluation.normalize.passes import apply_rules

if TYPE_CHECKING:
    from balto_cli.evaluation.normalize.rule import Edit, Edits

_CHUNK = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class NormalizedWord:
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


def _traced(text: str) -> tuple[tuple[NormalizedWord, ...], list[RuleChange]]:
    changes = [RuleChange(TAGS.name, text[start:end], "", start, end) for start, end in tags(text)]
    words: list[NormalizedWord] = []
    by_rule: dict[str, list[RuleChange]] = {rule.name: [] for rule in TEXT_RULES}
    for chunk in _CHUNK.finditer(blank_tags(text)):
        start, end = chunk.span()
        now, fired = chunk.group(), []
        for rule in TEXT_RULES:
            changed = rule.apply(now)
            if changed.split() != now.split():
                fired.append(rule.name)
                by_rule[rule.name].append(
                    RuleChange(rule.name, " ".join(now.split()), " ".join(changed.split()), start, end)
                )
            now = changed
        words += (NormalizedWord(word, start, end, tuple(fired)) for word in now.split())
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
