from __future__ import annotations

import math

import pytest

from balto_cli.evaluation import Mapsswe, mapsswe, score_pair
from balto_cli.evaluation.mapsswe import mapsswe_of_scores
from testes.pairs import generated_pairs

REFERENCE = "a b c d e f g h i j"


def test_two_words_right_in_both_systems_close_a_segment() -> None:
    a = [(REFERENCE, "a x c d e f g y i j")]
    b = [(REFERENCE, "a b c d e f g h i j")]
    assert mapsswe(a, b).segments == 2
    assert mapsswe(a, b).mean == 1


def test_one_word_right_does_not_close_a_segment() -> None:
    a = [(REFERENCE, "a x c y e f g h i j")]
    b = [(REFERENCE, "a b c d e z g h i j")]
    assert mapsswe(a, a) == Mapsswe(1, 0.0, 0.0, 1.0)
    assert mapsswe(a, b).segments == 1
    assert mapsswe(a, b).mean == 1


def test_insertions_belong_to_the_segment_they_break() -> None:
    pairs = [(REFERENCE, "a b x c d e f g h i j y")]
    assert mapsswe(pairs, [(REFERENCE, REFERENCE)]).segments == 2
    assert mapsswe([("a b", "a x b")], [("a b", "a b")]).mean == 1


def test_z_is_the_mean_over_its_standard_error() -> None:
    a = [(REFERENCE, "x y z d e f g h i j"), (REFERENCE, "x b c d e f g h i j"), (REFERENCE, REFERENCE)]
    b = [(REFERENCE, REFERENCE), (REFERENCE, REFERENCE), (REFERENCE, "x b c d e f g h i j")]
    result = mapsswe(a, b)
    assert (result.segments, result.mean) == (3, 1)
    assert result.z == pytest.approx(1 / math.sqrt(4 / 3))
    assert result.p == pytest.approx(math.erfc(result.z / math.sqrt(2)))


def test_the_systems_change_places_with_the_sign() -> None:
    a = generated_pairs(50, seed=1)
    b = [
        (reference, heard) for (reference, _), (_, heard) in zip(a, generated_pairs(50, rate=0.3, seed=1), strict=True)
    ]
    one, other = mapsswe(a, b), mapsswe(b, a)
    assert (one.segments, one.mean, one.z, one.p) == (other.segments, -other.mean, -other.z, other.p)


def test_no_error_no_pair_or_no_spread_is_no_difference() -> None:
    assert mapsswe([], []) == Mapsswe(0, 0.0, 0.0, 1.0)
    assert mapsswe([(REFERENCE, REFERENCE)], [(REFERENCE, REFERENCE)]) == Mapsswe(0, 0.0, 0.0, 1.0)
    alike = mapsswe([("a", "b"), ("a", "b")], [("a", "a"), ("a", "a")])
    assert (alike.z, alike.p) == (0.0, 1.0)
    assert mapsswe([("", "x")], [("", "")]).segments == 1


def test_other_utterances_are_refused() -> None:
    with pytest.raises(ValueError, match="same references"):
        mapsswe([("a b", "a")], [("a c", "a")])
    with pytest.raises(ValueError, match="same references"):
        mapsswe([("a", "a")], [])


def test_scores_that_are_there_already_need_no_second_alignment() -> None:
    a, b = generated_pairs(30, seed=1), [(reference, reference) for reference, _ in generated_pairs(30, seed=1)]
    scores = ([score_pair(*pair) for pair in pairs] for pairs in (a, b))
    assert mapsswe_of_scores(*scores) == mapsswe(a, b)


def test_texts_are_normalised_unless_told_otherwise() -> None:
    assert mapsswe([("Tem?", "tem")], [("Tem?", "Tem!")]).segments == 0
    assert mapsswe([("Tem", "tem")], [("Tem", "Tem")], normalizer=None).segments == 1
