"""Each medicine name of a turn and its part in it: asked for, in use, of somebody else, only priced, an allergen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from balto_cli.suggestions.phrases import phrase
from balto_cli.terms import find_terms
from balto_cli.terms.finder import own_finder
from balto_cli.terms.spelling import fold, places_of

if TYPE_CHECKING:
    from balto_cli.suggestions.sentences import Sentence
    from balto_cli.terms import Term

PRICE = phrase("mentions.price")
ACCEPT = phrase("mentions.accept")
_REQUEST = phrase("mentions.request")
_FOR_SALE = phrase("mentions.for_sale")
_USE = phrase("mentions.use")
_STOPPED = phrase("mentions.stopped")
_BARE = phrase("mentions.bare")
_OPENING = phrase("mentions.opening")


ORAL_UNDER_PRESCRIPTION = frozenset(
    {
        "diclofenaco",
        "nimesulida",
        "terbinafina",
        "prometazina",
        "loxoprofeno",
        "aceclofenaco",
        "cetoconazol",
        "heparina",
    }
)
"""Ingredients that are free on the skin only: a name without a form is taken for the one under prescription."""
_ENDEARED = re.compile(r"\b(\w{4,}?)z?inh[oa]s?\b")
"""What people call a medicine that they are fond of: "diclofenacozinho"."""
_TITLE = re.compile(r"\b(?:seu|dona|doutora?|dra?|senhor)$")
"""Before a name that only sounds like a medicine: a person."""
_ON_THE_SKIN = phrase("mentions.on_the_skin")


@dataclass(slots=True)
class Mention:
    """A name that was heard. `role`: `pedido`, `uso`, `parou`, `preco`, `alergia`, `alheio`, `citado`.

    `at` is its offset in the folded words of its sentence.
    """

    name: str
    ingredients: tuple[str, ...]
    category: str
    start: int
    end: int
    role: str = "citado"
    ordered: bool = False
    at: int = 0
    until: int = 0
    """Where it ends there."""
    exact: bool = True
    """Whether it was heard letter by letter."""

    def place(self, turn: str, sentence: Sentence) -> None:
        """Find where it stands in its sentence, and what it counts as there."""
        before = len(places_of(turn[sentence.start : self.start]))
        words = sentence.words.split()
        self.at = sum(len(word) + 1 for word in words[:before])
        size = len(places_of(turn[self.start : self.end]))
        self.until = self.at + sum(len(word) + 1 for word in words[before : before + size]) - 1
        if (
            self.category == "conforme_apresentacao"
            and ORAL_UNDER_PRESCRIPTION & set(self.ingredients)
            and not _ON_THE_SKIN.search(sentence.words)
        ):
            self.category = "tarja_vermelha"

    def classify(self, sentence: Sentence, *, distant: bool, asked: bool) -> None:
        """Find its part by the nearest verb before it, else after it; the use in an attendant's question is no fact."""
        words = sentence.words
        before, after = words[: self.at], words[self.at :]
        if distant or (not self.exact and _TITLE.search(before.strip())):
            self.role = "alheio"
            return
        if PRICE.search(words):
            self.role = "pedido" if ACCEPT.search(words) else "preco"
            return
        role = _nearest(before) or _nearest(after, first=True)
        if role is None and len(words.split()) <= 7 and not re.search(r"\b(?:e|foi|era|custa|serve)\b", words):
            role = "pedido"
        if role in (None, "citado") and _OPENING.search(before) and self._stands_alone(sentence):
            role = "pedido"
        if role == "uso" and _FOR_SALE.search(after):
            role = "pedido"
        if role == "uso" and asked:
            role = "citado"
        self.role = role or "citado"

    def _stands_alone(self, sentence: Sentence) -> bool:
        """Whether no more than its form follows before the sentence or its first part ends."""
        high = sentence.clause(self.until)[1] if self.until not in sentence.breaks else self.until
        return bool(_BARE.search(sentence.words[self.until : high].rstrip()))


def _nearest(words: str, *, first: bool = False) -> str | None:
    places = [
        (match.start(), role)
        for role, pattern in (("pedido", _REQUEST), ("uso", _USE), ("parou", _STOPPED))
        for match in pattern.finditer(words)
    ]
    if not places:
        return None
    place, role = min(places) if first else max(places)
    # "Não tomo" holds both patterns, one inside the other: the denial wins.
    return "parou" if any(other == "parou" and abs(place - at) < 12 for at, other in places) else role


def mentions_of(turn: str) -> list[Mention]:
    """The names in a turn, as new objects, since their parts are told later."""
    return [
        Mention(
            term.name, term.entry.ingredients, term.entry.category, term.start, term.end, exact=term.method == "exato"
        )
        for term in _terms(turn)
    ]


@lru_cache(maxsize=1024)
def _terms(turn: str) -> tuple[Term, ...]:
    return tuple(find_terms(_ENDEARED.sub(_plain_name, turn)))


def _plain_name(match: re.Match[str]) -> str:
    """A medicine's name without its small ending, as long as it was so that places stay true."""
    stem = match.group(1)
    names = (stem, f"{stem}o", f"{stem}a", f"{stem}e")
    name = next((name for name in names if own_finder().is_name(fold(name))), None)
    return match.group() if name is None else name[: len(match.group())].ljust(len(match.group()))
