"""Finds medicine names in a transcript as speech engines leave them: whole, split, joined, spelt by ear, garbled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, pairwise
from typing import TYPE_CHECKING, NamedTuple

from balto_cli.terms.catalogue import DATA, load_terms
from balto_cli.terms.matching import MIN_NEAR, Match, NameIndex
from balto_cli.terms.phonetics import phonetic_key
from balto_cli.terms.spelling import places_of, spellings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from balto_cli.terms.catalogue import CatalogueTerm, Kind
    from balto_cli.terms.matching import Method

THRESHOLD = 0.85
"""Score from which a name counts as heard; chosen by measurement (docs/termos.md)."""
BEST_APPROXIMATE = 0.89
"""Score of what only comes near, at most."""
_DOUBT = 0.06
"""Taken off the score of a match by sound with a little word at either end."""
_BEYOND_DOUBT = 0.93
"""Nearness that outweighs a little word at either end of a match over several words."""
_CONTEXT_BONUS = 0.02
"""Taken off the threshold of an approximate match beside a word of the counter."""
_SPLIT_PENALTY = 0.03
"""Taken off the score of an approximate match over several words: chance has more ways to make one."""
_CONTEXT_WORDS = 4
_LONGER_IS_BETTER = 0.01
_LONGEST_BONUS = 12
_LONG_SPLIT = 8
_MAX_SPLIT = 3
_SPLIT_SCORE = 0.99
_BREAK = re.compile(r"[,;:!?\n]|\.\s")
"""Signs that no name runs over; the points of "a.a.s." are none."""
_LITTLE_WORDS = ("tem", "ten", "uma", "um", "com", "con", "de", "da", "do", "na", "no", "os", "as", "a", "o")
_COUNTER_WORDS = frozenset(
    """
    mg ml mcg ui miligrama miligramas micrograma microgramas grama gramas mililitro mililitros comprimido comprimidos
    capsula capsulas gota gotas xarope pomada colirio ampola ampolas frasco frascos cartela cartelas caixa caixas
    injecao generico genericos similar remedio remedios medicamento medicamentos medicacao anticoncepcional receita
    receitas dose doses bula tomo toma tomar tomei tomou tomando tomava posologia farmaceutico farmaceutica
    """.split()  # noqa: SIM905
)
_FUNCTION_WORDS = frozenset(
    """
    a o e as os um uma uns umas de da do das dos em na no nas nos por pelo pela com sem que se eu ele ela voce tu eles
    elas me te lhe meu minha seu sua esse essa este esta isso isto aquele aquela aqui ali la ai ja so mais muito nao sim
    mas ou nem ao aos pra pro ta to tem ter tinha foi era ser sao vai vou quer quero ver vi
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Term:
    """A medicine name found in a text: what it stands for, where (characters, `end` exclusive), and how surely."""

    start: int
    end: int
    score: float
    """0 to 1; 1 is a spelling of the catalogue, letter by letter."""
    method: Method
    entry: CatalogueTerm

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.entry.name

    @property
    def kind(self) -> Kind:
        """Active ingredient or brand."""
        return self.entry.kind


class TermFinder:
    """Finds the names of one catalogue.

    `common` and `similar` are everyday words by spelling, with their phonetic keys. None of them is a garbled name, and
    what sounds like one is no name that only comes near; common ones do not make a name either when they are joined
    with one another.
    """

    def __init__(self, terms: Sequence[CatalogueTerm], common: Mapping[str, str], similar: Mapping[str, str]) -> None:
        self._index = NameIndex(terms)
        self.common = frozenset(common)
        """Words of everyday Portuguese, folded."""
        self._ordinary = self.common.union(similar)
        self._ordinary_sounds = frozenset((*common.values(), *similar.values()))
        self._may_begin = lru_cache(maxsize=1 << 15)(self._begins_a_name)

    def is_name(self, word: str) -> bool:
        """Whether one folded word is a name of the catalogue, letter by letter."""
        return self._index.exact(word) is not None

    def find(self, text: str, threshold: float = THRESHOLD) -> list[Term]:
        """Return the names in `text` whose score reaches `threshold`, in order, none over another."""
        spellings = spellings_of(text)
        starts: Iterable[int] = range(len(spellings))
        if threshold > BEST_APPROXIMATE:
            begins = map(self._may_begin, spellings, [*spellings[1:], ""], [*spellings[2:], "", ""])
            starts = list(compress(starts, begins))
            if not starts:
                return []
        rare = [word not in self.common for word in spellings]
        parted = _parted(text)
        found = []
        for first in starts:
            joined = ""
            heard_until = first + _MAX_SPLIT if True in rare[first : first + _MAX_SPLIT] else 0
            has_rare = False
            for last in range(first, len(spellings)):
                if last > first and last in parted:
                    break
                joined += spellings[last]
                has_rare = has_rare or rare[last]
                may_be_heard = last < heard_until
                may_be_spelt = len(joined) <= self._index.reach(joined)
                if not (may_be_heard or may_be_spelt):
                    break
                exact = self._index.exact(joined) if may_be_spelt else None
                if exact is None and not (has_rare and may_be_heard):
                    continue
                window = _Window(spellings, first, last, joined, has_rare)
                match = _by_spelling(window, *exact) if exact else self._by_ear(window, threshold)
                if match is not None:
                    found.append((match, first, last, len(joined)))
        return _without_overlaps(found, places_of(text)) if found else []

    def _begins_a_name(self, *words: str) -> bool:
        """Whether a name may begin with the first of these words, by spelling or sound; they are all that are joined.

        "" stands for a word where the text ends. Nearly no words of a talk begin a name, and the same ones are said
        over and over: by all who heard it, too.
        """
        joined = ""
        has_rare = False
        for word in filter(None, words):
            joined += word
            has_rare = has_rare or word not in self.common
            if self._index.exact(joined):
                return True
            is_new = has_rare and joined.isalpha() and joined not in self._ordinary
            if is_new and (self._index.phonetic(joined) or self._run_on(joined, words[0])):
                return True
        return len(joined) < self._index.reach(joined)

    def _by_ear(self, window: _Window, threshold: float) -> Match | None:
        joined = window.joined
        if joined in self._ordinary or not joined.isalpha():
            return None
        doubtful = window.size > 1 and window.has_grammar_at_its_ends
        match = self._index.phonetic(joined)
        if match is not None:
            if doubtful:
                match = match._replace(score=match.score - _DOUBT if len(joined) >= _LONG_SPLIT else 0.0)
            return match if match.score >= threshold else None
        run_on = self._run_on(joined, window.spellings[window.first])
        if run_on is not None:
            return run_on if run_on.score >= threshold else None
        if len(joined) < MIN_NEAR or threshold > BEST_APPROXIMATE or phonetic_key(joined) in self._ordinary_sounds:
            return None
        near = self._index.approximate(joined)
        if near is None or (doubtful and near.score < _BEYOND_DOUBT):
            return None
        score = min(near.score - (_SPLIT_PENALTY if window.size > 1 else 0.0), BEST_APPROXIMATE)
        if score < threshold - _CONTEXT_BONUS or (score < threshold and not window.in_context):
            return None
        return near._replace(score=score)

    def _run_on(self, joined: str, first: str) -> Match | None:
        """A name that begins inside the `first` word, because the little word before it ran on: "tendi pirona"."""
        if not joined.startswith(_LITTLE_WORDS):
            return None
        for little in _LITTLE_WORDS:
            name = joined.removeprefix(little)
            if len(name) >= _LONG_SPLIT and name != joined and first != little:
                match = self._index.phonetic(name)
                if match is not None:
                    return match._replace(score=match.score - _SPLIT_PENALTY)
        return None


