"""The store as the server sees it: every method is awaited, none holds the event loop.

Writes queue for one thread that commits them in groups; when the await returns, the commit is on disk. Cancelling the
await does not take a write back. Reads run in a small pool. Every method raises `StoreUnavailable` when the database
gives no answer, which never means that something is not there.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from balto_cli.store import audit, history, interactions, keys, privacy, registration, sessions
from balto_cli.store.database import Database, Writer, open_database, said_plainly
from balto_cli.store.records import Erased, ErasureCount, Scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from balto_cli.store.records import (
        AuditEntry,
        Backlog,
        CostRow,
        Cut,
        ErasedSegment,
        EventNumber,
        Interaction,
        KeyEntry,
        KeyHolder,
        NewKey,
        NewSuggestion,
        Outcome,
        Page,
        Refused,
        Registered,
        SessionRecord,
    )

T = TypeVar("T")
P = ParamSpec("P")

_READERS = 4
SEQ_BLOCK = 1_000
"""Event numbers that a session sets aside at a time."""


class Forgetter(Protocol):
    """Whoever keeps, outside the database, something of what was heard."""

    async def __call__(self, erased: Erased) -> None:
        """Delete it; called before the rows go, and again for the same ones after a crash. Raises OSError."""


class Store:
    """The database behind one server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = Writer(database.writing)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="balto-read")
        self._forgetters: list[Forgetter] = []

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database at a SQLAlchemy address (`sqlite:///…`, `postgresql://…`), migrated to this version.

        Raises `UsageError` for an address that cannot be used or a database of a newer Balto, `StoreUnavailable` if
        it does not answer.
        """
        return cls(await asyncio.to_thread(open_database, url))

    async def close(self) -> None:
        """Finish the writes that were asked for, then let go."""
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._database.close)

    async def ping(self) -> None:
        """Raises `StoreUnavailable` unless the database both answers and takes writes."""
        await self._write(audit.touch)

    @property
    def queued_writes(self) -> int:
        """Writes that wait for the writer, for the metrics."""
        return self._writer.queued

    # Keys

    async def find_key(self, secret: str) -> KeyHolder | None:
        """Whom a key speaks for; None for a key that never was, or was revoked."""
        return await self._read(keys.find, secret)

    async def touch_key(self, key_id: str, at: datetime) -> None:
        """Note that a key was used."""
        await self._write(keys.touch, key_id, at)

    async def revoked_among(self, key_ids: Collection[str]) -> frozenset[str]:
        """Those of the keys that are no longer good; asked every few seconds for the sockets that are open."""
        return await self._read(keys.revoked_among, tuple(key_ids))

    async def create_key(self, client_name: str, counter_name: str, at: datetime) -> NewKey:
        """A further key for a counter; client and counter are made where they do not exist."""
        return await self._write(keys.create, client_name, counter_name, at)

    async def list_keys(self) -> list[KeyEntry]:
        """All keys, by client, counter and age."""
        return await self._read(keys.list_all)

    async def revoke_key(self, key_id: str, at: datetime) -> KeyEntry | None:
        """Revoke a key, told by its id or the beginning of one; None where no key, or more than one, is meant."""
        return await self._write(keys.revoke, key_id, at)

    # Registration and the administrator

    async def register_client(self, email: str, name: str, phone: str, at: datetime) -> str:
        """A client (the same one for the same address) and its six-digit code, valid for 15 minutes."""
        return await self._write(registration.register_client, email, name, phone, at)

    async def register_counter(self, code: str, name: str, address: str | None, at: datetime) -> Registered | Refused:
        """A counter and its key for whoever holds a code; wrong tries count for `address`, if given, and in all."""
        return await self._write(registration.register_counter, code, name, address, at)

    async def admin_hash(self) -> str | None:
        """Hash of the administrator's secret, as `server.secrets` wrote it; None where none was ever set."""
        return await self._read(registration.admin_hash)

    async def set_admin_hash(self, encoded: str, at: datetime, *, only_first: bool = False) -> bool:
        """Replace the secret's hash, which ends all panel sessions; with `only_first` an existing one stays (False)."""
        return await self._write(registration.set_admin_hash, encoded, at, only_first)

    async def count_failure(self, kind: str, address: str, at: datetime) -> None:
        """Count a wrong try, of `kind` (`codigo`, `admin`)."""
        await self._write(registration.count_failure, kind, address, at)

    async def retry_after_s(self, kind: str, address: str, at: datetime) -> int:
        """Seconds that `address` must wait after its wrong tries of the last hour; 0 where it may try."""
        return await self._read(registration.retry_after_s, kind, address, at)

    # Sessions

    async def open_session(self, session: SessionRecord) -> SessionRecord:
        """Store a new session; the answer has its first block of event numbers set aside (1 to `SEQ_BLOCK`)."""
        return await self._write(sessions.open_session, session, SEQ_BLOCK)

    async def take_up(self, session_id: str, counter_id: str, dropped_after: datetime) -> SessionRecord | None:
        """Take up a session of this counter: OPEN, or DROPPED not before `dropped_after`; it is OPEN afterwards.

        None for one that is unknown, ended, expired or another counter's. Its `seq_reserved` is as it was: numbers go
        on above it, once `reserve_seq` has set them aside.
        """
        return await self._write(sessions.take_up, session_id, counter_id, dropped_after)

    async def reserve_seq(self, session_id: str, block: int = SEQ_BLOCK) -> int:
        """Set event numbers aside; return the first of `block` that were never used, also before a restart.

        Raises `KeyError` for a session that was erased.
        """
        return await self._write(sessions.reserve_seq, session_id, block)

    async def cut(self, cut: Cut) -> tuple[int, ...]:
        """Store segments (each waiting for its transcript), pipeline state and spool position in one transaction.

        Returns the indexes that were not there before; storing the same again changes nothing. Also for a checkpoint
        in the quiet (no segments). A session that was erased takes nothing.
        """
        return await self._write(sessions.cut, cut)

    async def drop_session(self, session_id: str, at: datetime, received_samples: int) -> None:
        """The socket is gone; the session waits. One that ended stays ended."""
        await self._write(sessions.drop_session, session_id, at, received_samples)

    async def end_session(self, session_id: str, at: datetime, reason: str, received_samples: int) -> None:
        """End a session for good; its checkpoint goes. The first reason stays."""
        await self._write(sessions.end_session, session_id, at, reason, received_samples)

    async def unended_sessions(self) -> list[SessionRecord]:
        """Every session that is OPEN or DROPPED, oldest first: what a start of the server goes on with."""
        return await self._read(sessions.unended)

    async def session(self, session_id: str) -> SessionRecord | None:
        """One session, in whatever state."""
        return await self._read(sessions.find, session_id)

    # Transcripts

    async def transcribed(self, outcome: Outcome) -> bool:
        """Store the final state of a segment's transcript; False where it already has one, which stays, or is gone."""
        return await self._write(interactions.transcribed, outcome)

    async def postpone(self, segment_id: str, seq: int | None) -> bool:
        """WAITING becomes POSTPONED, told under `seq`; False where it is not waiting (any more)."""
        return await self._write(interactions.postpone, segment_id, seq)

    async def number_events(self, numbers: Sequence[EventNumber]) -> None:
        """Store the numbers of events before they are sent; one that an event has already stays."""
        await self._write(interactions.number_events, tuple(numbers))

    async def delivered(self, segment_ids: Collection[str], at: datetime) -> None:
        """The transcripts were written to the client's socket."""
        await self._write(interactions.delivered, tuple(segment_ids), at)

    async def events_after(self, session_id: str, seq: int) -> list[Interaction]:
        """Interactions with a `segmento` or `transcricao` numbered above `seq`, or with one that has no number yet.

        In order of index; which of an interaction's two events is due is told by its `segment_seq`, `transcript_seq`.
        """
        return await self._read(interactions.events_after, session_id, seq)

    async def waiting(self, limit: int, after: Interaction | None = None) -> list[Interaction]:
        """Segments without a final transcript, the one said first first; `after` is the last one of the page before."""
        return await self._read(interactions.waiting, limit, after)

    async def backlog(self) -> Backlog:
        """How many wait, and since when."""
        return await self._read(interactions.backlog)

    async def spent_since(self, at: datetime) -> float:
        """Reais that transcripts and suggestions cost since `at`, failed attempts included."""
        return await self._read(interactions.spent_since, at)

    async def interaction(self, segment_id: str) -> Interaction | None:
        """One interaction."""
        return await self._read(interactions.find, segment_id)

    async def list_interactions(self, scope: Scope, limit: int, cursor: str | None = None) -> Page:
        """A page, newest first. Raises `ValueError` for a cursor that is none of ours."""
        return await self._read(interactions.page, scope, limit, cursor)

    async def cost_table(self, scope: Scope) -> list[CostRow]:
        """Costs by day (UTC), counter and provider."""
        return await self._read(interactions.cost_table, scope)

    # Suggestions and feedback

    async def add_suggestion(self, suggestion: NewSuggestion) -> bool:
        """Store what was decided; the first decision on an interaction stays (False for another, or one erased)."""
        return await self._write(interactions.add_suggestion, suggestion)

    async def add_feedback(self, counter_id: str, segment_id: str, outcome: str, at: datetime) -> bool:
        """Keep one more feedback; False for an interaction that is unknown or another counter's."""
        return await self._write(interactions.add_feedback, counter_id, segment_id, outcome, at)

    # Privacy

    def on_erasure(self, forget: Forgetter) -> None:
        """Have `forget` called with everything that is about to be erased, by order or by retention."""
        self._forgetters.append(forget)

    async def erase(self, scope: Scope, actor: str, at: datetime) -> ErasureCount:
        """Erase a session, a counter's or a span's interactions, here and wherever `on_erasure` reaches; audited.

        In small batches, so that live writes pass between them. Raises `ValueError` for a scope of everything, OSError
        where a file cannot be deleted: what is left is erased by asking again.
        """
        if scope.is_everything:
            raise ValueError("an erasure names a session, a counter or a span of time")
        await self.audit(actor, "apagar", "interacoes", scope.as_detail(), at)
        count = await self._erase(scope, at)
        await self.audit(actor, "apagado", "interacoes", {**scope.as_detail(), **count.as_detail()}, at)
        return count

    async def purge(self, before: datetime, at: datetime) -> ErasureCount:
        """Retention: erase what was said before `before`, and sessions that ended before it; audited if any was."""
        scope = Scope(until=before)
        count = await self._erase(scope, at)
        if count.sessions or count.segments:
            await self.audit("retencao", "apagado", "interacoes", {**scope.as_detail(), **count.as_detail()}, at)
        return count

    async def _erase(self, scope: Scope, at: datetime) -> ErasureCount:
        segments = 0
        whole = await self._read(privacy.whole_sessions, scope)
        for session_id in whole:
            await self._write(sessions.mark_erased, session_id, at)  # nothing more is stored of it
            await self._forget(Erased(sessions=(session_id,)))
            segments += await self._erase_segments(Scope(session_id=session_id))
            await self._write(privacy.delete_session, session_id)
        for part in await self._read(privacy.parts, scope):
            await self._forget(Erased(parts=(part,)))
        segments += await self._erase_segments(scope)
        if segments:
            await self._tidy_words()
        if segments or whole:
            await asyncio.to_thread(self._database.tidy)
        return ErasureCount(len(whole), segments)

    async def _erase_segments(self, scope: Scope) -> int:
        segments = 0
        while batch := await self._read(privacy.next_batch, scope):
            await self._forget(Erased(segments=batch))
            segments += await self._write(privacy.delete_segments, tuple(one.id for one in batch))
        return segments

    async def _tidy_words(self) -> None:
        """Clear the words of what was erased out of the index, slice by slice, so that live writes pass between."""
        more = await self._write(history.tidy_words, begin=True)
        while more:
            more = await self._write(history.tidy_words, begin=False)

    async def audio_to_delete(self, finished_before: datetime, limit: int = 500) -> list[ErasedSegment]:
        """Segments whose transcript was final before `finished_before` and whose audio file is still there."""
        return await self._read(privacy.audio_to_delete, finished_before, limit)

    async def audio_deleted(self, segment_ids: Collection[str]) -> None:
        """Their audio files are gone."""
        await self._write(privacy.audio_deleted, tuple(segment_ids))

    async def held(self, scope: Scope, actor: str, at: datetime) -> AsyncIterator[Mapping[str, Any]]:
        """Export everything that is held of a scope, row by row as plain JSON, audited: one mapping an interaction."""
        await self.audit(actor, "exportar", "interacoes", scope.as_detail(), at)
        cursor: str | None = None
        while True:
            rows, cursor = await self._read(privacy.held, scope, cursor)
            for row in rows:
                yield row
            if cursor is None:
                return

    async def audit(self, actor: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime) -> None:
        """Note a deletion, an export, a listing or a change of rights; never a transcript or a key."""
        await self._write(audit.add, actor, action, subject, dict(detail), at)

    async def audit_trail(self, limit: int = 500) -> list[AuditEntry]:
        """The latest entries, newest first."""
        return await self._read(audit.latest, limit)

    # What one page of the panel or one command of the operator asks

    async def read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query function of this package (of `accounts`, `counters`) in the pool of readers."""
        return await self._read(query, *args, **kwargs)

    async def write(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a query function of this package in the writer. What it raises comes through, and nothing is written."""
        return await self._write(query, *args, **kwargs)

    async def _forget(self, erased: Erased) -> None:
        for forget in self._forgetters:
            await forget(erased)

    async def _write(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `query(connection, …)` in the writer; may be run a second time if others in its group failed."""
        # The write goes on when whoever asked for it is gone.
        return await asyncio.shield(asyncio.wrap_future(self._writer.submit(partial(_call, query, args, kwargs))))

    async def _read(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, partial(self._read_now, query, args, kwargs))

    def _read_now(self, query: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> T:
        with said_plainly(), self._database.reading.begin() as connection:
            return query(connection, *args, **kwargs)


def _call(query: Callable[..., T], args: tuple[Any, ...], kwargs: Mapping[str, Any], connection: Connection) -> T:
    return query(connection, *args, **kwargs)
