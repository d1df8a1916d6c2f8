"""Gives each segment its share of the file's reference: errors get a place without anyone cutting references by hand.

The reference is aligned with what was heard in all segments, one after another. A word that is paired with a word heard
goes to the segment where it was heard; words that nobody heard go, in order, where the segments' lengths leave room for
them. The segments of one provider, the one that aligns best, decide for all.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from balto_cli.evaluation.alignment import align
from balto_cli.evaluation.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def best_provider(
    reference: str,
    heard: Mapping[str, Sequence[str | None]],
    *,
    normalizer: Callable[[str], str] = normalize,
) -> str | None:
    """Name the provider whose segments, taken together, have the fewest errors against the file's reference.

    `heard` holds what each provider heard, one text a segment, None for a segment without an answer. Whoever lacks an
    answer is passed over, unless everyone does. The first one wins a tie; None where there is no provider.
    """
    complete = {name: texts for name, texts in heard.items() if None not in texts}
    said = normalizer(reference).split()

    def errors(name: str) -> int:
        words = [word for text in heard[name] for word in normalizer(text or "").split()]
        return Levenshtein.distance(said, words)

    return min(complete or heard, key=errors, default=None)


def reference_shares(
    reference: str,
    heard: Sequence[str | None],
    durations_s: Sequence[float],
    *,
    normalizer: Callable[[str], str] = normalize,
) -> tuple[str, ...]:
    """Cut the file's reference into one normalised share a segment.

    `heard` is what one provider heard in each segment, in order (None where it gave no answer), and `durations_s` the
    segments' lengths. The shares, one after another, are the words of the normalised reference: none lost, none twice,
    in order. Without segments there are no shares.
    """
    said = normalizer(reference).split()
    words = [normalizer(text or "").split() for text in heard]
    if not words:
        return ()
    owners = _owners_of_heard_words(said, words)
    counts = _place_unheard_words(owners, _expected_words(len(said), durations_s))
    ends = list(accumulate(counts))
    return tuple(" ".join(said[end - count : end]) for count, end in zip(counts, ends, strict=True))


def _owners_of_heard_words(said: Sequence[str], words: Sequence[Sequence[str]]) -> list[int | None]:
    """Give, for each word said, the segment of the word it is paired with; None if nobody heard it."""
    segment_of_word = iter([index for index, segment in enumerate(words) for _ in segment])
    owners: list[int | None] = []
    for operation, _, _ in align(said, [word for segment in words for word in segment]):
        owner = None if operation == "delete" else next(segment_of_word)
        if operation != "insert":
            owners.append(owner)
    return owners


def _expected_words(said: int, durations_s: Sequence[float]) -> list[float]:
    """How many words each segment would hold if the file were spoken at one pace."""
    total_s = sum(durations_s)
    if total_s <= 0:
        return [said / len(durations_s)] * len(durations_s)
    return [said * duration_s / total_s for duration_s in durations_s]


def _place_unheard_words(owners: Sequence[int | None], expected: Sequence[float]) -> list[int]:
    """Count the words of each segment, runs of unheard ones shared out between the segments around them."""
    counts = [0] * len(expected)
    for owner in owners:
        if owner is not None:
            counts[owner] += 1
    first, run = 0, 0
    for owner in [*owners, len(expected) - 1]:
        if owner is None:
            run += 1
            continue
        if run:
            room = [max(0.0, expected[index] - counts[index]) for index in range(first, owner + 1)]
            for index, share in enumerate(_share_out(run, room), start=first):
                counts[index] += share
        first, run = owner, 0
    return counts


def _share_out(words: int, room: Sequence[float]) -> list[int]:
    """Split `words` into whole numbers as `room` is split; evenly where there is no room at all."""
    total = sum(room)
    bounds = (
        [words * part / total for part in accumulate(room)]
        if total > 0
        else [words * (index + 1) / len(room) for index in range(len(room))]
    )
    whole = [0, *(round(bound) for bound in bounds[:-1]), words]
    return [end - start for start, end in pairwise(whole)]
