"""No answer is paid for twice: taken from the store, or from an equal call that is under way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from balto_cli.errors import ProviderError
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.resilience.wrapper import Wrapper
from balto_cli.stt.response_store import response_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Transcriber, Transcript
    from balto_cli.stt.response_store import ResponseStore, Stored


@dataclass(slots=True)
class _Call:
    """A call under way and how many wait for it."""

    key: str
    task: asyncio.Task[Transcript]
    waiting: int = 0
    cost_taken: bool = False

    def take_cost(self) -> bool:
        """True for one of those who wait: the others got it for nothing."""
        taken, self.cost_taken = self.cost_taken, True
        return not taken


class Cached(Wrapper):
    """A provider with a store of answers.

    A transcript that cost this call nothing says so: no attempt, no cost. One that an interrupted run paid for, before
    it went on as this one, keeps its cost the first time. Failures are not kept; all that wait for one call share its
    failure.
    """

    def __init__(
        self,
        inner: Transcriber,
        store: ResponseStore,
        now: Callable[[], datetime],
        *,
        began_at: datetime,
        ask_anew: bool = False,
    ) -> None:
        """`ask_anew` takes no answer from before `began_at`, the beginning of the run."""
        super().__init__(inner)
        self._store, self._now = store, now
        self._began_at = began_at
        self._not_before = began_at if ask_anew else None
        # An engine looks its versions up to say who it is: once a run is enough.
        self._identity = inner.identity
        self._containers = inner.capabilities.containers
        self._under_way: dict[str, _Call] = {}
        self._seen: set[str] = set()
        self.reused = 0
        """Different answers that were there before any call of this object."""

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """The stored answer, or that of the provider. A call ends only when nobody waits for it."""
        key, stored = await asyncio.to_thread(self._look_up, audio, language, terms)
        call = self._under_way.get(key)
        if call is None and stored is None and key in self._seen:
            # It was answered and kept between the look into the store and now.
            stored = await asyncio.to_thread(self._store.get, key, not_before=self._not_before)
            call = self._under_way.get(key)
        if call is None and stored:
            return self._take(key, stored)
        return await self._join(call or self._begin(key, audio, language, terms))

    async def _join(self, call: _Call) -> Transcript:
        call.waiting += 1
        try:
            transcript = await asyncio.shield(call.task)
        except ProviderError as error:
            if call.take_cost():
                raise
            raise ProviderError(str(error), kind=error.kind, attempts=0) from None
        finally:
            call.waiting -= 1
            if not call.waiting and not call.task.done():
                self._forget(call)
                call.task.cancel()
                await asyncio.wait({call.task})
        return transcript if call.take_cost() else _free(transcript)

    def _look_up(self, audio: Audio, language: str, terms: Sequence[str]) -> tuple[str, Stored | None]:
        key = response_key(audio, self._identity, language, terms=terms, containers=self._containers)
        return key, self._store.get(key, not_before=self._not_before)

    def _take(self, key: str, stored: Stored) -> Transcript:
        if key in self._seen:
            return _free(stored.transcript)
        self._seen.add(key)
        self.reused += 1
        return stored.transcript if stored.stored_at >= self._began_at else _free(stored.transcript)

    def _begin(self, key: str, audio: Audio, language: str, terms: Sequence[str]) -> _Call:
        call = self._under_way[key] = _Call(key, asyncio.create_task(self._fetch(key, audio, language, terms)))
        call.task.add_done_callback(lambda _: self._forget(call))
        return call

    def _forget(self, call: _Call) -> None:
        if self._under_way.get(call.key) is call:
            del self._under_way[call.key]

    async def _fetch(self, key: str, audio: Audio, language: str, terms: Sequence[str]) -> Transcript:
        transcript = await self._inner.transcribe(audio, language=language, terms=terms)
        self._seen.add(key)
        await asyncio.to_thread(self._store.put, key, transcript, self._now())
        return transcript


def _free(transcript: Transcript) -> Transcript:
    return replace(transcript, attempts=0, cost_brl=0.0, lost_brl=0.0)
