"""Stored conversations once more: what the rules would say of each turn today, beside what was decided then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from balto_cli.suggestions.conversation import Conversation, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from balto_cli.suggestions.decision import Suggestion
    from balto_cli.suggestions.engine import SuggestionEngine


class Past(Protocol):
    """A turn that was stored, with what was decided on it; `action` is None where nothing was."""

    @property
    def session_id(self) -> str: ...  # noqa: D102

    @property
    def segment_id(self) -> str: ...  # noqa: D102

    @property
    def client_id(self) -> str: ...  # noqa: D102

    @property
    def text(self) -> str: ...  # noqa: D102

    @property
    def start_s(self) -> float: ...  # noqa: D102

    @property
    def end_s(self) -> float: ...  # noqa: D102

    @property
    def spoken_until(self) -> datetime: ...  # noqa: D102

    @property
    def action(self) -> str | None: ...  # noqa: D102

    @property
    def rule(self) -> str | None: ...  # noqa: D102

    @property
    def products(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def model(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Again:
    """A turn that had a decision, and the one of today."""

    past: Past
    now: Suggestion

    @property
    def products(self) -> tuple[str, ...]:
        """Ids of what would be suggested."""
        return tuple(item.product.id for item in self.now.items)

    @property
    def changed(self) -> bool:
        """Whether an attendant would be told something else. What a model chose is held against the rules' action."""
        if self.past.action != self.now.action:
            return True
        if self.past.model is not None:
            return False
        return self.past.rule != self.now.rule or self.past.products != self.products


def turn_of(past: Past) -> Turn:
    """A stored turn as the live server took it."""
    return Turn(past.text, past.start_s, past.end_s, past.spoken_until.timestamp())


def replay(turns: Iterable[Past], engine_of: Callable[[str], SuggestionEngine]) -> Iterator[Again]:
    """Decide again on every turn that had a decision, each with the conversation up to it.

    `turns` come session by session, in order; `engine_of` gives the engine of a client's id.
    """
    session: str | None = None
    conversation = Conversation()
    for past in turns:
        if past.session_id != session:
            session, conversation = past.session_id, Conversation()
        conversation.add(turn_of(past))
        if past.action is not None:
            yield Again(past, engine_of(past.client_id).suggest(conversation.texts()))
