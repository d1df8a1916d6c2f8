"""Brings two spellings of the same Portuguese words to one form, so that only what was heard counts as an error.

Case, punctuation, hyphens, quotes, Unicode forms, control characters and extra spaces go. Accents stay (avó is not
avô), and so does the comma or point inside a number: "2,5" is never "25". Whole and decimal numbers that are spelt out
become digits, since engines and people write them either way; units, money and hours stay as they were written.
"""

from __future__ import annotations

import re
import unicodedata
from abc import abstractmethod

_NUMBER_DOT_ORDINAL = re.compile(r"(?<=\d)\.(?=[ºª])")
_LOOSE_SEPARATOR = re.compile(r"(?<!\d)[.,]|[.,](?!\d)")
_SPOKEN_SYMBOL = re.compile(r"[^\W_]*\$|%")
_SPOKEN_SYMBOLS = "$%"
_NUMBER_WORDS = """
    zero um uma dois duas três quatro cinco seis sete oito nove dez onze doze treze catorze quatorze quinze dezesseis
    dezassete dezessete dezoito dezenove vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem cento
    duzentos duzentas trezentos trezentas quatrocentos quatrocentas quinhentos quinhentas seiscentos seiscentas
    setecentos setecentas oitocentos oitocentas novecentos novecentas mil
    """.split()  # noqa: SIM905
_NUMBER = rf"(?:{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))})"
_SPELT_NUMBER = re.compile(rf"\b(?!(?<=\d )mil\b){_NUMBER}(?: (?:e )?{_NUMBER})*(?: vírgula(?: (?:e )?{_NUMBER})+)?\b")
"""A run of number words; "mil" behind digits ("2 mil") is left alone."""
_LETTERLIKE_QUOTES = "ʹʺʻʼʽˈˊˋ"


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

    def decide(self, character: str) -> str | None:
        if character in _LETTERLIKE_QUOTES:
            return " "
        kept = character.isalnum() or character in _SPOKEN_SYMBOLS or character in ".,"
        return character if kept or unicodedata.category(character)[0] == "M" else " "


_INVISIBLE = _Invisible()
_PUNCTUATION = _Punctuation()


def normalize(text: str) -> str:
    """Return `text` as lower-case words parted by single spaces, numbers as digits; "" where no word is left.

    Idempotent, never raises. Ordinal signs become letters (2ª is "2a", nº is "no"), fractions their numbers (½ is
    "1 2"), and the signs that are said aloud, % and R$, are words of their own: "50%" is "50 %", and "50" is not.
    """
    text = text.translate(_INVISIBLE)
    text = _NUMBER_DOT_ORDINAL.sub("", text)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = text.translate(_PUNCTUATION)
    text = _LOOSE_SEPARATOR.sub(" ", text)
    text = _SPOKEN_SYMBOL.sub(r" \g<0> ", text)
    text = " ".join(word for word in map(_without_dangling_marks, text.split()) if word)
    return _SPELT_NUMBER.sub(_digits, text)


def _digits(spelt: re.Match[str]) -> str:
    """Digits of a run of number words: "vinte e um" is 21, "oito sete" 8 7, "dois vírgula cinco" 2,5."""
    from text_to_num import alpha2digit

    # Threshold 0: otherwise a lone "dois" stays a word, and "dois a três" would not be "2 a 3".
    return str(alpha2digit(spelt.group(), "pt", threshold=0))


def _without_dangling_marks(word: str) -> str:
    """Drop accents that have no letter before them; they come from broken text."""
    while word and unicodedata.category(word[0])[0] == "M":
        word = word[1:]
    return word
