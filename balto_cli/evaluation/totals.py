"""Sums of scores, and how sure the rates are that come of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.rates import Interval
from balto_cli.evaluation.scores import Score
from balto_cli.evaluation.significance import wer_interval

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence


def sum_counts(scores: Iterable[Score]) -> Score:
    """Add up counts, without the alignments."""
    hits = substitutions = deletions = insertions = character_errors = characters = 0
    for score in scores:
        hits += score.hits
        substitutions += score.substitutions
        deletions += score.deletions
        insertions += score.insertions
        character_errors += score.character_errors
        characters += score.reference_characters
    return Score(hits, substitutions, deletions, insertions, character_errors, characters, [])


def rate_interval(errors: Sequence[int], of: Sequence[int], units: Sequence[Hashable]) -> Interval:
    """Sum of errors over sum of what they are counted over, with its interval over units; one entry a file."""
    total = sum(of)
    if not total:
        return Interval(None if any(errors) or not of else 0.0, None, None)
    value = sum(errors) / total
    if len(set(units)) < 2:
        return Interval(value, None, None)
    return Interval(value, *wer_interval(errors, of, units))


def wer_of(scores: Sequence[Score], units: Sequence[Hashable]) -> Interval:
    """Corpus WER of one score a file."""
    return rate_interval([score.errors for score in scores], [score.reference_words for score in scores], units)
