"""How many sessions there may be, in all, of a key and of an address, and how fast a client may command."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from balto_cli.settings import Settings

Refusal: TypeAlias = Literal["sessoes", "chave", "endereco", "disco"]
"""Reason of a close with 4002."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the live path. Times in seconds of the wall clock but where said."""

    sessions: int = 400
    sessions_key: int = 4
    sessions_address: int = 50
    waiting_address: int = 50
    """Sockets of one address that have not authenticated."""
    decoders: int = 64
    """ffmpeg processes at once, 25 MB each."""
    auth_s: float = 10.0
    ping_s: float = 20.0
    gone_s: float = 45.0
    resumable_s: float = 60.0
    ending_s: float = 15.0
    """How long `encerrar` waits for results."""
    queue_s: float = 30.0
    """Sound of a session that is read and not yet heard, in seconds of sound."""
    events_bytes: int = 262_144
    """Waiting events from which `segmento` and `transcricao` are left to `ultimo_seq`."""
    not_reading_s: float = 30.0
    commands_per_s: int = 50
    postpone_s: float = 20.0
    """From a cut to `adiada`."""
    suggest_s: float = 8.0
    """From the end of speech to the last moment of its suggestion."""
    answer_s: float = 2.5
    """From a cut to the last moment at which a model's choice counts; then the rules' own goes out."""
    received_s: float = 2.0
    overload_s: float = 5.0
    stop_s: float = 8.0
    """From SIGTERM to the exit."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """As the environment has them."""
        return cls(
            sessions=settings.max_sessions,
            sessions_key=settings.max_sessions_key,
            sessions_address=settings.max_sessions_address,
        )


class Admission:
    """Counts whoever is in. A session counts while a socket is on it."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._keys: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()

    @property
    def sessions(self) -> int:
        """How many there are."""
        return self._addresses.total()

    def may_wait(self, address: str) -> bool:
        """Whether one more socket of this address may stay unauthenticated."""
        return self._waiting[address] < self._limits.waiting_address

    def wait(self, address: str) -> None:
        """A socket that has not authenticated."""
        self._waiting[address] += 1

    def waited(self, address: str) -> None:
        """It has, or is gone."""
        _less(self._waiting, address)

    def refusal(self, key_id: str, address: str) -> Refusal | None:
        """Why one more session is refused; None where it is not."""
        if self.sessions >= self._limits.sessions:
            return "sessoes"
        if self._keys[key_id] >= self._limits.sessions_key:
            return "chave"
        if self._addresses[address] >= self._limits.sessions_address:
            return "endereco"
        return None

    def enter(self, key_id: str, address: str) -> None:
        """A session begins, or is taken up."""
        self._keys[key_id] += 1
        self._addresses[address] += 1

    def leave(self, key_id: str, address: str) -> None:
        """Its socket is gone."""
        _less(self._keys, key_id)
        _less(self._addresses, address)


class Pace:
    """At most so many commands in any second, by the caller's clock."""

    def __init__(self, per_s: int) -> None:
        self._per_s = per_s
        self._second = 0
        self._count = 0

    def allows(self, now_s: float) -> bool:
        """Count one more."""
        if int(now_s) != self._second:
            self._second, self._count = int(now_s), 0
        self._count += 1
        return self._count <= self._per_s


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]
