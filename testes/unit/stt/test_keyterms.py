"""Terms reach a provider within its limits, in the order given, and none is cut in two."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.stt.keyterms import KeytermLimits, fitting

LIMITS = st.builds(
    KeytermLimits,
    count=st.integers(0, 8),
    characters_each=st.integers(1, 20),
    words_each=st.integers(1, 4),
    characters_all=st.none() | st.integers(0, 60),
    tokens_all=st.none() | st.integers(0, 30),
)
TERMS = st.lists(st.text(max_size=24), max_size=20)


@given(TERMS, LIMITS)
def test_nothing_over_a_limit_is_sent(terms: list[str], limits: KeytermLimits) -> None:
    sent = fitting(terms, limits)
    assert len(sent) <= limits.count
    assert all(0 < len(term) <= limits.characters_each and len(term.split()) <= limits.words_each for term in sent)
    assert limits.characters_all is None or sum(map(len, sent)) <= limits.characters_all
    tokens = sum(math.ceil(len(term.encode("utf-8", "replace")) / 3) for term in sent)
    assert limits.tokens_all is None or tokens <= limits.tokens_all


@given(TERMS, LIMITS)
def test_what_is_sent_was_given_in_that_order_each_once(terms: list[str], limits: KeytermLimits) -> None:
    sent = fitting(terms, limits)
    assert len(set(sent)) == len(sent)
    rest = iter(fitting(terms, KeytermLimits(count=10**6)))
    assert all(any(term == other for other in rest) for term in sent)


def test_a_term_over_its_own_limit_is_skipped_and_the_sum_ends_the_list() -> None:
    limits = KeytermLimits(count=10, words_each=2, characters_all=16)
    assert fitting(["dipirona", "ácido acetil salicílico", "tylenol", "dorflex"], limits) == ["dipirona", "tylenol"]


def test_signs_that_a_provider_refuses_are_taken_out() -> None:
    assert fitting(["  AAS\t<500> ", "{novo}\n", "[]", ""], KeytermLimits(count=10)) == ["AAS 500", "novo"]
