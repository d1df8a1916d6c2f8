"""From what providers answered to what a person reads: states, shares of the reference, scores. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from balto_cli.evaluation.attribution import best_provider, reference_shares
from balto_cli.evaluation.results import Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.evaluation.scores import Score, score_pair, sum_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.evaluation.references import Reference
    from balto_cli.stt.base import Transcript


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call: a transcript, or the reason why there is none."""

    transcript: Transcript | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """One segment with every provider's answer."""

    name: str
    start_s: float
    end_s: float
    snr_db: float | None
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class HeardFile:
    """One input with every provider's answers, before it is judged."""

    name: str
    duration_s: float | None
    """None where the file gave no audio; `problem` then says why."""
    problem: str
    remarks: tuple[str, ...]
    reference: Reference | None
    whole: Mapping[str, Answer] = field(default_factory=dict)
    segments: tuple[HeardSegment, ...] = ()
    cut: bool = True
    """Whether segments were asked for."""


def judge(files: Sequence[HeardFile], providers: tuple[str, ...]) -> Comparison:
    """Score every answer against its reference."""
    return Comparison(providers, tuple(_judge_file(file) for file in files))


def _judge_file(file: HeardFile) -> FileResult:
    usable = file.reference is not None and not file.reference.problem
    reference = file.reference.text if file.reference and usable else None
    remarks = (*file.remarks, *(_reference_remarks(file.reference) if file.reference else ("sem referência",)))
    return FileResult(
        name=file.name,
        duration_s=file.duration_s,
        problem=file.problem,
        remarks=remarks,
        reference=reference,
        outcomes={name: _outcome(answer, reference) for name, answer in file.whole.items()},
        segments=_judge_segments(file, reference),
        cut=file.cut and not file.problem,
    )


def _reference_remarks(reference: Reference) -> tuple[str, ...]:
    """What was wrong with a reference, or what was left out of it."""
    if reference.problem:
        return (reference.problem.rstrip("."),)
    counts = ((reference.speakers_dropped, "nome(s) de quem fala"), (reference.timestamps_dropped, "marca(s) de tempo"))
    dropped = " e ".join(f"{count} {what}" for count, what in counts if count)
    return (f"referência sem {dropped}",) if dropped else ()


def _judge_segments(file: HeardFile, reference: str | None) -> tuple[SegmentResult, ...]:
    shares: Sequence[str | None] = [None] * len(file.segments)
    if reference is not None and file.segments:
        heard = {name: [_text(segment.answers[name]) for segment in file.segments] for name in file.segments[0].answers}
        if best := best_provider(reference, heard):
            durations_s = [segment.end_s - segment.start_s for segment in file.segments]
            shares = reference_shares(reference, heard[best], durations_s)
    return tuple(
        SegmentResult(
            name=segment.name,
            start_s=segment.start_s,
            end_s=segment.end_s,
            snr_db=segment.snr_db,
            reference=share,
            outcomes={name: _outcome(answer, share) for name, answer in segment.answers.items()},
        )
        for segment, share in zip(file.segments, shares, strict=True)
    )


def _text(answer: Answer) -> str | None:
    return answer.transcript.text if answer.transcript else None


def _outcome(answer: Answer, reference: str | None) -> Outcome:
    text = _text(answer)
    if text is None:
        return Outcome(State.FAILED, None, answer.reason)
    score = None if reference is None else score_pair(reference, text)
    return Outcome(State.OK if text.strip() else State.EMPTY, text, "", score)


@dataclass(frozen=True, slots=True)
class Totals:
    """Corpus scores of one provider over the files that have a reference and every answer."""

    provider: str
    whole: Score | None
    """Originals; None where there is no such file."""
    whole_files: int
    in_segments: Score | None
    """What was heard in a file's segments, one after another, against the file's reference."""
    segmented_files: int
    failures: int
    """Calls that gave no transcript."""


def totals(comparison: Comparison) -> tuple[Totals, ...]:
    """Sum up each provider. A file with a failed call is left out of the sum and counted, not averaged away."""
    return tuple(_totals_of(comparison, provider) for provider in comparison.providers)


def _totals_of(comparison: Comparison, provider: str) -> Totals:
    whole, cut, failed = [], [], 0
    for file in comparison.files:
        outcome = file.outcomes.get(provider)
        segments = [segment.outcomes[provider] for segment in file.segments if provider in segment.outcomes]
        failed += sum(one.state is State.FAILED for one in (*segments, *([outcome] if outcome else [])))
        if outcome and outcome.score:
            whole.append(outcome.score)
        texts = [one.text for one in segments if one.text is not None]
        if file.reference is not None and file.cut and len(texts) == len(segments):
            cut.append(score_pair(file.reference, " ".join(texts)))
    return Totals(
        provider, sum_scores(whole) if whole else None, len(whole), sum_scores(cut) if cut else None, len(cut), failed
    )
