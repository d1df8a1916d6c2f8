"""From a transcript to what the attendant hears: asked once a turn, stored, and sent only while its moment lasts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from balto_cli.errors import BaltoError
from balto_cli.server.events import Event
from balto_cli.server.logs import logger
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import NewSuggestion

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from balto_cli.server.live_session import LiveSession, Pending
    from balto_cli.server.suggester import Decision, Suggester
    from balto_cli.store.store import Store

_LOG = logger("balto.sugestao")
_COMMANDS = {"sugerir": "recomendar", "encaminhar": "encaminhar"}
_WAITING = 1_000
"""Decisions under way; past it turns go by without one, which is counted in the log."""


class Suggesting:
    """Asks the engine on each turn of each session, in order of the turns of that session."""

    def __init__(
        self, suggester: Suggester, store: Store, now: Callable[[], datetime], *, moment_s: float, sends: bool
    ) -> None:
        """A suggestion is sent within `moment_s` of the end of its speech, and only with `sends`."""
        self._suggester = suggester
        self._store = store
        self._now = now
        self._moment = timedelta(seconds=moment_s)
        self._sends = sends
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}

    def decide(self, session: LiveSession, pending: Pending) -> None:
        """A transcript was told; nothing is suggested from one that is hardly speech, or that comes too late."""
        if pending.low_speech or self._now() > pending.spoken_until + self._moment:
            return
        if len(self._tasks) >= _WAITING:
            _LOG.warning("sugestoes_demais", sessao=session.id)
            return
        before = self._last.get(session.id)
        task = asyncio.create_task(self._decide(session, pending, tuple(session.turns), before))
        self._last[session.id] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(session.id, done))

    async def stop(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, session_id: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._last.get(session_id) is task:
            del self._last[session_id]
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("sugestao_falhou", sessao=session_id, exc_info=error)

    async def _decide(
        self, session: LiveSession, pending: Pending, turns: tuple[str, ...], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            decision = await self._suggester.decide(turns)
        except BaltoError as error:
            _LOG.warning("sugestao_nao_veio", sessao=session.id, segmento=pending.id, erro=type(error).__name__)
            return
        at = self._now()
        message = self._message(decision, pending, at)
        sent = message is not None and self._sends and session.listener is not None
        sent = sent and at <= pending.spoken_until + self._moment
        if sent and message is not None and session.listener is not None:
            session.listener.tell(Event(message))
        try:
            await self._store.add_suggestion(
                NewSuggestion(
                    segment_id=pending.id,
                    action=decision.action,
                    category=decision.category,
                    reason=decision.reason,
                    payload=message or {},
                    rules_version=decision.rules_version,
                    catalogue_version=decision.catalogue_version,
                    model=decision.model,
                    cost_brl=decision.cost_brl,
                    suggested_at=at,
                    sent=sent,
                )
            )
        except StoreUnavailable:
            _LOG.warning("sugestao_nao_guardada", sessao=session.id, segmento=pending.id)

    def _message(self, decision: Decision, pending: Pending, at: datetime) -> dict[str, Any] | None:
        command = _COMMANDS.get(decision.action)
        if command is None:
            return None
        return {
            **decision.message,
            "comando": command,
            "id_interacao": pending.id,
            "latencia_ms": max(0, round((at - pending.spoken_until).total_seconds() * 1000)),
        }
