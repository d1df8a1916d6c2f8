from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation import compare_all, compare_systems, holm, wer_interval
from balto_cli.evaluation.significance import SystemComparison
from testes.simulation import simulate

TRIALS = 2000
TRUE_WER = 0.15

COUNTS = st.integers(0, 12)
SEGMENTS = st.lists(st.tuples(COUNTS, COUNTS, COUNTS, st.sampled_from("abcd")), min_size=1, max_size=12)


def segments(files: int, wers: tuple[float, ...] = (TRUE_WER,), **settings: Any) -> tuple[Any, list[Any], list[str]]:
    """Words, errors of each provider (a row a trial) and file names, one entry a segment."""
    drawn = simulate(files, wers, trials=TRIALS, **settings)
    return drawn.words, drawn.errors, [f"arquivo {file}" for file in drawn.files]


@pytest.mark.parametrize(("files", "least"), [(20, 0.9), (50, 0.925)])
def test_the_interval_holds_the_true_rate_where_one_over_utterances_does_not(files: int, least: float) -> None:
    words, (errors,), names = segments(files)
    held = sum(low <= TRUE_WER <= high for low, high in (wer_interval(trial, words, names) for trial in errors))
    assert held / TRIALS >= least

    drawn = np.random.default_rng(1).multinomial(len(words), np.full(len(words), 1 / len(words)), 400)
    rates = (errors @ drawn.T) / (words @ drawn.T)
    low, high = np.percentile(rates, [2.5, 97.5], axis=1)
    assert np.mean((low <= TRUE_WER) & (high >= TRUE_WER)) < 0.75


@pytest.mark.parametrize(("spread", "own"), [(0.5, 0.0), (0.8, 0.5)])
@pytest.mark.parametrize("files", [20, 50])
def test_equal_providers_are_seldom_called_different(files: int, spread: float, own: float) -> None:
    words, (a, b), names = segments(files, spread=spread, own=own, wers=(TRUE_WER, TRUE_WER))
    called = sum(compare_systems(words, *pair, names).verdict != "empate" for pair in zip(a, b, strict=True))
    assert called / TRIALS <= 0.07

    if own:
        difference = a - b
        deviation = difference.std(axis=1, ddof=1) / math.sqrt(len(words))
        assert np.mean(np.abs(difference.mean(axis=1)) > 1.96 * deviation) > 0.15


def test_the_files_it_asks_for_settle_the_difference_most_of_the_time() -> None:
    words, (a, b), names = segments(8, own=0.4, wers=(0.15, 0.19))
    estimates = [compare_systems(words, *pair, names).files_needed for pair in zip(a, b, strict=True)]
    typical = int(np.median([count for count in estimates if count]))
    assert typical > 8
    words, (a, b), names = segments(typical, own=0.4, wers=(0.15, 0.19), seed=1)
    settled = sum(compare_systems(words, *pair, names).verdict == "a" for pair in zip(a, b, strict=True))
    assert 0.6 < settled / TRIALS < 0.95


def test_the_better_provider_wins_and_the_interval_says_by_how_much() -> None:
    words, (a, b), names = segments(20, wers=(0.1, 0.2))
    result = compare_systems(words, a[0], b[0], names)
    assert result.verdict == "a"
    assert result.difference == pytest.approx((a[0].sum() - b[0].sum()) / words.sum())
    assert result.low is not None
    assert result.high is not None
    assert result.low < result.difference < result.high < 0
    assert result.p < 0.05
    assert (result.files, result.few_files, result.files_needed) == (20, False, None)
    turned = compare_systems(words, b[0], a[0], names)
    assert (turned.verdict, turned.p) == ("b", result.p)
    assert (turned.low, turned.high) == (-result.high, -result.low)


def test_the_order_of_segments_and_how_a_file_is_cut_up_does_not_matter() -> None:
    words, (a,), names = segments(5)
    order = np.random.default_rng(0).permutation(len(words))
    shuffled = wer_interval(a[0][order], words[order], [names[index] for index in order])
    whole = [[column[np.array(names) == name].sum() for name in dict.fromkeys(names)] for column in (a[0], words)]
    assert shuffled == pytest.approx(wer_interval(a[0], words, names))
    assert wer_interval(*whole, list(range(5))) == pytest.approx(wer_interval(a[0], words, names))


