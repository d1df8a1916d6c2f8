"""One way of transcribing, all providers: from scored files to what reports show of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from balto_cli.evaluation.agreement import disagreements, suspects
from balto_cli.evaluation.confusions import accent_only, confusions
from balto_cli.evaluation.effort import effort_of
from balto_cli.evaluation.error_places import error_places, word_spans
from balto_cli.evaluation.findings import Part, PartAnalysis
from balto_cli.evaluation.invented_words import invented_in, score_without
from balto_cli.evaluation.mapsswe import mapsswe_of_scores
from balto_cli.evaluation.medicine import sum_medicine_errors
from balto_cli.evaluation.places import FileErrors, MedicineFinding
from balto_cli.evaluation.rates import Inventions, PairResult, ProviderScores
from balto_cli.evaluation.revision import revised_score, severe_errors
from balto_cli.evaluation.significance import compare_all
from balto_cli.evaluation.slices import slices
from balto_cli.evaluation.totals import rate_interval, sum_counts, wer_of
from balto_cli.evaluation.verdicts import overall, pair_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from balto_cli.evaluation.findings import Mark, RevisionKey
    from balto_cli.evaluation.invented_words import FileInventions
    from balto_cli.evaluation.judging import PreparedFile
    from balto_cli.evaluation.medicine import MedicineErrors
    from balto_cli.evaluation.places import Invention
    from balto_cli.evaluation.rates import Interval
    from balto_cli.evaluation.results import Comparison
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.stored_run import StoredRun
    from balto_cli.evaluation.utterances import ScoredFile, ScoredPart


@dataclass(frozen=True, slots=True)
class Material:
    """What all parts of an analysis share."""

    run: StoredRun
    comparison: Comparison
    prepared: Sequence[PreparedFile]
    """In the order of `comparison.files`."""
    normalizer: Callable[[str], str]
    unit: str
    marks: Mapping[RevisionKey, Mark] | None


def analyse_part(part: ScoredPart, material: Material) -> PartAnalysis:
    """Sum up one part."""
    files: dict[tuple[str, str], FileErrors] = {}
    inventions: list[Invention] = []
    rows = []
    for provider in part.everyone:
        invented = _all_invented(part, material, provider)
        for each in invented.values():
            inventions += each.found
        for file in _files_of(part, provider):
            times = material.run.word_times.get((file.name, provider)) if part.part is Part.ORIGINALS else None
            spans = word_spans(file, provider, times, material.normalizer)
            places = error_places(part.part, file, provider, spans)
            files[file.name, provider] = FileErrors(
                file=file.name,
                provider=provider,
                unit=file.unit,
                score=file.scores[provider],
                utterances=len(file.utterances),
                medicine_wrong=sum(one.medicine[provider].wrong_utterances for one in file.utterances),
                places=places,
            )
        rows.append(_provider_scores(part, material, provider, invented, files))
    pairs = _pairs(part, rows, material.unit)
    verdict, winner = overall(rows, pairs, material.unit)
    details = {name: facts.details for name, facts in material.run.facts.items()}
    of_segments = part.part is Part.SEGMENTS
    return PartAnalysis(
        part=part.part,
        providers=tuple(rows),
        pairs=pairs,
        coverage=part.coverage,
        verdict=verdict,
        winner=winner,
        slices=slices(part, details),
        medicine=_medicine_findings(part),
        inventions=tuple(sorted(inventions, key=lambda one: -one.count)),
        confusions=confusions(part.files, part.providers),
        suspects=suspects(part.part, part.files, part.providers),
        disagreements=disagreements(part.part, material.prepared),
        files=files,
        severe=severe_errors(material.comparison, material.marks, of_segments=of_segments) if material.marks else (),
    )


def _files_of(part: ScoredPart, provider: str) -> Sequence[ScoredFile]:
    return part.files if provider in part.providers else ()


def _all_invented(part: ScoredPart, material: Material, provider: str) -> dict[str, FileInventions]:
    return {
        result.name: invented_in(
            part.part,
            result,
            prepared,
            provider,
            material.run.word_times.get((result.name, provider)),
            material.normalizer,
        )
        for result, prepared in zip(material.comparison.files, material.prepared, strict=True)
        if not result.problem
    }


def _provider_scores(
    part: ScoredPart,
    material: Material,
    provider: str,
    invented: Mapping[str, FileInventions],
    places: Mapping[tuple[str, str], FileErrors],
) -> ProviderScores:
    files = _files_of(part, provider)
    utterances = [utterance for file in files for utterance in file.utterances]
    scores = [file.scores[provider] for file in files]
    units = [file.unit for file in files]
    medicine = [utterance.medicine[provider] for utterance in utterances]
    revised, revised_wer = _revised(part, material, provider)
    return ProviderScores(
        provider=provider,
        score=sum_counts(scores),
        wer=wer_of(scores, units),
        files=len(files),
        utterances=len(utterances),
        accent_only=sum(accent_only(score.alignment) for score in scores),
        cut_errors=sum(place.at_cut for file in files for place in places[file.name, provider].places),
        medicine=_counts(medicine),
        medicine_wrong=rate_interval(
            [one.wrong_utterances for one in medicine],
            [one.utterances for one in medicine],
            [utterance.unit for utterance in utterances],
        ),
        inventions=_inventions(part, material, provider, invented),
        effort=effort_of(part.part, provider, material.run.files, material.run.header),
        revised=revised,
        revised_wer=revised_wer,
    )


def _counts(medicine: Sequence[MedicineErrors]) -> MedicineErrors:
    return replace(sum_medicine_errors(medicine), errors=())


def _inventions(
    part: ScoredPart, material: Material, provider: str, invented: Mapping[str, FileInventions]
) -> Inventions:
    files = _files_of(part, provider)
    counted = [invented[file.name] for file in files]
    heard_speech = part.part is Part.SEGMENTS or any(file.cut for file in material.run.files)
    return Inventions(
        outside_speech=sum(one.outside_speech for one in counted) if heard_speech else None,
        loops=sum(one.loops for one in counted),
        loop_words=sum(one.loop_words for one in counted),
        untimed_words=sum(one.untimed_words for one in counted),
        score_without=sum_counts(
            score_without(file, provider, one.invented) for file, one in zip(files, counted, strict=True)
        ),
    )


def _revised(part: ScoredPart, material: Material, provider: str) -> tuple[Score | None, Interval | None]:
    if material.marks is None:
        return None, None
    kept: list[Score] = []
    units: list[str] = []
    for file in _files_of(part, provider):
        score = revised_score(file, provider, part.providers, material.marks)
        if score is not None:
            kept.append(score)
            units.append(file.unit)
    return sum_counts(kept), wer_of(kept, units)


def _pairs(part: ScoredPart, rows: Sequence[ProviderScores], unit: str) -> tuple[PairResult, ...]:
    if not part.files:
        return ()
    words = _reference_words(part.files, part.providers)
    errors = {name: [file.scores[name].errors for file in part.files] for name in part.providers}
    rates = {row.provider: row.wer.value for row in rows}
    found = []
    for pair in compare_all(part.providers, words, errors, [file.unit for file in part.files]):
        nist = mapsswe_of_scores(*([file.scores[name] for file in part.files] for name in (pair.a, pair.b)))
        sentence = pair_sentence((pair.a, rates[pair.a]), (pair.b, rates[pair.b]), pair.comparison, unit)
        found.append(PairResult(pair.a, pair.b, pair.comparison, pair.p_holm, nist, sentence))
    return tuple(found)


def _reference_words(files: Sequence[ScoredFile], providers: Sequence[str]) -> list[int]:
    """Words said in each file, which are the same for all providers."""
    return [file.scores[providers[0]].reference_words for file in files]


def _medicine_findings(part: ScoredPart) -> tuple[MedicineFinding, ...]:
    return tuple(
        MedicineFinding(one.file, one.segment, provider, error, one.start_s, one.end_s)
        for one in part.utterances
        for provider in part.providers
        for error in one.medicine[provider].errors
    )
