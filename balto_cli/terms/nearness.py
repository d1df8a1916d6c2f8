"""How near two phonetic keys are, where what speech engines confuse costs less than what they do not.

An edit distance with weights after Damerau (1964) and affine gaps after Gotoh (1982): two vowels, or a voiced and an
unvoiced consonant, are half a mistake; neighbours that change places are less than two; a syllable that was swallowed
costs less than its letters one by one. The beginning of a word is heard best, hence the share of Jaro and Winkler.
"""

from __future__ import annotations

from string import ascii_lowercase

from rapidfuzz.distance import JaroWinkler, Levenshtein

_VOWELS = frozenset("aiu")
_ALIKE = frozenset(frozenset(pair) for pair in ("pb", "td", "kg", "fv", "bv", "sj", "lr", "mn", "nl", "lu", "ru"))
_VOWELS_SWAPPED = 0.5
_CONSONANTS_ALIKE = 0.6
_VOWEL_LOST = 0.7
_PLACES_CHANGED = 0.8
_SYLLABLE_GOES_ON = 0.5
"""Share of its cost that a lost letter bears behind another lost one."""
_DISTANCE_SHARE = 0.7
_CHEAPEST_EDIT = 0.5


def nearness(heard: str, name: str, *, at_least: float = 0.0) -> float:
    """Return how near the key that was heard comes to the key of a name, 0 to 1; 1 only where they are equal.

    0 where plain distances already tell that it hardly reaches `at_least`, which takes a hundredth of the time.
    """
    beginning = (1.0 - _DISTANCE_SHARE) * JaroWinkler.similarity(heard, name)
    plain = Levenshtein.normalized_similarity(heard, name)
    if beginning + _DISTANCE_SHARE * (1.0 - _CHEAPEST_EDIT * (1.0 - plain)) < at_least:
        return 0.0
    return beginning + _DISTANCE_SHARE * (1.0 - _distance(heard, name) / max(len(heard), len(name), 1))


def _distance(heard: str, name: str) -> float:
    lost_costs = [_LOST[letter] for letter in name]
    far = float(len(heard) + len(name) + 1)
    before: list[float] = []
    row = [0.0]
    gap = far
    for cost in lost_costs:
        gap = min(row[-1] + cost, gap + cost * _SYLLABLE_GOES_ON)
        row.append(gap)
    previous = ""
    for letter in heard:
        extra = _LOST[letter]
        swapped = _SWAPPED[letter]
        two_before, before = before, row
        last = before[0] + extra
        row = [last]
        gap = far
        other_before = ""
        for column, other in enumerate(name):
            cost = lost_costs[column]
            gap = min(last + cost, gap + cost * _SYLLABLE_GOES_ON)
            last = min(before[column] + swapped[other], before[column + 1] + extra, gap)
            if letter == other_before and previous == other:
                last = min(last, two_before[column - 1] + _PLACES_CHANGED)
            row.append(last)
            other_before = other
        previous = letter
    return row[-1]


def _swap_cost(letter: str, other: str) -> float:
    if letter == other:
        return 0.0
    if letter in _VOWELS and other in _VOWELS:
        return _VOWELS_SWAPPED
    return _CONSONANTS_ALIKE if frozenset((letter, other)) in _ALIKE else 1.0


class _Costs(dict[str, float]):
    """Costs by letter; 1 for any that the table does not know."""

    def __missing__(self, letter: str) -> float:
        return 1.0


class _SwapCosts(dict[str, _Costs]):
    """Costs of hearing one letter for another, filled as letters are met."""

    def __missing__(self, letter: str) -> _Costs:
        self[letter] = costs = _Costs({other: _swap_cost(letter, other) for other in (*ascii_lowercase, letter)})
        return costs


_LOST = _Costs(dict.fromkeys(_VOWELS, _VOWEL_LOST))
_SWAPPED = _SwapCosts()
