"""Transcripts, suggestions, feedback, and reading them all as interactions."""

from __future__ import annotations

import base64
import binascii
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, case, func, insert, or_, select, tuple_, update

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.store.dialects import insert_once
from balto_cli.store.feedback import last_outcome
from balto_cli.store.records import UNFINISHED, Backlog, CostRow, Interaction, Page, TranscriptState
from balto_cli.store.tables import (
    CLIENTS,
    COUNTERS,
    FEEDBACK,
    SEGMENTS,
    SUGGESTIONS,
    TRANSCRIPTS,
    UNFINISHED_TRANSCRIPT,
)
from balto_cli.store.text import storable, storable_json

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement, Connection, FromClause

    from balto_cli.store.records import EventNumber, NewSuggestion, Outcome, Scope
    from balto_cli.stt.base import Word

_T = TRANSCRIPTS.c
_S = SEGMENTS.c
_G = SUGGESTIONS.c

_FINISH = (
    update(TRANSCRIPTS)
    .where(_T.segment_id == bindparam("segment"), _T.state.in_(UNFINISHED))
    .values(
        state=bindparam("new_state"),
        late=case((_T.state == TranscriptState.POSTPONED, True), else_=bindparam("is_late")),
        seq=func.coalesce(_T.seq, bindparam("number")),
    )
)


def transcribed(connection: Connection, outcome: Outcome) -> bool:
    """Give a transcript its final state, once."""
    values = {
        "segment": outcome.segment_id,
        "new_state": outcome.state,
        "is_late": outcome.late,
        "number": outcome.seq,
        "reason": outcome.reason and storable(outcome.reason, 40),
        "text": storable(outcome.text),
        "words": [_plain(word) for word in outcome.words],
        "language": outcome.language and storable(outcome.language, 20),
        "provider": outcome.provider and storable(outcome.provider, 80),
        "model": outcome.model and storable(outcome.model, 80),
        "confidence": _finite(outcome.confidence),
        "latency_s": _finite(outcome.latency_s),
        "cost_brl": outcome.cost_brl,
        "lost_brl": outcome.lost_brl,
        "attempts": outcome.attempts,
        "sent_at": outcome.sent_at,
        "transcribed_at": outcome.transcribed_at,
        "response_key": outcome.response_key,
    }
    return bool(connection.execute(_FINISH, values).rowcount)


def postpone(connection: Connection, segment_id: str, seq: int | None) -> bool:
    """WAITING becomes POSTPONED."""
    mine = (_T.segment_id == segment_id, _T.state == TranscriptState.WAITING)
    values = {"state": TranscriptState.POSTPONED, "seq": func.coalesce(_T.seq, seq)}
    return bool(connection.execute(update(TRANSCRIPTS).where(*mine).values(values)).rowcount)


def number_events(connection: Connection, numbers: Sequence[EventNumber]) -> None:
    """Give events their numbers, once."""
    for number in numbers:
        if number.kind == "segmento":
            mine = (_S.id == number.segment_id, _S.seq.is_(None))
            connection.execute(update(SEGMENTS).where(*mine).values(seq=number.seq))
        else:
            mine = (_T.segment_id == number.segment_id, _T.seq.is_(None))
            connection.execute(update(TRANSCRIPTS).where(*mine).values(seq=number.seq))


def delivered(connection: Connection, segment_ids: Collection[str], at: datetime) -> None:
    """Note when transcripts were written to the socket; the first time stays."""
    mine = (_T.segment_id.in_(list(segment_ids)), _T.delivered_at.is_(None))
    connection.execute(update(TRANSCRIPTS).where(*mine).values(delivered_at=at))


def add_suggestion(connection: Connection, suggestion: NewSuggestion) -> bool:
    """Store the first decision on an interaction."""
    if connection.scalar(select(_S.id).where(_S.id == suggestion.segment_id)) is None:
        return False
    row = {
        "segment_id": suggestion.segment_id,
        "action": suggestion.action,
        "category": suggestion.category and storable(suggestion.category, 80),
        "reason": suggestion.reason and storable(suggestion.reason, 80),
        "payload": storable_json(dict(suggestion.payload)),
        "rules_version": suggestion.rules_version,
        "catalogue_version": suggestion.catalogue_version,
        "model": suggestion.model,
        "cost_brl": suggestion.cost_brl,
        "suggested_at": suggestion.suggested_at,
        "sent": suggestion.sent,
        "rule": suggestion.rule and storable(suggestion.rule, 80),
        "products": [storable(key) for key in suggestion.products],
    }
    return insert_once(connection, SUGGESTIONS, row)


