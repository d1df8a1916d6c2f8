"""The interface to whatever decides what the attendant hears, and the one that never says anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be said on a turn of the dialogue."""

    action: str
    """`sugerir`, `silencio`, `encaminhar`."""
    category: str | None = None
    reason: str | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `recomendar` or `encaminhar`, but for those that the session knows; empty for silence."""
    rules_version: str = ""
    catalogue_version: str = ""
    model: str | None = None
    cost_brl: float = 0.0


class Suggester(Protocol):
    """Decides from the turns of a session, the last one being the newest."""

    async def decide(self, turns: Sequence[str]) -> Decision:
        """Raises `BaltoError` where it cannot decide."""


class SilentSuggester:
    """Says nothing, whatever is heard."""

    async def decide(self, turns: Sequence[str]) -> Decision:
        """Silence."""
        return Decision("silencio", reason="sem_motor")
