"""Ages, durations and temperatures in folded words, as people say and engines write them."""

from __future__ import annotations

import re
from functools import lru_cache

from balto_cli.suggestions.phrases import phrase

_UNITS = {
    "um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7, "oito": 8,
    "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "quatorze": 14, "catorze": 14, "quinze": 15,
    "dezesseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19,
}  # fmt: skip
_TENS = {
    "vinte": 20, "trinta": 30, "quarenta": 40, "cinquenta": 50, "sessenta": 60, "setenta": 70, "oitenta": 80,
    "noventa": 90,
}  # fmt: skip
_NUMBER = rf"(?:\d{{1,3}}|(?:{'|'.join(_TENS)})(?: e (?:{'|'.join(_UNITS)}))?|{'|'.join(_UNITS)}|meio|meia)"
_LITTLE_ONE = r"bebe\w*|nenem|nene|filh\w+|menin\w+|net\w+|sobrinh\w+|crianca|gemeos|ele|ela|recem nascid\w|pequen\w+"
"""Of whom an age in days or weeks is told."""
_AGE = re.compile(
    rf"\b({_NUMBER}) (anos?|aninhos?|mes(?:es)?|mesinhos?|meizinhos?)\b(?: e (?:({_NUMBER}) mes(?:es)?|(meio)))?"
)
_NEWBORN = re.compile(
    rf"\b(?:{{}})(?: \w+)? (?:de|com|tem|fez|completou)(?: so| apenas| uns| umas)? ({_NUMBER}) (dias?|semanas?)\b"
    rf"(?! (?:de|com|que|sem) (?!vida|nascid))|\b({_NUMBER}) (dias?|semanas?) (?:de vida|de nascid[oa]|nascid[oa])\b"
    rf"|\bnasceu (?:ha|faz|tem)(?: so| apenas)? ({_NUMBER}) (dias?|semanas?)\b".replace("{}", _LITTLE_ONE)
)
_COMPLAINTS = (
    "dor|toss|ferid|manch|coceir|caroc|grip|febr|verrug|alergi|diarrei|problem|aft|bol|inch|unh|cabel|micos|rinit|pinta|"
    "garganta|cabeca|barriga|perna|coluna|pressao|caixa|receita|loja|farmacia|menstrua|azia|insonia|entupi|intestin"
)
_NAMED = rf"(?:o|a) (?!{_COMPLAINTS})[a-z]{{3,}}"
"""Somebody by name, not what somebody has: "o Theo tem oito meses"."""
_OF_AGE = re.compile(rf"\b(?:{_LITTLE_ONE}|{_NAMED}) (?:tem|de|com|fez|completou)$")
_NAMED_OF_AGE = re.compile(rf"\b{_NAMED} (?:so )?(?:tem|fez|completou)$")
_OLDEST_NEWBORN_WEEKS = 26
_BARE = re.compile(rf"\b{_NUMBER}\b")
_LASTING = phrase("numbers.lasting")
_AGE_CUE = re.compile(r"\b(?:com|tem|de|fez|faz|completou|idade|vai fazer|tenho|fiz|e|so|ja)(?: so| apenas| ja)?$")
_DURATION = re.compile(rf"\b({_NUMBER}|varios|varias|alguns|algumas) (dias?|semanas?|mes(?:es)?|anos?|horas?)\b")
_DURATION_CUE = phrase("numbers.duration_cue")
_TEMPERATURE = phrase("numbers.temperature")
_VAGUE_DAYS = (
    (re.compile(r"\b(?:hoje|agora|agorinha|de manha|desde cedo|agora a pouco)\b"), 0.5),
    (re.compile(r"\b(?:ontem)\b"), 1.0),
    (re.compile(r"\b(?:anteontem|antes de ontem)\b"), 2.0),
    (re.compile(r"\bdesde (?:segunda|terca|quarta|quinta|sexta|sabado|domingo)\b"), 3.0),
    (re.compile(r"\b(?:desde a|desde|tem|faz) (?:uma )?semana passada\b"), 7.0),
    (re.compile(r"\bdesde (?:o )?mes passado\b"), 30.0),
    (
        re.compile(
            r"\b(?:desde o ano passado|ha anos|faz anos|ha tempos|faz tempo|ha muito tempo|ha meses|faz meses)\b"
        ),
        90.0,
    ),
)
_DAYS = {"h": 1 / 24, "d": 1.0, "s": 7.0, "m": 30.0, "a": 365.0}


