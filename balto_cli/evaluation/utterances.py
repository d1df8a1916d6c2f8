"""The utterances that all providers have, in one part: what they are compared on, and what that leaves out.

An original is an utterance; so is a segment. A file whose segments all have an answer is scored as what was heard in
them, one after another, against the whole reference. Where a call failed, that segment and its share of the reference
are left out for every provider, and counted. A provider that answered nothing at all is itself left out, and said so:
a refused key must not leave the others without a score.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.medicine import medicine_errors
from balto_cli.evaluation.rates import Coverage, LeftOut
from balto_cli.evaluation.verdicts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from balto_cli.evaluation.judging import PreparedFile
    from balto_cli.evaluation.medicine import MedicineErrors
    from balto_cli.evaluation.results import FileResult, Outcome
    from balto_cli.evaluation.scores import Score

NO_REFERENCE = "sem referência"
BAD_REFERENCE = "referência com problema"
NO_AUDIO = "sem áudio"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One original or segment, with what every provider heard in it, in normalised spelling."""

    file: str
    segment: str
    """"" for an original."""
    unit: str
    start_s: float
    end_s: float
    snr_db: float | None
    """Of an original, the median of its segments."""
    reference: str
    heard: Mapping[str, str]
    scores: Mapping[str, Score]
    medicine: Mapping[str, MedicineErrors]


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """One file of one part."""

    result: FileResult
    prepared: PreparedFile
    unit: str
    reference: str
    """Of the utterances that count."""
    utterances: tuple[Utterance, ...]
    """None where the pipeline heard no speech in the file."""
    scores: Mapping[str, Score]
    """By provider, of the file as a whole; words over segments' edges are aligned together."""

    @property
    def name(self) -> str:
        """As in the workbooks."""
        return self.result.name


@dataclass(frozen=True, slots=True)
class ScoredPart:
    """All files of one part that count, and what does not."""

    part: Part
    everyone: tuple[str, ...]
    """In the order of the command line."""
    providers: tuple[str, ...]
    """Those that are compared; in every mapping by provider."""
    files: tuple[ScoredFile, ...]
    coverage: Coverage

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """In order of file and time."""
        return tuple(utterance for file in self.files for utterance in file.utterances)


def score_parts(
    parts: Sequence[Part],
    results: Sequence[FileResult],
    prepared: Sequence[PreparedFile],
    providers: tuple[str, ...],
    units: Mapping[str, str],
    unit_name: str,
    score: Callable[[str, str], Score],
) -> list[ScoredPart]:
    """Score what all providers have of each part; `units` names what each file goes together with.

    A file is scored in all parts before the next one: they hold the same words.
    """
    left_out = {part: _LeftOut() for part in parts}
    compared = {part: _that_answered(part, results, providers) for part in parts}
    files: dict[Part, list[ScoredFile]] = {part: [] for part in parts}
    for result, ready in zip(results, prepared, strict=True):
        unit = units.get(result.name, result.name)
        for part in parts:
            if part is Part.ORIGINALS:
                scored = _scored_original(result, ready, compared[part], unit, left_out[part])
            else:
                scored = _scored_segments(result, ready, compared[part], unit, left_out[part], score)
            if scored is not None:
                files[part].append(scored)
    found = []
    for part in parts:
        silent = [name for name in providers if name not in compared[part]]
        coverage = _coverage(part, results, files[part], left_out[part], unit_name, silent)
        found.append(ScoredPart(part, providers, compared[part], tuple(files[part]), coverage))
    return found


def _that_answered(part: Part, results: Sequence[FileResult], providers: tuple[str, ...]) -> tuple[str, ...]:
    """Providers with an answer to at least one call; all of them where nobody has one."""
    pieces: list[Mapping[str, Outcome]] = []
    for result in results:
        if part is Part.ORIGINALS:
            pieces.append(result.outcomes)
        else:
            pieces += [segment.outcomes for segment in result.segments]
    answered = {name for outcomes in pieces for name, outcome in outcomes.items() if outcome.text is not None}
    return tuple(name for name in providers if name in answered) or providers


class _LeftOut:
    def __init__(self) -> None:
        self.files: Counter[str] = Counter()
        self.utterances: Counter[str] = Counter()

    def add(self, reason: str, *, files: int = 0, utterances: int = 0) -> None:
        self.files[reason] += files
        self.utterances[reason] += utterances


