"""From a segment on disk to its transcript in the store: at once, or when the provider is back.

Only names of segments wait in memory; their sound stays in the spool until it is sent. Each is asked for by itself, so
that a slow answer holds nobody back. What fails for a reason that passes is left waiting in the database and is caught
up, the oldest first, one at a time until an answer comes, not beyond an age and an amount of money.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_from_bytes
from balto_cli.errors import Failure, ProviderError
from balto_cli.server.live_session import Pending
from balto_cli.server.logs import logger
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import Outcome, TranscriptState
from balto_cli.stt.prices import REAIS_PER_DOLLAR

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from balto_cli.server.metrics import Metrics
    from balto_cli.server.spool import Spool
    from balto_cli.store.records import Interaction
    from balto_cli.store.store import Store
    from balto_cli.stt.base import Transcriber, Transcript

_LOG = logger("balto.transcricao")

_HOPELESS = frozenset({Failure.AUDIO, Failure.LIMIT, Failure.REQUEST, Failure.ENGINE})
"""What the same segment would meet again."""
_AT_ONCE = 64
"""Calls that hold their sound in memory; the provider's own limit lies within its stack."""
_QUEUE = 20_000
"""Names that wait in memory; those past it are found in the database."""
_CATCH_UP_AT_ONCE = 4
_FIRST_REST_S, _LONGEST_REST_S = 1.0, 30.0
CATCH_UP_AGE = timedelta(hours=24)
CATCH_UP_BRL_A_DAY = 50.0
NO_SOUND, TOO_OLD = "audio_perdido", "idade"