def add_feedback(connection: Connection, counter_id: str, segment_id: str, outcome: str, at: datetime) -> bool:
    """Keep one more feedback on an interaction of this counter."""
    segment_id = storable(segment_id)
    if connection.scalar(select(_S.id).where(_S.id == segment_id, _S.counter_id == counter_id)) is None:
        return False
    connection.execute(insert(FEEDBACK), {"segment_id": segment_id, "outcome": storable(outcome, 200), "at": at})
    return True


def events_after(connection: Connection, session_id: str, seq: int) -> list[Interaction]:
    """Interactions of a session with something to tell, in order of index."""
    told = or_(_S.seq.is_(None), _S.seq > seq, _T.seq > seq, and_(_T.seq.is_(None), _T.state.not_in(UNFINISHED)))
    of_session = select(SEGMENTS).join(TRANSCRIPTS).where(_S.session_id == session_id, told).subquery()
    query = _joined(of_session).order_by(of_session.c.index)
    return [_interaction(row) for row in connection.execute(query)]


def waiting(connection: Connection, limit: int, after: Interaction | None) -> list[Interaction]:
    """Segments without a final transcript, oldest first."""
    query = select(_T.segment_id).where(UNFINISHED_TRANSCRIPT)
    if after is not None:
        query = query.where(tuple_(_T.said_at, _T.segment_id) > (after.said_at, after.id))
    wanted = query.order_by(_T.said_at, _T.segment_id).limit(limit).subquery()
    mine = select(SEGMENTS).join(wanted, wanted.c.segment_id == _S.id).subquery()
    rows = connection.execute(_joined(mine).order_by(mine.c.said_at, mine.c.id))
    return [_interaction(row) for row in rows]


def backlog(connection: Connection) -> Backlog:
    """How many wait, and since when."""
    query = select(func.count(), func.min(_T.said_at)).where(UNFINISHED_TRANSCRIPT)
    count, oldest = connection.execute(query).one()
    return Backlog(count, oldest)


def spent_since(connection: Connection, at: datetime) -> float:
    """Reais spent since a moment."""
    heard = select(func.sum(_T.cost_brl + _T.lost_brl)).where(_T.transcribed_at >= at)
    decided = select(func.sum(_G.cost_brl)).where(_G.suggested_at >= at)
    return float((connection.scalar(heard) or 0.0) + (connection.scalar(decided) or 0.0))


def spent_on_suggestions(connection: Connection, since: datetime) -> float:
    """Reais that models cost since a moment, calls without an answer included."""
    return float(connection.scalar(select(func.sum(_G.cost_brl)).where(_G.suggested_at >= since)) or 0.0)


def find(connection: Connection, segment_id: str) -> Interaction | None:
    """One interaction."""
    mine = select(SEGMENTS).where(_S.id == storable(segment_id)).subquery()
    row = connection.execute(_joined(mine)).one_or_none()
    return _interaction(row) if row else None


def page(connection: Connection, scope: Scope, limit: int, cursor: str | None) -> Page:
    """A page, newest first. Raises `ValueError` for a cursor that is none of ours."""
    segments, next_cursor = page_of_segments(connection, scope, limit, cursor)
    return Page(tuple(of_segments(connection, segments)), next_cursor)


def of_segments(connection: Connection, segment_ids: Sequence[str]) -> list[Interaction]:
    """Interactions by their ids, newest first."""
    mine = select(SEGMENTS).where(_S.id.in_(segment_ids)).subquery()
    rows = connection.execute(_joined(mine).order_by(mine.c.said_at.desc(), mine.c.id.desc()))
    return [_interaction(row) for row in rows]


