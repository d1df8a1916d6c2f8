"""The tables. Every time is in UTC and comes back with its time zone; ids are UUIDs in their usual spelling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class Utc(TypeDecorator[datetime]):
    """An aware time, kept in UTC: `timestamptz` in PostgreSQL; in SQLite, which has none, text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises `ValueError` for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_SERIAL = BigInteger().with_variant(Integer, "sqlite")
_UNFINISHED = text("state IN ('espera', 'adiada')")
_UNENDED = text("state <> 'encerrada'")
_NOT_OK = text("state <> 'ok'")
_SPOKEN_UP = text("action <> 'silencio'")
_ANSWERED = text("outcome IS NOT NULL")


def _id() -> Column[str]:
    return Column("id", String(36), primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    return Column(name, String(36), ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=nullable, **options)


CLIENTS = Table(
    "clients",
    METADATA,
    _id(),
    Column("email", String(254), unique=True),
    Column("name", String(200), nullable=False),
    Column("phone", String(40), nullable=False),
    Column("created_at", Utc, nullable=False),
)

COUNTERS = Table(
    "counters",
    METADATA,
    _id(),
    _ref("client_id", "clients"),
    Column("name", String(200), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("trial", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("client_id", "name"),
)
"""`trial`: made to try a microphone for some minutes; it is in no figure, and all of it is erased when they end."""

KEYS = Table(
    "keys",
    METADATA,
    _id(),
    _ref("counter_id", "counters", index=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", Utc, nullable=False),
    Column("last_used_at", Utc),
    Column("revoked_at", Utc),
    Column("expires_at", Utc),
)
"""`expires_at` is of the key of a trial; the server revokes it then."""

REGISTRATION_CODES = Table(
    "registration_codes",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    _ref("client_id", "clients", index=True),
    Column("expires_at", Utc, nullable=False),
    Column("uses_left", Integer, nullable=False),
)

FAILURES = Table(
    "failures",
    METADATA,
    Column("id", _SERIAL, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Index("ix_failures_kind_at", "kind", "at"),
)
"""Wrong tries of the last hour."""

ADMIN_SECRET = Table(
    "admin_secret",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("encoded", String(300), nullable=False),
    Column("set_at", Utc, nullable=False),
)
"""One row, of id 1: the hash."""

ACCOUNTS = Table(
    "accounts",
    METADATA,
    _id(),
    Column("login", String(60), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    _ref("client_id", "clients", nullable=True, index=True),
    Column("encoded", String(300), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("password_at", Utc, nullable=False),
    Column("last_login_at", Utc),
    Column("removed_at", Utc),
)
"""People of the panel. One that was removed keeps its row: its login, which the audit names, is nobody else's."""

ADMIN_SESSIONS = Table(
    "admin_sessions",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("opened_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    _ref("account_id", "accounts", nullable=True, index=True),
    Column("seen_at", Utc),
)
"""Sessions of the panel: of an account, or of whoever holds the administrator's secret (None).

`seen_at` is the last use of one that also ends by rest; None for one of the protocol's `POST /admin/login`.
"""

SESSIONS = Table(
    "sessions",
    METADATA,
    _id(),
    _ref("counter_id", "counters"),
    Column("key_id", String(36), ForeignKey("keys.id", ondelete="SET NULL"), index=True),
    Column("started_at", Utc, nullable=False),
    Column("audio_format", String(20), nullable=False),
    Column("rate_hz", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("client_name", String(80), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("state", String(10), nullable=False),
    Column("seq_reserved", BigInteger, nullable=False),
    Column("next_index", Integer, nullable=False),
    Column("received_samples", BigInteger, nullable=False),
    Column("checkpoint", LargeBinary),
    Column("checkpoint_position", BigInteger, nullable=False),
    Column("spool_position", BigInteger, nullable=False),
    Column("dropped_at", Utc),
    Column("ended_at", Utc),
    Column("end_reason", String(40)),
    Index("ix_sessions_counter_id_started_at", "counter_id", "started_at"),
    Index("ix_sessions_started_at", "started_at"),
    Index(
        "ix_sessions_unended",
        "started_at",
        sqlite_where=_UNENDED,
        postgresql_where=_UNENDED,
    ),
)

SEGMENTS = Table(
    "segments",
    METADATA,
    _id(),
    _ref("session_id", "sessions"),
    Column("counter_id", String(36), nullable=False),
    Column("index", Integer, nullable=False),
    Column("start_sample", BigInteger, nullable=False),
    Column("end_sample", BigInteger, nullable=False),
    Column("said_at", Utc, nullable=False),
    Column("cut", String(10), nullable=False),
    Column("snr_db", Float),
    Column("low_speech", Boolean, nullable=False),
    Column("audio_path", String(300)),
    Column("seq", BigInteger),
    Column("received_at", Utc),
    Column("speech_ended_at", Utc),
    Column("cut_at", Utc, nullable=False),
    UniqueConstraint("session_id", "index"),
    Index("ix_segments_said_at_id", "said_at", "id"),
    Index("ix_segments_counter_id_said_at_id", "counter_id", "said_at", "id"),
    Index(
        "ix_segments_audio",
        "cut_at",
        sqlite_where=text("audio_path IS NOT NULL"),
        postgresql_where=text("audio_path IS NOT NULL"),
    ),
)

TRANSCRIPTS = Table(
    "transcripts",
    METADATA,
    Column("segment_id", String(36), ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True),
    Column("said_at", Utc, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", String(40)),
    Column("text", Text, nullable=False),
    Column("words", JSON, nullable=False),
    Column("language", String(20)),
    Column("provider", String(80)),
    Column("model", String(80)),
    Column("confidence", Float),
    Column("latency_s", Float),
    Column("cost_brl", Float, nullable=False),
    Column("lost_brl", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("seq", BigInteger),
    Column("sent_at", Utc),
    Column("transcribed_at", Utc),
    Column("delivered_at", Utc),
    Column("response_key", String(64)),
    Index("ix_transcripts_unfinished", "said_at", "segment_id", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
    Index("ix_transcripts_transcribed_at", "transcribed_at"),
)
"""One row a segment from the moment of its cut; `said_at` is the segment's, so that what waits is found in order."""

# Written out, since a database takes a partial index only where it sees that the values are those of the index.
UNFINISHED_TRANSCRIPT = text("transcripts.state IN ('espera', 'adiada')")
UNENDED_SESSION = text("sessions.state <> 'encerrada'")

SUGGESTIONS = Table(
    "suggestions",
    METADATA,
    Column("segment_id", String(36), ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True),
    Column("action", String(20), nullable=False),
    Column("category", String(80)),
    Column("reason", String(80)),
    Column("payload", JSON, nullable=False),
    Column("rules_version", String(80), nullable=False),
    Column("catalogue_version", String(80), nullable=False),
    Column("model", String(80)),
    Column("cost_brl", Float, nullable=False),
    Column("suggested_at", Utc, nullable=False),
    Column("sent", Boolean, nullable=False),
    Column("rule", String(80)),
    Column("products", JSON(none_as_null=True)),
    Index("ix_suggestions_suggested_at", "suggested_at"),
    Index("ix_suggestions_action_suggested_at", "action", "suggested_at"),
)
"""`rule` is the code of what decided, `products` a list of the ids that were suggested."""

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", _SERIAL, primary_key=True),
    Column("segment_id", String(36), ForeignKey("segments.id", ondelete="CASCADE"), nullable=False),
    Column("outcome", String(200), nullable=False),
    Column("at", Utc, nullable=False),
    Index("ix_feedback_segment_id_id", "segment_id", "id"),
)
"""All that was said of an interaction's outcome; the last one counts."""

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", _SERIAL, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_at", "at"),
)

HISTORY = Table(
    "history",
    METADATA,
    Column("doc", _SERIAL, primary_key=True, autoincrement=False),
    Column("segment_id", String(36), nullable=False),
    Column("client_id", String(36), nullable=False),
    Column("counter_id", String(36), nullable=False),
    Column("state", String(10), nullable=False),
    Column("provider", String(80)),
    Column("action", String(20)),
    Column("outcome", String(200)),
    Column("spoken_ms", Integer, nullable=False),
    Column("latency_ms", Integer),
    Column("delay_ms", Integer),
    Column("cost_brl", Float, nullable=False),
    Index("ix_history_segment_id", "segment_id", unique=True),
    Index("ix_history_client_id_doc", "client_id", "doc"),
    Index("ix_history_counter_id_doc", "counter_id", "doc"),
    Index("ix_history_provider_doc", "provider", "doc"),
    Index("ix_history_state_doc", "state", "doc", sqlite_where=_NOT_OK, postgresql_where=_NOT_OK),
    Index("ix_history_action_doc", "action", "doc", sqlite_where=_SPOKEN_UP, postgresql_where=_SPOKEN_UP),
    Index("ix_history_outcome_doc", "outcome", "doc", sqlite_where=_ANSWERED, postgresql_where=_ANSWERED),
)
"""One narrow row an interaction, kept by triggers: all that lists and figures filter, order and add up by.

`doc` is its time: microseconds of `said_at` since 1970 times 1024, plus a number among those of one microsecond; so the
order of the key is the order of time, also of what the index of words (`history_words`) finds. `delay_ms` is from the
end of the speech to the transcript, `cost_brl` of the transcript with what was lost. Trials have no row.
"""
