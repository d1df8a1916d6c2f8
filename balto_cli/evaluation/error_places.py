"""When each word of a file was heard, and so when each error was made: for a strip that shows where a provider fails.

In an original the provider's own word times say it; without them, and in a segment, words are spread evenly over the
utterance, which is off by a word or two.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from balto_cli.evaluation.cuts import errors_at_cuts
from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.places import ErrorPlace
from balto_cli.evaluation.word_times import place_words, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from balto_cli.evaluation.utterances import ScoredFile
    from balto_cli.evaluation.word_times import WordTimes

Span = tuple[float, float]


def word_spans(
    file: ScoredFile, provider: str, times: WordTimes | None, normalizer: Callable[[str], str]
) -> list[Span]:
    """Start and end in the file of every normalised word that a provider heard in it."""
    spans: list[Span] = []
    for utterance in file.utterances:
        heard = utterance.heard[provider].split()
        placed = place_words(heard, times, normalizer=normalizer) if times and not utterance.segment else []
        spans += placed or spread(utterance.start_s, utterance.end_s, len(heard))
    return spans


def error_places(part: Part, file: ScoredFile, provider: str, spans: Sequence[Span]) -> tuple[ErrorPlace, ...]:
    """Every error of a provider in a file, in order."""
    alignment = file.scores[provider].alignment
    in_segments = part is Part.SEGMENTS
    counts = [len(utterance.heard[provider].split()) for utterance in file.utterances]
    at_cut = errors_at_cuts(alignment, counts if in_segments else ())
    heard_ends = [*accumulate(counts)]
    said_ends = [*accumulate(len(utterance.reference.split()) for utterance in file.utterances)]
    places: list[ErrorPlace] = []
    said_at = heard_at = said_in = heard_in = 0
    for (operation, said, heard), cut in zip(alignment, at_cut, strict=True):
        if operation != "equal":
            while said_in < len(said_ends) - 1 and said_at >= said_ends[said_in]:
                said_in += 1
            while heard_in < len(heard_ends) - 1 and heard_at >= heard_ends[heard_in]:
                heard_in += 1
            number = said_in if heard is None else heard_in
            if heard is None:
                start_s, end_s = _gap(file, spans, heard_at, number)
            else:
                start_s, end_s = spans[heard_at]
            segment = file.utterances[number].segment if file.utterances else ""
            places.append(ErrorPlace(start_s, end_s, operation, said, heard, segment, cut))
        said_at += said is not None
        heard_at += heard is not None
    return tuple(places)


def _gap(file: ScoredFile, spans: Sequence[Span], place: int, utterance: int) -> Span:
    """Between the words heard before and after a lost one, inside the utterance that it is of."""
    if not file.utterances:
        return 0.0, file.result.duration_s or 0.0
    lost_in = file.utterances[utterance]
    before_s = spans[place - 1][1] if place else lost_in.start_s
    after_s = spans[place][0] if place < len(spans) else lost_in.end_s
    start_s = min(max(before_s, lost_in.start_s), lost_in.end_s)
    return start_s, max(start_s, min(after_s, lost_in.end_s))