class _Window(NamedTuple):
    """The words `first` to `last` (inclusive) of a text, taken as one name."""

    spellings: list[str]
    first: int
    last: int
    joined: str
    has_rare: bool

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def has_grammar_at_its_ends(self) -> bool:
        return self.spellings[self.first] in _FUNCTION_WORDS or self.spellings[self.last] in _FUNCTION_WORDS

    @property
    def may_be_cut_up(self) -> bool:
        """Whether several words may be one name cut up, and not everyday words that happen to spell it."""
        if all(len(word) == 1 for word in self.spellings[self.first : self.last + 1]):
            return True
        return self.has_rare or (len(self.joined) >= _LONG_SPLIT and not self.has_grammar_at_its_ends)

    @property
    def in_context(self) -> bool:
        """Whether a word of the counter stands near."""
        before = self.spellings[max(self.first - _CONTEXT_WORDS, 0) : self.first]
        after = self.spellings[self.last + 1 : self.last + 1 + _CONTEXT_WORDS]
        return not _COUNTER_WORDS.isdisjoint(before) or not _COUNTER_WORDS.isdisjoint(after)


def find_terms(text: str, *, threshold: float = THRESHOLD) -> list[Term]:
    """Return the medicine names of Balto's catalogue in `text`, in order, none over another.

    A name is found by its spelling (also where an engine split or joined it), by its sound, or approximately. Between
    two medicines that are as near, none is taken; an exact name wins over an approximate one. `threshold`: the least
    score of what is returned; with 0.9 nothing approximate is, and below about 0.8 nothing more is found.
    """
    return own_finder().find(text, threshold)


@lru_cache(maxsize=1)
def own_finder() -> TermFinder:
    """Return the finder of Balto's own catalogue, built when it is first asked for."""
    common, similar = (_words(DATA / f"palavras_{kind}.csv") for kind in ("comuns", "parecidas"))
    return TermFinder(load_terms(), common, similar)


def _words(path: Path) -> dict[str, str]:
    """Read everyday words and their keys; written by `build`, in the simplest of CSV."""
    cells = path.read_text(encoding="utf-8").rstrip("\n").replace("\n", ",").split(",")
    return dict(zip(cells[2::2], cells[3::2], strict=True))


def _parted(text: str) -> set[int]:
    """Numbers of the words that no name runs over to, from the word before."""
    if not _BREAK.search(text):
        return set()
    places = places_of(text)
    return {at for at, (one, other) in enumerate(pairwise(places), 1) if _BREAK.search(text, one[1], other[0])}


def _by_spelling(window: _Window, term: CatalogueTerm, name_words: int) -> Match | None:
    if window.size > name_words and not window.may_be_cut_up:
        return None
    if term.use == "contexto" and not window.in_context:
        return None
    return Match(term, "exato", 1.0 if window.size == name_words else _SPLIT_SCORE)


def _without_overlaps(found: list[tuple[Match, int, int, int]], places: Sequence[tuple[int, int]]) -> list[Term]:
    def rank(item: tuple[Match, int, int, int]) -> tuple[float, int]:
        match, first, last, length = item
        most = length if match.method == "exato" else _LONGEST_BONUS
        return match.score + _LONGER_IS_BETTER * min(length, len(match.term.name), most), first - last

    taken: set[int] = set()
    kept = []
    for match, first, last, _ in sorted(found, key=rank, reverse=True):
        numbers = range(first, last + 1)
        if taken.isdisjoint(numbers):
            taken.update(numbers)
            kept.append(Term(places[first][0], places[last][1], match.score, match.method, match.term))
    return sorted(kept, key=lambda term: term.start)
