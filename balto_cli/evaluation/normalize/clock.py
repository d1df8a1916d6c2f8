"""The rules on hours and dates. An hour is "14:30" or "14 horas", a date "15 de março de 2026"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from balto_cli.evaluation.normalize.counted import COUNTED, PARTS_OF_DAY, is_a_date_context
from balto_cli.evaluation.normalize.rule import WordRule, is_integer, numbers_in, value, word_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.normalize.rule import Edits

_HOUR_BEFORE = frozenset({"às", "à", "das", "pelas"})
_BEFORE_BARE_AS = frozenset({"até", "desde", "entre", "para"})
_HOURS = frozenset({"hora", "horas"})
_HALF = frozenset({"meia", "meio", "0,5", "1/2"})
_NO_MINUTES_BEFORE = COUNTED | {"às"}
_LAST_HOUR, _LAST_MINUTE = 24, 59
_FEW_MINUTES = 5
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")


def _hour(word: str) -> int:
    hour = value(word)
    return hour if hour <= _LAST_HOUR else -1


def _minutes(words: Sequence[str], at: int) -> tuple[int, int]:
    """Read minutes at `at`: their number and where they end; -1 where there are none.

    Few minutes need the word "minutos": "às 8 e 1 às 20" is two hours. Whatever is counted is not minutes.
    """
    word = word_at(words, at)
    if word in ("meia", "meio"):
        return (-1, at) if word_at(words, at + 1) in COUNTED | {"noite", "dia"} else (30, at + 1)
    minutes = value(word)
    if not 0 < minutes <= _LAST_MINUTE:
        return -1, at
    if word_at(words, at + 1) in ("minuto", "minutos"):
        return minutes, at + 2
    plain = minutes >= 10 or minutes == _FEW_MINUTES
    following = word_at(words, at + 1)
    if not plain or following in _NO_MINUTES_BEFORE or (following == "e" and is_integer(word_at(words, at + 2))):
        return -1, at
    return minutes, at + 1


def _introduces_an_hour(words: Sequence[str], at: int) -> bool:
    word = word_at(words, at)
    return word in _HOUR_BEFORE or (word == "as" and word_at(words, at - 1) in _BEFORE_BARE_AS)


def _part_of_day(words: Sequence[str], at: int) -> bool:
    return word_at(words, at) == "da" and word_at(words, at + 1) in PARTS_OF_DAY


def _hours(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = 0
    for at in numbers_in(words):
        word = words[at]
        hour = _hour(word) if at >= done else -1
        if hour < 0:
            continue
        introduced = _introduces_an_hour(words, at - 1)
        said = word_at(words, at + 1) in _HOURS
        after = at + 1 + said
        joined = word_at(words, after) == "e"
        minutes, stop = _minutes(words, after + joined)
        interval = word_at(words, at - 1) == "em" and word_at(words, at - 2) == word
        if minutes >= 0 and not (
            (said and (joined or minutes >= 10 or words[stop - 1] in ("minuto", "minutos")) and not interval)
            or (introduced and (joined or (is_integer(words[stop - 1]) and minutes >= 10)))
            or (joined and not said and _part_of_day(words, stop))
            or (joined and words[stop - 1] == "meia" and word_at(words, at - 1) == "são")
        ):
            minutes = -1
        if minutes >= 0:
            edits.append((at, stop, (f"{hour}:{minutes:02d}",)))
            done = stop
        elif said and (introduced or _part_of_day(words, at + 2)):
            edits.append((at, at + 2, (word,)))
            done = at + 2
    return edits


def _clock_words(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        match = _CLOCK.fullmatch(word)
        if match:
            hour, minutes = int(match[1]), match[2]
            clock = f"{hour}:{minutes}"
            unit = word_at(words, at + 1) in ("h", "hs", "hrs", "hora", "horas", "min", "minutos")
            if minutes == "00":
                unit_words = () if _introduces_an_hour(words, at - 1) else ("hora" if hour == 1 else "horas",)
                edits.append((at, at + 1 + unit, (str(hour), *unit_words)))
            elif clock != word or unit:
                edits.append((at, at + 1 + unit, (clock,)))
        elif word in _HOURS and (half := re.fullmatch(r"([1-9][0-9]?),5", word_at(words, at - 1))):
            edits.append((at - 1, at + 1, (f"{half[1]}:30",)))
    return edits


_NOON = {"dia": 12, "noite": 0}


def _noon(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        if word in ("meio", "meia") and word_at(words, at + 1) in _NOON and word_at(words, at + 2) == "e":
            minutes, stop = _minutes(words, at + 3)
            if minutes >= 0:
                edits.append((at, stop, (f"{_NOON[words[at + 1]]}:{minutes:02d}",)))
    return edits


MONTHS = ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
          "novembro", "dezembro")  # fmt: skip
_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}|[0-9]{2}))?")
_MONTH_YEAR = re.compile(r"(0?[1-9]|1[0-2])/((?:19|20)[0-9]{2})")
_LAST_YEAR_OF_2000S = 49


def _full_year(year: str) -> str:
    if len(year) != 2:
        return year
    return f"{20 if int(year) <= _LAST_YEAR_OF_2000S else 19}{year}"


def _valid(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= len(MONTHS)


def _written_dates(words: Sequence[str]) -> Edits:
    edits: Edits = []
    for at, word in enumerate(words):
        if "/" not in word:
            continue
        if month_year := _MONTH_YEAR.fullmatch(word):
            edits.append((at, at + 1, (MONTHS[int(month_year[1]) - 1], "de", month_year[2])))
        if not (match := _DATE.fullmatch(word)):
            continue
        day, month, year = int(match[1]), int(match[2]), match[3]
        if not _valid(day, month):
            continue
        if year:
            edits.append((at, at + 1, (str(day), "de", MONTHS[month - 1], "de", _full_year(year))))
        elif word_at(words, at + 1) not in COUNTED and (
            "0" in (match[1][0], match[2][0]) or month > 5 or day > month or is_a_date_context(words, at)
        ):
            edits.append((at, at + 1, (str(day), "de", MONTHS[month - 1])))
    return edits


def _spoken_dates(words: Sequence[str]) -> Edits:
    edits: Edits = []
    done = -1
    for at in numbers_in(words):
        at += 1
        if at - 1 <= done or word_at(words, at) not in ("do", "de"):
            continue
        day, month = word_at(words, at - 1), word_at(words, at + 1)
        year = word_at(words, at + 3) if word_at(words, at + 2) == "de" else ""
        has_year = is_integer(year) and len(year) in (2, 4)
        if words[at] == "do" and _valid(value(day.removesuffix("o")), value(month)):
            if has_year or word_at(words, at - 2) in ("dia", "nasci", "nasceu"):
                edits.append((at - 1, at + 2, (day.removesuffix("o"), "de", MONTHS[value(month) - 1])))
                done = at + 1
        elif words[at] == "de" and month in MONTHS and day == "1o":
            edits.append((at - 1, at, ("1",)))
    return edits


def _years(words: Sequence[str]) -> Edits:
    return [
        (at + 2, at + 3, (_full_year(words[at + 2]),))
        for at, word in enumerate(words[:-2])
        if word in MONTHS and words[at + 1] == "de" and len(words[at + 2]) == 2 and is_integer(words[at + 2])
        and is_integer(word_at(words, at - 2))
    ]  # fmt: skip


CLOCK_RULE = WordRule(
    "horas escritas",
    "14:30 e 14h30 são um só; 14:00 é 14 horas; 2,5 horas são 2:30.",
    ("14h30min, 14:00", "14:30 14 horas"),
    _clock_words,
    _HOURS,
    ":",
    needs_number=True,
)
HOUR_RULE = WordRule(
    "horas faladas",
    "14 horas e 30 (minutos), às 14 e 30, 2 e meia da tarde são hora e minutos; depois de às, à e das, e antes de da "
    "manhã, da tarde e da noite, a palavra horas não conta. Número antes do que se conta não é minuto: às 8 e 30 "
    "comprimidos.",
    ("às quatorze e trinta, ou às 8h", "às 14:30 ou às 8"),
    _hours,
    frozenset({"as", *_HOURS, "são", *_HOUR_BEFORE, *PARTS_OF_DAY}),
    needs_number=True,
)
NOON_RULE = WordRule(
    "meio-dia e meia",
    "Meio-dia e meia é 12:30, meia-noite e dez 0:10.",
    ("meio-dia e meia", "12:30"),
    _noon,
    frozenset(_NOON),
)
WRITTEN_DATE_RULE = WordRule(
    "datas escritas",
    "15/03/2026, 15-03-2026 e 2026-03-15 são 15 de março de 2026; ano de dois dígitos até 49 é 20XX.",
    ("15/03/2026", "15 de março de 2026"),
    _written_dates,
    marks="/",
)
SPOKEN_DATE_RULE = WordRule(
    "datas faladas",
    "Dia 15 do 3 e 15 do 3 de 2026 têm o mês por nome; primeiro de março é 1 de março.",
    ("dia quinze do três", "dia 15 de março"),
    _spoken_dates,
    frozenset({"do", *MONTHS}),
    needs_number=True,
)
YEAR_RULE = WordRule(
    "anos", "Ano de dois dígitos em data inteira.", ("15 de março de 26", "15 de março de 2026"), _years,
    frozenset(MONTHS),
)  # fmt: skip
