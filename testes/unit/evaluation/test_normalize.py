"""What holds for every text."""

from __future__ import annotations

from unicodedata import category
from unicodedata import normalize as unicode_form

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from balto_cli.evaluation import normalize
from balto_cli.evaluation.normalize import accents_apart
from balto_cli.evaluation.normalize.order import NEIGHBOUR_RULES, SPELLING_RULES

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and control characters included
WORDS_OF_RULES = sorted({word for rule in (*SPELLING_RULES, *NEIGHBOUR_RULES) for word in rule.triggers})
WRITTEN = """
    e e e de do da por com em às à das até o no para dia dia noite tarde febre feira comprimido comprimidos copo
    1 2 3 5 8 12 14 15 20 30 37 50 500 800 1000 2026 05 00 1/2 ½ 3/4 8/8 12/8 15/03 15/3/26 03/2026 50/850 2,5 2,50
    1.500 1,5 0,5 14:30 14h30 8h 8:00 8:05 2ª 1º 4º 1° 39° 39,5°C 500mg 5mg/ml 2x 12x8 R$ R$12,50 50% + & c/ s/ d'água
    A.A.S. Dr. cx. anti-séptico B12 99876-5432 (risos) [ruído]
""".split()  # noqa: SIM905
SENTENCES = st.lists(st.sampled_from([*WORDS_OF_RULES, *WRITTEN, *WRITTEN]), max_size=9).flatmap(
    lambda words: st.sampled_from([" ", ", ", ". "]).map(lambda between: between.join(words))
)


@pytest.mark.parametrize(
    ("written", "same_as"),
    [
        ("Olá, MUNDO!", "olá mundo"),
        ("guarda-chuva", "guarda chuva"),
        ("guarda–chuva", "guarda chuva"),
        ("copo d’água", "copo d'água"),
        ("caixa d\u02bcágua", "caixa d'água"),
        ("“Tem  sim”\t\n", "tem sim"),
        ("voce\u0302", "você"),
        ("não\u00ad tomo\u200b", "não tomo"),
        ("tem\x00 sim\ud800", "tem sim"),
        ("R$7,49", "r$ 7,49"),
        ("50%", "50 %"),
        ("2ª dose", "2a dose"),
        ("1.º", "1º"),
        ("5㎎", "5mg"),
        ("1½", "1 1/2"),
        ("8:30", "8h30"),
        ("custa 7,49.", "custa 7,49"),
        ("oi ❤️ 1️⃣", "oi 1"),
        ("½$", "1/2 $"),
        ("(500 mg)", "500 mg"),
    ],
)
def test_two_spellings_of_the_same_words_become_one(written: str, same_as: str) -> None:
    assert normalize(written) == normalize(same_as)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("2,5 ml", "25 ml"),
        ("2,5", "2 5"),
        ("2.5", "25"),
        ("1.500", "1,500"),
        ("8:30", "8,30"),
        ("avó", "avô"),
        ("avó", "avo"),
        ("pode", "pôde"),
        ("não", "nao"),
        ("50%", "50"),
        ("1½", "11/2"),
        ("5$", "5"),
        ("15", "50"),
        ("mg", "g"),
        ("prednisona", "prednisolona"),
    ],
)
def test_what_differs_stays_different(said: str, heard: str) -> None:
    assert normalize(said) != normalize(heard)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("2,5", "2,5"),
        ("0,125", "0,125"),
        ("1.500", "1500"),
        ("1,500", "1,5"),
        ("1.500,75", "1500,75"),
        ("1,234.56", "1234,56"),
        ("38.2", "38,2"),
        ("05", "5"),
        ("1,2,3", "1 2 3"),
    ],
)
def test_a_number_keeps_its_value(written: str, number: str) -> None:
    assert normalize(f"Tome {written}, viu?") == f"tome {number} viu"


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "\x00\ufeff", "—", "\u0301", "´"])
def test_a_text_without_words_is_empty(text: str) -> None:
    assert normalize(text) == ""


@given(ANY_TEXT | SENTENCES)
def test_normalising_again_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(ANY_TEXT | SENTENCES)
def test_words_are_parted_by_single_spaces(text: str) -> None:
    assert normalize(text) == " ".join(normalize(text).split())


