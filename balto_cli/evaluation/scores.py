"""Counts the errors of a transcript against its reference, with rapidfuzz underneath.

Errors are the smallest number of words substituted, deleted and inserted (Levenshtein); `alignment` says which of the
alignments with as few errors they are counted on. Rates are computed from counts
when they are asked for, so a corpus is the sum of its pairs: errors over words, never a mean of rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from balto_cli.evaluation.alignment import best_edits, spell_out
from balto_cli.evaluation.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from balto_cli.evaluation.alignment import AlignedWord


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one pair, or of a corpus as the sum of its pairs.

    WER and CER are None where they are undefined: nothing was said and something was heard. The insertions still count
    in a corpus. Nothing said and nothing heard is no error: every rate is 0.
    """

    hits: int
    substitutions: int
    deletions: int
    insertions: int
    character_errors: int
    reference_characters: int
    """With the spaces between words."""
    alignment: list[AlignedWord]
    """In the order of the words; of a corpus, the pairs' one after another."""

    @property
    def errors(self) -> int:
        """Substitutions, deletions and insertions."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_words(self) -> int:
        """Words that were said."""
        return self.hits + self.substitutions + self.deletions

    @property
    def hypothesis_words(self) -> int:
        """Words that were heard."""
        return self.hits + self.substitutions + self.insertions

    @property
    def wer(self) -> float | None:
        """Word error rate: errors over words said; may pass 1."""
        return _rate(self.errors, self.reference_words)

    @property
    def cer(self) -> float | None:
        """Character error rate, spaces counted; may pass 1."""
        return _rate(self.character_errors, self.reference_characters)

    @property
    def mer(self) -> float:
        """Match error rate, 0 to 1: errors over everything aligned (Morris, Maier and Green, 2004)."""
        return _rate(self.errors, self.hits + self.errors) or 0.0

    @property
    def wil(self) -> float:
        """Word information lost, 0 to 1: 1 - hits² / (words said x words heard) (Morris, Maier and Green, 2004)."""
        if not self.reference_words and not self.hypothesis_words:
            return 0.0
        if not self.hits:
            return 1.0
        return 1.0 - (self.hits / self.reference_words) * (self.hits / self.hypothesis_words)


def score_pair(reference: str, hypothesis: str, *, normalizer: Callable[[str], str] | None = normalize) -> Score:
    """Score what was heard against what was said.

    Both are normalised first; with `normalizer=None` they are taken as given and split at white space.
    """
    if normalizer is not None:
        reference, hypothesis = normalizer(reference), normalizer(hypothesis)
    said, heard = reference.split(), hypothesis.split()
    edits = best_edits(said, heard)
    tags = [tag for tag, _, _ in edits]
    substitutions, deletions, insertions = tags.count("replace"), tags.count("delete"), tags.count("insert")
    characters = " ".join(said)
    # A hint changes the time of long texts (by ten where few words are wrong), never the distance.
    characters_a_word = len(characters) // len(said) + 1 if said else 1
    likely_errors = len(edits) * characters_a_word
    return Score(
        hits=len(said) - substitutions - deletions,
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
        character_errors=Levenshtein.distance(characters, " ".join(heard), score_hint=likely_errors),
        reference_characters=len(characters),
        alignment=spell_out(edits, said, heard),
    )


def score_corpus(pairs: Iterable[tuple[str, str]], *, normalizer: Callable[[str], str] | None = normalize) -> Score:
    """Score (reference, hypothesis) pairs as one corpus."""
    return sum_scores(score_pair(reference, hypothesis, normalizer=normalizer) for reference, hypothesis in pairs)


def sum_scores(scores: Iterable[Score]) -> Score:
    """Add up the counts of scores; of none, a score of nothing said and nothing heard."""
    parts = list(scores)
    return Score(
        hits=sum(part.hits for part in parts),
        substitutions=sum(part.substitutions for part in parts),
        deletions=sum(part.deletions for part in parts),
        insertions=sum(part.insertions for part in parts),
        character_errors=sum(part.character_errors for part in parts),
        reference_characters=sum(part.reference_characters for part in parts),
        alignment=[word for part in parts for word in part.alignment],
    )


def _rate(errors: int, total: int) -> float | None:
    if total:
        return errors / total
    return None if errors else 0.0
