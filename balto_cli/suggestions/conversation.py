"""Which turns belong to the customer who stands there: by time and by words of hand-over. Pure; time is passed in."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.suggestions.phrases import phrase
from balto_cli.terms.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

END_AFTER_S = 45.0
"""Silence after which whoever speaks next is another customer."""
HAND_OVER_AFTER_S = 5.0
"""Silence after a farewell or before a greeting that is enough."""
MAX_TURNS = 40
"""Turns kept of one conversation: beyond it the oldest go."""

_NEXT = phrase("conversation.next")
_NEXT_OTHER = phrase("conversation.next_other")
_FAREWELL = phrase("conversation.farewell")
_PAID = phrase("conversation.paid")
_GREETING = phrase("conversation.greeting")
_GOES_ON = phrase("conversation.goes_on")


@dataclass(frozen=True, slots=True)
class Turn:
    """A segment's text with its place in the session's clock."""

    text: str
    start_s: float
    end_s: float
    heard_s: float | None = None
    """When its end arrived, by a wall clock: a counter whose sound stopped coming has a session's clock that stood."""


@dataclass(slots=True)
class Conversation:
    """The turns of the customer who stands there now; feed it each segment as it is transcribed."""

    turns: list[Turn] = field(default_factory=list)
    _left_s: float = -math.inf
    """Whatever was said before it was said by customers who have left."""

    def add(self, turn: Turn) -> bool:
        """Take in a turn, once; return whether it began a new customer's conversation.

        One that was transcribed after later ones is put in its place, as if it had come in time; one of a customer who
        has left is passed over.
        """
        if turn.start_s < self._left_s or any(one.start_s == turn.start_s for one in self.turns):
            return False
        if self.turns and turn.start_s < self.turns[-1].start_s:
            in_order = sorted((*self.turns, turn), key=lambda one: one.start_s)
            self.turns.clear()
            return sum(self.add(one) for one in in_order) > 0
        fresh = bool(self.turns) and self._is_new(turn)
        if fresh:
            self.end()
        self.turns.append(turn)
        del self.turns[:-MAX_TURNS]
        return fresh

    def texts(self) -> list[str]:
        """What was said, in order."""
        return [turn.text for turn in self.turns]

    def end(self) -> None:
        """The customer has left: forget what was said."""
        if self.turns:
            self._left_s = self.turns[-1].end_s
            self.turns.clear()

    def expire(self, now_s: float, wall_s: float | None = None) -> bool:
        """End the conversation if nothing was said for `END_AFTER_S`, by either clock; return whether it did."""
        if not self.turns:
            return False
        last = self.turns[-1]
        stood = wall_s is not None and last.heard_s is not None and wall_s - last.heard_s >= END_AFTER_S
        if stood or now_s - last.end_s >= END_AFTER_S:
            self.end()
            return True
        return False

    def _is_new(self, turn: Turn) -> bool:
        pause_s = _pause_s(self.turns[-1], turn)
        if pause_s >= END_AFTER_S:
            return True
        if _calls_next(self.turns[-1].text):
            return True
        parted = any(_parts(t.text) for t in self.turns[-2:])
        greeted = _greets(turn.text) and len(self.turns) > 2
        return pause_s >= HAND_OVER_AFTER_S and (parted or greeted) and not _goes_on(turn.text)


def _pause_s(before: Turn, after: Turn) -> float:
    """The longer one of the pauses by the two clocks."""
    pause_s = after.start_s - before.end_s
    if before.heard_s is None or after.heard_s is None:
        return pause_s
    return max(pause_s, after.heard_s - (after.end_s - after.start_s) - before.heard_s)


def last_customer(texts: Sequence[str]) -> list[str]:
    """The turns of the last customer where there are no times: split at hand-overs that the words tell of.

    A new customer begins after a call for the next one, or with a greeting after a farewell or payment.
    """
    begin = 0
    for index in range(1, len(texts)):
        before = texts[begin:index]
        if _calls_next(texts[index - 1]) and not _calls_next(texts[index]):
            begin = index
        elif _calls_next(texts[index]) and not _folded(texts[index]).split()[3:]:
            continue
        elif _calls_next(texts[index]) or (
            any(_parts(text) for text in before[-2:])
            and (_greets(texts[index]) or _farewell(before[-1]))
            and not _goes_on(texts[index])
            and not _farewell_only(texts[index])
        ):
            begin = index
    return list(texts[begin:])


@lru_cache(maxsize=1024)
def _folded(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9$ ]+", " ", fold(text)).split())


def _calls_next(text: str) -> bool:
    words = _folded(text)
    return bool(_NEXT.search(words)) and not _NEXT_OTHER.search(words) and len(words.split()) <= 12


def _parts(text: str) -> bool:
    words = _folded(text)
    return bool(_FAREWELL.search(words) or _PAID.search(words))


def _farewell(text: str) -> bool:
    words = _folded(text)
    return bool(
        re.search(
            r"\b(?:melhoras|tchau|volte sempre|vai com deus|ate (?:mais|logo)|tenha um bom|bom descanso)\b", words
        )
    )


def _farewell_only(text: str) -> bool:
    return _farewell(text) or (len(_folded(text).split()) <= 3 and bool(_parts(text)))


def _greets(text: str) -> bool:
    return bool(_GREETING.search(_folded(text)))


def _goes_on(text: str) -> bool:
    return bool(_GOES_ON.search(_folded(text)))
