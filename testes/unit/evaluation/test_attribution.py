from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation import normalize
from balto_cli.evaluation.attribution import best_provider, reference_shares
from balto_cli.evaluation.scores import score_corpus, score_pair, sum_scores

WORDS = ["tem", "sim", "dipirona", "de", "não", "2,5", "Tá,"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)
SEGMENTS = st.lists(st.tuples(st.none() | TEXT, st.floats(0, 30)), min_size=1, max_size=8)


@given(TEXT, SEGMENTS)
def test_the_shares_one_after_another_are_the_reference(
    reference: str, segments: list[tuple[str | None, float]]
) -> None:
    shares = reference_shares(reference, [text for text, _ in segments], [duration for _, duration in segments])
    assert len(shares) == len(segments)
    assert " ".join(share for share in shares if share) == normalize(reference)


@given(TEXT, SEGMENTS)
def test_cutting_the_reference_adds_no_error_to_what_was_aligned(
    reference: str, segments: list[tuple[str | None, float]]
) -> None:
    heard = [text or "" for text, _ in segments]
    shares = reference_shares(reference, heard, [duration for _, duration in segments])
    whole = score_pair(reference, " ".join(heard))
    assert score_corpus(zip(shares, heard, strict=True)).errors == whole.errors


@given(st.lists(TEXT.filter(bool), min_size=1, max_size=6))
def test_segments_heard_without_error_get_their_own_words(texts: list[str]) -> None:
    assert reference_shares(" ".join(texts), texts, [1.0] * len(texts)) == tuple(normalize(text) for text in texts)


def test_a_segment_that_was_not_answered_gets_the_words_between_its_neighbours() -> None:
    shares = reference_shares(
        "Bom dia, tem dipirona? Tem sim, de 500. Vou levar uma caixa.",
        ["bom dia tem dipirona", None, "vou levar uma caixa"],
        [2.0, 2.0, 2.0],
    )
    assert shares == ("bom dia tem dipirona", "tem sim de 500", "vou levar 1 caixa")


def test_words_nobody_heard_go_where_the_segments_leave_room() -> None:
    said = "a b c d e f g h i j k l"
    assert reference_shares(said, ["a", "", "", "l"], [1.0, 6.0, 4.0, 1.0]) == (
        "a",
        "b c d e f g",
        "h i j k",
        "l",
    )


def test_a_reference_of_which_nothing_was_heard_is_shared_out_by_length() -> None:
    assert reference_shares("a b c d e f", ["", None], [4.0, 2.0]) == ("a b c d", "e f")
    assert reference_shares("a b c d", ["", ""], [0.0, 0.0]) == ("a b", "c d")


def test_a_wrong_word_stays_with_the_segment_where_it_was_heard() -> None:
    assert reference_shares("tem prednisona tem sim", ["tem prednisolona", "tem sim"], [1, 1]) == (
        "tem prednisona",
        "tem sim",
    )


def test_a_file_without_segments_has_no_shares() -> None:
    assert reference_shares("tem dipirona", [], []) == ()


def test_the_provider_with_the_fewest_errors_over_all_segments_is_the_best() -> None:
    heard = {"Gladia": ["tem", "dipirina"], "Local": ["tem dipirona", "sim"], "OpenAI": ["tem dipirona", "sim"]}
    assert best_provider("Tem dipirona? Sim.", heard) == "Local"


def test_a_provider_that_failed_is_passed_over_unless_all_did() -> None:
    assert best_provider("a b c d", {"Local": ["a b c", None], "Gladia": ["a", ""]}) == "Gladia"
    assert best_provider("a b c d", {"Gladia": ["a", None], "Local": ["a b c", None]}) == "Local"
    assert best_provider("a b", {}) is None


@pytest.mark.parametrize("texts", [["a b", "c d"], ["a", "b x c d"]])
def test_the_shares_scores_add_up_to_the_files(texts: list[str]) -> None:
    shares = reference_shares("a b c d", texts, [1.0, 1.0])
    parts = sum_scores(score_pair(share, text) for share, text in zip(shares, texts, strict=True))
    assert parts.errors == score_pair("a b c d", " ".join(texts)).errors
