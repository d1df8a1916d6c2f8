"""Counts the errors of a transcript against its reference, with jiwer underneath.

Errors are the smallest number of words substituted, deleted and inserted (Levenshtein). Rates are computed from counts
when they are asked for, so a corpus is the sum of its pairs: errors over words, never a mean of rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from balto_cli.evaluation.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Operation = Literal["equal", "substitute", "delete", "insert"]
AlignedWord = tuple[Operation, str | None, str | None]
"""What happened to a word: operation, word of the reference (None if inserted), word heard (None if deleted)."""


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
    said, heard = (text.split() if normalizer is None else normalizer(text).split() for text in (reference, hypothesis))
    alignment = align(said, heard)
    counts = _count(alignment)
    return Score(
        hits=counts["equal"],
        substitutions=counts["substitute"],
        deletions=counts["delete"],
        insertions=counts["insert"],
        character_errors=_character_errors(" ".join(said), " ".join(heard)),
        reference_characters=len(" ".join(said)),
        alignment=alignment,
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


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[AlignedWord]:
    """Pair the words said with the words heard, with as few errors as possible, in order."""
    import jiwer

    output = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    aligned: list[AlignedWord] = []
    for chunk in output.alignments[0]:
        said = reference[chunk.ref_start_idx : chunk.ref_end_idx]
        heard = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
        if chunk.type == "delete":
            aligned += [("delete", word, None) for word in said]
        elif chunk.type == "insert":
            aligned += [("insert", None, word) for word in heard]
        else:
            operation: Operation = "equal" if chunk.type == "equal" else "substitute"
            aligned += [(operation, *pair) for pair in zip(said, heard, strict=True)]
    return aligned


def _count(alignment: Iterable[AlignedWord]) -> dict[Operation, int]:
    counts: dict[Operation, int] = {"equal": 0, "substitute": 0, "delete": 0, "insert": 0}
    for operation, _, _ in alignment:
        counts[operation] += 1
    return counts


def _character_errors(reference: str, hypothesis: str) -> int:
    import jiwer

    output = jiwer.process_characters(reference, hypothesis)
    return output.substitutions + output.deletions + output.insertions


def _rate(errors: int, total: int) -> float | None:
    if total:
        return errors / total
    return None if errors else 0.0
