"""What Análises shows, added up once for whoever asks the same within minutes, and turned into charts and tables."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from balto_cli.server.panel.charts import Bars, Curves, Series
from balto_cli.store import feedback, figures
from balto_cli.store.counters import list_counters
from balto_cli.store.feedback import By
from balto_cli.store.figures import LATENCY_STEP_MS, Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from balto_cli.server.panel.charts import Chart
    from balto_cli.store.feedback import Rate, Which
    from balto_cli.store.figures import CounterFigures, HourFigures, LatencyCount
    from balto_cli.store.store import Store

KEPT_S = 300.0
_KEPT = 12
PERCENTILES = (50, 90, 95, 99)
_SHOWN = 12
"""Bars of a chart; the table beside it has all."""
Kind = Literal["provedor", "total"]


@dataclass(frozen=True)
class Sums:
    """All figures of a span of time, of one client or of all."""

    at: datetime
    hours: tuple[HourFigures, ...]
    counters: tuple[CounterFigures, ...]
    latencies: tuple[LatencyCount, ...]
    rules: tuple[Rate, ...]
    products: tuple[Rate, ...]

    @property
    def poor(self) -> list[Rate]:
        """The rules and products whose sales are surely under the floor."""
        return [rate for rate in (*self.rules, *self.products) if rate.poor]

    @property
    def total(self) -> Tally:
        """Of everything."""
        return added(row.tally for row in self.hours)

    def by_hour_of_day(self) -> list[tuple[str, Tally]]:
        """By hour of the server's clock, `00` to `23`, those in which something was heard."""
        return _grouped((f"{row.hour.astimezone():%H} h", row.tally) for row in self.hours)

    def by_day(self) -> list[tuple[str, Mapping[str, Tally]]]:
        """By day of the server's clock, and in it by provider."""
        days: dict[str, list[tuple[str, Tally]]] = defaultdict(list)
        for row in sorted(self.hours, key=lambda one: one.hour):
            days[f"{row.hour.astimezone():%d/%m}"].append((row.provider or "sem provedor", row.tally))
        return [(day, dict(_grouped(rows))) for day, rows in days.items()]

    def percentiles(self, kind: Kind) -> list[tuple[str, int, tuple[float, ...]]]:
        """By provider: transcripts, and their `PERCENTILES` in seconds."""
        return [
            (provider, sum(counts.values()), tuple(percentile(counts, share) for share in PERCENTILES))
            for provider, counts in self.counts(kind).items()
        ]

    def counts(self, kind: Kind) -> dict[str, dict[int, int]]:
        """Transcripts by provider and step of milliseconds."""
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for row in self.latencies:
            if row.kind == kind:
                found[row.provider or "sem provedor"][row.from_ms] = row.count
        return dict(sorted(found.items()))

    @cached_property
    def charts(self) -> Mapping[str, Chart]:
        """By the name that their address has; those without anything to show are left out."""
        return _charts(self)


