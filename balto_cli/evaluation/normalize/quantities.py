"""The rules on units, intervals, spoken bars, pressure, fever, and lengths and weights in two parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.counted import COUNTED, INTERVAL_UNITS, UNIT_WORDS, is_a_date_context
from balto_cli.evaluation.normalize.rule import WordRule, is_integer, is_number, numbers_in, value, word_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits

_SYMBOLS = {word: symbol for symbol, words in UNIT_WORDS.items() for word in words.split()}
_PAIRS = {
    ("por", "cento"): "%",
    ("unidade", "internacional"): "ui",
    ("unidades", "internacionais"): "ui",
    ("unidade", "internacionais"): "ui",
    ("unidades", "internacional"): "ui",
    ("grau", "celsius"): "graus",
    ("graus", "celsius"): "graus",
    ("grau", "centígrado"): "graus",
    ("graus", "centígrados"): "graus",
    ("graus", "c"): "graus",
}


def _units(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = -1
    for at, word in enumerate(words):
        if at <= done:
            continue
        pair = (word, word_at(words, at + 1))
        if pair in _PAIRS:
            stop = at + 2
            while _PAIRS[pair] == "graus" and word_at(words, stop) in ("c", "celsius"):
                stop += 1
            edits.append((at, stop, (_PAIRS[pair],)))
            done = stop - 1
        elif word in _SYMBOLS:
            edits.append((at, at + 1, (_SYMBOLS[word],)))
    return edits


def _intervals(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at in numbers_in(words):
        word, before = words[at], () if word_at(words, at - 1) == "de" else ("de",)
        number, slash, same = word.partition("/")
        if slash and number == same and value(number) > 0:
            if not is_a_date_context(words, at):
                edits.append((at, at + 1, (*before, str(int(number)), "em", str(int(number)))))
        elif (
            before
            and is_integer(word)
            and word_at(words, at + 1) == "em"
            and word_at(words, at + 2) == word
            and word_at(words, at + 3) in INTERVAL_UNITS
        ):
            edits.append((at, at + 1, ("de", word)))
    return edits


def _bars(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = -1
    for at, word in enumerate(words):
        if word != "barra" or at - 1 <= done or not is_number(word_at(words, at - 1)):
            continue
        stop = at
        parts = [words[at - 1]]
        while word_at(words, stop) == "barra" and is_number(word_at(words, stop + 1)) and len(parts) < 3:
            parts.append(words[stop + 1])
            stop += 2
        if len(parts) > 1:
            edits.append((at - 1, stop, ("/".join(parts),)))
            done = stop - 1
    return edits


def _pressure(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        high, slash, low = word.partition("/")
        if (
            not slash
            or word_at(words, at + 1) in _NO_PRESSURE
            or "0" in (high[:1], low[:1])
            or is_a_date_context(words, at)
        ):
            continue
        systolic, diastolic = value(high), value(low)
        if systolic > diastolic and (
            (7 <= systolic <= 26 and 4 <= diastolic <= 16) or (70 <= systolic <= 260 and 30 <= diastolic <= 160)
        ):
            edits.append((at, at + 1, (str(systolic), "por", str(diastolic))))
    return edits


_NO_PRESSURE = COUNTED - {"mmhg"}


def _degrees(words: Sequence[str]) -> Edits:
    """Find fevers: "37 e 8 graus" and "deu 37 e 8" are 37,8; "39o de febre" is a mistyped 39°."""
    edits: Edits = []
    for at in numbers_in(words):
        whole = value(words[at].removesuffix("o"))
        if not _LOWEST_TEMPERATURE <= whole <= _HIGHEST_TEMPERATURE:
            continue
        tenth = word_at(words, at + 2)
        if is_integer(words[at]) and word_at(words, at + 1) == "e" and len(tenth) == 1 and value(tenth) > 0:
            before = word_at(words, at - 1 - (word_at(words, at - 1) in ("de", "com", "em", "só")))
            after = word_at(words, at + 3)
            fever = after == "graus" or (after == "de" and word_at(words, at + 4) == "febre")
            if fever or (before in _THERMOMETER and after not in COUNTED | {"e", "real", "reais"}):
                edits.append((at, at + 3, (f"{whole},{tenth}",)))
        elif words[at].endswith("o") and words[at + 1 : at + 3] == ["de", "febre"]:
            edits.append((at, at + 1, (str(whole), "graus")))
    return edits


def _mixed(words: Sequence[str]) -> Edits:
    """Find lengths and weights in two parts: "1 m (e) 70 (cm)" is 1,70 m, "2 kg e 300 g" 2,300 kg."""
    edits: Edits = []
    for at in numbers_in(words):
        whole, unit, part = words[at], word_at(words, at + 1), word_at(words, at + 3)
        if words[at + 1 : at + 2] == ["e"] and words[at + 3 : at + 5] == ["de", "altura"]:
            if 0 < value(whole) <= _TALLEST_M and len(word_at(words, at + 2)) == 2 and value(words[at + 2]) >= 0:
                edits.append((at, at + 3, (f"{whole},{words[at + 2]}",)))
            continue
        if unit == "m" and len(word_at(words, at + 2)) == 2 and 0 < value(whole) <= _TALLEST_M:
            if value(words[at + 2]) >= 0 and part not in COUNTED:
                edits.append((at, at + 3, (f"{whole},{words[at + 2]}", unit)))
            continue
        if unit not in _SMALLER or word_at(words, at + 2) != "e" or value(whole) < 0 or value(part) < 0:
            continue
        smaller, digits, bare = _SMALLER[unit]
        named = word_at(words, at + 4) == smaller
        if len(part) == digits and (named or (bare and word_at(words, at + 4) not in COUNTED)):
            edits.append((at, at + 4 + named, (f"{whole},{part}", unit)))
    return edits


_TALLEST_M = 2
_SMALLER = {"m": ("cm", 2, True), "kg": ("g", 3, False)}
_LOWEST_TEMPERATURE, _HIGHEST_TEMPERATURE = 34, 43
_THERMOMETER = frozenset({"deu", "dava", "dando", "febre", "marcou", "marcava", "marcando", "temperatura"})


UNIT_RULE = WordRule(
    "unidades",
    "Unidades no símbolo: mg, mcg (µg), g, kg, ml, l, cm, UI, %; graus Celsius e °C são graus.",
    ("quinhentos miligramas, 39 °C, dez por cento", "500 mg 39 graus 10 %"),
    _units,
    frozenset((*_SYMBOLS, *(first for first, _ in _PAIRS))),
)
INTERVAL_RULE = WordRule(
    "intervalos",
    "8/8h, 8 em 8 horas e de 8 em 8 horas são um só.",
    ("8/8h", "de 8 em 8 horas"),
    _intervals,
    frozenset({"em"}),
    "/",
    needs_number=True,
)
BAR_RULE = WordRule(
    "barra falada", "“Barra” entre números é /.", ("50 barra 850", "50/850"), _bars, frozenset({"barra"})
)
PRESSURE_RULE = WordRule(
    "pressão",
    "12/8 e 12x8 são 12 por 8, nos valores que uma pressão tem.",
    ("pressão 12/8", "pressão 12 por 8"),
    _pressure,
    marks="/",
)
DEGREE_RULE = WordRule(
    "febre",
    "37 e 8 graus, 37 e 8 de febre, deu 37 e 8 são 37,8.",
    ("trinta e sete e oito de febre", "37,8 de febre"),
    _degrees,
    frozenset({"graus", *_THERMOMETER}),
    needs_number=True,
)
MIXED_RULE = WordRule(
    "metros e quilos em duas partes",
    "Um metro e setenta e 1m70 são 1,7 m, um e setenta de altura é 1,7; 2 quilos e 300 gramas são 2,3 kg.",
    ("um metro e setenta; dois quilos e trezentos gramas", "1,7 m 2,3 kg"),
    _mixed,
    frozenset((*_SMALLER, "altura")),
    needs_number=True,
)
