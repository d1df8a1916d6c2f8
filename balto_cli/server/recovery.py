"""The start after any end: every session that had not ended goes on from its last checkpoint, once.

A session's pipeline is made from the bytes that its last cut stored, and hears from the spool what came after; the
segments that it finds are the ones it would have found, and those that are stored already are stored no second time.
Bytes of another version or of other settings cannot be gone on from, nor can sound of which some was erased since:
what the spool has behind the last stored segment is heard afresh, stored with its cuts as `queda`, and the session
ends.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from balto_cli.pipeline import SpeechPipeline
from balto_cli.pipeline.checkpoint import Checkpoint
from balto_cli.server.live_session import LiveSession
from balto_cli.server.logs import logger
from balto_cli.server.transcribing import pending_of
from balto_cli.store.records import Scope, SessionState

if TYPE_CHECKING:
    from balto_cli.pipeline import PipelineConfig, Segment
    from balto_cli.server.live_session import Services
    from balto_cli.server.sessions import Sessions
    from balto_cli.server.transcribing import Transcription
    from balto_cli.store.records import Interaction, SessionRecord

_LOG = logger("balto.retomada")
_PAGE = 500


class Rebased(SpeechPipeline):
    """A pipeline that begins in the middle of a session: its segments are numbered and placed as the session's."""

    def __init__(self, config: PipelineConfig, first_sample: int, first_index: int) -> None:
        super().__init__(config)
        self._first_sample, self._first_index = first_sample, first_index

    @property
    def checkpoint(self) -> Checkpoint | None:
        """None: nobody goes on from it."""
        return None

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Segment]:
        """See `SpeechPipeline.feed`."""
        return [self._rebased(segment) for segment in super().feed(chunk)]

    def flush(self) -> list[Segment]:
        """See `SpeechPipeline.flush`."""
        return [self._rebased(segment) for segment in super().flush()]

    def _rebased(self, segment: Segment) -> Segment:
        return replace(
            segment,
            index=segment.index + self._first_index,
            start_sample=segment.start_sample + self._first_sample,
            end_sample=segment.end_sample + self._first_sample,
        )


async def recover(services: Services, sessions: Sessions, transcription: Transcription) -> None:
    """Take up what the process before left. Raises `StoreUnavailable`, OSError."""
    records = await services.store.unended_sessions()
    for record in records:
        await _recover_session(services, sessions, record)
    waiting = await _expect_waiting(services, sessions, transcription)
    await _forget_the_rest(services, {session.owner for session in sessions.sessions.values()}, waiting)
    _LOG.info("retomada", sessoes=len(records), segmentos=len(waiting))
    for session in sessions.sessions.values():
        sessions.spawn_replay(session)


async def _recover_session(services: Services, sessions: Sessions, record: SessionRecord) -> None:
    owner = UUID(record.id).bytes
    position = record.checkpoint_position if record.checkpoint is not None else 0
    readable = True
    try:
        pipeline = (
            SpeechPipeline(services.config)
            if record.checkpoint is None
            else SpeechPipeline.resume(services.config, Checkpoint(position, record.checkpoint))
        )
        readable = dict(record.settings) == services.config.as_dict() or record.checkpoint is not None
        if services.spool.sound.was_erased(owner, position):
            _LOG.info("som_apagado", sessao=record.id)
            readable = False
    except ValueError as error:
        _LOG.warning("estado_ilegivel", sessao=record.id, erro=str(error))
        readable = False
    if not readable:
        # Segments that were cut at their longest stand in front of the next checkpoint.
        position = max(position, await _stored_until(services, record))
        pipeline = Rebased(services.config, position, record.next_index)
    received = services.spool.sound.end_of(owner, position)
    services.spool.sound.forget_from(owner, received)
    # A recording may lag behind the position: it is caught up before the sound goes.
    services.recorder.resume(record, received, lambda start: services.spool.sound.read(owner, start, received))
    services.spool.sound.forget(owner, before=position)
    session = LiveSession(services, record, pipeline, heard=position, received=received)
    now = services.now()
    session.dropped_at = record.dropped_at or now
    if record.state is SessionState.OPEN:
        await services.store.drop_session(record.id, now, received)
    sessions.add(session)
    if not readable:
        sessions.finish_later(session, "queda", "estado")


async def _stored_until(services: Services, record: SessionRecord) -> int:
    """End of the last segment that is stored, in samples; 0 where there is none."""
    page = await services.store.list_interactions(Scope(session_id=record.id), 1)
    return max((interaction.end_sample for interaction in page.interactions), default=0)


async def _expect_waiting(services: Services, sessions: Sessions, transcription: Transcription) -> set[bytes]:
    """Segments without a final transcript are waited for again, in order."""
    owners: set[bytes] = set()
    after: Interaction | None = None
    while page := await services.store.waiting(_PAGE, after):
        after = page[-1]
        for interaction in page:
            owners.add(UUID(interaction.id).bytes)
            session = sessions.sessions.get(interaction.session_id)
            if session is not None and interaction.state == "espera":
                pending = pending_of(interaction)
                pending.session = session
                session.expect(pending)
                transcription.expect(pending)
    return owners


async def _forget_the_rest(services: Services, live: set[bytes], waiting: set[bytes]) -> None:
    """Sound of sessions that ended, and of segments that have their transcript and are not to be kept."""
    for owner in services.spool.sound.owners():
        if owner not in live:
            services.spool.sound.forget(owner)
    for owner in services.spool.segments.owners():
        if owner in waiting:
            continue
        interaction = await services.store.interaction(str(UUID(bytes=owner))) if services.keeps_sound else None
        if interaction is None or interaction.audio_path is None:
            services.spool.segments.forget(owner)
