"""Which words of a file a provider invented, and when."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.inventions import find_loops, outside_speech, right_words
from balto_cli.evaluation.places import Invention
from balto_cli.evaluation.scores import score_pair
from balto_cli.evaluation.utterances import joined
from balto_cli.evaluation.word_times import place_words, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from balto_cli.evaluation.inventions import Loop
    from balto_cli.evaluation.judging import PreparedFile
    from balto_cli.evaluation.results import FileResult
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.utterances import ScoredFile
    from balto_cli.evaluation.word_times import WordTimes


@dataclass(frozen=True, slots=True)
class FileInventions:
    """What one provider invented in one file."""

    found: tuple[Invention, ...]
    invented: Mapping[str, frozenset[int]]
    """Numbers of the invented words by segment ("" for the original)."""
    outside_speech: int
    loops: int
    loop_words: int
    untimed_words: int


def invented_in(
    part: Part,
    result: FileResult,
    prepared: PreparedFile,
    provider: str,
    times: WordTimes | None,
    normalizer: Callable[[str], str],
) -> FileInventions:
    """Look through everything that a provider heard in one file, whether or not the file has a reference."""
    if part is Part.ORIGINALS:
        return _in_original(result, prepared, provider, times, normalizer)
    found: list[Invention] = []
    invented: dict[str, frozenset[int]] = {}
    loops = 0
    for segment, heard, share in zip(prepared.file.segments, prepared.segments, prepared.shares, strict=True):
        words = (heard.get(provider) or "").split()
        if looped := find_loops(words, (share or "").split()):
            place = (result.name, segment.name, provider)
            found += _repeated(looped, place, spread(segment.start_s, segment.end_s, len(words)))
            invented[segment.name] = _words_of(looped)
            loops += len(looped)
    return FileInventions(tuple(found), invented, 0, loops, sum(map(len, invented.values())), 0)


def _in_original(
    result: FileResult,
    prepared: PreparedFile,
    provider: str,
    times: WordTimes | None,
    normalizer: Callable[[str], str],
) -> FileInventions:
    words = (prepared.whole.get(provider) or "").split()
    if not words:
        return FileInventions((), {}, 0, 0, 0, 0)
    place = (result.name, "", provider)
    duration_s = result.duration_s or 0.0
    timed = place_words(words, times, normalizer=normalizer) if times else []
    spans = timed or spread(0.0, duration_s, len(words))
    loops = find_loops(words, (prepared.reference or "").split())
    looped = _words_of(loops)
    found = _repeated(loops, place, spans)
    outside: list[int] = []
    untimed = 0
    if prepared.file.cut:
        speech = [(segment.start_s, segment.end_s) for segment in prepared.file.segments]
        score = result.outcomes[provider].score
        right = right_words(score.alignment) if score else [False] * len(words)
        if timed or not speech:
            outside = [number for number in outside_speech(spans, speech, right) if number not in looped]
        else:
            untimed = len(words)
    for run in _runs(outside):
        found.append(_invention(place, "fora da fala", [words[number] for number in run], len(run), spans, run))
    invented = looped.union(outside)
    return FileInventions(
        tuple(found), {"": invented} if invented else {}, len(outside), len(loops), len(looped), untimed
    )  # fmt: skip


def _repeated(
    loops: Sequence[Loop], place: tuple[str, str, str], spans: Sequence[tuple[float, float]]
) -> list[Invention]:
    runs = [(loop, range(loop.first, loop.last)) for loop in loops]
    return [_invention(place, "repetição", loop.round, len(run), spans, run) for loop, run in runs]


def _words_of(loops: Sequence[Loop]) -> frozenset[int]:
    return frozenset(number for loop in loops for number in range(loop.first, loop.last))


def _invention(
    place: tuple[str, str, str],
    kind: Literal["fora da fala", "repetição"],
    words: Sequence[str],
    count: int,
    spans: Sequence[tuple[float, float]],
    run: Sequence[int],
) -> Invention:
    return Invention(*place, kind, " ".join(words), count, spans[run[0]][0], spans[run[-1]][1])


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    """Split growing numbers where one is missing."""
    return [
        [number for _, number in group]
        for _, group in groupby(enumerate(numbers), key=lambda numbered: numbered[1] - numbered[0])
    ]


def score_without(file: ScoredFile, provider: str, invented: Mapping[str, frozenset[int]]) -> Score:
    """Score a file again without the invented words; as it is where there are none."""
    if not invented:
        return file.scores[provider]
    texts = []
    for utterance in file.utterances:
        dropped = invented.get(utterance.segment, frozenset())
        words = utterance.heard[provider].split()
        texts.append(" ".join(word for number, word in enumerate(words) if number not in dropped))
    return score_pair(file.reference, joined(texts), normalizer=None)
