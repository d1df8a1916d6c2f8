from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation import normalize

ANY_TEXT = st.text(st.characters(), max_size=60)  # lone surrogates and control characters included


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
        ("8:30", "8 30"),
        ("custa 7,49.", "custa 7,49"),
        ("oi ❤️ 1️⃣", "oi 1"),
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
        ("1.500", "1500"),
        ("avó", "avô"),
        ("avó", "avo"),
        ("pode", "pôde"),
        ("não", "nao"),
        ("50%", "50"),
        ("1½", "11/2"),
        ("15", "50"),
        ("mg", "g"),
        ("prednisona", "prednisolona"),
    ],
)
def test_what_differs_stays_different(said: str, heard: str) -> None:
    assert normalize(said) != normalize(heard)


@pytest.mark.parametrize("number", ["2,5", "0,125", "1.500", "1.500,75", "38.2"])
def test_the_comma_and_the_point_inside_a_number_stay(number: str) -> None:
    assert normalize(f"Tome {number}, viu?") == f"tome {number} viu"


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "\x00\ufeff", "—", "\u0301", "´"])
def test_a_text_without_words_is_empty(text: str) -> None:
    assert normalize(text) == ""


@given(ANY_TEXT)
def test_normalising_again_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(ANY_TEXT)
def test_words_are_parted_by_single_spaces(text: str) -> None:
    assert normalize(text) == " ".join(normalize(text).split())


def test_every_character_alone_and_between_others_normalises_once_and_for_all() -> None:
    codes = (*range(0x3400), *range(0xF900, 0x20000))  # ideographs and Hangul left out: they are all alike
    text = normalize(" ".join(f"{chr(code)} a{chr(code)}b 1{chr(code)}2" for code in codes))
    assert normalize(text) == text
