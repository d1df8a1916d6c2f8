from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.word_times import place_words, spread, word_times


def times(*words: tuple[str, float, float]):  # type: ignore[no-untyped-def]
    return word_times([{"text": text, "start_s": start_s, "end_s": end_s} for text, start_s, end_s in words])


def test_normalised_words_take_the_place_of_the_words_that_they_come_from() -> None:
    given_words = times(("Tome", 0.0, 0.4), ("quinhentos", 0.5, 1.0), ("miligramas,", 1.0, 1.6), ("senhora.", 2.0, 2.5))
    heard = normalize("Tome quinhentos miligramas, senhora.").split()
    assert heard == ["tome", "500", "mg", "senhora"]
    placed = place_words(heard, given_words)
    assert placed[0] == pytest.approx((0.0, 0.4))
    assert placed[3] == pytest.approx((2.0, 2.5))
    assert 0.5 <= placed[1][0] <= placed[2][1] <= 1.6 + 1e-6


@given(st.lists(st.sampled_from(["oi", "500", "mg", "duas"]), max_size=6), st.integers(0, 6))
def test_every_word_has_a_place_in_order(heard: list[str], given_count: int) -> None:
    given_words = times(*(("oi", float(number), number + 0.5) for number in range(given_count)))
    placed = place_words(heard, given_words)
    assert len(placed) == (len(heard) if given_count else 0)
    assert all(start_s <= end_s for start_s, end_s in placed)
    assert [start_s for start_s, _ in placed] == sorted(start_s for start_s, _ in placed)


def test_without_times_words_are_spread_evenly() -> None:
    assert spread(1.0, 3.0, 2) == [(1.0, 2.0), (2.0, 3.0)]
    assert spread(1.0, 3.0, 0) == []
