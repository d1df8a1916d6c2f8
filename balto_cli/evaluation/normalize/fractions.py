"""The rules on halves and other fractions, and on how decimals end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.counted import COUNTED, HALVED, PARTS_OF_DAY, SINGULAR, is_a_date_context
from balto_cli.evaluation.normalize.rule import WordRule, is_number, less_than_two, numbers_in, value, word_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits

_HALF = frozenset({"meio", "meia", "1/2"})
_MOST_BEFORE_A_WRITTEN_FRACTION = 20


def _halves(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = -1
    for at, word in enumerate(words):
        if word not in _HALF or at <= done:
            continue
        following = word_at(words, at + 1)
        joined = word_at(words, at - 1) == "e" and following not in ("dia", "noite")
        counted = word_at(words, at - 2)
        if joined and at - 2 > done and value(counted) >= 0:
            edits.append((at - 2, at + 1, (f"{int(counted)},5",)))
            done = at
        elif (
            joined
            and at - 3 > done
            and counted in HALVED | {"dia", "dias", "real", "reais"}
            and value(word_at(words, at - 3)) >= 0
            and following not in COUNTED
        ):
            number = int(words[at - 3])
            edits.append((at - 3, at + 1, (f"{number},5", counted)))
            done = at
        elif word != "1/2" and (following in HALVED or (joined and _at_a_time(words, at + 1))):
            edits.append((at, at + 1, ("0,5",)))
    return edits


def _at_a_time(words: Sequence[str], at: int) -> bool:
    """Whether "à noite" or "de manhã" stands there: "e meio à noite" is another half of what was halved before."""
    return word_at(words, at) in ("à", "de") and word_at(words, at + 1) in PARTS_OF_DAY


_MOST_DOZENS = 10**6


def _dozens(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        number = word_at(words, at - 1)
        whole, _, decimals = number.partition(",")
        some = number != "0" and 0 <= value(whole) <= _MOST_DOZENS and decimals in ("", "5")
        if some and word in ("dúzia", "dúzias"):
            edits.append((at - 1, at + 1, (str(12 * int(whole) + (6 if decimals else 0)),)))
    return edits


_PARTS = {
    "terço": 3, "terços": 3, "quarto": 4, "quartos": 4, "quinto": 5, "quintos": 5, "oitavo": 8, "oitavos": 8,
    "décimo": 10, "décimos": 10, "centésimo": 100, "centésimos": 100, "milésimo": 1000, "milésimos": 1000,
}  # fmt: skip
_WRITTEN_PARTS = (2, 3, 4, 5, 8)


def _fraction(numerator: int, denominator: int) -> str:
    """Give a proper fraction as a decimal where it ends, else as it is: 1/4 is 0,25, 1/3 stays 1/3."""
    thousandths, rest = divmod(1000 * numerator, denominator)
    return f"{numerator}/{denominator}" if rest else f"0,{thousandths:03d}".rstrip("0")


def _after_de(words: Sequence[str], at: int) -> int:
    """Step over the "de" of "1/4 de comprimido", which is also written without it."""
    return at + (word_at(words, at) == "de" and word_at(words, at + 1) in COUNTED)


def _spoken_parts(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        numerator = value(word_at(words, at - 1)) if word in _PARTS else -1
        if not 0 < numerator < _PARTS.get(word, 0) or word.endswith("s") != (numerator > 1):
            continue
        rooms = word.startswith("quarto") and (numerator == 2 or word_at(words, at - 2) in ("em", "para", "de", "o"))
        if not rooms and value(word_at(words, at - 2)) < 0:
            edits.append((at - 1, _after_de(words, at + 1), (_fraction(numerator, _PARTS[word]),)))
    return edits


_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})")


def _written_parts(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        match = _SLASHED.fullmatch(word)
        if not match or word[0] == "0" or match[2][0] == "0":
            continue
        numerator, denominator = int(match[1]), int(match[2])
        if denominator not in _WRITTEN_PARTS or numerator >= denominator or is_a_date_context(words, at):
            continue
        part = _fraction(numerator, denominator)
        whole = value(word_at(words, at - 1))
        stop = _after_de(words, at + 1)
        if 0 < whole <= _MOST_BEFORE_A_WRITTEN_FRACTION and part.startswith("0,"):
            edits.append((at - 1, stop, (f"{whole}{part[1:]}",)))
        elif part != word or stop > at + 1:
            edits.append((at, stop, (part,)))
    return edits


def _decimals(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at in numbers_in(words):
        word, following = words[at], word_at(words, at + 1)
        if "," in word and is_number(word) and following not in ("reais", "dólares", "euros", "libras"):
            whole, _, decimals = word.partition(",")
            plain = ",".join(filter(None, (whole.lstrip("0") or "0", decimals.rstrip("0"))))
            if plain != word:
                edits.append((at, at + 1, (plain,)))
    return edits


def _singular(words: Sequence[str]) -> Edits:
    return [
        (at, at + 1, (SINGULAR[word],))
        for at, word in enumerate(words)
        if word in SINGULAR and "," in word_at(words, at - 1) and less_than_two(words[at - 1])
    ]


HALF_RULE = WordRule(
    "meio e meia",
    "Meio e meia valem 0,5 depois de número (dois e meio ml, dois ml e meio) e antes do que se conta (meio "
    "comprimido). Ficam: meio-dia, meia-noite, meio ruim, no meio.",
    ("dois ml e meio, meio comprimido", "2,5 ml 0,5 comprimido"),
    _halves,
    _HALF,
)
DOZEN_RULE = WordRule(
    "dúzias",
    "N dúzias são 12 vezes N; meia dúzia é 6.",
    ("duas dúzias, meia dúzia", "24 6"),
    _dozens,
    frozenset({"dúzia", "dúzias"}),
)
SPOKEN_PART_RULE = WordRule(
    "frações faladas",
    "Um quarto, três quartos, um terço, oito décimos: decimal quando a conta fecha, senão N/M.",
    ("três quartos, um terço", "0,75 1/3"),
    _spoken_parts,
    frozenset(_PARTS),
    needs_number=True,
)
WRITTEN_PART_RULE = WordRule(
    "frações escritas",
    "1/2, ½, 1 1/2, 3/4, com divisor 2, 3, 4, 5 ou 8: decimal quando a conta fecha. Depois de “dia” é data.",
    ("1/2 comprimido, 1 ½", "0,5 comprimido 1,5"),
    _written_parts,
    marks="/",
)
DECIMAL_RULE = WordRule(
    "zeros à direita",
    "1,500 é 1,5 e 5,0 é 5; preços ficam com duas casas.",
    ("1,500 ml", "1,5 ml"),
    _decimals,
    marks=",",
)
SINGULAR_RULE = WordRule(
    "singular de fração",
    "Menos de dois é singular: 1,5 comprimidos é 1,5 comprimido.",
    ("1,5 comprimidos", "1,5 comprimido"),
    _singular,
    marks=",",
)
