"""How near a heard spelling comes to the names of the catalogue: exactly, by sound, or approximately."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from balto_cli.terms.phonetics import phonetic_key, phonetic_keys
from balto_cli.terms.spelling import spelling_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from balto_cli.terms.catalogue import CatalogueTerm

Method = Literal["exato", "fonetico", "aproximado"]

MIN_SOUND = 4
"""Letters of a key below which two names may sound alike by chance."""
MIN_NEAR = 6
"""Letters of a key below which one more letter is already another word."""
MARGIN = 0.05
"""How much nearer the best name must be than the best one of another medicine: between two, none is taken."""
_PHONETIC = 0.90
"""Score of what sounds alike, at least; the rest comes from how alike it is spelt, up to 0.98."""
_PHONETIC_SPAN = 0.08
_SPELT_ALIKE = 0.8
"""Likeness (Jaro-Winkler) of the spellings that short names need as well: "vilni" for Vilne, not "vium"."""
_LONG = 8
_SHORTNESS = 0.02
"""Taken off an approximate match for each letter that its key has less than eight: short words are near many names."""
_APPROXIMATE_FROM = 2
"""Relevance from which a name is looked for approximately: of rare names nearly all that comes near is chance."""
_LENGTH_APART = 2
_START = 5
_ANY_LENGTH = 1000
_ROUGHLY = 0.6
"""Letters alike (plain Levenshtein) below which nothing is measured closely."""
_ROUGHLY_MANY = 6
_WORTH_WHILE = 0.78
"""Nearness that no threshold reaches down to; what stays below it need not be known."""


class Match(NamedTuple):
    """A name that a spelling stands for, and how surely (0 to 1)."""

    term: CatalogueTerm
    method: Method
    score: float


class _Form(NamedTuple):
    """One way to write a term, as words and joined."""

    joined: str
    words: int
    term: CatalogueTerm


class NameIndex:
    """The forms of a catalogue, looked up by spelling, by sound and by nearness."""

    def __init__(self, terms: Iterable[CatalogueTerm]) -> None:
        self._exact: dict[str, _Form] = {}
        for form in _forms(terms):
            self._exact.setdefault(form.joined, form)
        forms = list(self._exact.values())
        keys = phonetic_keys("\n".join(form.joined for form in forms)).split("\n")
        self._sounds: dict[str, list[_Form]] = defaultdict(list)
        self._reach: dict[str, int] = {}
        for form in forms:
            start = form.joined[:_START]
            self._reach[start] = max(self._reach.get(start, 0), len(form.joined) + 1)
        self._by_length: dict[int, dict[str, _Form]] = defaultdict(dict)
        for form, key in zip(forms, keys, strict=True):
            if form.term.use != "livre" or len(key) < MIN_SOUND:
                continue
            self._sounds[key].append(form)
            if form.term.relevance >= _APPROXIMATE_FROM and len(key) >= MIN_NEAR:
                self._by_length[len(key)].setdefault(key, form)
        # One length at a time, when it is asked for: a start needs few of them.
        self._near = lru_cache(maxsize=64)(self._of_about)
        self.approximate = lru_cache(maxsize=8192)(self._approximate)
        self.phonetic = lru_cache(maxsize=8192)(self._phonetic)

    def reach(self, joined: str) -> int:
        """Return how many letters a spelling may have that begins like `joined` and is one of the index, plural or not.

        0 where none does.
        """
        return self._reach.get(joined[:_START], 0) if len(joined) >= _START else _ANY_LENGTH

    def exact(self, joined: str) -> tuple[CatalogueTerm, int] | None:
        """Return the term spelt `joined` (folded, without spaces; a plural too) and of how many words its name is."""
        form = self._exact.get(joined)
        if form is None and joined[-1:] == "s" and len(joined) > MIN_NEAR:
            form = self._exact.get(joined[:-1])
        return None if form is None else (form.term, form.words)

    def _phonetic(self, joined: str) -> Match | None:
        """Return the term that sounds like `joined`; None where several medicines do."""
        forms = self._sounds.get(phonetic_key(joined))
        if not forms:
            return None
        from rapidfuzz.distance import JaroWinkler

        ranked = sorted(
            ((JaroWinkler.normalized_similarity(joined, form.joined), form) for form in forms),
            key=_first,
            reverse=True,
        )
        alike, best = ranked[0]
        if alike < _SPELT_ALIKE and len(phonetic_key(joined)) < MIN_NEAR:
            return None
        if any(_other(best, form) and alike - value < MARGIN for value, form in ranked[1:]):
            return None
        return Match(best.term, "fonetico", _PHONETIC + _PHONETIC_SPAN * alike)

    def _of_about(self, length: int) -> tuple[list[str], list[_Form]]:
        """The keys that are about so long, and what they stand for."""
        group = {
            key: form
            for other in range(length - _LENGTH_APART, length + _LENGTH_APART + 1)
            for key, form in self._by_length.get(other, {}).items()
        }
        return list(group), list(group.values())

    def _approximate(self, joined: str) -> Match | None:
        """Return the term that comes nearest, unless another medicine comes as near; the score may pass others' 0.9."""
        from rapidfuzz import process
        from rapidfuzz.distance import Levenshtein

        from balto_cli.terms.nearness import nearness

        key = phonetic_key(joined)
        keys, forms = self._near(len(key))
        rough = process.extract(
            key, keys, scorer=Levenshtein.normalized_similarity, score_cutoff=_ROUGHLY, limit=_ROUGHLY_MANY
        )
        if not rough:
            return None
        ranked = sorted(
            ((nearness(key, found, at_least=_WORTH_WHILE), forms[index]) for found, _, index in rough),
            key=_first,
            reverse=True,
        )
        score, best = ranked[0]
        if any(_other(best, form) and score - value < MARGIN for value, form in ranked[1:]):
            return None
        return Match(best.term, "aproximado", score - _SHORTNESS * max(_LONG - len(key), 0))


def _forms(terms: Iterable[CatalogueTerm]) -> Iterable[_Form]:
    """Names first, then variants, so that a variant never takes another term's name."""
    terms = list(terms)
    for term in terms:
        yield _form(spelling_of(term.name), term)
    for term in terms:
        for variant in term.variants:
            yield _form(spelling_of(variant), term)


def _form(words: Sequence[str], term: CatalogueTerm) -> _Form:
    return _Form("".join(words), len(words), term)


def _first(ranked: tuple[float, _Form]) -> float:
    return ranked[0]


def _other(one: _Form, two: _Form) -> bool:
    """Whether two names stand for different medicines; goods without an ingredient differ by their names."""
    return one.term.ingredients != two.term.ingredients or not (one.term.ingredients or one.term is two.term)
