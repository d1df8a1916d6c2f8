"""What a caller is told when the database gives no answer: never that something is not there."""

from __future__ import annotations

from balto_cli.errors import BaltoError


class StoreUnavailable(BaltoError):  # noqa: N818 - read as a state: `except StoreUnavailable`
    """The database did not answer, is locked, full or overloaded; nothing is known of what was asked."""
