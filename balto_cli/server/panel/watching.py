"""Ao vivo as it changes: two looks a second at all counters while anybody watches, and to each only what changed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from balto_cli.server.counters_now import FLOOR_DB, Listening
from balto_cli.server.panel import reading

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Set

    from balto_cli.server.counters_now import CounterNow
    from balto_cli.server.live import Live

LOOK_S = 0.5
MAX_WATCHERS = 100
_STEP_DB = 3.0
"""Levels are shown in steps of this: a meter that trembles tells nothing and costs a message."""
_GONE = '{"ligado":false}'


class LiveBoard:
    """What all counters show, encoded once for everybody who watches."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._listening = Listening(live)
        self._watchers = 0
        self._looking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._shown: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        """Whether nobody else may watch."""
        return self._watchers >= MAX_WATCHERS

    def now(self) -> dict[str, Any]:
        """What a page begins with: the state of each counter that is heard, by id."""
        return {identity: self._state(counter) for identity, counter in self._listening.look().items()}

    async def changes(self, counters: Set[str], idle_s: float) -> AsyncGenerator[str, None]:
        """JSON of a list of `[counter, state]`: first of all that are heard, then of those that changed.

        `counters` are those that may be seen; an empty text comes after `idle_s` without a change.
        """
        told: dict[str, str] = {}
        self._watchers += 1
        try:
            if self._looking is None:
                self._look()
                self._looking = asyncio.create_task(self._go_on())
            first = True
            while not self._live.stopping:
                mine = {identity: state for identity, state in self._shown.items() if identity in counters}
                news = [(identity, state) for identity, state in mine.items() if told.get(identity) != state]
                news += [(identity, _GONE) for identity in told.keys() - mine.keys()]
                told = mine
                changed = self._changed
                if news or first:
                    yield "[" + ",".join(f'["{identity}",{state}]' for identity, state in news) + "]"
                    first = False
                try:
                    async with asyncio.timeout(idle_s):
                        await changed.wait()
                except TimeoutError:
                    yield ""
        finally:
            self._watchers -= 1
            if not self._watchers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def close(self) -> None:
        """End."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._look()

    def _look(self) -> None:
        shown = {
            identity: json.dumps(self._state(counter), ensure_ascii=False, separators=(",", ":"))
            for identity, counter in self._listening.look().items()
        }
        if shown != self._shown or self._live.stopping:
            self._shown = shown
            self._changed.set()
            self._changed = asyncio.Event()

    def _state(self, counter: CounterNow) -> dict[str, Any]:
        last = counter.last
        return {
            "ligado": counter.connected_at is not None,
            "desde_texto": reading.date_and_time(counter.connected_at),
            "falando": counter.speaking,
            "nivel": _percent(counter.level_db),
            "nivel_texto": _decibels(counter.level_db),
            "ruido_texto": _decibels(counter.noise_db),
            "fila": counter.queued,
            "atraso_texto": reading.seconds(round(counter.unheard_s, 1)) if counter.unheard_s >= 1 else "",
            "ultima": None
            if last is None
            else {
                "id": last.id,
                "texto": last.text,
                "estado": last.state.value,
                "em_texto": reading.clock(last.at),
                "provedor": last.provider or "–",
                "latencia_texto": reading.seconds(last.latency_s),
                "demora_texto": reading.seconds(last.delay_s),
            },
        }


def _percent(level_db: float | None) -> int:
    """0 to 100 over 60 dB, in steps."""
    if level_db is None:
        return 0
    return round(max(0.0, min(100.0, 100 * (1 + _steps(level_db) / 60))))


def _decibels(level_db: float | None) -> str:
    if level_db is None:
        return "–"
    if level_db <= FLOOR_DB:
        return "silêncio"
    return f"{reading.number(_steps(level_db))} dB".replace("-", "\N{MINUS SIGN}")


def _steps(level_db: float) -> float:
    return _STEP_DB * round(level_db / _STEP_DB)
