"""A pattern that is ruled out by its letters is one that would not have matched."""

from __future__ import annotations

import re
from functools import cache
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.suggestions.families import expand
from balto_cli.suggestions.letters import KEPT, alternatives_of
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.patterns import Pattern, PatternSet, since_turn
from balto_cli.suggestions.phrases import TABLE, phrase
from balto_cli.suggestions.precompile import kept_letters
from balto_cli.suggestions.sentences import sentences_of
from testes.unit.suggestions.dialogues import generated, kept, written

LEXICON = load_lexicon()
SENTENCES = sorted(
    {s.words for e in (*written(), *kept(), *generated()) for turn in e.turns for s in sentences_of(turn)}
)


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{expand(source)})(?![a-z0-9])")


def _spans(source: str, words: str) -> set[tuple[int, int]]:
    return {m.span() for m in _compiled(source).finditer(words)}


def _plain(pattern: Pattern, words: str) -> set[tuple[int, int]]:
    """What a pattern finds, the long way: each alternative, and both parts of those that are joined by a sign."""
    found: set[tuple[int, int]] = set()
    for source in alternatives_of(pattern.source):
        far = 14 if " ~~ " in source else 7
        parts = re.split(" ~~? ", source)
        if len(parts) == 1:
            found |= _spans(source, words)
            continue
        for one, other in product(_spans(parts[0], words), _spans(parts[1], words)):
            (start, middle), (after, end) = sorted((one, other))
            between = words[middle:after]
            denied = {"nao", "sem", "nem", "nunca"} & set(since_turn(between).split())
            if middle < after and len(between.split()) <= far and not denied:
                found.add((start, end))
    return found


def test_the_short_way_finds_what_the_long_way_finds() -> None:
    for items, patterns in ((LEXICON.needs, LEXICON.need_patterns), (LEXICON.signs, LEXICON.sign_patterns)):
        for words in SENTENCES[::40]:
            quick = {index: {(p.start, p.end) for p in places} for index, places in patterns.find(words)}
            slow = {index: spans for index, item in enumerate(items) if (spans := _plain(item.pattern, words))}
            assert quick == slow, words


def test_phrases_find_what_their_expressions_find() -> None:
    names = [line.split(",")[0].strip('"') for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    for name in names:
        found = phrase(name)
        plain = re.compile(found._source)
        for words in SENTENCES[::40]:
            assert bool(found.search(words)) == bool(plain.search(words)), (name, words)


@given(
    st.lists(
        st.sampled_from(["dor", "febre", "(?:na|no)", "(?: \\w+){0,2}", "cabe[cç]a", "x?", "(?:a|bc)+", "<dente>"]),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([" ", " ~ ", " ~~ "]),
    st.lists(
        st.sampled_from(["dor", "febre", "na", "no", "cabeca", "xis", "bc", "a", "nao", "siso", "dentes"]), max_size=9
    ),
)
def test_any_pattern_any_text(parts: list[str], sign: str, said: list[str]) -> None:
    source = " ".join(parts[:2]) + (sign + " ".join(parts[2:]) if parts[2:] else "")
    pattern, words = Pattern("x", source), " ".join(said)
    quick = {(p.start, p.end) for _, places in PatternSet([pattern]).find(words) for p in places}
    assert quick == _plain(pattern, words)


def test_what_was_kept_of_the_patterns_is_theirs() -> None:
    # `python -m balto_cli.suggestions.precompile` writes it again.
    assert KEPT.read_text(encoding="utf-8") == kept_letters()
