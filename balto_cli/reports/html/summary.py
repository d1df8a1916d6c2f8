"""What stands above the segments: verdict, table, picture, pairs, counts; every number as a person reads it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.verdicts import counted, percent
from balto_cli.reports.noise_plot import noise_plot
from balto_cli.reports.pareto import ParetoPoint, pareto_plot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.evaluation.findings import Analysis, PartAnalysis
    from balto_cli.evaluation.latency import Percentile
    from balto_cli.evaluation.rates import Interval, ProviderScores
    from balto_cli.reports.noise_plot import NoisePlot
    from balto_cli.reports.pareto import ParetoPlot

_PART_NAMES = {Part.SEGMENTS: "segmentos", Part.ORIGINALS: "originais"}
_SENTENCE_END = re.compile(r"\.\s+[A-ZÁÉÍÓÚÂÊÔÃÕ]")
COUNTS = (
    "Palavras ditas", "Erros", "Trocas", "Perdas", "Invenções", "Só acento", "No corte", "CER", "MER", "WIL",
    "Fora da fala", "Repetidas", "WER sem inventadas", "Nomes achados", "Nomes certos", "p50 (s)", "p95 (s)",
    "p99 (s)", "s por s de áudio", "Chamadas", "Vazias", "Custo (R$)",
)  # fmt: skip
"""Columns of the table of all counts, after the provider."""


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on the common scale of its table, 0 to 100."""

    low: float
    value: float
    high: float


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One provider in the table that decides."""

    provider: str
    wins: bool
    wer: str
    interval: str
    bar: Bar | None
    revised: str
    """WER after a person's marks; "" without."""
    medicine: str
    medicine_interval: str
    p95: str
    p95_interval: str
    cost: str
    failures: str
    failure_reason: str


@dataclass(frozen=True, slots=True)
class ProviderTable:
    """All providers in one part."""

    caption: str
    unit: str
    """What is judged, in the plural: utterances or whole files."""
    rows: tuple[ProviderRow, ...]


@dataclass(frozen=True, slots=True)
class SliceTable:
    """WER by the values of one property."""

    dimension: str
    rows: tuple[tuple[str, ...], ...]
    """Value, files, utterances, then each provider's WER."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The page above its segments."""

    title: str
    headline: str
    """First sentence of the verdict; `reasoning` is the rest."""
    reasoning: str
    more_verdicts: tuple[str, ...]
    coverage: str
    remarks: tuple[str, ...]
    tables: tuple[ProviderTable, ...]
    plot: ParetoPlot | None
    plot_caption: str
    noise: NoisePlot | None
    slices: tuple[SliceTable, ...]
    pairs: tuple[str, ...]
    cutting: tuple[str, ...]
    part: str
    counts: tuple[tuple[str, ...], ...]
    providers: tuple[str, ...]
    items_title: str
    meta: str
    settings: str


def summarize(analysis: Analysis) -> Summary:
    """Everything above the segments."""
    main = analysis.main_part
    others = [part for part in analysis.parts.values() if part is not main]
    run = analysis.run
    headline, reasoning = _first_sentence(main.verdict)
    plot = pareto_plot([point for scores in main.providers if (point := _point(scores))])
    return Summary(
        title=f"execução {run.name}",
        headline=headline,
        reasoning=reasoning,
        more_verdicts=tuple(f"{_PART_NAMES[part.part].capitalize()}: {part.verdict}" for part in others),
        coverage=main.coverage.sentence,
        remarks=analysis.remarks,
        tables=tuple(_table(part) for part in (main, *others)),
        plot=plot,
        plot_caption=_plot_caption(plot),
        noise=noise_plot(main),
        slices=_slices(main),
        pairs=tuple(pair.sentence for pair in main.pairs) or ("Só há um provedor: nada a comparar.",),
        cutting=tuple(effect.sentence for effect in analysis.cutting),
        part=_PART_NAMES[main.part],
        counts=tuple(_counts(scores) for scores in main.providers),
        providers=analysis.comparison.providers,
        items_title="Trechos" if main.part is Part.SEGMENTS else "Gravações",
        meta=_meta(analysis),
        settings=json.dumps(dict(run.settings), ensure_ascii=False, indent=1),
    )


