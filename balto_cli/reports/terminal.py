"""The summary of a comparison: a table for a person, JSON for a machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.judging import Totals, totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.results import Comparison
    from balto_cli.evaluation.run import Request
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.session import Survey


def print_summary(comparison: Comparison) -> None:
    """Print each provider's corpus WER, of originals and of segments, to standard output."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="WER do conjunto (soma dos erros sobre soma das palavras)", title_justify="left")
    table.add_column("Provedor")
    for column in ("Originais", "Segmentos", "Palavras", "Com referência", "Chamadas falhas"):
        table.add_column(column, justify="right")
    for row in totals(comparison):
        scored = row.whole or row.in_segments
        table.add_row(
            row.provider,
            _percent(row.whole),
            _percent(row.in_segments),
            str(scored.reference_words) if scored else "–",
            str(max(row.whole_files, row.segmented_files)),
            str(row.failures),
        )
    Console(markup=False, highlight=False).print(table)


def summary_json(comparison: Comparison, run: str, workbooks: Sequence[str]) -> str:
    """The same as JSON, with where everything was written."""
    data = {
        "execucao": run,
        "planilhas": list(workbooks),
        "provedores": [_totals_as_dict(row) for row in totals(comparison)],
        "problemas": [{"arquivo": file.name, "motivo": file.problem} for file in comparison.files if file.problem],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def survey_text(request: Request, found: Survey) -> str:
    """How much there is to transcribe, for a person."""
    calls, audio_s = _work(request, found)
    lines = [f"{found.files} gravação(ões), {_minutes(found.whole_s)}; {found.segments} segmento(s)."]
    lines += [f"{provider.name}: {calls} chamada(s), {_minutes(audio_s)} de áudio." for provider in request.providers]
    return "\n".join(lines)


def survey_json(request: Request, found: Survey) -> str:
    """The same for a machine; seconds."""
    calls, audio_s = _work(request, found)
    work = {"chamadas": calls, "audio_s": round(audio_s, 3)}
    data = {
        "gravacoes": found.files,
        "duracao_s": round(found.whole_s, 3),
        "segmentos": found.segments,
        "fala_s": round(found.segments_s, 3),
        "provedores": [{"provedor": provider.name, **work} for provider in request.providers],
        "problemas": [{"arquivo": name, "motivo": reason} for name, reason in found.problems],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def _work(request: Request, found: Survey) -> tuple[int, float]:
    """Calls to each provider, and seconds of audio in them."""
    calls = (found.files if request.whole else 0) + (found.segments if request.in_segments else 0)
    return calls, (found.whole_s if request.whole else 0.0) + (found.segments_s if request.in_segments else 0.0)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min".replace(".", ",")


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


def _percent(score: Score | None) -> str:
    if score is None or score.wer is None:
        return "–"
    return f"{100 * score.wer:.1f} %".replace(".", ",")
