"""The rules on money: "12,50 reais", "12 reais", "50 centavos"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.counted import COUNTED
from balto_cli.evaluation.normalize.rule import WordRule, is_number, value, word_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits

_REAIS = frozenset({"real", "reais"})
_CENTAVOS = frozenset({"centavo", "centavos"})
_SIGNS = {"us$": "dólares", "u$": "dólares", "€": "euros", "£": "libras"}
_LAST_CENT = 99


def _amount(reais: int, cents: int) -> tuple[str, ...]:
    if not cents:
        return (str(reais), "real" if reais == 1 else "reais")
    if not reais:
        return (str(cents), "centavo" if cents == 1 else "centavos")
    return (f"{reais},{cents:02d}", "reais")


def _read(number: str) -> tuple[int, int] | None:
    """Read reais and cents from a number; None where it has more than two decimals or is too long."""
    whole, _, decimals = number.partition(",")
    if value(whole) < 0 or len(decimals.rstrip("0")) > 2:
        return None
    return int(whole), int(f"{decimals[:2]:0<2}")


def _cents(words: Sequence[str], at: int) -> tuple[int, int]:
    """Read "e 50", "com 50" or "e 5 centavos" at `at`: cents and where they end; -1 where there are none."""
    joined = word_at(words, at) in ("e", "com")
    cents = value(word_at(words, at + joined))
    stop = at + joined + 1
    if not 0 < cents <= _LAST_CENT:
        return -1, at
    if word_at(words, stop) in _CENTAVOS:
        return cents, stop + 1
    counted = word_at(words, stop) in COUNTED | _REAIS or word_at(words, stop) == "%"
    return (cents, stop) if joined and cents >= 10 and not counted else (-1, at)


def _money(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = 0
    for at, word in enumerate(words):
        if at < done or not is_number(word) or (amount := _read(word)) is None:
            continue
        signed = at > done and words[at - 1] == "r$"
        round_millions = word_at(words, at + 1) == "de" and len(word) > 6 and word.endswith("000000")
        named = word_at(words, at + 1 + round_millions) in _REAIS
        if not signed and not named:
            continue
        reais, cents = amount
        start, stop = at - signed, at + 1 + (named and 1 + round_millions)
        if named and "," not in word:
            spoken, after = _cents(words, stop)
            if spoken > 0:
                cents, stop = spoken, after
        if tuple(words[start:stop]) != _amount(reais, cents):
            edits.append((start, stop, _amount(reais, cents)))
        done = stop
    return edits


def _foreign(words: Sequence[str]) -> Edits:
    return [
        (at, at + 2, (words[at + 1], _SIGNS[word]))
        for at, word in enumerate(words[:-1])
        if word in _SIGNS and is_number(words[at + 1])
    ]


_PRICE_VERBS = frozenset(
    """
    custa custam custava custaria custou cobra cobram cobrou dava deu dá fica ficam ficou paga pagou paguei
    preço sai saem saindo saiu troco
    total valor
    """.split()  # noqa: SIM905
)
_BETWEEN = frozenset({"por", "a", "é", "em", "de", "tudo", "só"})


def _prices(words: Sequence[str]) -> Edits:
    """Find prices without their currency: after "sai por" and the like, "7 e 49" and "7,49" are 7,49 reais."""
    edits: Edits = []
    for verb_at, verb in enumerate(words):
        if verb not in _PRICE_VERBS:
            continue
        at = verb_at + 1
        while word_at(words, at) in _BETWEEN:
            at += 1
        number, stop = word_at(words, at), at + 1
        if not is_number(number) or (amount := _read(number)) is None:
            continue
        reais, cents = amount
        if "," in number:
            found = len(number.partition(",")[2]) == 2
        else:
            tens = word_at(words, at + 2)
            found = word_at(words, at + 1) == "e" and len(tens) == 2 and value(tens) >= 10
            cents, stop = (int(tens), at + 3) if found else (0, stop)
        following = word_at(words, stop)
        if found and following not in COUNTED | _REAIS and following != "%":
            edits.append((at, stop, _amount(reais, cents)))
    return edits


MONEY_RULE = WordRule(
    "dinheiro",
    "R$ 12,50, 12 reais e 50 e doze reais e cinquenta centavos são 12,50 reais; R$ 0,50 são 50 centavos.",
    ("R$ 12,50; doze reais e cinquenta", "12,50 reais 12,50 reais"),
    _money,
    frozenset({"r$", *_REAIS}),
)
FOREIGN_RULE = WordRule(
    "outras moedas",
    "US$, € e £ vêm depois do número, por extenso.",
    ("US$ 10", "10 dólares"),
    _foreign,
    frozenset(_SIGNS),
)
PRICE_RULE = WordRule(
    "preço sem moeda",
    "Depois de custa, sai por, fica, deu, preço: 7 e 49 e 7,49 são 7,49 reais, se não vier o que se conta.",
    ("sai por sete e quarenta e nove", "sai por 7,49 reais"),
    _prices,
    _PRICE_VERBS,
)
