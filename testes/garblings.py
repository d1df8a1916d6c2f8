"""Medicine names as Brazilian speech engines mangle them, in sentences of the counter: drawn from a seed.

Independent of `balto_cli.terms`: it changes letters by what is heard alike in Brazilian Portuguese, not by any key.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CARRIERS = (
    "tem {}?",
    "me vê {} por favor",
    "o médico passou {} pra minha mãe",
    "queria saber o preço do {}",
    "eu tomo {} todo dia de manhã",
    "acabou o {}, chega amanhã",
    "moça, você tem {} de quinhentos miligramas?",
    "minha filha é alérgica a {}",
    "posso misturar {} com dipirona?",
    "é {} que eu preciso, a caixa com trinta",
    "bom dia, vim buscar {}",
    "esse {} dá sono?",
)
_SAME_SOUND = (
    ("ss", "c"), ("ss", "ç"), ("ç", "ss"), ("ce", "se"), ("ci", "si"), ("se", "ce"), ("si", "ci"), ("z", "s"),
    ("sa", "za"), ("so", "zo"), ("x", "ks"), ("x", "ch"), ("x", "s"), ("ch", "x"), ("qu", "k"), ("c", "k"),
    ("y", "i"), ("i", "y"), ("ph", "f"), ("th", "t"), ("ll", "l"), ("tt", "t"), ("nn", "n"), ("h", ""), ("w", "v"),
    ("ge", "je"), ("gi", "ji"), ("je", "ge"), ("l$", "u"), ("l$", "o"), ("m$", "n"), ("n$", "m"), ("an", "ã"),
    ("o$", "u"), ("e$", "i"), ("e", "i"), ("i", "e"), ("o", "u"), ("u", "o"), ("k", "c"), ("$", "e"),
)  # fmt: skip
_NEAR_SOUND = (
    ("b", "p"), ("p", "b"), ("d", "t"), ("t", "d"), ("g", "k"), ("f", "v"), ("v", "f"), ("j", "ch"), ("z", "j"),
    ("m", "n"), ("n", "m"), ("l", "r"), ("r", "l"), ("rr", "r"), ("r", "rr"), ("a", "e"), ("e", "a"), ("pr", "p"),
    ("tr", "t"), ("br", "b"), ("pt", "pit"), ("bs", "bis"), ("ct", "quit"), ("dm", "dim"), ("n", ""), ("r$", ""),
    ("l$", ""), ("s$", ""), ("ei", "e"), ("ou", "o"), ("eu", "el"), ("au", "al"), ("lo", "lu"), ("di", "gi"),
)  # fmt: skip
_VOWELS = "aeiouyãõáéíóúâêô"


@dataclass(frozen=True)
class Garbled:
    """A sentence with one mangled name in it; `start` and `end` say where."""

    name: str
    heard: str
    text: str
    start: int
    end: int
    how: tuple[str, ...]


def garblings(names: Sequence[str], count: int, seed: int) -> list[Garbled]:
    """`count` sentences, each with one of `names` mangled in one or two ways."""
    draw = random.Random(seed)
    made: list[Garbled] = []
    while len(made) < count:
        name = draw.choice(names)
        heard, how = _mangle(name, draw)
        if heard == _plain(name):
            continue
        before, after = draw.choice(CARRIERS).split("{}")
        made.append(Garbled(name, heard, before + heard + after, len(before), len(before) + len(heard), how))
    return made


def _mangle(name: str, draw: random.Random) -> tuple[str, tuple[str, ...]]:
    heard = _plain(name)
    ways = draw.choices(list(WAYS), weights=[weight for weight, _ in WAYS.values()], k=draw.choice((1, 1, 2)))
    for way in ways:
        heard = WAYS[way][1](heard, draw)
    return heard, tuple(ways)


def _plain(name: str) -> str:
    """As many engines write: small letters, hyphens gone."""
    return unicodedata.normalize("NFC", name.lower().replace("-", " "))


def _swap(pairs: Sequence[tuple[str, str]]) -> Callable[[str, random.Random], str]:
    def swap(heard: str, draw: random.Random) -> str:
        for pattern, replacement in draw.sample(pairs, len(pairs)):
            places = [match.span() for match in re.finditer(pattern, heard)]
            if places:
                start, end = draw.choice(places)
                return heard[:start] + replacement + heard[end:]
        return heard

    return swap


def _syllable_ends(heard: str) -> list[int]:
    return [at for at in range(2, len(heard) - 1) if heard[at - 1] in _VOWELS and heard[at] not in _VOWELS + " "]


def _split(heard: str, draw: random.Random) -> str:
    ends = [at for at in _syllable_ends(heard) if at >= 3 and len(heard) - at >= 3]
    if not ends:
        return heard
    at = draw.choice(ends)
    return f"{heard[:at]} {heard[at:]}"


def _drop_syllable(heard: str, draw: random.Random) -> str:
    ends = _syllable_ends(heard)
    if len(heard) < 9 or len(ends) < 2:
        return heard
    at = draw.randrange(len(ends) - 1)
    return heard[: ends[at]] + heard[ends[at + 1] :]


def _join(heard: str, _: random.Random) -> str:
    return heard.replace(" ", "")


def _lose_accents(heard: str, _: random.Random) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", heard) if not unicodedata.combining(sign))


def _double(heard: str, draw: random.Random) -> str:
    """Two neighbouring consonants change places: "diclofenaco" heard as "dicoflenaco"."""
    places = [at for at in range(1, len(heard) - 1) if heard[at] not in _VOWELS + " " and heard[at + 1] in "lr"]
    if not places:
        return heard
    at = draw.choice(places)
    return heard[:at] + heard[at] + heard[at + 2 : at + 3] + heard[at + 1] + heard[at + 3 :]


WAYS: dict[str, tuple[float, Callable[[str, random.Random], str]]] = {
    "mesmo som": (5.0, _swap(_SAME_SOUND)),
    "som parecido": (3.0, _swap(_NEAR_SOUND)),
    "partido": (3.0, _split),
    "sílaba a menos": (1.0, _drop_syllable),
    "junto": (0.5, _join),
    "sem acento": (0.7, _lose_accents),
    "troca de lugar": (0.5, _double),
}
