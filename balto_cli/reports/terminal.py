"""The summary of a comparison for a machine; a person reads `report_table`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.findings import Part
from balto_cli.reports.price_table import spending_as_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.findings import Analysis
    from balto_cli.evaluation.rates import ProviderScores
    from balto_cli.evaluation.results import Spending


def summary_json(analysis: Analysis, spending: Sequence[Spending], run: str, workbooks: Sequence[str]) -> str:
    """Each provider's scores, what they cost, the outcome, and where everything was written."""
    comparison = analysis.comparison
    data = {
        "execucao": run,
        "planilhas": list(workbooks),
        "veredito": analysis.main_part.verdict,
        "vencedor": analysis.main_part.winner,
        "provedores": [_provider(analysis, name) for name in comparison.providers],
        "custos": spending_as_list(spending),
        "problemas": [{"arquivo": file.name, "motivo": file.problem} for file in comparison.files if file.problem],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def _provider(analysis: Analysis, name: str) -> dict[str, Any]:
    scores = {part: found.provider(name) for part, found in analysis.parts.items()}
    return {
        "provedor": name,
        **{str(part): _score(scores[part]) if part in scores else None for part in Part},
        "falhas": sum(one.effort.failed for one in scores.values()),
    }


def _score(scores: ProviderScores) -> dict[str, Any] | None:
    """None where no file counts."""
    if not scores.files:
        return None
    score = scores.score
    return {
        "arquivos": scores.files,
        "wer": score.wer,
        "cer": score.cer,
        "palavras": score.reference_words,
        "erros": score.errors,
        "substituicoes": score.substitutions,
        "apagamentos": score.deletions,
        "insercoes": score.insertions,
    }
