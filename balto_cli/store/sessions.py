"""Sessions and their cuts. A cut is one transaction: segments, pipeline state and spool position, or none of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, bindparam, case, func, insert, or_, select, update

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.store.dialects import insert_once
from balto_cli.store.records import SessionRecord, SessionState, TranscriptState, segment_id
from balto_cli.store.tables import SEGMENTS, SESSIONS, TRANSCRIPTS, UNENDED_SESSION
from balto_cli.store.text import storable, storable_json

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from balto_cli.store.records import Cut, NewSegment

ERASED = "apagada"
"""End reason of a session that is being erased: nothing more is stored of it."""

_C = SESSIONS.c
_TAKES = or_(_C.end_reason.is_(None), _C.end_reason != ERASED)


def _at_least(column: ColumnElement[int], name: str) -> ColumnElement[int]:
    return case((column < bindparam(name), bindparam(name)), else_=column)


_ADVANCE = (
    update(SESSIONS)
    .where(_C.id == bindparam("session"), _TAKES)
    .values(
        received_samples=_at_least(_C.received_samples, "received"), next_index=_at_least(_C.next_index, "following")
    )
)
_NEWER = _C.checkpoint_position <= bindparam("position")
_ADVANCE_AND_CHECKPOINT = _ADVANCE.values(
    checkpoint=case((_NEWER, bindparam("state_bytes")), else_=_C.checkpoint),
    checkpoint_position=case((_NEWER, bindparam("position")), else_=_C.checkpoint_position),
    spool_position=case((_NEWER, bindparam("spool")), else_=_C.spool_position),
)


def open_session(connection: Connection, session: SessionRecord, block: int) -> SessionRecord:
    """Store a new session with its first block of event numbers."""
    row = {
        "id": session.id,
        "counter_id": session.counter_id,
        "key_id": session.key_id,
        "started_at": session.started_at,
        "audio_format": session.audio_format,
        "rate_hz": session.rate_hz,
        "channels": session.channels,
        "client_name": storable(session.client_name, 80),
        "settings": storable_json(dict(session.settings)),
        "state": session.state,
        "seq_reserved": block,
        "next_index": session.next_index,
        "received_samples": session.received_samples,
        "checkpoint": session.checkpoint,
        "checkpoint_position": session.checkpoint_position,
        "spool_position": session.spool_position,
    }
    connection.execute(insert(SESSIONS), row)
    return _record(connection.execute(select(SESSIONS).where(_C.id == session.id)).one())


def take_up(connection: Connection, session_id: str, counter_id: str, dropped_after: datetime) -> SessionRecord | None:
    """The session, open again, if this counter may go on with it."""
    alive = or_(_C.state == SessionState.OPEN, (_C.state == SessionState.DROPPED) & (_C.dropped_at >= dropped_after))
    mine = (_C.id == storable(session_id), _C.counter_id == counter_id, alive)
    row = connection.execute(select(SESSIONS).where(*mine)).one_or_none()
    if row is None:
        return None
    connection.execute(update(SESSIONS).where(_C.id == row.id).values(state=SessionState.OPEN, dropped_at=None))
    return _record(connection.execute(select(SESSIONS).where(_C.id == row.id)).one())


def reserve_seq(connection: Connection, session_id: str, block: int) -> int:
    """Set a block of event numbers aside; return its first. Raises `KeyError` for a session that is gone."""
    reserved = connection.scalar(select(_C.seq_reserved).where(_C.id == session_id))
    if reserved is None:
        raise KeyError(session_id)
    connection.execute(update(SESSIONS).where(_C.id == session_id).values(seq_reserved=reserved + block))
    return int(reserved) + 1


def cut(connection: Connection, cut: Cut) -> tuple[int, ...]:
    """Store what a cut changes; the indexes of segments that were not there before."""
    following = max((segment.index + 1 for segment in cut.segments), default=0)
    values: dict[str, Any] = {"session": cut.session.id, "received": cut.received_samples, "following": following}
    statement = _ADVANCE
    if cut.checkpoint is not None:
        statement = _ADVANCE_AND_CHECKPOINT
        values |= {
            "state_bytes": cut.checkpoint,
            "position": cut.checkpoint_position,
            "spool": cut.spool_position,
        }
    if not connection.execute(statement, values).rowcount:
        return ()
    return tuple(segment.index for segment in cut.segments if _add_segment(connection, cut.session, segment))


def _add_segment(connection: Connection, session: SessionRecord, segment: NewSegment) -> bool:
    identity = segment_id(session.id, segment.index)
    said_at = session.started_at + timedelta(seconds=segment.start_sample / SAMPLE_RATE_HZ)
    row = {
        "id": identity,
        "session_id": session.id,
        "counter_id": session.counter_id,
        "index": segment.index,
        "start_sample": segment.start_sample,
        "end_sample": segment.end_sample,
        "said_at": said_at,
        "cut": segment.cut,
        "snr_db": segment.snr_db,
        "low_speech": segment.low_speech,
        "audio_path": segment.audio_path,
        "seq": segment.seq,
        "received_at": segment.received_at,
        "speech_ended_at": segment.speech_ended_at,
        "cut_at": segment.cut_at,
    }
    if not insert_once(connection, SEGMENTS, row):
        return False
    transcript = {
        "segment_id": identity,
        "said_at": said_at,
        "state": TranscriptState.WAITING,
        "text": "",
        "words": [],
        "cost_brl": 0.0,
        "lost_brl": 0.0,
        "attempts": 0,
        "late": False,
    }
    return insert_once(connection, TRANSCRIPTS, transcript)


def drop_session(connection: Connection, session_id: str, at: datetime, received_samples: int) -> None:
    """OPEN becomes DROPPED."""
    received = case((_C.received_samples < received_samples, received_samples), else_=_C.received_samples)
    mine = (_C.id == session_id, _C.state == SessionState.OPEN)
    values = {"state": SessionState.DROPPED, "dropped_at": at, "received_samples": received}
    connection.execute(update(SESSIONS).where(*mine).values(values))


def end_session(connection: Connection, session_id: str, at: datetime, reason: str, received_samples: int) -> None:
    """End a session that has not ended."""
    received = case((_C.received_samples < received_samples, received_samples), else_=_C.received_samples)
    values = {"state": SessionState.ENDED, "ended_at": at, "end_reason": reason, "checkpoint": None}
    mine = (_C.id == session_id, _C.state != SessionState.ENDED)
    connection.execute(update(SESSIONS).where(*mine).values(received_samples=received, **values))


def mark_erased(connection: Connection, session_id: str, at: datetime) -> None:
    """End a session, whatever its state, so that nothing more is stored of it."""
    values = {"state": SessionState.ENDED, "end_reason": ERASED, "checkpoint": None}
    ended_at = func.coalesce(_C.ended_at, bindparam("moment", at, type_=_C.ended_at.type))
    connection.execute(update(SESSIONS).where(_C.id == session_id).values(ended_at=ended_at, **values))


def unended(connection: Connection) -> list[SessionRecord]:
    """Oldest first."""
    query = select(SESSIONS).where(UNENDED_SESSION).order_by(_C.started_at, _C.id)
    return [_record(row) for row in connection.execute(query)]


def find(connection: Connection, session_id: str) -> SessionRecord | None:
    """One session."""
    row = connection.execute(select(SESSIONS).where(_C.id == storable(session_id))).one_or_none()
    return _record(row) if row else None


def _record(row: Row[Any]) -> SessionRecord:
    values = dict(row._mapping)
    return SessionRecord(**{**values, "state": SessionState(values["state"])})
