"""From a transcript to what the attendant hears: decided once a turn, stored, and sent only while its moment lasts.

Each session has the conversation of the customer who stands there. A turn that comes is put in its place in it, the
rules decide on the whole of it, and what they refer or say goes out at once; where they would suggest and a model may
choose, its answer counts until `answer_s` after the cut. What was decided on less than what is known by now is not
sent: a turn that changes the rules' answer ends the question that is being asked. The same is told a customer once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.errors import BaltoError
from balto_cli.server.events import Event
from balto_cli.server.logs import logger
from balto_cli.store.dialogues import client_of, last_turns
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import NewSuggestion
from balto_cli.suggestions.conversation import MAX_TURNS, Turn
from balto_cli.suggestions.replay import turn_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime

    from balto_cli.server.live_session import LiveSession, Pending
    from balto_cli.server.metrics import Metrics
    from balto_cli.server.suggester import Suggester
    from balto_cli.store.store import Store
    from balto_cli.suggestions import Suggestion, SuggestionEngine
    from balto_cli.suggestions.engine import Ruled

T = TypeVar("T")

_LOG = logger("balto.sugestao")
_COMMANDS = {"sugerir": "recomendar", "encaminhar": "encaminhar"}
_WAITING = 1_000
"""Decisions under way; past it turns go by without one, which is counted in the log."""


@dataclass(slots=True, eq=False)
class _Asking:
    """A model that is being asked."""

    key: tuple[str, ...]
    task: asyncio.Task[Suggestion]


@dataclass(slots=True, eq=False)
class _Talk:
    """What is known of a session beside its conversation."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Turns are taken, and answers sent, one after the other."""
    client_id: str | None = None
    """None until the first turn, with which also the turns from before a restart come."""
    told: set[tuple[str, ...]] = field(default_factory=set)
    """What was told of this customer."""
    asking: _Asking | None = None


