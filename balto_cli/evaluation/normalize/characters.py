"""The rules on characters: from a raw text to lower-case words parted by white space.

The comma, the slash and the colon inside a number are kept, since "2,5" is not "25" and "8/8" not "88"; whatever else
is not said aloud parts words.
"""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from balto_cli.evaluation.normalize.rule import TextRule

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUND_TAGS = (
    "aplausos barulho chiado eco falatório inaudível inaudivel incompreensível incompreensivel indistinto "
    "ininteligível ininteligivel interferência interferencia microfonia musica música pausa risada risadas riso risos "
    "ruido ruído ruídos silencio silêncio suspiro vozes"
)
_SQUARE_TAGS = (
    "applause background blank_audio breath choro cough crosstalk espirro foreign inaudible inint laughter latido "
    "music noise pad palmas pigarro respiração silence sil som speech telefone tosse unintelligible unk voz"
)
ROUND_TAGS = frozenset(_ROUND_TAGS.split())
"""First words that make a tag of "(…)" or "*…*": sounds that a medicine counter would not put in parentheses."""
SQUARE_TAGS = frozenset(_SQUARE_TAGS.split()) | ROUND_TAGS
"""First words that make a tag of "[…]" or "<…>"; "(tosse)" may be what a syrup is for, "[tosse]" is a sound."""

_BRACKETED = re.compile(r"\[([^\[\]]{1,60})\]|<([^<>]{1,60})>|\(([^()]{1,60})\)|\*([^*]{1,60})\*")
_MARKUP = re.compile(r"\|[^|]*\||/?[a-z]{1,9}", re.IGNORECASE)
_WORD = re.compile(r"\w+")

_LETTERLIKE_QUOTES = "ʹʺʻʼʽˈˊˋ"


