"""A pattern that is ruled out by its letters is one that would not have matched."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.patterns import Pattern, PatternSet, expand
from balto_cli.suggestions.sentences import sentences_of
from testes.unit.suggestions.dialogues import generated, written

LEXICON = load_lexicon()


def _plain(pattern: Pattern, words: str) -> list[tuple[int, int]]:
    return [m.span() for m in re.finditer(rf"\b(?:{expand(pattern.source)})(?![a-z0-9])", words)]


def test_the_short_way_finds_what_the_long_way_finds() -> None:
    sentences = [s.words for e in (*written(), *generated()) for turn in e.turns for s in sentences_of(turn)]
    for items, found in (
        (LEXICON.needs, LEXICON.need_patterns),
        (LEXICON.signs, LEXICON.sign_patterns),
    ):
        for words in sentences:
            quick = {position: [m.span() for m in matches] for position, matches in found.find(words)}
            slow = {i: spans for i, item in enumerate(items) if (spans := _plain(item.pattern, words))}
            assert quick == slow, words


@given(
    st.lists(
        st.sampled_from(["dor", "febre", "(?:na|no)", "(?: \\w+){0,2}", "cabe[cç]a", "x?", "(?:a|bc)+"]),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.sampled_from(["dor", "febre", "na", "no", "cabeca", "xis", "bc", "a"]), max_size=6),
)
def test_any_pattern_any_text(parts: list[str], said: list[str]) -> None:
    pattern, words = Pattern("x", " ".join(parts)), " ".join(said)
    quick = [m.span() for _, matches in PatternSet([pattern]).find(words) for m in matches]
    assert quick == _plain(pattern, words)
