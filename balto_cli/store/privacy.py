"""What the law asks of recordings of people: erase, export, let nothing grow old.

Erasing goes by small batches, each its own transaction, so that live writes pass between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, not_, or_, select, true, update

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.store.interactions import page_of_segments, within
from balto_cli.store.records import UNFINISHED, ErasedSegment, SessionPart, SessionState
from balto_cli.store.tables import FEEDBACK, SEGMENTS, SESSIONS, SUGGESTIONS, TRANSCRIPTS
from balto_cli.store.text import storable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from balto_cli.store.records import Scope

_BATCH = 8
"""A write that comes meanwhile waits for one of these."""
_EXPORT_BATCH = 500
_C = SESSIONS.c


def whole_sessions(connection: Connection, scope: Scope) -> tuple[str, ...]:
    """Sessions of which nothing may stay, oldest first."""
    query = select(_C.id).where(_of(scope), _wholly_within(scope)).order_by(_C.started_at, _C.id)
    return tuple(connection.scalars(query))


def parts(connection: Connection, scope: Scope) -> tuple[SessionPart, ...]:
    """Stretches of sessions that reach into a span of time and out of it."""
    if scope.since is None and scope.until is None:
        return ()
    reaching: list[ColumnElement[bool]] = [_of(scope), not_(_wholly_within(scope))]
    if scope.until:
        reaching.append(_C.started_at < scope.until)
    if scope.since:
        reaching.append(or_(_C.ended_at.is_(None), _C.ended_at >= scope.since))
    query = select(_C.id, _C.started_at).where(*reaching).order_by(_C.started_at)
    return tuple(
        SessionPart(
            row.id,
            max(0, _samples(row.started_at, scope.since)) if scope.since else 0,
            _samples(row.started_at, scope.until) if scope.until else None,
        )
        for row in connection.execute(query)
    )


def next_batch(connection: Connection, scope: Scope) -> tuple[ErasedSegment, ...]:
    """Segments to be erased next, oldest first."""
    query = _outside().where(*within(scope)).order_by(SEGMENTS.c.said_at, SEGMENTS.c.id).limit(_BATCH)
    return tuple(ErasedSegment(*row) for row in connection.execute(query))


def delete_segments(connection: Connection, segment_ids: Collection[str]) -> int:
    """Delete segments with all that became of them; how many there were."""
    return int(connection.execute(delete(SEGMENTS).where(SEGMENTS.c.id.in_(list(segment_ids)))).rowcount)


def delete_session(connection: Connection, session_id: str) -> None:
    """Delete a session whose segments are gone."""
    connection.execute(delete(SESSIONS).where(_C.id == session_id))


def audio_to_delete(connection: Connection, finished_before: datetime, limit: int) -> list[ErasedSegment]:
    """Segments whose sound has done its work."""
    finished = and_(
        TRANSCRIPTS.c.state.not_in(UNFINISHED),
        TRANSCRIPTS.c.transcribed_at < finished_before,
        # Implied, and what the index of audio files is sorted by.
        SEGMENTS.c.cut_at < finished_before,
    )
    query = _outside().where(SEGMENTS.c.audio_path.is_not(None), finished).order_by(SEGMENTS.c.cut_at).limit(limit)
    return [ErasedSegment(*row) for row in connection.execute(query)]


def audio_deleted(connection: Connection, segment_ids: Collection[str]) -> None:
    """Their files are gone."""
    connection.execute(update(SEGMENTS).where(SEGMENTS.c.id.in_(list(segment_ids))).values(audio_path=None))


def held(connection: Connection, scope: Scope, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
    """A page of all that is kept of a scope, as plain JSON, newest first, and where the next one begins."""
    ids, next_cursor = page_of_segments(connection, scope, _EXPORT_BATCH, cursor)
    answers: dict[str, list[dict[str, Any]]] = {}
    feedback = select(FEEDBACK).where(FEEDBACK.c.segment_id.in_(ids)).order_by(FEEDBACK.c.id)
    for row in connection.execute(feedback):
        answers.setdefault(row.segment_id, []).append({"resultado": row.outcome, "em": row.at.isoformat()})
    suggested = select(SUGGESTIONS).where(SUGGESTIONS.c.segment_id.in_(ids))
    suggestions = {row.segment_id: row for row in connection.execute(suggested)}
    query = (
        select(SEGMENTS, TRANSCRIPTS, _C.started_at, _C.client_name)
        .join(TRANSCRIPTS)
        .join(SESSIONS, _C.id == SEGMENTS.c.session_id)
        .where(SEGMENTS.c.id.in_(ids))
        .order_by(SEGMENTS.c.said_at.desc(), SEGMENTS.c.id.desc())
    )
    rows = [
        _plain(row._mapping, suggestions.get(row._mapping[SEGMENTS.c.id]), answers) for row in connection.execute(query)
    ]
    return rows, next_cursor


def _plain(row: Mapping[Any, Any], suggestion: Any, answers: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    segment, transcript = SEGMENTS.c, TRANSCRIPTS.c
    return {
        "id_interacao": row[segment.id],
        "sessao": row[segment.session_id],
        "balcao_id": row[segment.counter_id],
        "programa": row[_C.client_name],
        "sessao_inicio_utc": row[_C.started_at].isoformat(),
        "dito_utc": row[segment.said_at].isoformat(),
        "inicio_s": row[segment.start_sample] / SAMPLE_RATE_HZ,
        "fim_s": row[segment.end_sample] / SAMPLE_RATE_HZ,
        "audio_guardado": row[segment.audio_path] is not None,
        "estado": row[transcript.state],
        "motivo": row[transcript.reason],
        "texto": row[transcript.text],
        "palavras": row[transcript.words],
        "provedor": row[transcript.provider],
        "modelo": row[transcript.model],
        "sugestao": suggestion
        and {
            "acao": suggestion.action,
            "mensagem": suggestion.payload,
            "em": suggestion.suggested_at.isoformat(),
            "enviada": suggestion.sent,
        },
        "retornos": answers.get(row[segment.id], []),
    }


def _outside() -> Any:
    """Of segments, what leads to things outside the database, in the order of `ErasedSegment`."""
    segment = SEGMENTS.c
    return select(
        segment.id,
        segment.session_id,
        segment.start_sample,
        segment.end_sample,
        segment.audio_path,
        TRANSCRIPTS.c.response_key,
    ).join(TRANSCRIPTS)


def _of(scope: Scope) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if scope.session_id:
        conditions.append(_C.id == storable(scope.session_id))
    if scope.counter_id:
        conditions.append(_C.counter_id == storable(scope.counter_id))
    return and_(*conditions)


def _wholly_within(scope: Scope) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if scope.since:
        conditions.append(_C.started_at >= scope.since)
    if scope.until:
        conditions.append(and_(_C.state == SessionState.ENDED, _C.ended_at < scope.until))
    return and_(*conditions)


def _samples(started_at: datetime, moment: datetime) -> int:
    return round((moment - started_at).total_seconds() * SAMPLE_RATE_HZ)
