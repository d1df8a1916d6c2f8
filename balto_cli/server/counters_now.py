"""Every counter that is heard at this moment, as plain values: what the panel shows live.

Asked a few times a second and only while somebody looks; nothing is gathered for it on the way of the sound.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_from_bytes

if TYPE_CHECKING:
    from datetime import datetime

    from balto_cli.server.live import Live
    from balto_cli.server.live_session import LiveSession
    from balto_cli.store.records import TranscriptState

FLOOR_DB = -90.0
"""Level of digital silence, and of what lies below it."""
_WINDOW_BYTES = 2 * SAMPLE_RATE_HZ // 10
_QUIET_AFTER = timedelta(seconds=2)
"""Without sound for this long, a counter has no level."""
_LEVELS = 60
_NOISE_SHARE = 0.1
"""Noise is the level that sound is above nine tenths of the time: L90 of acoustics (ISO 1996-1)."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was heard last."""

    id: str
    text: str
    state: TranscriptState
    at: datetime
    provider: str | None
    latency_s: float | None
    """Of the provider's answer."""
    delay_s: float
    """From the end of the speech to the transcript."""


@dataclass(frozen=True, slots=True)
class CounterNow:
    """One counter at this moment, in the newest of its sessions."""

    counter_id: str
    connected_at: datetime | None
    """None where its socket is gone and it may come back."""
    speaking: bool
    level_db: float | None
    """Of the last tenth of a second, in decibels of full scale; None where no sound comes."""
    noise_db: float | None
    queued: int
    """Segments whose transcript is waited for."""
    unheard_s: float
    """Sound that was received and not heard yet."""
    last: Utterance | None


class Listening:
    """Takes the looks; keeps the levels of the last ones, which the noise is read from."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._levels: dict[str, deque[float]] = {}

    def look(self) -> dict[str, CounterNow]:
        """All counters with a session that has not ended, by their id."""
        now = self._live.now()
        sessions = self._live.sessions.sessions
        for gone in self._levels.keys() - sessions.keys():
            del self._levels[gone]
        found: dict[str, CounterNow] = {}
        for session in sorted(sessions.values(), key=_order):
            found[session.record.counter_id] = self._one(session, now)
        return found

    def _one(self, session: LiveSession, now: datetime) -> CounterNow:
        level_db = None
        arrived_at = session.arrived_at
        if session.connected_at is not None and arrived_at is not None and now - arrived_at < _QUIET_AFTER:
            level_db = level_of(session.latest)
            self._levels.setdefault(session.id, deque(maxlen=_LEVELS)).append(level_db)
        return CounterNow(
            counter_id=session.record.counter_id,
            connected_at=session.connected_at,
            speaking=level_db is not None and session.is_speaking,
            level_db=level_db,
            noise_db=self._noise(session.id) if level_db is not None else None,
            queued=session.queued,
            unheard_s=session.backlog_s,
            last=_last(session),
        )

    def _noise(self, session_id: str) -> float:
        levels = sorted(self._levels[session_id])
        return levels[int(_NOISE_SHARE * len(levels))]


def level_of(pcm: bytes) -> float:
    """Level of the end of some PCM16LE, in decibels of full scale (a square wave of full scale is 0)."""
    samples = pcm_from_bytes(pcm[-_WINDOW_BYTES:]).astype(np.float32)
    power = float(np.dot(samples, samples)) / max(1, len(samples)) / 32768.0**2
    return max(FLOOR_DB, 10 * math.log10(power)) if power > 0 else FLOOR_DB


def _order(session: LiveSession) -> tuple[bool, float]:
    """Of two sessions of a counter, the one with a socket, then the newer one, is shown."""
    return session.connected_at is not None, session.record.started_at.timestamp()


def _last(session: LiveSession) -> Utterance | None:
    if session.told is None:
        return None
    pending, outcome = session.told
    return Utterance(
        id=pending.id,
        text=outcome.text,
        state=outcome.state,
        at=pending.spoken_until,
        provider=outcome.provider,
        latency_s=outcome.latency_s,
        delay_s=max(0.0, (outcome.transcribed_at - pending.spoken_until).total_seconds()),
    )
