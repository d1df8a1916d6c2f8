"""The workbook of interactions and costs: one sheet of interactions, newest first, one of costs by day and counter."""

from __future__ import annotations

from collections import defaultdict
from io import BytesIO
from typing import TYPE_CHECKING, Any

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.reports.cell_text import clean_text, split_text
from balto_cli.server.errors import RestError
from balto_cli.store import history
from balto_cli.store.counters import list_counters
from balto_cli.store.records import CostRow

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping, Sequence

    from balto_cli.server.workbench import Bench
    from balto_cli.store.counters import CounterEntry
    from balto_cli.store.history import HistoryFilter
    from balto_cli.store.records import Interaction, Scope
    from balto_cli.store.store import Store

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 50_000
"""More takes a minute of a core that the counters need; a narrower span gives the rest."""
_PAGE = 500
_TEXT = "Transcrição"

Value = str | float | None

_INTERACTIONS = (
    "Interação",
    "Sessão",
    "Balcão",
    "Dito em (UTC)",
    "Início (s)",
    "Fim (s)",
    "Duração (s)",
    _TEXT,
    "Estado",
    "Motivo",
    "Provedor",
    "Modelo",
    "Tardia",
    "Sugestão",
    "Produto",
    "Resultado",
    "Custo da transcrição (R$)",
    "Custo da sugestão (R$)",
)
_COSTS = (
    "Dia (UTC)",
    "Cliente",
    "Balcão",
    "Provedor",
    "Segmentos",
    "Fala (s)",
    "Custo (R$)",
    "Em tentativas perdidas (R$)",
    "Custo das sugestões (R$)",
)


async def interactions_workbook(store: Store, bench: Bench, scope: Scope) -> bytes:
    """The workbook of a scope. Raises `RestError` 413 for more than `MAX_ROWS` interactions."""
    interactions: list[Interaction] = []
    cursor: str | None = None
    while True:
        page = await store.list_interactions(scope, _PAGE, cursor)
        interactions += page.interactions
        cursor = page.next_cursor
        _refuse_many(interactions)
        if cursor is None:
            break
    return await _worked_on(bench, interactions, await store.cost_table(scope))


async def filtered_workbook(store: Store, bench: Bench, wanted: HistoryFilter) -> bytes:
    """The workbook of what Histórico shows. Raises `RestError` 413 for more than `MAX_ROWS` interactions."""
    interactions: list[Interaction] = []
    before: int | None = None
    while True:
        page = await store.read(history.page, wanted, _PAGE, before)
        interactions += page.interactions
        before = page.older
        _refuse_many(interactions)
        if before is None:
            break
    counters = {one.id: one for one in await store.read(list_counters, wanted.client_id)}
    return await _worked_on(bench, interactions, _costs(interactions, counters))


def _refuse_many(interactions: Sequence[Interaction]) -> None:
    if len(interactions) > MAX_ROWS:
        raise RestError(413, "periodo_grande", f"São mais de {MAX_ROWS} interações: restrinja o período.")


def _costs(interactions: Iterable[Interaction], counters: Mapping[str, CounterEntry]) -> list[CostRow]:
    """The costs of some interactions by day (UTC), counter and provider."""
    groups: dict[tuple[str, str, str, str], list[Interaction]] = defaultdict(list)
    for one in interactions:
        counter = counters.get(one.counter_id)
        names = (counter.client_name, counter.name) if counter else ("", one.counter_id)
        groups[one.said_at.strftime("%Y-%m-%d"), *names, one.provider or ""].append(one)
    return [
        CostRow(
            day, client, name, provider or None, len(found),
            sum(one.spoken_s for one in found),
            sum(one.cost_brl for one in found),
            sum(one.lost_brl for one in found),
            sum(one.suggestion_cost_brl for one in found),
        )
        for (day, client, name, provider), found in sorted(groups.items())
    ]  # fmt: skip


async def _worked_on(bench: Bench, interactions: Sequence[Interaction], costs: Sequence[CostRow]) -> bytes:
    def work(given_up: threading.Event) -> bytes:
        return _build(interactions, costs, given_up)

    return await bench.run(work)


def _build(interactions: Sequence[Interaction], costs: Sequence[CostRow], given_up: threading.Event) -> bytes:
    from xlsxwriter import Workbook

    target = BytesIO()
    # Rows go to disk as they are written; every text is text, whatever it begins with.
    with Workbook(target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        _write_sheet(book, "Interacoes", _INTERACTIONS, map(_interaction_row, interactions), given_up)
        _write_sheet(book, "Custos", _COSTS, map(_cost_row, costs), given_up)
    return target.getvalue()


def _write_sheet(
    book: Any, title: str, header: Sequence[str], rows: Iterable[Sequence[Value]], given_up: threading.Event
) -> None:
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 18)
    if _TEXT in header:
        sheet.set_column(header.index(_TEXT), header.index(_TEXT), 60)
    sheet.write_row(0, 0, header, book.add_format({"bold": True}))
    for number, row in enumerate(rows, start=1):
        if given_up.is_set():
            return
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, split_text(clean_text(value))[0])
            elif value is not None:
                sheet.write_number(number, column, value)


def _interaction_row(interaction: Interaction) -> list[Value]:
    return [
        interaction.id,
        interaction.session_id,
        interaction.counter_id,
        interaction.said_at.strftime("%Y-%m-%d %H:%M:%S"),
        round(interaction.start_sample / SAMPLE_RATE_HZ, 2),
        round(interaction.end_sample / SAMPLE_RATE_HZ, 2),
        round(interaction.spoken_s, 2),
        interaction.text,
        interaction.state.value,
        interaction.reason,
        interaction.provider,
        interaction.model,
        "sim" if interaction.late else "não",
        interaction.action,
        str((interaction.suggestion or {}).get("produto") or "") or None,
        interaction.outcome,
        interaction.cost_brl + interaction.lost_brl,
        interaction.suggestion_cost_brl,
    ]


def _cost_row(cost: CostRow) -> list[Value]:
    return [
        cost.day,
        cost.client_name,
        cost.counter_name,
        cost.provider,
        cost.segments,
        round(cost.spoken_s, 2),
        cost.cost_brl,
        cost.lost_brl,
        cost.suggestion_cost_brl,
    ]