class Suggesting:
    """Decides on each turn of each session, in order of the turns of that session."""

    def __init__(
        self,
        suggester: Suggester,
        store: Store,
        metrics: Metrics,
        now: Callable[[], datetime],
        *,
        moment_s: float,
        answer_s: float,
        open_speech_s: float,
        sends: bool,
    ) -> None:
        """A suggestion is sent within `moment_s` of the end of its speech, and only with `sends`.

        A model's answer counts within `answer_s` of the cut; `open_speech_s` is the longest that somebody speaks before
        there is one.
        """
        self._suggester = suggester
        self._store = store
        self._metrics = metrics
        self._now = now
        self._moment = timedelta(seconds=moment_s)
        self._answer = timedelta(seconds=answer_s)
        self._open_speech_s = open_speech_s
        self._sends = sends
        self._talks: WeakKeyDictionary[LiveSession, _Talk] = WeakKeyDictionary()
        self._clients: dict[str, str] = {}
        self._tasks: dict[asyncio.Task[Any], str] = {}

    def decide(self, session: LiveSession, pending: Pending) -> None:
        """A transcript has come, in order or late; one that is hardly speech is no part of the conversation."""
        if pending.low_speech or not pending.text:
            return
        if len(self._tasks) >= _WAITING:
            _LOG.warning("sugestoes_demais", sessao=session.id)
            return
        talk = self._talks.setdefault(session, _Talk())
        self._spawn(session, self._take(session, talk, pending))

    async def until_decided(self, session: LiveSession) -> None:
        """Return when all turns of a session that have come are decided on and what is to be told is told."""
        while mine := [task for task, session_id in self._tasks.items() if session_id == session.id]:
            await asyncio.wait(mine)

    def expire(self) -> None:
        """End the conversations after which it has been silent long enough."""
        for session, talk in tuple(self._talks.items()):
            if talk.lock.locked() or not session.is_settled:
                continue
            # What is being said at this moment has no transcript yet.
            heard_s = session.heard / SAMPLE_RATE_HZ - self._open_speech_s
            if session.conversation.expire(heard_s, self._now().timestamp() - self._open_speech_s):
                talk.told.clear()

    async def stop(self) -> None:
        """End what is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, session: LiveSession, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks[task] = session.id
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        session_id = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("sugestao_falhou", sessao=session_id, exc_info=error)

    async def _take(self, session: LiveSession, talk: _Talk, pending: Pending) -> None:
        try:
            async with talk.lock:
                await self._prepare(session, talk)
                judged = await self._judge(session, talk, pending)
                if judged is None:
                    return
                engine, ruled = judged
                asking = self._ask(session, talk, pending, engine, ruled)
                if asking is None:
                    made = self._tell(session, talk, pending, ruled, ruled.answer, waits=talk.asking is not None)
            if asking is not None:
                await asyncio.wait([asking.task])
                async with talk.lock:
                    answer = _result(asking.task) or ruled.answer
                    overtaken = talk.asking is not asking
                    if not overtaken:
                        talk.asking = None
                    made = self._tell(session, talk, pending, ruled, answer, waits=overtaken)
            await self._store.add_suggestion(made)
        except (BaltoError, StoreUnavailable) as error:
            _LOG.warning("sugestao_nao_veio", sessao=session.id, segmento=pending.id, erro=type(error).__name__)

    async def _prepare(self, session: LiveSession, talk: _Talk) -> None:
        """Before the first turn: whose counter it is, and what the customer said before a restart of the server."""
        if talk.client_id is not None:
            return
        counter_id = session.record.counter_id
        if counter_id not in self._clients:
            client_id = await self._store.read(client_of, counter_id)
            if client_id is None:
                raise StoreUnavailable("O balcão desta sessão foi apagado.")
            self._clients[counter_id] = client_id
        for past in await self._store.read(last_turns, session.id, MAX_TURNS):
            session.conversation.add(turn_of(past))
        talk.client_id = self._clients[counter_id]

    async def _judge(
        self, session: LiveSession, talk: _Talk, pending: Pending
    ) -> tuple[SuggestionEngine, Ruled] | None:
        """Take a turn in; what the rules say of the conversation with it, or None where its moment is over."""
        turn = Turn(
            pending.text,
            pending.start / SAMPLE_RATE_HZ,
            pending.end / SAMPLE_RATE_HZ,
            pending.spoken_until.timestamp(),
        )
        if session.conversation.add(turn):
            talk.told.clear()
            talk.asking = None
        lasts = self._lasts(pending)
        if not lasts and talk.asking is None:
            return None
        judged = await self._suggester.rules(talk.client_id, session.conversation.texts())
        if talk.asking is not None and talk.asking.key != judged[1].key:
            talk.asking = None
        return judged if lasts else None

    def _ask(
        self, session: LiveSession, talk: _Talk, pending: Pending, engine: SuggestionEngine, ruled: Ruled
    ) -> _Asking | None:
        """Ask a model, where one may choose, there is time, and neither an answer nor a question about the same."""
        budget_s = (pending.cut_at + self._answer - self._now()).total_seconds()
        if ruled.candidates is None or not engine.asks_model or budget_s <= 0:
            return None
        if talk.asking is not None or ruled.key in talk.told:
            return None
        talk.asking = _Asking(ruled.key, self._spawn(session, engine.refined(ruled, budget_s=budget_s)))
        return talk.asking

    def _tell(
        self, session: LiveSession, talk: _Talk, pending: Pending, ruled: Ruled, answer: Suggestion, *, waits: bool
    ) -> NewSuggestion:
        """Send an answer, if it is one to send at this moment; what is to be stored of it.

        With `waits` a question about more than this turn is out, or was: its answer is the one to send.
        """
        at = self._now()
        message = _message(answer, pending, at)
        sent = False
        if message is not None and not waits and ruled.key not in talk.told and self._lasts(pending):
            listener = session.listener
            if listener is not None or not self._sends:
                talk.told.add(ruled.key)
            if listener is not None and self._sends:
                listener.tell(Event(message))
                sent = True
                self._metrics.suggestion_s.observe(max(0.0, (at - pending.spoken_until).total_seconds()))
        self._metrics.suggestions.labels(answer.action, "sim" if sent else "nao").inc()
        return _row(answer, pending, message or {}, at, sent=sent)

    def _lasts(self, pending: Pending) -> bool:
        return self._now() <= pending.spoken_until + self._moment


def _result(task: asyncio.Task[Suggestion]) -> Suggestion | None:
    return None if task.cancelled() or task.exception() else task.result()


def _message(answer: Suggestion, pending: Pending, at: datetime) -> dict[str, Any] | None:
    command = _COMMANDS.get(answer.action)
    if command is None:
        return None
    message = {
        "comando": command,
        "id_interacao": pending.id,
        **answer.wire(),
        "transcricao_base": pending.text,
    }
    if command == "recomendar":
        message["latencia_ms"] = max(0, round((at - pending.spoken_until).total_seconds() * 1000))
    return message


def _row(answer: Suggestion, pending: Pending, message: dict[str, Any], at: datetime, *, sent: bool) -> NewSuggestion:
    made = answer.stored()
    return NewSuggestion(
        segment_id=pending.id,
        action=made["acao"],
        category=made["categoria"],
        reason=made["motivo"],
        payload=message,
        rules_version=made["versoes"]["regras"],
        catalogue_version=made["versoes"]["catalogo"],
        model=made["modelo"],
        cost_brl=made["custo_brl"],
        suggested_at=at,
        sent=sent,
        rule=made["regra"],
        products=tuple(made["itens"]),
    )
