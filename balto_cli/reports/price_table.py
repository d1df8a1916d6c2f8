"""What transcribing would cost or has cost: a table for a person, JSON for a machine."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.verdicts import counted
from balto_cli.stt.prices import PRICES_DATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.results import Spending
    from balto_cli.evaluation.survey import Quote, Survey

_WIDTH = 160
"""Wide enough that no cell is cut where the output goes to a file."""


def survey_text(found: Survey, quotes: Sequence[Quote], reais_per_dollar: float, budget_brl: float | None) -> str:
    """How much there is to transcribe and what that costs at each provider, for a person."""
    lines = [f"{counted(found.files, 'gravação', 'gravações')}, {_minutes(found.duration_s)}; {_segments(found)}"]
    lines.append(f"Para cada provedor: {counted(found.calls, 'chamada')}, {_minutes(found.audio_s)} de áudio.")
    lines += ["", _table(quotes), ""]
    rate = f"com o dólar a R$ {_number(reais_per_dollar)} (BALTO_DOLAR muda)"
    lines.append(
        f"Preços de lista em {_date(PRICES_DATE)}, {rate}; o que já foi respondido e está guardado não se paga."
    )
    if any(quote.estimated for quote in quotes):
        lines.append("~ o modelo não tem preço público próprio: estimativa.")
    asked = [quote.cost_brl for quote in quotes if quote.asked and quote.cost_brl is not None]
    if any(quote.asked and quote.cost_brl is None for quote in quotes):
        lines.append("Um dos provedores pedidos não tem preço conhecido.")
    if asked:
        lines.append(f"Provedores pedidos (*): {_reais(sum(asked))}{_against(sum(asked), budget_brl)}.")
    return "\n".join(lines)


def survey_json(found: Survey, quotes: Sequence[Quote], reais_per_dollar: float, budget_brl: float | None) -> str:
    """The same for a machine; seconds, reais."""
    data = {
        "gravacoes": found.files,
        "duracao_s": round(found.duration_s, 3),
        "segmentos": found.segments,
        "fala_s": round(found.segments_s, 3),
        "provedores": [_as_dict(quote, found) for quote in quotes if quote.asked],
        "outros_provedores": [_as_dict(quote, found) for quote in quotes if not quote.asked],
        "dolar": reais_per_dollar,
        "precos_de": PRICES_DATE,
        "orcamento_brl": budget_brl,
        "problemas": [{"arquivo": name, "motivo": reason} for name, reason in found.problems],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def spending_text(spending: Sequence[Spending], reais_per_dollar: float) -> str:
    """What a run cost, for a person; empty where nothing was spent."""
    paid = [one for one in spending if one.total_brl]
    if not paid:
        return ""
    parts = ", ".join(f"{one.provider} {_reais(one.total_brl)}" for one in paid)
    lost_brl = sum(one.lost_brl for one in paid)
    lost = f"; disso, talvez cobrado por tentativas que falharam: {_reais(lost_brl)}" if lost_brl else ""
    rate = f"preços de lista em {_date(PRICES_DATE)}, dólar a R$ {_number(reais_per_dollar)}"
    return f"Custo: {_reais(sum(one.total_brl for one in paid))} ({parts}){lost}; {rate}."


def spending_as_list(spending: Sequence[Spending]) -> list[dict[str, Any]]:
    """The same for a machine; reais."""
    return [
        {
            "provedor": one.provider,
            "tentativas": one.attempts,
            "custo_brl": one.total_brl,
            "talvez_cobrado_brl": one.lost_brl,
        }
        for one in spending
    ]


def _table(quotes: Sequence[Quote]) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("Provedor", "Modelo"):
        table.add_column(column, overflow="fold")
    for column in ("US$/h", "Custo (R$)"):
        table.add_column(column, justify="right")
    table.add_column("Observação", overflow="fold")
    for quote in quotes:
        table.add_row(
            f"{quote.label}{' *' if quote.asked else ''}",
            quote.model,
            _price(quote),
            "?" if quote.cost_brl is None else ("~ " if quote.estimated else "") + _number(quote.cost_brl),
            _remark(quote),
        )
    page = io.StringIO()
    Console(file=page, width=_WIDTH, markup=False, highlight=False, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines() if line.strip())


def _remark(quote: Quote) -> str:
    if quote.missing_key:
        return f"sem chave: defina {quote.missing_key}"
    if quote.usd_per_hour is None:
        return "preço desconhecido"
    return "" if quote.usd_per_hour else "de graça, nesta máquina" if quote.provider == "local" else "de graça"


def _price(quote: Quote) -> str:
    if quote.usd_per_hour is None:
        return "?"
    if quote.segment_usd_per_hour is not None and quote.segment_usd_per_hour != quote.usd_per_hour:
        return f"{_number(quote.usd_per_hour)} (segmentos: {_number(quote.segment_usd_per_hour)})"
    return _number(quote.usd_per_hour)


def _as_dict(quote: Quote, found: Survey) -> dict[str, Any]:
    return {
        "provedor": quote.label,
        "opcao": quote.provider,
        "modelo": quote.model,
        "chamadas": found.calls,
        "audio_s": round(found.audio_s, 3),
        "usd_por_hora": quote.usd_per_hour,
        "usd_por_hora_segmentos": quote.segment_usd_per_hour,
        "custo_brl": None if quote.cost_brl is None else round(quote.cost_brl, 4),
        "estimativa": quote.estimated,
        "falta_chave": quote.missing_key,
    }


def _segments(found: Survey) -> str:
    if found.whole and not found.segments:
        return "cada uma inteira."
    return f"{counted(found.segments, 'segmento')}, {_minutes(found.segments_s)}."


def _against(cost_brl: float, budget_brl: float | None) -> str:
    if budget_brl is None:
        return ""
    enough = "cabe em" if cost_brl <= budget_brl else "passa de"
    return f"; {enough} {_reais(budget_brl)} (--orcamento)"


def _minutes(seconds: float) -> str:
    return f"{_number(seconds / 60, 1)} min"


def _reais(value: float) -> str:
    return f"R$ {_number(value)}"


def _number(value: float, digits: int = 2) -> str:
    """Decimal comma; a small amount with as many digits as say something."""
    if 0 < value < 0.1 and digits == 2:
        digits = 4
    return f"{value:.{digits}f}".replace(".", ",")


def _date(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))
