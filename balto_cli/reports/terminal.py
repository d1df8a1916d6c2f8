"""The summary of a comparison for a machine; a person reads `report_table`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.judging import Totals, totals
from balto_cli.reports.price_table import spending_as_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.findings import Analysis
    from balto_cli.evaluation.results import Comparison, Spending
    from balto_cli.evaluation.scores import Score


def summary_json(
    comparison: Comparison, analysis: Analysis, spending: Sequence[Spending], run: str, workbooks: Sequence[str]
) -> str:
    """Each provider's scores, what they cost, the outcome, and where everything was written."""
    data = {
        "execucao": run,
        "planilhas": list(workbooks),
        "veredito": analysis.main_part.verdict,
        "vencedor": analysis.main_part.winner,
        "provedores": [_totals_as_dict(row) for row in totals(comparison)],
        "custos": spending_as_list(spending),
        "problemas": [{"arquivo": file.name, "motivo": file.problem} for file in comparison.files if file.problem],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def _totals_as_dict(row: Totals) -> dict[str, Any]:
    return {
        "provedor": row.provider,
        "originais": _score_as_dict(row.whole, row.whole_files),
        "segmentos": _score_as_dict(row.in_segments, row.segmented_files),
        "falhas": row.failures,
    }


def _score_as_dict(score: Score | None, files: int) -> dict[str, Any] | None:
    if score is None:
        return None
    counts = {"substituicoes": score.substitutions, "apagamentos": score.deletions, "insercoes": score.insertions}
    return {
        "arquivos": files,
        "wer": score.wer,
        "cer": score.cer,
        "palavras": score.reference_words,
        "erros": score.errors,
        **counts,
    }
