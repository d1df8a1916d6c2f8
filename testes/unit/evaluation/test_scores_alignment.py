from __future__ import annotations

import random

import jiwer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.evaluation import score_pair
from balto_cli.evaluation.alignment import EXACT_CELLS, AlignedWord, align
from testes.pairs import best_alignment, cheapest_splits, generated_pairs, likeness

WORD = st.sampled_from(["a", "ab", "abc", "b", "bc", "cab", "ca", "dor", "dois", "doze"])
WORDS = st.lists(WORD, max_size=11)


def totals(aligned: list[AlignedWord]) -> tuple[int, int, int]:
    """Errors, words right, likeness of what was substituted."""
    return (
        sum(operation != "equal" for operation, _, _ in aligned),
        sum(operation == "equal" for operation, _, _ in aligned),
        sum(likeness(said or "", heard or "") for operation, said, heard in aligned if operation == "substitute"),
    )


@given(WORDS, WORDS)
@settings(max_examples=300)
def test_no_alignment_has_fewer_errors_more_hits_or_more_alike_pairs(said: list[str], heard: list[str]) -> None:
    assert totals(align(said, heard)) == best_alignment(tuple(said), tuple(heard))


@pytest.mark.parametrize("rate", [0.15, 0.4, 0.8])
def test_texts_like_real_ones_get_the_best_alignment(rate: float) -> None:
    for reference, hypothesis in generated_pairs(100, rate=rate, seed=3):
        said, heard = reference.split(), hypothesis.split()
        assert totals(align(said, heard)) == best_alignment(tuple(said), tuple(heard))


@given(WORDS, WORDS)
def test_the_split_is_one_that_the_fewest_errors_allow(said: list[str], heard: list[str]) -> None:
    score = score_pair(" ".join(said), " ".join(heard), normalizer=None)
    assert (score.substitutions, score.deletions, score.insertions) in cheapest_splits(said, heard)


def test_a_medicine_is_paired_with_the_medicine_heard_for_it() -> None:
    score = score_pair("tome prednisona agora", "tome bem prednisolona já agora")
    assert score.alignment == [
        ("equal", "tome", "tome"),
        ("insert", None, "bem"),
        ("substitute", "prednisona", "prednisolona"),
        ("insert", None, "já"),
        ("equal", "agora", "agora"),
    ]
    lost = score_pair("a caixa de losartana genérica", "losartano genérica", normalizer=None).alignment
    assert ("substitute", "losartana", "losartano") in lost


def test_a_word_that_moved_stays_right() -> None:
    assert [operation for operation, _, _ in align(["dor", "febre"], ["febre", "dor"])] == ["insert", "equal", "delete"]


@pytest.mark.parametrize(("count", "rate"), [(400, 0.15), (400, 0.5), (3000, 0.15), (3000, 1.0)])
def test_long_texts_keep_the_fewest_errors_and_lose_no_word(count: int, rate: float) -> None:
    ((reference, hypothesis),) = generated_pairs(1, words=(count, count), rate=rate, seed=count)
    said, heard = reference.split(), hypothesis.split()
    aligned = align(said, heard)
    oracle = jiwer.process_words(reference, hypothesis)
    errors, right, _ = totals(aligned)
    assert errors == oracle.substitutions + oracle.deletions + oracle.insertions
    assert right >= oracle.hits
    assert [word for _, word, _ in aligned if word is not None] == said
    assert [word for *_, word in aligned if word is not None] == heard


def test_texts_of_nothing_but_errors_are_cut_into_searches_of_bounded_size() -> None:
    random_source = random.Random(1)
    said = [random_source.choice("abcdef") for _ in range(2 * EXACT_CELLS)]
    heard = [random_source.choice("ghijkl") for _ in range(EXACT_CELLS)]
    errors, right, _ = totals(align(said, heard))
    assert (errors, right) == (2 * EXACT_CELLS, 0)