def _scored_original(
    result: FileResult, prepared: PreparedFile, providers: tuple[str, ...], unit: str, left_out: _LeftOut
) -> ScoredFile | None:
    if reason := _unusable(result, prepared, [result.outcomes], providers):
        left_out.add(reason, files=1, utterances=1)
        return None
    reference = prepared.reference or ""
    heard = {name: prepared.whole[name] or "" for name in providers}
    scores = {name: score for name in providers if (score := result.outcomes[name].score)}
    snr = sorted(segment.snr_db for segment in result.segments if segment.snr_db is not None)
    utterance = Utterance(
        result.name, "", unit, 0.0, result.duration_s or 0.0, snr[len(snr) // 2] if snr else None,
        reference, heard, scores, _medicine(reference, heard, scores),
    )  # fmt: skip
    return ScoredFile(result, prepared, unit, reference, (utterance,), scores)


def _scored_segments(
    result: FileResult,
    prepared: PreparedFile,
    providers: tuple[str, ...],
    unit: str,
    left_out: _LeftOut,
    score: Callable[[str, str], Score],
) -> ScoredFile | None:
    if reason := _unusable(result, prepared, [], providers):
        left_out.add(reason, files=1, utterances=len(result.segments))
        return None
    numbers = []
    for number, segment in enumerate(result.segments):
        if failed := _failed(segment.outcomes, providers):
            left_out.add(failed, utterances=1)
        else:
            numbers.append(number)
    if result.segments and not numbers:
        left_out.add(_failed(result.segments[0].outcomes, providers), files=1)
        return None
    utterances = tuple(_segment_utterance(result, prepared, number, providers, unit) for number in numbers)
    if result.segments:
        reference = " ".join(share for one in utterances if (share := one.reference))
    else:
        reference = prepared.reference or ""
    return ScoredFile(
        result, prepared, unit, reference, utterances,
        {name: _file_score(reference, utterances, name, score) for name in providers},
    )  # fmt: skip


def _segment_utterance(
    result: FileResult, prepared: PreparedFile, number: int, providers: tuple[str, ...], unit: str
) -> Utterance:
    segment = result.segments[number]
    reference = prepared.shares[number] or ""
    heard = {name: prepared.segments[number][name] or "" for name in providers}
    scores = {name: score for name in providers if (score := segment.outcomes[name].score)}
    return Utterance(
        result.name, segment.name, unit, segment.start_s, segment.end_s, segment.snr_db,
        reference, heard, scores, _medicine(reference, heard, scores),
    )  # fmt: skip


def _file_score(
    reference: str, utterances: Sequence[Utterance], provider: str, score: Callable[[str, str], Score]
) -> Score:
    if len(utterances) == 1 and utterances[0].reference == reference:
        return utterances[0].scores[provider]
    return score(reference, joined(one.heard[provider] for one in utterances))


def joined(texts: Iterable[str]) -> str:
    """Normalised texts one after another."""
    return " ".join(text for text in texts if text)


def _medicine(reference: str, heard: Mapping[str, str], scores: Mapping[str, Score]) -> dict[str, MedicineErrors]:
    by_text: dict[str, MedicineErrors] = {}
    for name, text in heard.items():
        if text not in by_text:
            by_text[text] = medicine_errors(reference, text, normalizer=None, alignment=scores[name].alignment)
    return {name: by_text[text] for name, text in heard.items()}


def _unusable(
    result: FileResult,
    prepared: PreparedFile,
    answers: Sequence[Mapping[str, Outcome]],
    providers: tuple[str, ...],
) -> str:
    if result.problem:
        return NO_AUDIO
    if prepared.reference is None:
        return BAD_REFERENCE if prepared.file.reference else NO_REFERENCE
    return next((reason for outcomes in answers if (reason := _failed(outcomes, providers))), "")


def _failed(outcomes: Mapping[str, Outcome], providers: tuple[str, ...]) -> str:
    missing = [name for name in providers if name not in outcomes or outcomes[name].text is None]
    return f"falha de {' e '.join(missing)}" if missing else ""


def _coverage(
    part: Part,
    results: Sequence[FileResult],
    scored: Sequence[ScoredFile],
    left_out: _LeftOut,
    unit_name: str,
    silent: Sequence[str],
) -> Coverage:
    total = len(results) if part is Part.ORIGINALS else sum(len(result.segments) for result in results)
    utterances = sum(len(file.utterances) for file in scored)
    listed = tuple(
        LeftOut(reason, left_out.files[reason], left_out.utterances[reason])
        for reason in sorted(left_out.files.keys() | left_out.utterances.keys())
    )
    units = len({file.unit for file in scored})
    text = f"Notas sobre {len(scored)} de {counted(len(results), 'arquivo')}"
    if unit_name != "arquivo":
        text += f" ({counted(units, unit_name)})"
    if part is Part.SEGMENTS:
        text += f" e {utterances} de {counted(total, 'segmento')}"
    reasons = "; ".join(_left_out_text(part, one) for one in listed)
    sentence = f"{text}; fora da conta: {reasons}." if reasons else f"{text}."
    if silent:
        verb = (
            "não respondeu nenhuma chamada e não foi comparado"
            if len(silent) == 1
            else ("não responderam nenhuma chamada e não foram comparados")
        )
        sentence += f" {' e '.join(silent)} {verb}."
    return Coverage(len(results), len(scored), total, utterances, units, listed, sentence)


def _left_out_text(part: Part, one: LeftOut) -> str:
    counts = [counted(one.files, "arquivo")] if one.files else []
    if part is Part.SEGMENTS and one.utterances:
        counts.append(counted(one.utterances, "segmento"))
    return f"{' e '.join(counts)} ({one.reason})"
