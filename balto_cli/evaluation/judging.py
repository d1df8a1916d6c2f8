"""From what providers answered to what a person reads: states, shares of the reference, scores. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from balto_cli.evaluation.attribution import best_provider, reference_shares
from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.readings import accept, first_reading, parse_readings
from balto_cli.evaluation.results import Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.evaluation.scores import score_pair
from balto_cli.evaluation.verdicts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from balto_cli.evaluation.alignment import AlignedWord
    from balto_cli.evaluation.readings import Readings
    from balto_cli.evaluation.references import Reference
    from balto_cli.evaluation.scores import Score
    from balto_cli.stt.base import Transcript


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call: a transcript, or the reason why there is none."""

    transcript: Transcript | None
    reason: str = ""
    attempts: int = 0
    """Times that the provider was asked; 0 for an answer that was there."""
    lost_brl: float = 0.0
    """Of failed attempts that may have been billed."""

    @property
    def cost_brl(self) -> float:
        """All that the call may have cost."""
        return self.lost_brl + (self.transcript.cost_brl if self.transcript else 0.0)


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


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """One input in normalised spelling: what is scored."""

    file: HeardFile
    reference: str | None
    """None where the file has no usable one."""
    whole: Mapping[str, str | None]
    """By provider; None without an answer."""
    segments: tuple[Mapping[str, str | None], ...]
    """The same, of each segment."""
    shares: tuple[str | None, ...]
    """Each segment's share of the reference."""


def judge(
    files: Sequence[HeardFile], providers: tuple[str, ...], *, normalizer: Callable[[str], str] = normalize
) -> Comparison:
    """Score every answer against its reference."""
    return judge_prepared([prepare(file, normalizer) for file in files], providers, scorer())


def judge_prepared(
    files: Iterable[PreparedFile], providers: tuple[str, ...], score: Callable[[str, str], Score]
) -> Comparison:
    """Score every answer of files that are prepared, with a `scorer`."""
    return Comparison(providers, tuple(_judge_file(file, score) for file in files))


def scorer() -> Callable[[str, str], Score]:
    """A function that scores normalised texts; equal entries of its alignments are one object.

    An hour of talk repeats the same words over and over: this takes an eighth of the memory. Providers that heard the
    same share a score.
    """
    known: dict[AlignedWord, AlignedWord] = {}
    of_reference: dict[str, Score] = {}
    last: str | None = None

    def score(reference: str, heard: str) -> Score:
        nonlocal last
        if reference != last:
            of_reference.clear()
            last = reference
        found = of_reference.get(heard)
        if found is None:
            found = score_pair(reference, heard, normalizer=None)
            found = replace(found, alignment=[known.setdefault(entry, entry) for entry in found.alignment])
            of_reference[heard] = found
        return found

    return score


def prepare(file: HeardFile, normalizer: Callable[[str], str] = normalize) -> PreparedFile:
    """Normalise all texts of a file and cut its reference into shares."""
    written = file.reference
    whole = {name: _normalized(answer, normalizer) for name, answer in file.whole.items()}
    segments = [
        {name: _normalized(answer, normalizer) for name, answer in segment.answers.items()} for segment in file.segments
    ]
    if written is None or written.problem:
        return PreparedFile(file, None, whole, tuple(segments), (None,) * len(segments))
    if not written.alternatives:
        reference = normalizer(written.text)
    else:
        readings = parse_readings(written.text, normalizer)
        reference = " ".join(readings.words)
        whole = {name: _accepted(readings, [text])[0] for name, text in whole.items()}
        for name in segments[0] if segments else ():
            texts = _accepted(readings, [segment[name] for segment in segments])
            for segment, text in zip(segments, texts, strict=True):
                segment[name] = text
    shares = _shares(file, reference, segments)
    return PreparedFile(file, reference, whole, tuple(segments), shares)


def _normalized(answer: Answer, normalizer: Callable[[str], str]) -> str | None:
    return normalizer(answer.transcript.text) if answer.transcript else None


def _accepted(readings: Readings, texts: Sequence[str | None]) -> list[str | None]:
    pieces = accept(readings, [(text or "").split() for text in texts])
    return [None if text is None else " ".join(words) for text, words in zip(texts, pieces, strict=True)]


def _shares(file: HeardFile, reference: str, segments: Sequence[Mapping[str, str | None]]) -> tuple[str | None, ...]:
    if not segments:
        return ()
    heard = {name: [segment[name] for segment in segments] for name in segments[0]}
    best = best_provider(reference, heard, normalizer=str)
    if best is None:
        return (None,) * len(segments)
    durations_s = [segment.end_s - segment.start_s for segment in file.segments]
    return reference_shares(reference, heard[best], durations_s, normalizer=str)


def _judge_file(prepared: PreparedFile, score: Callable[[str, str], Score]) -> FileResult:
    file = prepared.file
    written = file.reference
    remarks = (*file.remarks, *(_reference_remarks(written) if written else ("sem referência",)))
    reference = None
    if written and prepared.reference is not None:
        reference = first_reading(written.text) if written.alternatives else written.text
    return FileResult(
        name=file.name,
        duration_s=file.duration_s,
        problem=file.problem,
        remarks=remarks,
        reference=reference,
        outcomes={
            name: _outcome(answer, prepared.whole[name], prepared.reference, score)
            for name, answer in file.whole.items()
        },
        segments=tuple(
            SegmentResult(
                name=segment.name,
                start_s=segment.start_s,
                end_s=segment.end_s,
                snr_db=segment.snr_db,
                reference=share,
                outcomes={
                    name: _outcome(answer, heard[name], share, score) for name, answer in segment.answers.items()
                },
            )
            for segment, heard, share in zip(file.segments, prepared.segments, prepared.shares, strict=True)
        ),
        cut=file.cut and not file.problem,
    )


def _reference_remarks(reference: Reference) -> tuple[str, ...]:
    """What was wrong with a reference, or what was left out of it."""
    if reference.problem:
        return (reference.problem.rstrip("."),)
    dropped = " e ".join(
        f"{counted(count, noun)} {of}"
        for count, noun, of in (
            (reference.speakers_dropped, "nome", "de quem fala"),
            (reference.timestamps_dropped, "marca", "de tempo"),
        )
        if count
    )
    remarks = [f"referência sem {dropped}"] if dropped else []
    if reference.mended:
        remarks.append("acentos trocados da referência foram consertados")
    if "\ufffd" in reference.text:
        remarks.append("a referência tem letras perdidas (\ufffd): confira o arquivo")
    return tuple(remarks)


def _outcome(answer: Answer, heard: str | None, reference: str | None, score: Callable[[str, str], Score]) -> Outcome:
    if answer.transcript is None or heard is None:
        return Outcome(State.FAILED, None, answer.reason)
    text = answer.transcript.text
    found = None if reference is None else score(reference, heard)
    state = State.OK if text.strip() else State.EMPTY
    return Outcome(state, text, "", found, sent_as=answer.transcript.sent_as)