class Transcription:
    """All segments of a server on their way."""

    def __init__(
        self,
        store: Store,
        spool: Spool,
        transcriber: Transcriber,
        metrics: Metrics,
        now: Callable[[], datetime],
        tell: Callable[[Pending, Outcome], None],
        *,
        postpone_s: float,
        reais_per_dollar: float = REAIS_PER_DOLLAR,
        catch_up_age: timedelta = CATCH_UP_AGE,
        catch_up_brl_a_day: float = CATCH_UP_BRL_A_DAY,
        keep_sound: bool = False,
    ) -> None:
        """`tell` hears of every final state that was stored, late or not; with `keep_sound` others delete the sound."""
        self._store = store
        self._spool = spool
        self._transcriber = transcriber
        self._metrics = metrics
        self._now = now
        self._tell = tell
        self._late_after = timedelta(seconds=postpone_s)
        self._reais_per_dollar = reais_per_dollar
        self._catch_up_age = catch_up_age
        self._catch_up_brl = catch_up_brl_a_day
        self._keep_sound = keep_sound
        self._queue: deque[Pending] = deque()
        self._queued: set[str] = set()
        self._asked: dict[str, Pending] = {}
        """Those that are waited for, by id: told when their answer comes, whoever asks for it."""
        self._busy: set[str] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._catching_up: asyncio.Task[None] | None = None
        self._left = asyncio.Event()
        self._stopping = False
        self._spent: deque[tuple[datetime, float]] = deque()

    @property
    def queued(self) -> int:
        """Segments that wait in memory or are being asked for."""
        return len(self._queue) + len(self._busy)

    def start(self) -> None:
        """Look for what was left over, and go on doing so."""
        self._left.set()
        self._catching_up = asyncio.create_task(self._catch_up())

    def take(self, pending: Pending) -> None:
        """A stored segment that wants its transcript."""
        self._asked[pending.id] = pending
        if self._stopping:
            return
        if len(self._queue) < _QUEUE:
            self._queue.append(pending)
            self._queued.add(pending.id)
            self._next()
        else:
            self._left.set()

    def expect(self, pending: Pending) -> None:
        """A segment from before a restart; its turn comes with all that were left over."""
        self._asked[pending.id] = pending

    def forget(self, segment_id: str) -> None:
        """Nobody waits for it any more."""
        self._asked.pop(segment_id, None)

    async def stop(self) -> None:
        """Leave what is not answered to the next start."""
        self._stopping = True
        self._queue.clear()
        self._queued.clear()
        tasks = [*self._calls, *([self._catching_up] if self._catching_up else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _next(self) -> None:
        while self._queue and len(self._calls) < _AT_ONCE:
            pending = self._queue.popleft()
            self._queued.discard(pending.id)
            task = asyncio.create_task(self._call(pending))
            self._calls.add(task)
            task.add_done_callback(self._called)

    def _called(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _LOG.error("transcricao_falhou", exc_info=error)
            self._left.set()
        self._next()

    async def _call(self, pending: Pending) -> None:
        """Ask for one; what fails for a reason that passes is left to the catching up."""
        if not await self._transcribe(pending):
            self._left.set()

    async def _transcribe(self, pending: Pending) -> bool:
        """Whether the segment has its final state now."""
        if pending.id in self._busy:
            return True
        self._busy.add(pending.id)
        try:
            outcome = await self._ask(pending)
            if outcome is None:
                return False
            return await self._finish(pending, outcome)
        finally:
            self._busy.discard(pending.id)

    async def _ask(self, pending: Pending) -> Outcome | None:
        """The final state; None where the reason passes."""
        samples = pending.end - pending.start
        pcm = self._spool.segments.read(UUID(pending.id).bytes, 0, samples)
        if len(pcm) != 2 * samples:
            return self._failed(pending, NO_SOUND)
        sent_at = self._now()
        try:
            transcript = await self._transcriber.transcribe(pcm_from_bytes(pcm))
        except ProviderError as error:
            self._metrics.provider_errors.labels(error.kind.value).inc()
            self._metrics.cost_brl.inc(error.cost_brl)
            _LOG.info("sem_transcricao", sessao=pending.session_id, segmento=pending.id, tipo=error.kind.value)
            if error.kind in _HOPELESS:
                return self._failed(pending, error.kind.value, sent_at, error)
            return None
        return self._answered(pending, transcript, sent_at)

    def _answered(self, pending: Pending, transcript: Transcript, sent_at: datetime) -> Outcome:
        at = self._now()
        self._metrics.cost_brl.inc(transcript.cost_brl + transcript.lost_brl)
        self._metrics.provider_s.observe(transcript.latency_s)
        self._metrics.end_to_end_s.observe(max(0.0, (at - pending.spoken_until).total_seconds()))
        text = transcript.text.strip()
        return Outcome(
            segment_id=pending.id,
            state=TranscriptState.OK if text else TranscriptState.EMPTY,
            transcribed_at=at,
            text=text,
            words=transcript.words,
            language=transcript.language,
            provider=transcript.provider,
            model=transcript.model,
            confidence=transcript.confidence,
            latency_s=transcript.latency_s,
            cost_brl=transcript.cost_brl,
            lost_brl=transcript.lost_brl,
            attempts=transcript.attempts,
            sent_at=sent_at,
            late=at > pending.cut_at + self._late_after,
        )

    def _failed(
        self, pending: Pending, reason: str, sent_at: datetime | None = None, error: ProviderError | None = None
    ) -> Outcome:
        return Outcome(
            segment_id=pending.id,
            state=TranscriptState.FAILED,
            transcribed_at=self._now(),
            reason=reason,
            provider=self._transcriber.name if error else None,
            lost_brl=error.cost_brl if error else 0.0,
            attempts=error.attempts if error else 0,
            sent_at=sent_at,
            late=self._now() > pending.cut_at + self._late_after,
        )

    async def _finish(self, pending: Pending, outcome: Outcome) -> bool:
        """Store the final state, then let go of the sound; an answer that was paid for is worth some patience."""
        for wait_s in (0.5, 1.0, 2.0, 4.0, None):
            try:
                stored = await self._store.transcribed(outcome)
                break
            except StoreUnavailable:
                if wait_s is None:
                    return False
                await asyncio.sleep(wait_s)
        self._metrics.transcripts.labels(outcome.state.value).inc()
        if not self._keep_sound:
            self._spool.segments.forget(UUID(pending.id).bytes)
        waiting = self._asked.pop(pending.id, None)
        if waiting is not None or stored:
            self._tell(waiting or pending, outcome)
        return True

    async def _catch_up(self) -> None:
        rest_s = _FIRST_REST_S
        while True:
            await self._left.wait()
            self._left.clear()
            try:
                done = await self._catch_up_once()
            except (StoreUnavailable, OSError):
                done = False
            except Exception as error:
                _LOG.error("retomada_falhou", exc_info=error)
                done = False
            if done:
                rest_s = _FIRST_REST_S
                continue
            self._left.set()
            await asyncio.sleep(rest_s)
            rest_s = min(_LONGEST_REST_S, 2 * rest_s)

    async def _catch_up_once(self) -> bool:
        """Go through all that wait, the oldest first; False where the first answer did not come."""
        after: Interaction | None = None
        probed = False
        while page := await self._store.waiting(100, after):
            after = page[-1]
            todo = [one for one in page if one.id not in self._busy | self._queued]
            while todo:
                batch, todo = todo[: _CATCH_UP_AT_ONCE if probed else 1], todo[_CATCH_UP_AT_ONCE if probed else 1 :]
                results = await asyncio.gather(*(self._caught_up(one) for one in batch))
                if not all(results):
                    return False
                probed = True
        return True

    async def _caught_up(self, interaction: Interaction) -> bool:
        pending = self._asked.get(interaction.id) or pending_of(interaction)
        if self._now() - interaction.said_at > self._catch_up_age:
            return await self._finish(pending, self._failed(pending, TOO_OLD))
        price = self._price(pending)
        if self._spent_a_day() + price > self._catch_up_brl:
            return False
        done = await self._transcribe(pending)
        if done and price:
            self._spent.append((self._now(), price))
        return done

    def _price(self, pending: Pending) -> float:
        hours = (pending.end - pending.start) / SAMPLE_RATE_HZ / 3600
        return hours * self._transcriber.capabilities.usd_per_hour * self._reais_per_dollar

    def _spent_a_day(self) -> float:
        day_ago = self._now() - timedelta(days=1)
        while self._spent and self._spent[0][0] < day_ago:
            self._spent.popleft()
        return sum(brl for _, brl in self._spent)


def pending_of(interaction: Interaction) -> Pending:
    """A segment that was left over."""
    return Pending(
        interaction.session_id,
        interaction.counter_id,
        interaction.id,
        interaction.start_sample,
        interaction.end_sample,
        interaction.cut_at,
        interaction.speech_ended_at or interaction.cut_at,
        interaction.low_speech,
    )
