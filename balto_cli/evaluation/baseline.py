"""What changed between two runs, provider by provider, on the files that both have; with how sure that is.

Files are paired by name, and only where their references have as many words in both runs: another reference is another
question. The unit is that of the newer run. A rate is better or worse only where the paired interval leaves out zero,
and by the p corrected for the number of comparisons of the same rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from balto_cli.evaluation.significance import LEVEL, compare_systems, holm
from balto_cli.evaluation.verdicts import between, counted, few_files, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.evaluation.findings import Analysis, Part, PartAnalysis
    from balto_cli.evaluation.places import FileErrors
    from balto_cli.evaluation.significance import SystemComparison


class Metric(StrEnum):
    """A rate that is compared between runs."""

    WER = "wer"
    MEDICINE = "erros_medicamento"
    """Share of the utterances with at least one medicine error."""


METRIC_NAMES = {Metric.WER: "o WER", Metric.MEDICINE: "a parcela de falas com erro de medicamento"}
Direction = Literal["melhora", "piora", "empate"]


@dataclass(frozen=True, slots=True)
class Change:
    """One rate of one provider, before and after."""

    part: Part
    provider: str
    metric: Metric
    before: float | None
    """In the baseline, over the files of both runs."""
    after: float | None
    comparison: SystemComparison
    """a is the newer run, b the baseline: a positive difference is worse."""
    p_holm: float
    direction: Direction
    files: int
    """Files in both runs."""
    only_before: int
    only_after: int
    other_reference: int
    """Files in both runs whose reference has another number of words; left out."""
    sentence: str


def changes(analysis: Analysis, baseline: Analysis) -> tuple[Change, ...]:
    """Compare every provider that both runs have, in every part that both have."""
    found: list[Change] = []
    for metric in Metric:
        of_metric = [
            _change(part, baseline.parts[name], scores.provider, metric)
            for name, part in analysis.parts.items()
            if name in baseline.parts
            for scores in part.providers
            if any(scores.provider == other.provider for other in baseline.parts[name].providers)
        ]
        corrected = holm([change.comparison.p for change in of_metric])
        found += [_judged(change, p, analysis.unit) for change, p in zip(of_metric, corrected, strict=True)]
    return tuple(found)


def _change(part: PartAnalysis, before: PartAnalysis, provider: str, metric: Metric) -> Change:
    new, old = _files_of(part, provider), _files_of(before, provider)
    both = [name for name in new if name in old]
    same = [name for name in both if new[name].score.reference_words == old[name].score.reference_words]
    counts = [(_count(new[name], metric), _count(old[name], metric)) for name in same]
    comparison = compare_systems(
        [of for (_, of), _ in counts],
        [errors for (errors, _), _ in counts],
        # Where a file was cut into another number of segments, its old rate counts, on the new number.
        [errors * of / old_of if old_of else errors for (_, of), (errors, old_of) in counts],
        [new[name].unit for name in same],
    )
    return Change(
        part=part.part,
        provider=provider,
        metric=metric,
        before=_rate([count for _, count in counts]),
        after=_rate([count for count, _ in counts]),
        comparison=comparison,
        p_holm=comparison.p,
        direction="empate",
        files=len(same),
        only_before=len(old) - len(both),
        only_after=len(new) - len(both),
        other_reference=len(both) - len(same),
        sentence="",
    )


def _files_of(part: PartAnalysis, provider: str) -> Mapping[str, FileErrors]:
    return {file: errors for (file, name), errors in part.files.items() if name == provider}


def _count(file: FileErrors, metric: Metric) -> tuple[int, int]:
    """Errors, and what they are counted over."""
    if metric is Metric.WER:
        return file.score.errors, file.score.reference_words
    return file.medicine_wrong, file.utterances


def _rate(counts: list[tuple[int, int]]) -> float | None:
    total = sum(of for _, of in counts)
    return sum(errors for errors, _ in counts) / total if total else None


def _judged(change: Change, p_holm: float, unit: str) -> Change:
    comparison = change.comparison
    if p_holm >= 1 - LEVEL:
        comparison = replace(comparison, verdict="empate")
    direction: Direction = (
        "empate" if comparison.verdict == "empate" else "melhora" if comparison.verdict == "a" else "piora"
    )
    judged = replace(change, comparison=comparison, p_holm=p_holm, direction=direction)
    return replace(judged, sentence=_sentence(judged, unit))


def _sentence(change: Change, unit: str) -> str:
    name = f"{change.provider} ({change.part})"
    if change.comparison.difference is None:
        return f"{name}: nenhum arquivo em comum com referência para comparar {METRIC_NAMES[change.metric]}."
    rates = f"de {percent(change.before)} para {percent(change.after)} em {counted(change.files, 'arquivo')}"
    warning = few_files(change.comparison, unit)
    if change.direction == "empate":
        return f"{name}: {METRIC_NAMES[change.metric]} não mudou com segurança, {rates}.{warning}"
    verb = "piorou" if change.direction == "piora" else "melhorou"
    return f"{name}: {METRIC_NAMES[change.metric]} {verb}, {rates}, {between(change.comparison)}.{warning}"
