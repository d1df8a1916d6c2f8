"""Which words are heard as which others, over all files of a part."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.evaluation.medicine_items import items_of
from balto_cli.evaluation.normalize import accents_apart
from balto_cli.evaluation.places import Confusion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.evaluation.alignment import AlignedWord
    from balto_cli.evaluation.utterances import ScoredFile


def confusions(files: Iterable[ScoredFile], providers: Sequence[str]) -> tuple[Confusion, ...]:
    """Count substituted pairs; most frequent first, medicines before others of the same count."""
    counts = {name: Counter[tuple[str, str]]() for name in providers}
    for file in files:
        for name, score in file.scores.items():
            counts[name].update(_substitutions(score.alignment))
    total = sum(counts.values(), Counter[tuple[str, str]]())
    names: dict[str, bool] = {}

    def is_name(word: str) -> bool:
        if word not in names:
            names[word] = any(item.kind == "medicamento" for item in items_of(word))
        return names[word]

    found = [
        Confusion(
            said,
            heard,
            count,
            {name: counts[name][said, heard] for name in providers if (said, heard) in counts[name]},
            is_name(said) or is_name(heard),
            _accents_apart(said, heard),
        )
        for (said, heard), count in total.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, not one.is_medicine, one.said, one.heard)))


def _substitutions(alignment: Iterable[AlignedWord]) -> Iterable[tuple[str, str]]:
    for operation, said, heard in alignment:
        if operation == "substitute" and said is not None and heard is not None:
            yield said, heard


def accent_only(alignment: Iterable[AlignedWord]) -> int:
    """Count the substitutions where nothing but an accent differs."""
    return sum(_accents_apart(said, heard) for said, heard in _substitutions(alignment))


_accents_apart = lru_cache(maxsize=65536)(accents_apart)