def tags(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the tags are: sounds and engine marks in brackets, as character positions."""
    for match in _BRACKETED.finditer(text):
        _square, angle, *round_or_star = match.groups()
        inside = next(part for part in match.groups() if part is not None)
        first = _WORD.search(unicodedata.normalize("NFC", inside).casefold())
        known = ROUND_TAGS if any(round_or_star) else SQUARE_TAGS
        if (first and first.group() in known) or (angle and _MARKUP.fullmatch(angle)):
            yield match.span()


def blank_tags(text: str) -> str:
    """Return `text` with as many spaces in place of each tag, so that positions stay."""
    if not any(bracket in text for bracket in "[<(*"):
        return text
    pieces: list[str] = []
    done = 0
    for start, end in tags(text):
        pieces += (text[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, text[done:]))


class _Table(dict[int, str | None]):
    """A `str.translate` table that decides about each character once, when it is first met."""

    def __missing__(self, codepoint: int) -> str | None:
        self[codepoint] = replacement = self.decide(chr(codepoint))
        return replacement

    @abstractmethod
    def decide(self, character: str) -> str | None:
        """What a character becomes; None takes it away."""


class _Invisible(_Table):
    """Drops what cannot be seen, and spells out what Unicode composition would glue to its neighbour."""

    def decide(self, character: str) -> str | None:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Cn", "Co", "Sk"):  # Sk are accents on their own: NFKC would hang them on a space
            return " "
        if category in ("Cf", "Me") or unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
            return None
        return f" {character}" if category == "No" else character  # "1½" is not 11/2, nor "10²" 102


class _Punctuation(_Table):
    """Keeps letters, digits, their marks and the signs that are said aloud; all else parts words."""

    decided: ClassVar = {"×": " x ", "&": " e ", "%": " % ", "€": " € ", "£": " £ ", "°": " "}

    def decide(self, character: str) -> str | None:
        if character in self.decided:
            return self.decided[character]
        if character in _LETTERLIKE_QUOTES:
            return " "
        kept = character.isalnum() or character in "$,/:"
        return character if kept or unicodedata.category(character)[0] == "M" else " "


_INVISIBLE = _Invisible()
_PUNCTUATION = _Punctuation()

_DEGREE = re.compile(r"(?<![0-9,.])([0-9]+(?:[.,][0-9]+)?)[°º](c\b|f\b)?", re.IGNORECASE)
_DEGREE_APART = re.compile(r"(?<![\w°º])[°º](c\b|f\b|(?!\S))", re.IGNORECASE)
_SIGN = re.compile("[ºª°℃№]")
_NUMERO = re.compile(r"(?<!\w)n\.?[°º]\.?(?!\w*[a-z])", re.IGNORECASE)
_ORDINAL_POINT = re.compile(r"(?<=[0-9])\.(?=[ºª°])")
_HIGHEST_ORDINAL_WRITTEN_WITH_A_DEGREE_SIGN = 20


def _degree(match: re.Match[str]) -> str:
    number, scale = match.groups()
    decimal = not number.isdecimal()
    high = len(number) > 2 or decimal or int(number) > _HIGHEST_ORDINAL_WRITTEN_WITH_A_DEGREE_SIGN
    if scale or decimal or (high and "°" in match.group()):
        return f"{number} graus {scale or ''} "
    return f"{number}º"


def _signs(text: str) -> str:
    """Read º, ª and ° while they can still be told apart: NFKC makes letters of the first two."""
    if text.isascii() or not _SIGN.search(text):
        return text
    text = unicodedata.normalize("NFC", text).replace("℃", "°C").replace("№", "nº")
    text = _NUMERO.sub("número ", text)
    text = _DEGREE_APART.sub(r" graus \1 ", _ORDINAL_POINT.sub("", text))
    return _DEGREE.sub(_degree, text)


_PLAIN = re.compile("[\n -\\]_a-~À-ÿ]*")
"""Text in which there is nothing to do: visible, composed, without the accents on their own ^ and `."""


def _unicode(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    text = text.translate(_INVISIBLE)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("⁄", "/")


def _lower(text: str) -> str:
    return text.casefold() if _PLAIN.fullmatch(text) else unicodedata.normalize("NFKC", text.casefold())


_ERAS = {"ac": "antes de cristo", "dc": "depois de cristo"}
_INITIAL = re.compile(r"\.[^\W\d_]\.")
_INITIALS = re.compile(r"(?<![\w.])(?:[^\W\d_]\.){2,}[^\W\d_]?(?!\w)")
_WITH = {"c": "com ", "s": "sem ", "p": "para "}
_SLASHED_WORD = re.compile(r"(?<![\w/])([csp])/(?![^\W\d_](?:\W|$))(?=\w|\s|$)")
_APOSTROPHES = re.compile("['’‘ʼ]")
_ELIDED = re.compile(r"(?<!\w)d['’‘ʼ](?=[aeiouáéíóúâêôãõh])")


def _initials(match: re.Match[str]) -> str:
    joined = match.group().replace(".", "")
    return f"{_ERAS.get(joined, joined)} "


def _abbreviations(text: str) -> str:
    if "+" in text:
        text = _PLUS.sub(" mais ", text)
    if _INITIAL.search(text):
        text = _INITIALS.sub(_initials, text)
    if "/" in text:
        text = _SLASHED_WORD.sub(lambda match: _WITH[match.group(1)], text)
    return _ELIDED.sub("de ", text) if _APOSTROPHES.search(text) else text


_DIGIT = re.compile(r"[0-9]")
_REGISTER = re.compile(
    r"(?<![\w.,/-])(?!(?:19|20)[0-9]{2}-(?:19|20)[0-9]{2})(?:[0-9]{4,5}-[0-9]{4}|[0-9]{5}-[0-9]{3}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"
    r"|[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9]"
    r"|[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2})(?![\w/-])|[0-9]{10,}"
)
_SHORTEST_REGISTER = 10
_ISO_DATE = re.compile(r"(?<![\w-])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![\w-])")
_DOTTED_DATE = re.compile(
    r"(?<![\w.,-])(0?[1-9]|[12][0-9]|3[01])([.-])(0?[1-9]|1[0-2])\2([0-9]{4}|[0-9]{2})(?![\w-]|\.[0-9])"
)
_BARE_DECIMALS = re.compile(r"(?<![\w.,])[.,](?=[0-9])")
_RANGE = re.compile(r"(?<![\w.,/:-])(0|[1-9][0-9]{0,2})[-–]([1-9][0-9]{0,2})(?![0-9]|[.,/:–-][0-9])")
_PARTED_NUMBER = re.compile(r"(?<![0-9])[0-9]+(?:[.,][0-9]+)+")
_CLOCK = re.compile(
    r"(?<![0-9:/,])([01]?[0-9]|2[0-4])(?::|(?:h|hs|hrs?)(?=[0-9]))([0-5][0-9])(?:h|hs|hrs?|m|min|mins)?(?![\w:/])"
)
_GLUED_BEHIND = re.compile(r"(?:(?<=[^\W\d_])[0-9]+|[0-9](?![ao](?![^\W_])))(?=[^\W\d_])")
_GLUED_BEFORE = re.compile(r"[0-9](?<=[^\W\d_].)")
_PLUS = re.compile(r"(?<!\S)\+(?!\S)|\+(?=\w)")


def _one_by_one(match: re.Match[str]) -> str:
    return f" {' '.join(_DIGIT.findall(match.group()))} "


def _range(match: re.Match[str]) -> str:
    """Read a hyphen as "a" where the second number is higher: "5-7 dias", but not a house or a score."""
    first, last = match.groups()
    return f"{first} a {last}" if int(first) < int(last) else match.group()


def _parted_number(match: re.Match[str]) -> str:
    """Give a number with points and commas in it its Portuguese form, or take it apart when it is none."""
    number = match.group()
    parts = re.split("[.,]", number)
    thousands = parts[0][0] != "0" and len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:])
    points, commas = number.count("."), number.count(",")
    if thousands and (not commas or (not points and commas > 1)):
        return "".join(parts)
    if points + commas == 1:
        return ",".join(parts)
    whole = parts[:-1]
    grouped = whole[0][0] != "0" and len(whole[0]) <= 3 and all(len(part) == 3 for part in whole[1:])
    last_differs = (commas == 1 and number.rfind(",") > number.rfind(".")) or (
        points == 1 and number.rfind(".") > number.rfind(",")
    )
    if grouped and last_differs:
        return f"{''.join(whole)},{parts[-1]}"
    return " ".join(parts)


_WITH_DIGITS = re.compile(r"(?<!\S)[^\s0-9]*+[0-9]\S*")


def _numbers(text: str) -> str:
    return _WITH_DIGITS.sub(_number_between_spaces, text)


def _number_between_spaces(match: re.Match[str]) -> str:
    text = match.group()
    if text.isdecimal() and len(text) < _SHORTEST_REGISTER:
        return text
    text = _BARE_DECIMALS.sub(r"0\g<0>", text)
    text = _REGISTER.sub(_one_by_one, _ISO_DATE.sub(r"\3/\2/\1", text))
    text = _DOTTED_DATE.sub(r"\1/\3/\4", text)
    text = _RANGE.sub(_range, text)
    text = _PARTED_NUMBER.sub(_parted_number, text)
    text = _CLOCK.sub(r"\1:\2 ", text)
    return _GLUED_BEFORE.sub(r" \g<0>", _GLUED_BEHIND.sub(r"\g<0> ", text))


_UNIT_SLASH = re.compile(
    r"(?<![^\W\d_])(mg|mcg|μg|g|kg|ml|l|ui|km|x|cp|comp|comprimidos?|gotas?|doses?|unidades?|vez|vezes|reais)/(?=\w)(h\b|min\b|)"
)
_PER = {"h": "hora", "min": "minuto", "": ""}
_LOOSE_SIGN = re.compile(r"[,/:](?:(?<![0-9].)|(?![0-9]))")
_CLOCK_COLON = re.compile(r"(?<![0-9:/,])(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?![0-9:/,])|(:)")
_MONEY_SIGN = re.compile(r"(?<![^\W\d_])[^\W\d_]*\$")
_PLAIN_PUNCTUATION = re.compile(r"[!-#'-/:-@\[-\]_{-~÷](?:(?<![,/:])|(?<![0-9].)|(?![0-9]))")
_STRAY_MARKS = re.compile(r"(?<!\S)[^\w\s,/:$%€£]+")


def _punctuation(text: str) -> str:
    if "/" in text:
        text = _UNIT_SLASH.sub(lambda match: f"{match[1]} por {_PER[match[2]]}", text)
    if plain := _PLAIN.fullmatch(text):
        text = _PLAIN_PUNCTUATION.sub(" ", text)
        for sign in ("%", "&", "×"):
            if sign in text:
                text = text.replace(sign, _PUNCTUATION.decided[sign])
    else:
        text = _LOOSE_SIGN.sub(" ", text.translate(_PUNCTUATION))
    if ":" in text:
        text = _CLOCK_COLON.sub(lambda match: " " if match.group(1) else match.group(), text)
    if "$" in text:
        text = _MONEY_SIGN.sub(r" \g<0> ", text)
    # Accents that have no letter before them come from broken text.
    return text if plain else _STRAY_MARKS.sub("", text)


SIGNS = TextRule(
    "sinais de grau e de ordem",
    "Lê °, º e ª: nº é número, 39,5 °C são graus, 1º e 2ª são ordinais (° até 20 também: 1°).",
    ("nº 5, 39,5°C, 1.ª", "número 5 39,5 graus 1a"),
    _signs,
)
UNICODE = TextRule(
    "formas Unicode",
    "Uma só forma para cada letra (NFKC); some o que não se vê (controles, larguras nulas, substitutos soltos).",
    ("ｄｉpirona 5㎎", "dipirona 5 mg"),
    _unicode,
)
LOWER = TextRule("minúsculas", "Maiúscula e minúscula são a mesma letra.", ("TEM SIM", "tem sim"), _lower)
ABBREVIATIONS = TextRule(
    "siglas, barras e elisões",
    "a.a.s. é aas; c/, s/ e p/ são com, sem e para; d'água é de água.",
    ("A.A.S. c/ copo d’água", "aas com copo de água"),
    _abbreviations,
)
NUMBERS = TextRule(
    "números escritos",
    "1.500 é 1500, 2.5 é 2,5 e ,5 é 0,5; 14h30 é 14:30; 5-7 é 5 a 7; 500mg são duas palavras; telefone, CPF, RG e CEP "
    "vão de dígito em dígito.",
    ("1.500mg às 14h30", "1500 mg às 14:30"),
    _numbers,
)
PUNCTUATION = TextRule(
    "pontuação",
    "Pontuação, aspas e hífens só separam palavras; vírgula, barra e dois-pontos ficam dentro de números. "
    "%, R$, €, £ são ditos e ficam; & é e; mg/ml é mg por ml.",
    ("“guarda-chuva”, 50%!", "guarda chuva 50 %"),
    _punctuation,
)
TEXT_RULES = (SIGNS, UNICODE, LOWER, ABBREVIATIONS, NUMBERS, PUNCTUATION)