def number(words: str) -> float | None:
    """The value of a number as it is said: "vinte e dois" is 22."""
    if words.isdigit():
        return float(words)
    if words in ("meio", "meia"):
        return 0.5
    if words in _UNITS:
        return float(_UNITS[words])
    tens, _, unit = words.partition(" e ")
    return float(_TENS[tens] + _UNITS.get(unit, 0)) if tens in _TENS else None


@lru_cache(maxsize=1024)
def age_months(words: str, *, child: bool, pregnant: bool) -> int | None:
    """The age that a sentence tells, in months; None for durations ("há dois anos") and months of pregnancy.

    Months, and years without a cue, count only where a child is spoken of.
    """
    for match in _AGE.finditer(words):
        before = words[: match.start()].rstrip()
        months = match.group(2).startswith("me")
        if _LASTING.search(before) and not re.search(r"\bfaz$", before):
            continue
        if re.search(r"\bfaz$", before) and not child:
            continue
        if months and (pregnant or not (child or _NAMED_OF_AGE.search(before))):
            continue
        if not (child or _AGE_CUE.search(before)):
            continue
        value = number(match.group(1))
        if value is None:
            continue
        total = value if months else value * 12
        if match.group(3):
            total += number(match.group(3)) or 0
        elif match.group(4):
            total += 6
        return int(total)
    return _newborn_months(words) if child else None


def _newborn_months(words: str) -> int | None:
    """The age that is told in days or weeks of a child that was just born."""
    match = _NEWBORN.search(words)
    if match is None:
        return None
    told, unit = next((match[i], match[i + 1]) for i in (1, 3, 5) if match[i])
    weeks = (number(told) or 0) / (7 if unit.startswith("dia") else 1)
    return int(weeks * 7 / 30) if weeks <= _OLDEST_NEWBORN_WEEKS else None


def bare_age_months(words: str) -> int | None:
    """The age in an answer to "quantos anos?": "cinco", "vai fazer seis", "oito meses"."""
    told = age_months(words, child=True, pregnant=False)
    if told is not None:
        return told
    value = bare_number(words)
    return None if value is None else int(value * 12)


def bare_number(words: str) -> float | None:
    """The first number in an answer: "já foram sete" is 7."""
    match = _BARE.search(words)
    return number(match.group()) if match else None


@lru_cache(maxsize=1024)
def duration_days(words: str) -> float | None:
    """How long something has lasted, in days, as a sentence tells it; the longest of several."""
    found: list[float] = []
    for match in _DURATION.finditer(words):
        before = words[: match.start()].rstrip()
        if _OF_AGE.search(before) and not words[match.end() :].startswith(" que"):
            continue
        if not _DURATION_CUE.search(before) or (
            match.group(2)[0] == "a" and re.search(r"\b(?:tem|uns|umas|quase)$", before)
        ):
            continue
        value = number(match.group(1))
        if value is None:
            value = 4.0 if match.group(1).startswith("v") else 3.0
        if before.endswith("mais de"):
            value += 0.5
        found.append(value * _DAYS[match.group(2)[0]])
    found += [days for pattern, days in _VAGUE_DAYS if pattern.search(words)]
    return max(found, default=None)


@lru_cache(maxsize=1024)
def temperature(words: str) -> float | None:
    """A body temperature in degrees Celsius; the highest of several."""
    found = []
    for match in _TEMPERATURE.finditer(words):
        if match.group(1):
            decimal = 5 if match.group(2) == "meio" else int(match.group(2) or 0)
            found.append(int(match.group(1)) + decimal / 10)
        else:
            said = match.group(4) or match.group(5) or ""
            decimal = 5 if said in ("meio", "meia") else _UNITS.get(said, 0)
            found.append((number(match.group(3)) or 0) + (decimal / 10 if decimal < 10 else 0))
    return max((value for value in found if 35 <= value <= 42), default=None)
