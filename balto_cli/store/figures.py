"""What Análises adds up: read off `HISTORY` alone, where trials have no row.

Hours are hours of UTC; whoever shows them moves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Integer, case, cast, func, select

from balto_cli.store.feedback import IGNORED, LOST, SOLD
from balto_cli.store.history import PER_MICROSECOND, key_of
from balto_cli.store.records import UNFINISHED, TranscriptState
from balto_cli.store.tables import CLIENTS, COUNTERS, HISTORY

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from balto_cli.store.feedback import Which

LATENCY_STEP_MS = 50
"""Latencies are counted in steps of this; a percentile is exact to one of them."""
_HOUR = 3_600 * 1_000_000 * PER_MICROSECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_H = HISTORY.c


@dataclass(frozen=True, slots=True)
class Tally:
    """How often things happened."""

    interactions: int
    spoken_s: float
    cost_brl: float
    """Of transcripts, with what was lost in failed attempts."""
    failed: int
    waiting: int
    suggested: int
    referred: int
    """To the pharmacist (`encaminhar`)."""
    sold: int
    lost: int
    ignored: int
    answered: int
    """With any feedback."""


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of one provider."""

    hour: datetime
    provider: str | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class CounterFigures:
    """One counter."""

    counter_id: str
    counter_name: str
    client_name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class LatencyCount:
    """How many transcripts of a provider took `from_ms` up to one step more."""

    provider: str | None
    kind: str
    """`provedor`: its answer alone; `total`: from the end of the speech."""
    from_ms: int
    count: int


def by_hour(connection: Connection, which: Which) -> list[HourFigures]:
    """By hour and provider, the earliest first."""
    hour = cast(_H.doc / _HOUR, Integer)
    query = (
        select(hour.label("hour"), _H.provider, *_tally())
        .where(*_within(which))
        .group_by(hour, _H.provider)
        .order_by(hour)
    )
    return [
        HourFigures(_EPOCH + timedelta(hours=int(row[0])), row[1], _read_tally(row[2:]))
        for row in connection.execute(query)
    ]


def by_counter(connection: Connection, which: Which) -> list[CounterFigures]:
    """By counter, those that said most first."""
    sums = select(_H.counter_id, *_tally()).where(*_within(which)).group_by(_H.counter_id).subquery()
    amounts = [column for column in sums.c if column.name != "counter_id"]
    query = (
        select(sums.c.counter_id, COUNTERS.c.name, CLIENTS.c.name, *amounts)
        .select_from(sums)
        .join(COUNTERS, COUNTERS.c.id == sums.c.counter_id)
        .join(CLIENTS, CLIENTS.c.id == COUNTERS.c.client_id)
        .order_by(amounts[0].desc(), COUNTERS.c.name)
    )
    return [CounterFigures(row[0], row[1], row[2], _read_tally(row[3:])) for row in connection.execute(query)]


def latencies(connection: Connection, which: Which) -> list[LatencyCount]:
    """Counts by provider and step, from which percentiles are read."""
    found: list[LatencyCount] = []
    within = _within(which)
    for kind, column in (("provedor", _H.latency_ms), ("total", _H.delay_ms)):
        step = cast(column / LATENCY_STEP_MS, Integer)
        query = (
            select(_H.provider, step, func.count())
            .where(*within, column.is_not(None), _H.state.in_((TranscriptState.OK, TranscriptState.EMPTY)))
            .group_by(_H.provider, step)
            .order_by(_H.provider, step)
        )
        found += [
            LatencyCount(provider, kind, int(number) * LATENCY_STEP_MS, count)
            for provider, number, count in connection.execute(query)
        ]
    return found


def _within(which: Which) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.since:
        conditions.append(_H.doc >= key_of(which.since))
    if which.until:
        conditions.append(_H.doc < key_of(which.until))
    if which.client_id:
        conditions.append(_H.client_id == which.client_id)
    if which.counter_id:
        conditions.append(_H.counter_id == which.counter_id)
    return conditions


def _tally() -> list[Any]:
    return [
        func.count().label("interactions"),
        func.sum(_H.spoken_ms).label("spoken"),
        func.sum(_H.cost_brl).label("cost"),
        _count(_H.state == TranscriptState.FAILED).label("failed"),
        _count(_H.state.in_(UNFINISHED)).label("waiting"),
        _count(_H.action == "sugerir").label("suggested"),
        _count(_H.action == "encaminhar").label("referred"),
        _count(_H.outcome == SOLD).label("sold"),
        _count(_H.outcome == LOST).label("lost"),
        _count(_H.outcome == IGNORED).label("ignored"),
        func.count(_H.outcome).label("answered"),
    ]


def _count(condition: ColumnElement[bool]) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _read_tally(row: Any) -> Tally:
    interactions, spoken_ms, cost, *counts = row
    return Tally(int(interactions), float(spoken_ms) / 1000, float(cost), *(int(count) for count in counts))