def decimal(value: float | None, digits: int) -> str:
    """A number for a person, decimal comma; `–` where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}".replace(".", ",")


def interval_text(interval: Interval) -> str:
    """`3,1 % a 4,0 %`; why there is none elsewhere."""
    if interval.low is None or interval.high is None:
        return "" if interval.value is None else "sem intervalo: menos de 2 arquivos"
    return f"{percent(interval.low)} a {percent(interval.high)}"


def p95_text(scores: ProviderScores) -> tuple[str, str]:
    """The 95th percentile and its interval, or that the calls are too few for one."""
    p95 = scores.effort.latency.p95
    if p95 is None:
        return "–", ""
    if p95.low is None or p95.high is None:
        return f"{decimal(p95.value, 1)} s", "poucas chamadas"
    return f"{decimal(p95.value, 1)} s", f"{decimal(p95.low, 1)} a {decimal(p95.high, 1)} s"


def _first_sentence(text: str) -> tuple[str, str]:
    """A sentence ends at a full stop before a capital letter, never inside a number."""
    found = _SENTENCE_END.search(text)
    return (text[: found.start() + 1], text[found.end() - 1 :]) if found else (text, "")


def _slices(part: PartAnalysis) -> tuple[SliceTable, ...]:
    """Every property but the file, whose errors have a picture of their own."""
    tables: dict[str, list[tuple[str, ...]]] = {}
    for one in part.slices:
        if one.dimension != "Arquivo":
            rates = (percent(score.wer.value) for score in one.scores)
            tables.setdefault(one.dimension, []).append((one.value, str(one.files), str(one.utterances), *rates))
    return tuple(SliceTable(dimension, tuple(rows)) for dimension, rows in tables.items())


def _table(part: PartAnalysis) -> ProviderTable:
    high = max((scores.wer.high or scores.wer.value or 0.0 for scores in part.providers), default=0.0) or 1.0
    unit = "falas" if part.part is Part.SEGMENTS else "arquivos"
    judged = f"{part.coverage.utterances_counted} de {part.coverage.utterances} {unit}"
    caption = f"{_PART_NAMES[part.part].capitalize()}: erros somados sobre palavras somadas, {judged}"
    return ProviderTable(caption, unit, tuple(_row(scores, high, part.winner) for scores in part.providers))


def _row(scores: ProviderScores, high: float, winner: str | None) -> ProviderRow:
    p95, p95_interval = p95_text(scores)
    return ProviderRow(
        provider=scores.provider,
        wins=scores.provider == winner,
        wer=percent(scores.wer.value),
        interval=interval_text(scores.wer),
        bar=_bar(scores.wer, high),
        revised=percent(scores.revised_wer.value) if scores.revised_wer else "",
        medicine=percent(scores.medicine_wrong.value),
        medicine_interval=interval_text(scores.medicine_wrong),
        p95=p95,
        p95_interval=p95_interval,
        cost=decimal(scores.effort.cost_brl_per_hour, 2),
        failures=str(scores.effort.failed),
        failure_reason="; ".join(failure.reason for failure in scores.effort.failures[:1]),
    )


def _bar(interval: Interval, high: float) -> Bar | None:
    if interval.value is None or interval.low is None or interval.high is None:
        return None
    low, value, top = (round(100 * min(1.0, rate / high), 1) for rate in (interval.low, interval.value, interval.high))
    return Bar(low, value, top)


def _point(scores: ProviderScores) -> ParetoPoint | None:
    if scores.wer.value is None:
        return None
    p95 = scores.effort.latency.p95
    return ParetoPoint(
        scores.provider, scores.wer.value, scores.wer.low, scores.wer.high,
        p95.value if p95 else None, scores.effort.cost_brl_per_hour,
    )  # fmt: skip


def _plot_caption(plot: ParetoPlot | None) -> str:
    if plot is None:
        return ""
    return (
        "Melhor é para baixo e para a esquerda; a área do círculo é o preço por hora, o traço o intervalo do WER. "
        "Cheios: os que nenhum outro supera em tudo ao mesmo tempo."
    )


def _counts(scores: ProviderScores) -> tuple[str, ...]:
    score, inventions, medicine, latency = scores.score, scores.inventions, scores.medicine, scores.effort.latency
    return (
        scores.provider,
        *(str(count) for count in (score.reference_words, score.errors, score.substitutions, score.deletions)),
        *(str(count) for count in (score.insertions, scores.accent_only, scores.cut_errors)),
        *(percent(rate) for rate in (score.cer, score.mer, score.wil)),
        "–" if inventions.outside_speech is None else str(inventions.outside_speech),
        str(inventions.loop_words),
        percent(inventions.score_without.wer),
        percent(medicine.term_recall),
        percent(medicine.term_precision),
        *(_percentile(one) for one in (latency.p50, latency.p95, latency.p99)),
        decimal(scores.effort.real_time_factor, 2),
        str(scores.effort.calls),
        str(scores.effort.empty),
        decimal(scores.effort.cost_brl, 2),
    )


def _percentile(percentile: Percentile | None) -> str:
    return decimal(percentile.value if percentile else None, 2)


def _meta(analysis: Analysis) -> str:
    run = analysis.run
    judged = _versions(run.judged_by)
    made = "" if run.made_by == run.judged_by else f"; feita com {_versions(run.made_by)}"
    files = analysis.comparison.files
    minutes = decimal(sum(file.duration_s or 0.0 for file in files) / 60, 1)
    rate = f"; dólar a R$ {decimal(run.reais_per_dollar, 2)}" if run.reais_per_dollar else ""
    return (
        f"Execução {run.name}, de {run.started_at:%d/%m/%Y %H:%M}; {counted(len(files), 'arquivo')}, {minutes} min de "
        f"áudio; notas de {judged}{made}{rate}."
    )


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
