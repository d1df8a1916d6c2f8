"""Conditions that make a run fail in CI: `wer>0.15`, `wer[ElevenLabs]>15%`, `erros_medicamento piora`.

    CONDITION = MEASURE [ "." PART ] [ "[" PROVIDER "]" ] ( ( ">" | ">=" | "<" | "<=" ) NUMBER | "piora" )
    MEASURE   = wer | cer | erros_medicamento | falhas
    PART      = originais | segmentos

Without a provider it holds where it holds for any; without a part, in any. `piora` compares with a baseline and holds
only where the paired interval says so. What cannot be measured is the person's mistake, never a pass.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.audio.inputs import name_key
from balto_cli.errors import UsageError
from balto_cli.evaluation.baseline import Metric, changes
from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.verdicts import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from balto_cli.evaluation.findings import Analysis, PartAnalysis
    from balto_cli.evaluation.rates import ProviderScores

WORSE = "piora"
EXAMPLE = '"wer>0.15" ou "erros_medicamento piora"'
_CONDITION = re.compile(
    r"""\s*(?P<measure>\w+)(?:\.(?P<part>\w+))?\s*
    (?:\[\s*(?P<provider>[^\]]+?)\s*\])?\s*
    (?:(?P<operator>>=|<=|>|<)\s*(?P<number>\d+(?:[.,]\d+)?)\s*(?P<percent>%)?|(?P<worse>piora))\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def _failed_share(scores: ProviderScores) -> float | None:
    return scores.effort.failed / scores.effort.calls if scores.effort.calls else None


_MEASURES: Mapping[str, Callable[[ProviderScores], float | None]] = {
    "wer": lambda scores: scores.wer.value if scores.files else None,
    "cer": lambda scores: scores.score.cer if scores.files else None,
    "erros_medicamento": lambda scores: scores.medicine_wrong.value if scores.utterances else None,
    "falhas": _failed_share,
}
MEASURES = tuple(_MEASURES)


@dataclass(frozen=True, slots=True)
class Condition:
    """One `--fail-if`, read."""

    text: str
    """As the person wrote it."""
    measure: str
    part: Part | None
    provider: str | None
    operator: str
    """`>`, `>=`, `<`, `<=`, or `piora`."""
    limit: float | None
    """None for `piora`."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a condition holds, and where."""

    condition: Condition
    holds: bool
    sentence: str


def parse_condition(text: str) -> Condition:
    """Read one condition. Raises `UsageError`."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UsageError(f"--fail-if {text!r}: não entendi a condição. Exemplos: {EXAMPLE}.")
    measure = match["measure"].lower()
    if measure not in _MEASURES:
        raise UsageError(f"--fail-if {text!r}: não conheço {match['measure']}. Use {', '.join(MEASURES)}.")
    part = match["part"] and match["part"].lower()
    if part is not None and part not in tuple(Part):
        raise UsageError(f"--fail-if {text!r}: depois do ponto vem originais ou segmentos, não {match['part']}.")
    if match["worse"]:
        if measure not in tuple(Metric):
            raise UsageError(f"--fail-if {text!r}: só {' e '.join(Metric)} se comparam com outra execução.")
        return Condition(text, measure, Part(part) if part else None, match["provider"], WORSE, None)
    limit = float(match["number"].replace(",", ".")) / (100 if match["percent"] else 1)
    return Condition(text, measure, Part(part) if part else None, match["provider"], match["operator"], limit)


def check(conditions: Iterable[Condition], analysis: Analysis, baseline: Analysis | None = None) -> list[GateResult]:
    """Tell which conditions hold for a run. Raises `UsageError` where one cannot be measured."""
    return [
        _check_worse(condition, analysis, baseline) if condition.limit is None else _check_limit(condition, analysis)
        for condition in conditions
    ]


def _check_limit(condition: Condition, analysis: Analysis) -> GateResult:
    limit = condition.limit or 0.0
    measured = [
        (part.part, scores.provider, value)
        for part in _parts(condition, analysis)
        for scores in part.providers
        if _is_meant(condition, scores.provider) and (value := _MEASURES[condition.measure](scores)) is not None
    ]
    if not measured:
        raise UsageError(f"--fail-if {condition.text!r}: não há o que medir, faltam referências ou respostas.")
    met = [one for one in measured if _OPERATORS[condition.operator](one[2], limit)]
    listed = ", ".join(f"{provider} {percent(value)} ({part})" for part, provider, value in met or measured)
    return GateResult(condition, bool(met), f"{condition.text}: {'vale para' if met else 'não vale;'} {listed}.")


def _check_worse(condition: Condition, analysis: Analysis, baseline: Analysis | None) -> GateResult:
    if baseline is None:
        raise UsageError(f"--fail-if {condition.text!r} compara com outra execução: diga qual com --baseline.")
    parts = [part.part for part in _parts(condition, analysis)]
    compared = [
        change
        for change in changes(analysis, baseline)
        if change.metric == condition.measure and change.part in parts and _is_meant(condition, change.provider)
    ]
    measurable = [change for change in compared if change.comparison.difference is not None]
    if not measurable:
        raise UsageError(f"--fail-if {condition.text!r}: as duas execuções não têm arquivos com referência em comum.")
    worse = [change for change in measurable if change.direction == WORSE]
    return GateResult(condition, bool(worse), " ".join(change.sentence for change in worse or measurable))


def _parts(condition: Condition, analysis: Analysis) -> list[PartAnalysis]:
    """The parts that a condition is about. Raises `UsageError` for a part or provider that the run does not have."""
    if condition.part is not None and condition.part not in analysis.parts:
        raise UsageError(f"--fail-if {condition.text!r}: a execução não tem {condition.part}.")
    providers = analysis.comparison.providers
    if condition.provider is not None and not any(_is_meant(condition, name) for name in providers):
        raise UsageError(f"--fail-if {condition.text!r}: a execução não tem esse provedor, só {', '.join(providers)}.")
    return [part for part in analysis.parts.values() if condition.part in (None, part.part)]


def _is_meant(condition: Condition, provider: str) -> bool:
    return condition.provider is None or name_key(condition.provider) == name_key(provider)
