"""What counters made of suggestions: shares of sales by rule, product, counter, hour and model, and which are poor.

Only what was sent counts, and of a suggestion's feedback the last. A sale counts for every product of its suggestion:
the wire does not say which of them was bought.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, cast, extract, func, select

from balto_cli.store.tables import CLIENTS, COUNTERS, FEEDBACK, SEGMENTS, SUGGESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Table

SOLD, LOST, IGNORED = "venda_realizada", "venda_perdida", "ignorada"
"""The outcomes that count; clients may send any other text, which is kept and not counted."""
BRASILIA_H = -3
"""Hours from UTC to the clock of the counters."""
_Z = 1.959963984540054
"""Normal quantile of 95 % on two sides."""
_G = SUGGESTIONS.c
_S = SEGMENTS.c


class By(StrEnum):
    """What suggestions are put together by."""

    RULE = "regra"
    PRODUCT = "produto"
    COUNTER = "balcao"
    HOUR = "hora"
    MODEL = "modelo"


@dataclass(frozen=True, slots=True)
class Floor:
    """A share of sales under which a rule or product is poor, and the feedback it takes to say so."""

    share: float = 0.05
    answers: int = 30


@dataclass(frozen=True, slots=True)
class Which:
    """Which suggestions are meant; everything that is given must hold. `since` is in, `until` is out."""

    since: datetime | None = None
    until: datetime | None = None
    client_id: str | None = None
    counter_id: str | None = None


FLOOR, EVERYTHING = Floor(), Which()


@dataclass(frozen=True, slots=True)
class Rate:
    """What came of the suggestions of one rule, product, counter, hour or model."""

    by: By
    key: str
    """Code of the rule, id of product or counter, hour of Brasília (`00` to `23`), model (`regras` without one)."""
    name: str
    """As a person reads it."""
    sent: int
    sold: int
    lost: int
    ignored: int
    low: float | None
    high: float | None
    """Wilson's interval of 95 % for the share of sales; None without feedback."""
    poor: bool
    """Enough feedback, and even `high` is under the floor."""

    @property
    def answered(self) -> int:
        """Suggestions with feedback that counts."""
        return self.sold + self.lost + self.ignored

    @property
    def share(self) -> float | None:
        """Sales among the answered; None without feedback."""
        return self.sold / self.answered if self.answered else None


def rates(connection: Connection, by: By, which: Which = EVERYTHING, floor: Floor = FLOOR) -> list[Rate]:
    """Suggestions that were sent (`recomendar`), put together by `by`: the most frequent first."""
    counts: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    names: dict[str, str] = {}
    column, name = _COLUMNS[by]
    query = (
        select(column, func.max(name), _OUTCOME, func.count())
        .select_from(SUGGESTIONS)
        .join(SEGMENTS, _S.id == _G.segment_id)
        .join(COUNTERS, COUNTERS.c.id == _S.counter_id)
        .join(CLIENTS, CLIENTS.c.id == COUNTERS.c.client_id)
        .where(_G.sent.is_(True), _G.action == "sugerir", COUNTERS.c.trial.is_(False), *_within(which))
        .group_by(column, _OUTCOME)
    )
    for value, label, outcome, count in connection.execute(query):
        for key in _keys(by, value):
            counts[key][outcome] += count
            names[key] = str(label) if label is not None else key
    found = [_rate(by, key, names[key], outcomes, floor) for key, outcomes in counts.items()]
    if by is By.HOUR:
        return sorted(found, key=lambda rate: rate.key)
    return sorted(found, key=lambda rate: (-rate.sent, rate.key))


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Interval of 95 % for a share (Wilson 1927, J. Am. Stat. Assoc. 22:209); `of` is at least 1."""
    share, square = hits / of, _Z * _Z
    middle = share + square / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    whole = 1 + square / of
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def last_outcome(of: Table) -> ColumnElement[Any]:
    """The last feedback on a row of a table that has one a segment."""
    return (
        select(FEEDBACK.c.outcome)
        .where(FEEDBACK.c.segment_id == of.c.segment_id)
        .order_by(FEEDBACK.c.id.desc())
        .limit(1)
        .correlate(of)
        .scalar_subquery()
    )


_OUTCOME = last_outcome(SUGGESTIONS)
_NO_NAME: ColumnElement[Any] = cast(None, Text)
_COLUMNS: dict[By, tuple[ColumnElement[Any], ColumnElement[Any]]] = {
    By.RULE: (_G.rule, _NO_NAME),
    By.PRODUCT: (cast(_G.products, Text), _NO_NAME),
    By.COUNTER: (_S.counter_id, CLIENTS.c.name + ", " + COUNTERS.c.name),
    By.HOUR: (extract("hour", _G.suggested_at), _NO_NAME),
    By.MODEL: (_G.model, _NO_NAME),
}


def _keys(by: By, value: Any) -> Iterable[str]:
    """The keys that a group of rows counts for."""
    if by is By.PRODUCT:
        return dict.fromkeys(json.loads(value)) if value else ()
    if by is By.HOUR:
        return (f"{(int(value) + BRASILIA_H) % 24:02}",)
    if value is None:
        return ("regras",) if by is By.MODEL else ()
    return (str(value),)


def _rate(by: By, key: str, name: str, outcomes: dict[str | None, int], floor: Floor) -> Rate:
    sold, lost, ignored = (outcomes.get(outcome, 0) for outcome in (SOLD, LOST, IGNORED))
    answered = sold + lost + ignored
    low, high = wilson(sold, answered) if answered else (None, None)
    is_poor = high is not None and answered >= floor.answers and high < floor.share
    return Rate(by, key, name, sum(outcomes.values()), sold, lost, ignored, low, high, is_poor)


def _within(which: Which) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if which.since:
        conditions.append(_G.suggested_at >= which.since)
    if which.until:
        conditions.append(_G.suggested_at < which.until)
    if which.client_id:
        conditions.append(COUNTERS.c.client_id == which.client_id)
    if which.counter_id:
        conditions.append(_S.counter_id == which.counter_id)
    return conditions
