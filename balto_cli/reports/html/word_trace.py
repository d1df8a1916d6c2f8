"""A text as the page holds it: normalised words, the raw words they come from, the rules that fired, what is boxed.

n   normalised words, parted by single spaces
r   the raw text with single spaces; absent where it is the same as `n`
m   [first raw word, raw words] of each normalised word, flat; absent where they go one to one
f   [word, rule, rule…] of each word that a rule changed; rules by their place in `RULES`
b   [first, last] of each medicine name and dose, flat, last one included
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.medicine_items import items_of
from balto_cli.evaluation.normalize import RULES, normalize_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize import NormalizedWord

Traced = dict[str, Any]

_RULE_NUMBERS = {rule.name: number for number, rule in enumerate(RULES)}
_CHUNK = re.compile(r"\S+")


@lru_cache(maxsize=16384)
def _words(text: str) -> tuple[NormalizedWord, ...]:
    return normalize_words(text)


def trace(text: str) -> Traced:
    """One text, as it was heard or written."""
    chunks = list(_CHUNK.finditer(text))
    return _encoded(_words(text), [chunk.start() for chunk in chunks], [chunk.group() for chunk in chunks])


def trace_shares(reference: str, shares: Sequence[str]) -> list[Traced]:
    """A file's reference cut into its segments' shares, each with the raw words that it comes from.

    Where the shares are not the words of the reference one after another (it has other readings), they stand alone.
    """
    words = _words(reference)
    counts = [len(share.split()) for share in shares]
    if [word.text for word in words] != [word for share in shares for word in share.split()]:
        return [trace(share) for share in shares]
    chunks = list(_CHUNK.finditer(reference))
    starts = [chunk.start() for chunk in chunks]
    traced = []
    for end, count in zip(accumulate(counts), counts, strict=True):
        part = words[end - count : end]
        first = bisect_right(starts, part[0].start) - 1 if part else 0
        last = max(bisect_right(starts, word.end - 1) for word in part) if part else 0
        traced.append(_encoded(part, starts[first:last], [chunk.group() for chunk in chunks[first:last]]))
    return traced


def positions_of(words: Sequence[str], wanted: str | None) -> tuple[int, int] | None:
    """First and last place of `wanted`, words one after another; None where they are not there."""
    sought = (wanted or "").split()
    if not sought:
        return None
    for at in range(len(words) - len(sought) + 1):
        if list(words[at : at + len(sought)]) == sought:
            return at, at + len(sought) - 1
    return None


def with_boxes(traced: Traced, more: Sequence[tuple[int, int] | None]) -> Traced:
    """The same text with further words boxed; those that overlap become one box."""
    known = traced.get("b", [])
    spans = sorted([*zip(known[::2], known[1::2], strict=True), *(span for span in more if span)])
    merged: list[list[int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    boxes = [place for span in merged for place in span]
    return {**traced, "b": boxes} if boxes else traced


def _encoded(words: Sequence[NormalizedWord], starts: Sequence[int], chunks: Sequence[str]) -> Traced:
    normalised, raw = " ".join(word.text for word in words), " ".join(chunks)
    traced: Traced = {"n": normalised}
    if raw != normalised:
        traced["r"] = raw
    places: list[int] = []
    for word in words:
        first = bisect_right(starts, word.start) - 1
        places += (first, bisect_right(starts, max(word.start, word.end - 1)) - first)
    if places != [place for index in range(len(chunks)) for place in (index, 1)]:
        traced["m"] = places
    fired = [[index, *(_RULE_NUMBERS[name] for name in word.rules)] for index, word in enumerate(words) if word.rules]
    if fired:
        traced["f"] = fired
    boxes = [(item.first, item.last) for item in items_of(normalised) if item.kind != "negação"]
    return with_boxes(traced, boxes)
