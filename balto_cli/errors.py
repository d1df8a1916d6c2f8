"""What can go wrong, and whose turn it is.

BaltoError
├── UsageError           the person's mistake: exit code 2, no traceback
│   └── MissingKeyError  names the variable to set
├── AudioError           this file is not audio, is empty, cannot be read: a row with its reason, exit code 1 at the end
├── ProviderError        the provider failed: kept as a state of the segment, with its `kind` and what it may have cost
│   └── WeightsError     the local engine's weights are missing or wrong: says where they were looked for
└── OutputError          a result could not be written where it was asked for (locked file, full disk)

Every message is one sentence in Portuguese that a QA engineer can act on. It never carries a key, a transcript or
a traceback.
"""

from __future__ import annotations

from enum import StrEnum


class BaltoError(Exception):
    """A failure that Balto explains: `str(error)` is the sentence that the person reads."""


class UsageError(BaltoError):
    """A mistake in the command line or in the settings."""


class MissingKeyError(UsageError):
    """A provider was asked for by name and its key is not set."""


class AudioError(BaltoError):
    """An input that gives no audio: not audio, empty, unreadable, refused."""


class Failure(StrEnum):
    """Why a provider gave no transcript, in the word that tables show."""

    KEY = "chave"
    """Refused: wrong, revoked, without the right. Never asked again."""
    QUOTA = "saldo"
    """No credit, or a payment is due."""
    RATE = "ritmo"
    """Too many requests."""
    AUDIO = "áudio"
    """The provider cannot read what it was sent."""
    LIMIT = "limite"
    """Larger or longer than the provider takes; it was not sent."""
    REQUEST = "pedido"
    """Refused for another reason: an unknown model, an option that the account does not have."""
    TIMEOUT = "tempo"
    NETWORK = "rede"
    SERVER = "servidor"
    ANSWER = "resposta"
    """An answer that does not parse, or has another shape."""
    BREAKER = "pausa"
    """Not asked: the provider failed too often a moment ago."""
    BUDGET = "orçamento"
    """Not asked: it would cost more than the run may spend."""
    ENGINE = "motor"
    """The local engine."""


RETRYABLE = frozenset({Failure.RATE, Failure.TIMEOUT, Failure.NETWORK, Failure.SERVER, Failure.ANSWER})
"""What may pass by itself."""


class ProviderError(BaltoError):
    """A provider gave no transcript, after `attempts` tries that may have cost `cost_brl` reais.

    `perhaps_billed`: the provider had the audio when the last try failed, so that asking again may be paid twice.
    `retry_after_s`: what the provider asked to wait, None where it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: Failure = Failure.ENGINE,
        perhaps_billed: bool = False,
        retry_after_s: float | None = None,
        attempts: int = 1,
        cost_brl: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.perhaps_billed = perhaps_billed
        self.retry_after_s = retry_after_s
        self.attempts = attempts
        self.cost_brl = cost_brl

    @property
    def retryable(self) -> bool:
        """Whether asking again may help."""
        return self.kind in RETRYABLE


class WeightsError(ProviderError):
    """The local engine's weights cannot be had or are not the ones expected."""


class OutputError(BaltoError):
    """A result could not be written where it was asked for."""
