from __future__ import annotations

import math

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation import Score, normalize, score_corpus, score_pair
from balto_cli.evaluation.scores import sum_scores

SENTENCE = st.lists(st.sampled_from(["tem", "dipirona", "de", "500", "mg", "sim", "não", "tá"]), max_size=12).map(
    " ".join
)
PAIRS = st.lists(st.tuples(SENTENCE, SENTENCE), max_size=6)


@given(SENTENCE.filter(bool), SENTENCE)
def test_a_pair_has_the_totals_of_jiwer_and_as_many_words_right_at_least(reference: str, hypothesis: str) -> None:
    score = score_pair(reference, hypothesis, normalizer=None)
    words = jiwer.process_words(reference, hypothesis)
    assert score.errors == words.substitutions + words.deletions + words.insertions
    assert score.hits >= words.hits
    assert (score.reference_words, score.hypothesis_words) == (len(reference.split()), len(hypothesis.split()))
    assert score.wer == pytest.approx(words.wer)
    assert score.mer <= words.mer + 1e-12
    assert score.wil <= words.wil + 1e-12
    if score.hits == words.hits:
        assert score.mer == pytest.approx(words.mer)
        assert score.wil == pytest.approx(words.wil)
    assert score.cer == pytest.approx(jiwer.cer(reference, hypothesis))


@given(PAIRS.filter(lambda pairs: any(reference for reference, _ in pairs)))
def test_a_corpus_has_the_totals_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    score = score_corpus(pairs, normalizer=None)
    words = jiwer.process_words(*([text[side] for text in pairs] for side in (0, 1)))
    assert score.wer == pytest.approx(words.wer)
    assert score.mer <= words.mer + 1e-12
    assert score.wil <= words.wil + 1e-12
    assert score.cer == pytest.approx(jiwer.cer(*([text[side] for text in pairs] for side in (0, 1))))


@given(SENTENCE, SENTENCE)
def test_the_alignment_spells_both_sentences_and_holds_every_error(reference: str, hypothesis: str) -> None:
    score = score_pair(reference, hypothesis, normalizer=None)
    assert [said for _, said, _ in score.alignment if said is not None] == reference.split()
    assert [heard for _, _, heard in score.alignment if heard is not None] == hypothesis.split()
    operations = [operation for operation, _, _ in score.alignment]
    counted = {name: operations.count(name) for name in ("equal", "substitute", "delete", "insert")}
    assert list(counted.values()) == [score.hits, score.substitutions, score.deletions, score.insertions]
    assert all((said == heard) == (operation == "equal") for operation, said, heard in score.alignment)


@given(PAIRS)
def test_a_corpus_is_the_sum_of_its_pairs(pairs: list[tuple[str, str]]) -> None:
    whole, parts = score_corpus(pairs), [score_pair(*pair) for pair in pairs]
    for field in ("hits", "substitutions", "deletions", "insertions", "errors", "character_errors", "reference_words"):
        assert getattr(whole, field) == sum(getattr(part, field) for part in parts)
    assert whole.alignment == [word for part in parts for word in part.alignment]
    assert sum_scores(parts) == whole


@given(PAIRS)
def test_no_rate_is_ever_nan_or_infinite(pairs: list[tuple[str, str]]) -> None:
    for score in [score_corpus(pairs), *(score_pair(*pair) for pair in pairs)]:
        rates = [score.wer, score.cer, score.mer, score.wil]
        assert all(rate is None or math.isfinite(rate) for rate in rates)
        assert 0 <= score.mer <= 1
        assert 0 <= score.wil <= 1


def test_words_heard_where_none_were_said_have_no_rate_and_count_in_the_corpus() -> None:
    invented = score_pair("", "tem sim")
    assert (invented.wer, invented.cer, invented.insertions, invented.mer, invented.wil) == (None, None, 2, 1.0, 1.0)
    assert score_corpus([("tem dipirona", "tem dipirona"), ("", "tem sim")]).wer == 1.0
    assert score_corpus([("", "tem sim")]).wer is None


def test_silence_heard_as_silence_is_no_error() -> None:
    silence = score_pair("...", "")
    assert (silence.wer, silence.cer, silence.mer, silence.wil, silence.errors) == (0.0, 0.0, 0.0, 0.0, 0)
    assert score_corpus([]) == silence


def test_nothing_heard_loses_every_word() -> None:
    lost = score_pair("tem dipirona", "")
    assert (lost.wer, lost.cer, lost.mer, lost.wil, lost.deletions) == (1.0, 1.0, 1.0, 1.0, 2)


def test_texts_are_normalised_unless_told_otherwise() -> None:
    assert score_pair("Tem dipirona?", "tem dipirona").errors == 0
    assert score_pair("Tem dipirona?", "tem  dipirona", normalizer=None).substitutions == 2
    assert score_pair("a b", "A B", normalizer=str.lower).errors == 0
    assert score_corpus([("Tem", "tem")], normalizer=None).errors == 1


def test_the_corpus_rate_is_errors_over_words_and_not_a_mean_of_rates() -> None:
    assert score_corpus([("um", "dois"), ("a b c d e f g h i", "a b c d e f g h i")]).wer == pytest.approx(0.1)


def test_a_score_is_a_value() -> None:
    score = score_pair("ai", "ai")
    assert score == Score(1, 0, 0, 0, 0, 2, [("equal", "ai", "ai")])
    assert normalize("Ai!") == "ai"
