"""What can go wrong, and whose turn it is.

BaltoError
├── UsageError           the person's mistake: exit code 2, no traceback
│   └── MissingKeyError  names the variable to set
├── AudioError           this file is not audio, is empty, cannot be read: a row with its reason, exit code 1 at the end
├── ProviderError        the provider failed: kept as a state of the segment, with `retryable`
│   └── WeightsError     the local engine's weights are missing or wrong: says where they were looked for
└── OutputError          a result could not be written where it was asked for (locked file, full disk)

Every message is one sentence in Portuguese that a QA engineer can act on. It never carries a key, a transcript or
a traceback.
"""

from __future__ import annotations


class BaltoError(Exception):
    """A failure that Balto explains: `str(error)` is the sentence that the person reads."""


class UsageError(BaltoError):
    """A mistake in the command line or in the settings."""


class MissingKeyError(UsageError):
    """A provider was asked for by name and its key is not set."""


class AudioError(BaltoError):
    """An input that gives no audio: not audio, empty, unreadable, refused."""


class ProviderError(BaltoError):
    """A provider gave no transcript. `retryable` says whether asking again may help."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class WeightsError(ProviderError):
    """The local engine's weights cannot be had or are not the ones expected."""


class OutputError(BaltoError):
    """A result could not be written where it was asked for."""
