"""One check: what was looked at, how it stands, what was found, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from balto_cli.errors import BaltoError


class State(StrEnum):
    """How a check ended, spelt as people read it."""

    OK = "ok"
    WARNING = "aviso"
    """Something that a person should know; the commands work."""
    FAILED = "falha"
    """Something that will not work until it is put right."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. No text of it holds a key."""

    name: str
    state: State
    found: str
    todo: str = ""
    """What to do about it; empty where nothing needs doing."""


def from_error(name: str, state: State, error: BaltoError) -> Check:
    """A check out of a sentence that says what happened, a colon, and what to do."""
    found, _, todo = str(error).partition(": ")
    return Check(name, state, found, todo.rstrip("."))
