"""What a transcript must get right about medicines: names, doses and negations, each at its words."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from balto_cli.terms import find_terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Kind = Literal["medicamento", "dose", "negação"]

KINDS: tuple[Kind, ...] = ("medicamento", "dose", "negação")
_BY_SOUND = 0.9
"""Score of `find_terms` from which a name is spelt or sounds as it should: nothing approximate."""
_NEGATIONS = frozenset("não nunca jamais nem nenhum nenhuma nenhuns nenhumas tampouco".split())  # noqa: SIM905
_WITHOUT = "sem"
_UNITS = {
    unit: forms[0]
    for forms in (
        line.split()
        for line in (
            "mg",
            "mcg",
            "g",
            "ml",
            "l",
            "ui",
            "meq",
            "%",
            "gotas gota",
            "comprimidos comprimido",
            "cápsulas cápsula",
            "drágeas drágea",
            "ampolas ampola",
            "pastilhas pastilha",
            "sachês sachê",
            "envelopes envelope",
            "supositórios supositório",
            "adesivos adesivo",
            "jatos jato",
            "borrifadas borrifada",
            "doses dose",
            "injeções injeção",
            "colheres colher",
            "medidas medida",
            "unidades unidade",
            "vezes vez",
            "minutos minuto",
            "horas hora",
            "dias dia",
            "semanas semana",
            "meses mês",
        )
    )
    for unit in forms
}
_MONEY = frozenset(("reais", "real", "centavos"))
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


class Item(NamedTuple):
    """Something that must be right, in the words `first` to `last` (inclusive) of its text; equal keys mean one."""

    kind: Kind
    key: str
    shown: str
    first: int
    last: int


@lru_cache(maxsize=1 << 17)
def items_of(text: str) -> tuple[Item, ...]:
    """What must be right in a normalised text, in order."""
    words = text.split()
    names = list(_names(text, words))
    return tuple(sorted([*names, *_doses(words, names), *_negations(words)], key=lambda item: item.first))


def _names(text: str, words: Sequence[str]) -> Iterable[Item]:
    found = find_terms(text, threshold=_BY_SOUND)
    if not found:
        return
    ends = [*accumulate(len(word) + 1 for word in words)]
    for term in found:
        first, last = bisect_right(ends, term.start), bisect_right(ends, term.end - 1)
        yield Item("medicamento", term.name, term.name, first, last)


def _doses(words: Sequence[str], names: Sequence[Item]) -> Iterable[Item]:
    """Numbers with their unit; right behind a name ("losartana de 50") also without one."""
    strengths = {name.last + 2 for name in names if words[name.last + 1 : name.last + 2] == ["de"]}
    for at, (number, word) in enumerate(pairwise((*words, ""))):
        if not (number[0].isdecimal() and _NUMBER.fullmatch(number)):
            continue
        unit = _UNITS.get(word)
        if unit is not None:
            yield Item("dose", f"{number} {unit}", f"{number} {word}", at, at + 1)
        elif at in strengths and word not in _MONEY:
            yield Item("dose", number, number, at, at)


def _negations(words: Sequence[str]) -> Iterable[Item]:
    """Negations, each with the word that it denies for a person to see; said twice in a row ("não, não") it is one."""
    if _WITHOUT not in words and _NEGATIONS.isdisjoint(words):
        return
    for key, found in groupby(range(len(words)), key=lambda at: _negation(words[at])):
        places = list(found)
        if key is not None:
            last = places[-1]
            yield Item("negação", key, " ".join(words[last : last + 2]), places[0], last)


def _negation(word: str) -> str | None:
    """What a word denies with, None where it does not: "sem receita" for "não receita" would be another thing."""
    if word == _WITHOUT:
        return _WITHOUT
    return "não" if word in _NEGATIONS else None