def test_under_two_files_there_is_no_interval_and_no_winner() -> None:
    assert wer_interval([], [], []) == (None, None)
    assert wer_interval([1, 2], [9, 8], ["a", "a"]) == (None, None)
    assert wer_interval([1, 2], [9, 0], ["a", "b"]) == (None, None)
    result = compare_systems([9, 8], [0, 0], [5, 5], ["a", "a"])
    assert result == SystemComparison(-10 / 17, None, None, 1.0, "empate", 1, True, None)


def test_without_words_a_difference_is_undefined() -> None:
    result = compare_systems([0, 0], [1, 0], [0, 3], ["a", "b"])
    assert result == SystemComparison(None, None, None, 1.0, "empate", 2, True, None)
    assert compare_systems([], [], [], []).files == 0


def test_equal_errors_are_a_tie_for_sure() -> None:
    result = compare_systems([10, 10, 10], [1, 2, 3], [1, 2, 3], list("abc"))
    assert result == SystemComparison(0.0, 0.0, 0.0, 1.0, "empate", 3, True, None)


def test_files_that_happen_to_agree_do_not_make_a_difference_certain() -> None:
    few = compare_systems([10] * 3, [2] * 3, [1] * 3, list("abc"))
    assert (few.verdict, few.few_files) == ("empate", True)
    assert few.files_needed is not None
    assert few.files_needed > 3
    many = compare_systems([10] * 30, [2] * 30, [1] * 30, list(range(30)))
    assert many.verdict == "b"


def test_files_that_happen_to_agree_do_not_make_a_rate_certain() -> None:
    low, high = wer_interval([2, 2, 2], [10, 10, 10], list("abc"))
    assert low is not None
    assert high is not None
    assert low < 0.1
    assert high > 0.4


def test_no_error_at_all_leaves_an_upper_limit() -> None:
    low, high = wer_interval([0] * 20, [100] * 20, list(range(20)))
    assert low == 0
    assert high is not None
    assert 0 < high < 0.01


def test_two_files_say_next_to_nothing_but_stay_within_what_a_rate_can_be() -> None:
    low, high = wer_interval([1, 8], [20, 20], list("ab"))
    assert low is not None
    assert 0 <= low < 0.05
    assert high == 1
    assert wer_interval([1, 50], [20, 20], list("ab"))[1] == 2.5


@given(SEGMENTS)
def test_nothing_is_ever_nan_or_infinite(rows: list[tuple[int, int, int, str]]) -> None:
    words, a, b, files = (list(column) for column in zip(*rows, strict=True))
    low, high = wer_interval(a, words, files)
    assert (low is None) == (high is None) == (len({f for f, w in zip(files, words, strict=True) if w}) < 2)
    if low is not None and high is not None:
        assert 0 <= low <= sum(a) / sum(words) <= high < math.inf
    result = compare_systems(words, a, b, files)
    assert all(math.isfinite(value) for value in astuple(result) if isinstance(value, float))
    assert 0 <= result.p <= 1
    assert (result.verdict == "empate") == (result.low is None or result.high is None or result.low <= 0 <= result.high)


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.9, 0.6]) == (1.0, 1.0)
    assert holm([]) == ()


def test_many_pairs_make_a_winner_of_luck_rare() -> None:
    words, errors, names = segments(20, own=0.3, wers=(TRUE_WER,) * 4)
    alone = corrected = 0
    for trial in range(300):
        pairs = compare_all("abcd", words, dict(zip("abcd", (one[trial] for one in errors), strict=True)), names)
        alone += any(pair.comparison.p < 0.05 for pair in pairs)
        corrected += any(pair.comparison.verdict != "empate" for pair in pairs)
    assert alone / 300 > 0.1
    assert corrected / 300 <= 0.08


def test_every_pair_is_compared_in_the_order_of_the_names() -> None:
    words, errors, names = segments(20, wers=(0.1, 0.2, 0.21))
    by_name = dict(zip(("z", "x", "y"), (one[0] for one in errors), strict=True))
    pairs = compare_all(("z", "x", "y"), words, by_name, names)
    assert [(pair.a, pair.b) for pair in pairs] == [("z", "x"), ("z", "y"), ("x", "y")]
    assert [pair.comparison.verdict for pair in pairs[:2]] == ["a", "a"]
    assert [pair.p_holm for pair in pairs] == list(holm([pair.comparison.p for pair in pairs]))
    for pair in pairs:
        assert (pair.p_holm < 0.05) == (pair.comparison.verdict != "empate")
        plain = compare_systems(words, by_name[pair.a], by_name[pair.b], names)
        assert (pair.comparison.low, pair.comparison.p) == (plain.low, plain.p)
    assert compare_all(("z",), words, by_name, names) == ()
