"""References that allow more than one reading: `{pra / para}` for either, `(né)` for words that may be missing.

Only a reference that declares it is read so (`Reference.alternatives`): elsewhere braces and parentheses are what a
person wrote. The first reading is the reference, for every provider; a provider that said another allowed one is taken
to have said the first, so that all are counted on the same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

from balto_cli.evaluation.alignment import align

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GROUP = re.compile(r"\{([^{}]*)\}|\(([^()]*)\)")
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Readings:
    """A reference as stretches, each with the readings it allows; the first of each is what was said."""

    stretches: tuple[tuple[tuple[str, ...], ...], ...]
    """Normalised words of each reading of each stretch; a stretch without a choice has one."""

    @property
    def words(self) -> list[str]:
        """The first reading."""
        return [word for options in self.stretches for word in options[0]]


def first_reading(text: str) -> str:
    """The text without its marks: the first of alternatives, optional words kept."""
    return _GROUP.sub(lambda match: match[1].split("/")[0] if match[1] is not None else match[2], text)


def parse_readings(text: str, normalizer: Callable[[str], str]) -> Readings:
    """Read the marks of a reference; words outside of marks have one reading."""
    stretches: list[tuple[tuple[str, ...], ...]] = []
    done = 0
    for match in _GROUP.finditer(text):
        stretches.append((tuple(normalizer(text[done : match.start()]).split()),))
        texts = match[1].split("/") if match[1] is not None else [match[2], ""]
        stretches.append(tuple(dict.fromkeys(tuple(normalizer(option).split()) for option in texts)))
        done = match.end()
    stretches.append((tuple(normalizer(text[done:]).split()),))
    return Readings(tuple(options for options in stretches if options != ((),)))


def accept(readings: Readings, heard: Sequence[Sequence[str]]) -> list[list[str]]:
    """Put the first reading in the place of every other allowed one that was heard, word for word.

    `heard` holds the normalised words of each piece (segment) of a file; a reading over two pieces goes to the first.
    """
    words = [word for piece in heard for word in piece]
    owners = [number for number, piece in enumerate(heard) for _ in piece]
    chosen = _choose(readings, words)
    pieces: list[list[str]] = [[] for _ in heard]
    if not pieces:
        return pieces
    entries = iter(align([word for option in chosen for word in option], words))
    place = 0
    waiting = next(entries, None)
    for option, options in zip(chosen, readings.stretches, strict=True):
        said = 0
        right = True
        begin = place
        while waiting is not None and (said < len(option) or (waiting[0] == "insert" and len(options) == 1)):
            operation = waiting[0]
            right = right and operation == "equal"
            said += operation != "insert"
            place += operation != "delete"
            waiting = next(entries, None)
        if right and option != options[0]:
            owner = owners[min(begin, len(owners) - 1)] if owners else 0
            pieces[owner] += options[0]
        else:
            for number in range(begin, place):
                pieces[owners[number]].append(words[number])
    for number in range(place, len(words)):
        pieces[owners[number]].append(words[number])
    return pieces


def _choose(readings: Readings, heard: Sequence[str]) -> list[tuple[str, ...]]:
    """One reading a stretch, with as few errors in all as changing one stretch after another finds."""
    chosen = [options[0] for options in readings.stretches]
    open_stretches = [number for number, options in enumerate(readings.stretches) if len(options) > 1]

    def errors() -> int:
        return Levenshtein.distance([word for option in chosen for word in option], heard)

    fewest = errors()
    for _ in range(_ROUNDS):
        before = fewest
        for number in open_stretches:
            kept = chosen[number]
            for option in readings.stretches[number]:
                chosen[number] = option
                count = errors()
                if count < fewest:
                    fewest, kept = count, option
            chosen[number] = kept
        if fewest == before:
            break
    return chosen
