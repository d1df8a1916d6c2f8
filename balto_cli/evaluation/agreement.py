"""What providers say of each other: where they differ, and where all agree against the reference.

The first needs no reference, so it tells which recordings a person should transcribe first. For the second, every
provider must have heard the very same words in the place of the reference's, in the alignments of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, combinations
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.medicine_items import items_of
from balto_cli.evaluation.places import Disagreement, Suspect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.evaluation.alignment import AlignedWord
    from balto_cli.evaluation.judging import PreparedFile
    from balto_cli.evaluation.utterances import ScoredFile

CONTEXT_WORDS = 3
"""Words of the reference shown on either side of a suspect place."""


def disagreements(part: Part, files: Iterable[PreparedFile]) -> tuple[Disagreement, ...]:
    """Measure how far apart the providers are on every utterance that two of them answered; most first."""
    found = []
    for prepared in files:
        has_reference = prepared.reference is not None
        if part is Part.ORIGINALS:
            pieces = [("", prepared.whole)]
        else:
            names = (segment.name for segment in prepared.file.segments)
            pieces = list(zip(names, prepared.segments, strict=True))
        for segment, heard in pieces:
            texts = [text for text in heard.values() if text is not None]
            if len(texts) > 1:
                found.append(_disagreement(prepared.file.name, segment, texts, has_reference))
    return tuple(sorted(found, key=lambda one: (-one.rate, -one.differing_words)))


def _disagreement(file: str, segment: str, texts: Sequence[str], has_reference: bool) -> Disagreement:
    if texts.count(texts[0]) == len(texts):
        return Disagreement(file, segment, 0.0, 0, (), has_reference)
    differing = longest = 0
    for one, other in combinations([text.split() for text in texts], 2):
        differing += Levenshtein.distance(one, other)
        longest += max(len(one), len(other))
    heard = [{item.shown for item in items_of(text) if item.kind == "medicamento"} for text in texts]
    disputed = sorted(set().union(*heard).difference(*[set.intersection(*heard)]), key=str.casefold)
    return Disagreement(file, segment, differing / longest, differing, tuple(disputed), has_reference)


def suspects(part: Part, files: Iterable[ScoredFile], providers: Sequence[str]) -> tuple[Suspect, ...]:
    """List the places where all providers, at least two, heard the same and the reference says something else."""
    if len(providers) < 2:
        return ()
    found = [suspect for file in files for suspect in _suspects_of(part, file)]
    return tuple(sorted(found, key=lambda suspect: not suspect.is_medicine))


def _suspects_of(part: Part, file: ScoredFile) -> Iterable[Suspect]:
    said = file.reference.split()
    views = [_seen_from_reference(score.alignment, len(said)) for score in file.scores.values()]
    agreed = _agreed(views)
    bounds = [*accumulate(len(one.reference.split()) for one in file.utterances)]
    place = 0
    while place < len(agreed):
        heard = agreed[place]
        if heard is None or heard == _right(said, place):
            place += 1
            continue
        first = place
        words: list[str] = []
        while place < len(agreed) and (heard := agreed[place]) is not None and heard != _right(said, place):
            words += heard
            place += 1
        # Odd places are words, even ones the gaps before and after them.
        begin, end = first // 2, place // 2
        yield _suspect(part, file, bounds, said, begin, end, " ".join(words))


def _suspect(
    part: Part, file: ScoredFile, bounds: Sequence[int], said: Sequence[str], begin: int, end: int, heard: str
) -> Suspect:
    utterance = file.utterances[min(bisect_right(bounds, begin), len(file.utterances) - 1)] if file.utterances else None
    words = " ".join(said[begin:end])
    around = " ".join(said[max(0, begin - 1) : end + 1])
    return Suspect(
        file=file.name,
        segment=utterance.segment if utterance and part is Part.SEGMENTS else "",
        said=words,
        heard=heard,
        before=" ".join(said[max(0, begin - CONTEXT_WORDS) : begin]),
        after=" ".join(said[end : end + CONTEXT_WORDS]),
        start_s=utterance.start_s if utterance else 0.0,
        end_s=utterance.end_s if utterance else file.result.duration_s or 0.0,
        is_medicine=bool(items_of(around) or items_of(heard)),
    )


def _seen_from_reference(alignment: Iterable[AlignedWord], said: int) -> list[tuple[str, ...]]:
    """What was heard in each gap (even places) and in the place of each word (odd places) of the reference."""
    seen: list[tuple[str, ...]] = [()] * (2 * said + 1)
    word = 0
    for operation, _, heard in alignment:
        if operation == "insert":
            seen[2 * word] += (heard or "",)
            continue
        if heard is not None:
            seen[2 * word + 1] = (heard,)
        word += 1
    return seen


def _agreed(views: Sequence[list[tuple[str, ...]]]) -> list[tuple[str, ...] | None]:
    """What all heard at each place; None where they differ."""
    return [
        places[0] if all(place == places[0] for place in places[1:]) else None for places in zip(*views, strict=True)
    ]


def _right(said: Sequence[str], place: int) -> tuple[str, ...]:
    return (said[place // 2],) if place % 2 else ()
