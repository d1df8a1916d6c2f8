"""A second score from the marks that a person gave: wrong references out, acceptable texts without errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.findings import Mark
from balto_cli.evaluation.places import SevereError
from balto_cli.evaluation.scores import score_pair
from balto_cli.evaluation.utterances import joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.evaluation.findings import RevisionKey
    from balto_cli.evaluation.results import Comparison
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.utterances import ScoredFile, Utterance


def revised_score(
    file: ScoredFile, provider: str, providers: Sequence[str], marks: Mapping[RevisionKey, Mark]
) -> Score | None:
    """Score a file with the marks; None where no utterance of it is left.

    An utterance whose reference is marked as wrong beside any provider is left out for all of them.
    """
    kept = [one for one in file.utterances if not _has_wrong_reference(one, providers, marks)]
    if file.utterances and not kept:
        return None

    def is_acceptable(utterance: Utterance) -> bool:
        return marks.get((utterance.file, utterance.segment, provider)) is Mark.ACCEPTABLE

    if len(kept) == len(file.utterances) and not any(is_acceptable(one) for one in kept):
        return file.scores[provider]
    reference = joined(one.reference for one in kept)
    heard = joined(one.reference if is_acceptable(one) else one.heard[provider] for one in kept)
    return score_pair(reference, heard, normalizer=None)


def _has_wrong_reference(utterance: Utterance, providers: Sequence[str], marks: Mapping[RevisionKey, Mark]) -> bool:
    return any(marks.get((utterance.file, utterance.segment, name)) is Mark.WRONG_REFERENCE for name in providers)


def severe_errors(
    comparison: Comparison, marks: Mapping[RevisionKey, Mark], *, of_segments: bool
) -> tuple[SevereError, ...]:
    """List the texts that are marked as severe errors, in order of file and time."""
    found = []
    for file in comparison.files:
        pieces = (
            [(part.name, part.reference, part.outcomes) for part in file.segments]
            if of_segments
            else [("", file.reference, file.outcomes)]
        )
        for segment, reference, outcomes in pieces:
            for name, outcome in outcomes.items():
                if marks.get((file.name, segment, name)) is Mark.SEVERE:
                    found.append(SevereError(file.name, segment, name, reference or "", outcome.text or ""))
    return tuple(found)
