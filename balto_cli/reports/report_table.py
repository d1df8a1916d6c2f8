"""What `balto report` prints: verdict and tables for a person, JSON for a machine."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.verdicts import percent
from balto_cli.reports.html.summary import decimal, interval_text, p95_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from balto_cli.evaluation.baseline import Change
    from balto_cli.evaluation.findings import Analysis, PartAnalysis
    from balto_cli.evaluation.gate import GateResult
    from balto_cli.evaluation.latency import Percentile
    from balto_cli.evaluation.rates import Interval, PairResult, ProviderScores
    from balto_cli.reports.html import Since

_WIDTH = 140
"""Wide enough that no cell is cut where the output goes to a file."""


def report_text(
    analysis: Analysis, since: Since | None = None, gate: Sequence[GateResult] = (), files: Sequence[Path] = ()
) -> str:
    """Verdict, what it rests on, a table for each part; what changed, which conditions hold, what was written."""
    lines = [f"Execução {analysis.run.name}"]
    for part in analysis.parts.values():
        lines += ["", f"{part.part.capitalize()}: {part.verdict}", part.coverage.sentence, _table(part)]
        if len(part.pairs) > 1:
            lines += [f"  {pair.sentence}" for pair in part.pairs]
    if analysis.cutting:
        lines += ["", *(effect.sentence for effect in analysis.cutting)]
    lines += analysis.remarks
    if since:
        lines += ["", f"Desde a execução {since.baseline}:", *(f"  {change.sentence}" for change in since.changes)]
    if gate:
        lines += ["", *(f"--fail-if {result.sentence}" for result in gate)]
    lines += [str(path) for path in files]
    return "\n".join(lines)


def reports_json(reports: Sequence[Mapping[str, Any]]) -> str:
    """The runs of one command, each as `report_dict` gives it."""
    return json.dumps({"execucoes": list(reports)}, ensure_ascii=False, indent=1)


def report_dict(
    analysis: Analysis, since: Since | None = None, gate: Sequence[GateResult] = (), files: Sequence[Path] = ()
) -> dict[str, Any]:
    """The same for a machine: rates from 0 to 1, seconds, reais; null where a number does not exist."""
    return {
        "execucao": analysis.run.name,
        "inicio": analysis.run.started_at.isoformat(),
        "fim": analysis.run.ended_at.isoformat() if analysis.run.ended_at else None,
        "unidade": analysis.unit,
        "veredito": analysis.main_part.verdict,
        "vencedor": analysis.main_part.winner,
        "partes": {str(name): _part(part) for name, part in analysis.parts.items()},
        "cortar": [
            {
                "provedor": effect.provider,
                "arquivos": effect.files,
                "wer_originais": effect.whole.wer,
                "wer_segmentos": effect.in_segments.wer,
                "diferenca": effect.comparison.difference,
                "intervalo": [effect.comparison.low, effect.comparison.high],
                "p_holm": effect.p_holm,
                "frase": effect.sentence,
            }
            for effect in analysis.cutting
        ],
        "avisos": list(analysis.remarks),
        "desde": since.baseline if since else None,
        "mudancas": [_change(change) for change in since.changes] if since else [],
        "condicoes": [
            {"condicao": result.condition.text, "vale": result.holds, "frase": result.sentence} for result in gate
        ],
        "gravados": [str(path) for path in files],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "parte": str(change.part),
        "provedor": change.provider,
        "medida": str(change.metric),
        "antes": change.before,
        "depois": change.after,
        "diferenca": change.comparison.difference,
        "intervalo": [change.comparison.low, change.comparison.high],
        "p_holm": change.p_holm,
        "mudou": change.direction,
        "arquivos": change.files,
        "so_antes": change.only_before,
        "so_depois": change.only_after,
        "outra_referencia": change.other_reference,
        "frase": change.sentence,
    }


def _table(part: PartAnalysis) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Provedor", overflow="fold")
    columns = ["WER", "95 %", "Erro de medicamento", "p95", "R$/h", "Falhas", "Custo (R$)"]
    revised = any(scores.revised for scores in part.providers)
    if revised:
        columns.insert(2, "WER revisado")
    for column in columns:
        table.add_column(column, justify="right")
    for scores in part.providers:
        cells = [
            percent(scores.wer.value),
            interval_text(scores.wer),
            percent(scores.medicine_wrong.value),
            p95_text(scores)[0],
            decimal(scores.effort.cost_brl_per_hour, 2),
            str(scores.effort.failed),
            decimal(scores.effort.cost_brl, 2),
        ]
        if revised:
            cells.insert(2, percent(scores.revised.wer) if scores.revised else "–")
        table.add_row(f"{scores.provider}{' *' if scores.provider == part.winner else ''}", *cells)
    page = io.StringIO()
    Console(file=page, width=_WIDTH, markup=False, highlight=False, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines() if line.strip())


def _part(part: PartAnalysis) -> dict[str, Any]:
    coverage = part.coverage
    return {
        "veredito": part.verdict,
        "vencedor": part.winner,
        "arquivos": coverage.files,
        "arquivos_contados": coverage.files_counted,
        "falas": coverage.utterances,
        "falas_contadas": coverage.utterances_counted,
        "fora_da_conta": [
            {"motivo": one.reason, "arquivos": one.files, "falas": one.utterances} for one in coverage.left_out
        ],
        "provedores": [_provider(scores) for scores in part.providers],
        "pares": [_pair(pair) for pair in part.pairs],
    }


def _provider(scores: ProviderScores) -> dict[str, Any]:
    score, medicine, inventions = scores.score, scores.medicine, scores.inventions
    latency = scores.effort.latency
    return {
        "provedor": scores.provider,
        "arquivos": scores.files,
        "falas": scores.utterances,
        "palavras": score.reference_words,
        "erros": score.errors,
        "substituicoes": score.substitutions,
        "apagamentos": score.deletions,
        "insercoes": score.insertions,
        "so_acento": scores.accent_only,
        "no_corte": scores.cut_errors,
        **_interval("wer", scores.wer),
        "cer": score.cer,
        "mer": score.mer,
        "wil": score.wil,
        "wer_revisado": scores.revised.wer if scores.revised else None,
        **_interval("erros_medicamento", scores.medicine_wrong),
        "falas_com_erro_medicamento": medicine.wrong_utterances,
        "medicamentos_achados": medicine.term_recall,
        "medicamentos_certos": medicine.term_precision,
        "palavras_fora_da_fala": inventions.outside_speech,
        "palavras_repetidas": inventions.loop_words,
        "wer_sem_inventadas": inventions.score_without.wer,
        "latencia_s": {
            name: _percentile(value)
            for name, value in (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99))
        },
        "fator_tempo_real": scores.effort.real_time_factor,
        "brl_por_hora": scores.effort.cost_brl_per_hour,
        "custo_brl": scores.effort.cost_brl,
        "talvez_cobrado_brl": scores.effort.lost_brl,
        "chamadas": scores.effort.calls,
        "tentativas": scores.effort.attempts,
        "vazias": scores.effort.empty,
        "falhas": [{"motivo": failure.reason, "chamadas": failure.calls} for failure in scores.effort.failures],
    }


def _interval(name: str, interval: Interval) -> dict[str, Any]:
    limits: Sequence[float | None] = (interval.low, interval.high)
    return {name: interval.value, f"{name}_intervalo": list(limits)}


def _percentile(percentile: Percentile | None) -> dict[str, Any] | None:
    if percentile is None:
        return None
    return {"valor": percentile.value, "intervalo": [percentile.low, percentile.high]}


def _pair(pair: PairResult) -> dict[str, Any]:
    comparison, nist = pair.comparison, pair.nist
    winner = {"a": pair.a, "b": pair.b}.get(comparison.verdict)
    return {
        "a": pair.a,
        "b": pair.b,
        "diferenca": comparison.difference,
        "intervalo": [comparison.low, comparison.high],
        "p": comparison.p,
        "p_holm": pair.p_holm,
        "melhor": winner,
        "arquivos": comparison.files,
        "arquivos_para_decidir": comparison.files_needed,
        "mapsswe": {"segmentos": nist.segments, "z": nist.z, "p": nist.p},
        "frase": pair.sentence,
    }