def test_every_character_alone_and_between_others_normalises_once_and_for_all() -> None:
    rare = (chr(code) for code in (*range(0xF900, 0x20000), *range(0xE0000, 0xE0200)))
    others = (character for character in rare if category(character) not in ("Lo", "So", "Cn"))  # they are all alike
    for character in (*map(chr, range(0x3400)), *others):
        text = normalize(f"{character} a{character}b 1{character}2")
        assert normalize(text) == text


@given(ANY_TEXT | SENTENCES)
def test_composed_and_decomposed_accents_are_one(text: str) -> None:
    assert normalize(unicode_form("NFD", text)) == normalize(unicode_form("NFC", text))


@given(st.text("abcdeghmnorstuxçáéíóúâêôãõ ºª°.,:/0123456789'-$%", max_size=40) | SENTENCES)
def test_case_does_not_count(text: str) -> None:
    assert normalize(text.upper()) == normalize(text.lower())


@given(SENTENCES)
def test_what_cannot_be_seen_does_not_count(text: str) -> None:
    assert normalize(f"{text}\u200b") == normalize(text)


def test_a_very_long_number_and_a_very_long_word_are_no_trouble() -> None:
    assert normalize("9" * 5000) == " ".join("9" * 5000)
    assert normalize(f"R$ {'1' * 5000},50 reais {'a' * 100_000}").endswith("a")


@given(st.integers(0, 1_000_000))
def test_cardinals_said_are_cardinals_written(number: int) -> None:
    written = f"{number:,}".replace(",", ".")
    assert normalize(num2words(number, lang="pt_BR")) == normalize(written) == str(number)


def test_ordinals_said_are_ordinals_written() -> None:
    for number in range(1, 400):  # num2words misspells some of the hundreds above
        said = num2words(number, lang="pt_BR", to="ordinal")
        assert normalize(said) == normalize(f"{number}º")
        assert normalize(" ".join(f"{word[:-1]}a" for word in said.split())) == normalize(f"{number}ª")


@given(st.integers(1, 99_999_999))
def test_money_said_is_money_written(cents: int) -> None:
    said = num2words(cents / 100, lang="pt_BR", to="currency")
    written = f"R$ {cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"
    assert normalize(said) == normalize(written)


@given(st.integers(0, 9999), st.integers(0, 999))
def test_decimals_said_digit_by_digit_are_decimals_written(whole: int, thousandths: int) -> None:
    decimals = f"{thousandths:03d}".rstrip("0") or "0"
    digits = " ".join(num2words(int(digit), lang="pt_BR") for digit in decimals)
    said = f"{num2words(whole, lang='pt_BR')} vírgula {digits} mg"
    assert normalize(said) == normalize(f"{whole},{decimals} mg")


@given(st.integers(0, 24), st.integers(1, 59))
def test_hours_said_are_hours_written(hour: int, minutes: int) -> None:
    said = f"às {num2words(hour, lang='pt_BR')} horas e {num2words(minutes, lang='pt_BR')} minutos"
    assert normalize(said) == normalize(f"às {hour}h{minutes:02d}") == normalize(f"às {hour:02d}:{minutes:02d}")


AMOUNTS = st.decimals(0, 100_000, places=2).map(lambda amount: f"{amount:f}".replace(".", ","))


@given(AMOUNTS, AMOUNTS, st.sampled_from(["mg", "ml", "g", "mcg", "gotas", "%", "reais", "comprimidos", "graus", ""]))
def test_two_amounts_of_the_same_unit_never_meet(one: str, other: str, unit: str) -> None:
    same = float(one.replace(",", ".")) == float(other.replace(",", "."))
    assert (normalize(f"tomar {one} {unit}") == normalize(f"tomar {other} {unit}")) == same


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [
        ("avó", "avô", True),
        ("não", "nao", True),
        ("NÃO", "nao", True),
        ("injeção", "injecao", True),
        ("avó", "avo\u0301", False),
        ("avó", "avó", False),
        ("avó", "ave", False),
        ("", "", False),
        ("é", "", False),
    ],
)
def test_only_an_accent_apart(a: str, b: str, apart: bool) -> None:
    assert accents_apart(a, b) == accents_apart(b, a) == apart