def page_of_segments(
    connection: Connection, scope: Scope, limit: int, cursor: str | None
) -> tuple[list[str], str | None]:
    """Ids of a page, newest first, straight off an index; and where the next one begins."""
    query = select(_S.id, _S.said_at).where(*within(scope))
    if cursor:
        query = query.where(tuple_(_S.said_at, _S.id) < _read_cursor(cursor))
    rows = connection.execute(query.order_by(_S.said_at.desc(), _S.id.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return [row.id for row in rows], _cursor(rows[-1].said_at, rows[-1].id) if more else None


def within(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions of a scope on segments."""
    conditions: list[ColumnElement[bool]] = []
    if scope.session_id:
        conditions.append(_S.session_id == storable(scope.session_id))
    if scope.counter_id:
        conditions.append(_S.counter_id == storable(scope.counter_id))
    if scope.since:
        conditions.append(_S.said_at >= scope.since)
    if scope.until:
        conditions.append(_S.said_at < scope.until)
    return conditions


def cost_table(connection: Connection, scope: Scope) -> list[CostRow]:
    """Costs by day, counter and provider, without those of trials."""
    day = func.date(_S.said_at)
    spoken = func.sum(_S.end_sample - _S.start_sample)
    amounts = (func.sum(_T.cost_brl), func.sum(_T.lost_brl), func.coalesce(func.sum(_G.cost_brl), 0.0))
    query = (
        select(day, CLIENTS.c.name, COUNTERS.c.name, _T.provider, func.count(), spoken, *amounts)
        .select_from(SEGMENTS)
        .join(TRANSCRIPTS)
        .join(COUNTERS, COUNTERS.c.id == _S.counter_id)
        .join(CLIENTS, CLIENTS.c.id == COUNTERS.c.client_id)
        .outerjoin(SUGGESTIONS, _G.segment_id == _S.id)
        .where(COUNTERS.c.trial.is_(False), *within(scope))
        .group_by(day, CLIENTS.c.name, COUNTERS.c.name, _T.provider)
        .order_by(day, CLIENTS.c.name, COUNTERS.c.name, _T.provider)
    )
    return [
        CostRow(str(row[0]), row[1], row[2], row[3], row[4], float(row[5]) / SAMPLE_RATE_HZ, row[6], row[7], row[8])
        for row in connection.execute(query)
    ]


def _joined(segments: FromClause) -> Select[Any]:
    """The given segments (a subquery of their table) with everything that became of them."""
    transcript = [column for column in _T if column.name not in ("segment_id", "said_at", "seq", "words")]
    return (
        select(
            segments,
            *transcript,
            _T.seq.label("transcript_seq"),
            _G.action,
            _G.payload,
            _G.cost_brl.label("suggestion_cost_brl"),
            _G.suggested_at,
            _G.sent,
            last_outcome(TRANSCRIPTS).label("outcome"),
        )
        .select_from(segments)
        .join(TRANSCRIPTS, _T.segment_id == segments.c.id)
        .outerjoin(SUGGESTIONS, _G.segment_id == segments.c.id)
    )


def _interaction(row: Row[Any]) -> Interaction:
    values = dict(row._mapping)
    return Interaction(
        **{name: value for name, value in values.items() if name not in ("seq", "payload", "sent", "state")}
        | {
            "segment_seq": values["seq"],
            "state": TranscriptState(values["state"]),
            "suggestion": values["payload"],
            "suggestion_cost_brl": values["suggestion_cost_brl"] or 0.0,
            "suggestion_sent": bool(values["sent"]),
        }
    )


def _cursor(said_at: datetime, segment_id: str) -> str:
    return base64.urlsafe_b64encode(f"{said_at.isoformat()} {segment_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    """Raises `ValueError`."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"==").decode("ascii")
        moment, _, segment_id = text.partition(" ")
        return datetime.fromisoformat(moment).astimezone(UTC), str(UUID(segment_id))
    except (ValueError, OverflowError, binascii.Error):
        raise ValueError("not a cursor of this list") from None


def _plain(word: Word) -> list[Any]:
    speaker = word.speaker and storable(word.speaker)
    return [storable(word.text), _finite(word.start_s), _finite(word.end_s), _finite(word.confidence), speaker]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