class SumsKept:
    """Adds up in the store's readers, one after the other, and remembers for some minutes."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], datetime],
        product_names: Callable[[Iterable[str]], Awaitable[Mapping[str, str]]],
    ) -> None:
        """`product_names` gives the names, by id, of what is suggested to clients, named by their ids."""
        self._store = store
        self._now = now
        self._product_names = product_names
        self._kept: OrderedDict[tuple[object, ...], asyncio.Task[Sums]] = OrderedDict()
        self._one = asyncio.Lock()

    def ask(self, key: tuple[object, ...], which: Which) -> asyncio.Task[Sums]:
        """The sums, begun or there; `key` says what is the same to whoever asks a little later."""
        task = self._kept.get(key)
        if task is None or self._is_old(task):
            task = self._kept[key] = asyncio.create_task(self._add_up(which))
            # One that is under way is waited for by somebody.
            done = [one for one, kept in self._kept.items() if kept.done()]
            for old in done[: max(0, len(self._kept) - _KEPT)]:
                del self._kept[old]
        return task

    async def close(self) -> None:
        """End what is being added up."""
        for task in self._kept.values():
            task.cancel()
        await asyncio.gather(*self._kept.values(), return_exceptions=True)

    def _is_old(self, task: asyncio.Task[Sums]) -> bool:
        if not task.done():
            return False
        if task.cancelled() or task.exception():
            return True
        return (self._now() - task.result().at).total_seconds() > KEPT_S

    async def _add_up(self, which: Which) -> Sums:
        read = self._store.read
        # One reader of the store at most: the others are for those who work.
        async with self._one:
            products = await read(feedback.rates, By.PRODUCT, which)
            clients = {counter.client_id for counter in await read(list_counters, which.client_id)} if products else ()
            names = await self._product_names(clients) if products else {}
            return Sums(
                self._now(),
                tuple(await read(figures.by_hour, which)),
                tuple(await read(figures.by_counter, which)),
                tuple(await read(figures.latencies, which)),
                tuple(await read(feedback.rates, By.RULE, which)),
                tuple(replace(rate, name=names.get(rate.key, rate.name)) for rate in products),
            )


def _charts(sums: Sums) -> dict[str, Chart]:
    found: dict[str, Chart] = {}
    if hours := sums.by_hour_of_day():
        found["horas"] = Bars(
            "Sugestões e encaminhamentos por hora",
            tuple(name for name, _ in hours),
            (
                Series("Sugestões", tuple(float(tally.suggested) for _, tally in hours)),
                Series("Encaminhamentos", tuple(float(tally.referred) for _, tally in hours)),
            ),
            "decisões",
        )
    if days := sums.by_day():
        names = sorted({name for _, providers in days for name in providers})
        found["custos"] = Bars(
            "Custo por dia e provedor",
            tuple(day for day, _ in days),
            tuple(
                Series(name, tuple(providers[name].cost_brl if name in providers else 0.0 for _, providers in days))
                for name in names
            ),
            "R$",
        )
    for name, title, rates in (
        ("regras", "Vendas por regra", sums.rules),
        ("produtos", "Vendas por produto", sums.products),
    ):
        if answered := [rate for rate in rates if rate.share is not None][:_SHOWN]:
            found[name] = Bars(
                title,
                tuple(rate.name for rate in answered),
                (Series("vendas", tuple(100 * (rate.share or 0.0) for rate in answered)),),
                "% de vendas entre as que tiveram retorno",
                lying=True,
                intervals=tuple(_percents(rate) for rate in answered),
            )
    if busiest := [row for row in sums.counters if row.tally.suggested][:_SHOWN]:
        found["balcoes"] = Bars(
            "Sugestões por balcão",
            tuple(row.counter_name for row in busiest),
            (Series("sugestões", tuple(float(row.tally.suggested) for row in busiest)),),
            "sugestões",
            lying=True,
        )
    if counts := sums.counts("total"):
        found["latencias"] = _cumulated(counts)
    return found


def added(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    rows = list(tallies)
    return Tally(*(sum(getattr(row, field.name) for row in rows) for field in fields(Tally)))


def percentile(counts: Mapping[int, int], share: float) -> float:
    """The end, in seconds, of the step within which `share` per cent have been counted."""
    wanted, seen = share / 100 * sum(counts.values()), 0
    step = 0
    for step in sorted(counts):
        seen += counts[step]
        if seen >= wanted:
            break
    return (step + LATENCY_STEP_MS) / 1000


def _cumulated(counts: Mapping[str, Mapping[int, int]]) -> Curves:
    end = max(percentile(one, 99) for one in counts.values())
    steps = range(0, round(1000 * end) + LATENCY_STEP_MS, LATENCY_STEP_MS)
    series = []
    for provider, one in counts.items():
        total, seen, shares = sum(one.values()), 0, []
        for step in steps:
            shares.append(100 * seen / total)
            seen += one.get(step, 0)
        series.append(Series(provider, tuple(shares)))
    return Curves(
        "Da fala ao texto, por provedor", tuple(step / 1000 for step in steps), tuple(series), "segundos",
        "% prontas até aqui",
    )  # fmt: skip


def _grouped(rows: Iterable[tuple[str, Tally]]) -> list[tuple[str, Tally]]:
    groups: dict[str, list[Tally]] = defaultdict(list)
    for name, tally in rows:
        groups[name].append(tally)
    return [(name, added(tallies)) for name, tallies in sorted(groups.items())]


def _percents(rate: Rate) -> tuple[float, float] | None:
    return None if rate.low is None or rate.high is None else (100 * rate.low, 100 * rate.high)
