"""What was said at the counters as dialogues: turns of sessions in order, with what was decided on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.store.records import TranscriptState
from balto_cli.store.tables import CLIENTS, COUNTERS, SEGMENTS, SESSIONS, SUGGESTIONS, TRANSCRIPTS
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row, Select

    from balto_cli.store.feedback import Which

_S = SEGMENTS.c
_T = TRANSCRIPTS.c
_G = SUGGESTIONS.c


@dataclass(frozen=True, slots=True)
class SaidTurn:
    """A segment with words, and what was decided on it (`action` None: nothing was)."""

    session_id: str
    segment_id: str
    client_id: str
    text: str
    start_s: float
    end_s: float
    spoken_until: datetime
    action: str | None
    rule: str | None
    products: tuple[str, ...]
    model: str | None
    sent: bool


def client_of(connection: Connection, counter_id: str) -> str | None:
    """Whose counter it is."""
    client: str | None = connection.scalar(select(COUNTERS.c.client_id).where(COUNTERS.c.id == counter_id))
    return client


def clients_named(connection: Connection, name: str) -> list[str]:
    """Ids of the clients of a name, however it is written, or of an id."""
    wanted = name.strip()
    rows = connection.execute(select(CLIENTS.c.id, CLIENTS.c.name).order_by(CLIENTS.c.created_at))
    return [row.id for row in rows if row.id == wanted or row.name.casefold() == wanted.casefold()]


def last_turns(connection: Connection, session_id: str, limit: int, until: int | None = None) -> list[SaidTurn]:
    """The newest turns of a session, in order; with `until`, those that began at this sample or before."""
    query = _turns().where(_S.session_id == session_id).order_by(_S.start_sample.desc()).limit(limit)
    if until is not None:
        query = query.where(_S.start_sample <= until)
    return [_turn(row) for row in reversed(connection.execute(query).all())]


def sessions_within(connection: Connection, which: Which) -> list[str]:
    """Sessions, oldest first, that began in a span of time, but those of trials."""
    query = select(SESSIONS.c.id).join(COUNTERS, COUNTERS.c.id == SESSIONS.c.counter_id)
    query = query.where(COUNTERS.c.trial.is_(False)).order_by(SESSIONS.c.started_at, SESSIONS.c.id)
    if which.since:
        query = query.where(SESSIONS.c.started_at >= which.since)
    if which.until:
        query = query.where(SESSIONS.c.started_at < which.until)
    if which.client_id:
        query = query.where(COUNTERS.c.client_id == which.client_id)
    if which.counter_id:
        query = query.where(SESSIONS.c.counter_id == storable(which.counter_id))
    return list(connection.scalars(query))


def turns_of(connection: Connection, session_ids: Sequence[str]) -> list[SaidTurn]:
    """All turns of some sessions, session by session, in order."""
    query = _turns().where(_S.session_id.in_(list(session_ids))).order_by(_S.session_id, _S.start_sample)
    return [_turn(row) for row in connection.execute(query)]


def _turns() -> Select[Any]:
    """Only what a suggestion may be made from: words, of a segment that is speech."""
    return (
        select(
            _S.session_id,
            _S.id,
            COUNTERS.c.client_id,
            _T.text,
            _S.start_sample,
            _S.end_sample,
            _S.speech_ended_at,
            _S.cut_at,
            _G.action,
            _G.rule,
            _G.products,
            _G.model,
            _G.sent,
        )
        .select_from(SEGMENTS)
        .join(TRANSCRIPTS, _T.segment_id == _S.id)
        .join(COUNTERS, COUNTERS.c.id == _S.counter_id)
        .outerjoin(SUGGESTIONS, _G.segment_id == _S.id)
        .where(_T.state == TranscriptState.OK, _S.low_speech.is_(False))
    )


def _turn(row: Row[Any]) -> SaidTurn:
    return SaidTurn(
        row.session_id,
        row.id,
        row.client_id,
        row.text,
        row.start_sample / SAMPLE_RATE_HZ,
        row.end_sample / SAMPLE_RATE_HZ,
        row.speech_ended_at or row.cut_at,
        row.action,
        row.rule,
        tuple(row.products or ()),
        row.model,
        bool(row.sent),
    )
