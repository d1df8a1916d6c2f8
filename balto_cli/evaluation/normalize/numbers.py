"""The rules on numbers that are spelt out: cardinals, ordinals, thousands, spoken commas, digits one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.rule import WordRule, is_integer, is_number, numbers_in, value, word_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits

_ALONE = {
    word: digits
    for digits, words in {
        "0": "zero", "1": "um uma", "2": "dois duas", "3": "três", "4": "quatro", "5": "cinco", "6": "seis",
        "7": "sete", "8": "oito", "9": "nove", "10": "dez", "11": "onze", "12": "doze", "13": "treze",
        "14": "catorze quatorze", "15": "quinze", "16": "dezesseis dezasseis", "17": "dezessete dezassete",
        "18": "dezoito", "19": "dezenove dezanove", "20": "vinte", "30": "trinta", "40": "quarenta", "50": "cinquenta",
        "60": "sessenta", "70": "setenta", "80": "oitenta", "90": "noventa", "100": "cem cento",
        "200": "duzentos duzentas", "300": "trezentos trezentas", "400": "quatrocentos quatrocentas",
        "500": "quinhentos quinhentas", "600": "seiscentos seiscentas", "700": "setecentos setecentas",
        "800": "oitocentos oitocentas", "900": "novecentos novecentas", "1000": "mil",
    }.items()
    for word in words.split()
}  # fmt: skip
_ORDINAL_STEMS = (
    (1, "primeir segund terceir quart quint sext sétim oitav non"),
    (10, "décim vigésim trigésim quadragésim quinquagésim sexagésim septuagésim octogésim nonagésim"),
    (100, "centésim ducentésim tricentésim quadringentésim quingentésim sexcentésim septingentésim octingentésim "
          "noningentésim"),
)  # fmt: skip
_ORDINALS = {
    f"{stem}{ending}": f"{times * step}{ending}"
    for step, stems in _ORDINAL_STEMS
    for times, stem in enumerate(stems.split(), start=1)
    for ending in "oa"
}
_STAY_WORDS = {"2o": "segundo", "4o": "quarto"}
"""Ordinals whose word is another word as well ("segundo o médico", "um segundo", "o quarto"): their digits give way."""


def _in_digits(run: Sequence[str]) -> list[str]:
    if len(run) == 1:
        return [_ALONE[run[0]]]
    from text_to_num import alpha2digit

    # Threshold 0: otherwise a lone "dois" stays a word, and "dois a três" would not be "2 a 3".
    return str(alpha2digit(" ".join(run), "pt", threshold=0)).split()


def _cardinals(words: Sequence[str]) -> Edits:
    edits: Edits = []
    at, end = 0, len(words)
    while at < end:
        if words[at] not in _ALONE or (words[at] == "mil" and at and is_number(words[at - 1])):
            at += 1
            continue
        stop = at + 1
        while words[at] != "zero" and stop < end:
            step = 1 + (words[stop] == "e")
            following = word_at(words, stop + step - 1)
            if following not in _ALONE or following == "zero":
                break
            stop += step
        edits.append((at, stop, tuple(_in_digits(words[at:stop]))))
        at = stop
    return edits


_SCALES = {"mil": 10**3, "milhão": 10**6, "milhões": 10**6}


def _scales(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = 0
    for at, word in enumerate(words):
        if word not in _SCALES or at <= done or not is_number(words[at - 1]):
            continue
        whole, _, decimals = words[at - 1].partition(",")
        zeros = len(str(_SCALES[word])) - 1
        if len(whole) + zeros > 9 or len(decimals) > zeros:
            continue
        total = int(whole + decimals.ljust(zeros, "0"))
        stop = at + 1
        joined = stop + (word_at(words, stop) == "e")
        rest = word_at(words, joined)
        if not decimals and zeros == 6 and joined > stop and rest in ("meio", "meia"):
            total, stop = total + 500_000, joined + 1
        elif (
            not decimals
            and (100 if joined == stop else 1) <= value(rest) < _SCALES[word]
            and word_at(words, joined + 1) not in _SCALES
        ):
            total, stop = total + value(rest), joined + 1
        edits.append((at - 1, stop, (str(total),)))
        done = stop
    return edits


def _spoken_comma(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = -1
    for at, word in enumerate(words):
        if word not in ("vírgula", "ponto") or at - 1 <= done or not is_integer(word_at(words, at - 1)):
            continue
        stop = at + 1
        while word_at(words, stop) == "0" and is_integer(word_at(words, stop + 1)):
            stop += 1
        if not is_integer(word_at(words, stop)):
            continue
        stop = _end_of_decimals(words, stop + 1)
        edits.append((at - 1, stop, (f"{words[at - 1]},{''.join(words[at + 1 : stop])}",)))
        done = stop - 1
    return edits


def _end_of_decimals(words: Sequence[str], at: int) -> int:
    """Find where decimals that are said one by one end: "12,7 5 mg" is 12,75 mg, but "1,5 3 vezes" is two numbers."""
    stop = at
    while len(word_at(words, stop)) == 1 == len(words[stop - 1]) and is_integer(words[stop]):
        stop += 1
    return stop if word_at(words, stop) in _AFTER_DECIMALS else at


def _six(words: Sequence[str]) -> Edits:
    """Find each "meia" that stands between digits, or beside at least three of them, as in a telephone number."""
    edits: Edits = []
    at, end = 0, len(words)
    while at < end:
        first = at
        while at < end and (words[at] == "meia" or words[at] in _DIGITS):
            at += 1
        long = at - first > _DIGITS_AROUND_A_SIX
        for here in range(first, at):
            if words[here] == "meia" and (long or first < here < at - 1):
                edits.append((here, here + 1, ("6",)))
        at += 1
    return edits


_DIGITS = frozenset("0123456789")
_AFTER_DECIMALS = frozenset({"", "%", "cm", "g", "graus", "kg", "l", "m", "mcg", "mg", "ml", "mm", "reais", "ui"})
_DIGITS_AROUND_A_SIX = 3


def _digit_runs(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at in numbers_in(words):
        word = words[at]
        if len(word) == 1 or not is_integer(word):
            continue
        if word[0] == "0" and len(word) == 2:
            edits.append((at, at + 1, (word[1],)))
        elif word[0] == "0" or (word == "800" and word_at(words, at - 1) == "0"):
            edits.append((at, at + 1, tuple(word)))
    return edits


def _phones(words: Sequence[str]) -> Edits:
    """Find the area code before a number that goes digit by digit, and what follows 0800 in groups."""
    edits: Edits = []
    if sum(word in _DIGITS for word in words) < len(_0800):  # "1 caixa": nearly every text with a digit
        return edits
    at, end = 0, len(words)
    while at < end:
        first = at
        while at < end and words[at] in _DIGITS:
            at += 1
        said, before, after = at - first, word_at(words, first - 1), word_at(words, at)
        if said >= _SHORTEST_PHONE and len(before) == 2 and is_integer(before):
            edits.append((first - 1, first, tuple(before)))
        elif len(after) == _GROUPS_AFTER_0800.get(said) and is_integer(after) and words[first : first + 4] == _0800:
            edits.append((at, at + 1, tuple(after)))
        at += 1
    return edits


_SHORTEST_PHONE = 8
_0800 = list("0800")
_GROUPS_AFTER_0800 = {4: 3, 7: 4}
"""Digits of the group that follows as many digits."""


def _ordinals(words: Sequence[str]) -> Edits:
    edits: Edits = []
    at, end = 0, len(words)
    while at < end:
        word = words[at]
        if word not in _ORDINALS:
            if word in _STAY_WORDS:
                edits.append((at, at + 1, (_STAY_WORDS[word],)))
            elif word == "3a" and word_at(words, at + 1) == "feira":
                edits.append((at, at + 1, ("terça",)))
            at += 1
            continue
        stop, total, lowest = at + 1, int(_ORDINALS[word][:-1]), int(_ORDINALS[word][:-1])
        while (following := word_at(words, stop)) in _ORDINALS and following[-1] == word[-1]:
            part = int(_ORDINALS[following][:-1])
            if part >= lowest or len(str(part)) >= len(str(lowest)):
                break
            stop, total, lowest = stop + 1, total + part, part
        ordinal = f"{total}{word[-1]}"
        if ordinal not in _STAY_WORDS:
            edits.append((at, stop, (ordinal,)))
        at = stop
    return edits


CARDINAL_RULE = WordRule(
    "números por extenso",
    "Cardinais viram dígitos; um e uma são 1; dígitos ditos um a um continuam um a um.",
    ("vinte e um; oito sete quatro", "21 8 7 4"),
    _cardinals,
    frozenset(_ALONE),
)
SCALE_RULE = WordRule(
    "milhares e milhões",
    "2 mil é 2000; 1,5 milhão e um milhão e meio são 1500000.",
    ("2 mil e quinhentos", "2500"),
    _scales,
    frozenset(_SCALES),
)
COMMA_RULE = WordRule(
    "vírgula falada",
    "“Vírgula” ou “ponto” entre dois números é a vírgula decimal.",
    ("dois vírgula cinco; zero vírgula zero cinco", "2,5 0,05"),
    _spoken_comma,
    frozenset({"vírgula", "ponto"}),
)
SIX_RULE = WordRule(
    "meia por seis",
    "“Meia” entre dígitos ditos um a um, ou ao lado de três ou mais deles, é 6.",
    ("nove meia dois oito", "9 6 2 8"),
    _six,
    frozenset({"meia"}),
)
DIGIT_RULE = WordRule(
    "zeros à esquerda",
    "05 é 5; 0800 e outros que começam com zero vão de dígito em dígito.",
    ("05 comprimidos, 0800", "5 comprimidos 0 8 0 0"),
    _digit_runs,
    needs_number=True,
    marks="0",
)
PHONE_RULE = WordRule(
    "telefones",
    "O DDD antes de um telefone dito dígito por dígito vai de dígito em dígito também, como o que vem depois de 0800.",
    ("(11) 98765-4321", "1 1 9 8 7 6 5 4 3 2 1"),
    _phones,
    _DIGITS,
    needs_number=True,
)
ORDINAL_RULE = WordRule(
    "ordinais",
    "Ordinais em dígitos (2a, 21o), também dias da semana (2a feira). Ficam palavras segundo e quarto, que são "
    "outras palavras também; 2º e 4º vão até elas.",
    ("segunda dose, vigésimo primeiro, 3ª-feira", "2a dose 21o terça feira"),
    _ordinals,
    frozenset((*_ORDINALS, *_STAY_WORDS, "3a")),
)
