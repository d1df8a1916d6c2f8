from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.terms.phonetics import phonetic_key, phonetic_keys

WORD = st.text(string.ascii_lowercase, min_size=1, max_size=14)


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("losartana", "lozartana"),
        ("losartana", "lossartana"),
        ("cefalexina", "sefalesina"),
        ("captopril", "captopriu"),
        ("omeprazol", "omeprasou"),
        ("tylenol", "tilenol"),
        ("zolpidem", "zolpiden"),
        ("hidroclorotiazida", "idroclorotiazida"),
        ("ibuprofeno", "ibuprofenu"),
        ("benegrip", "benegripe"),
        ("strepsils", "estrepsils"),
        ("amoxicilina", "amocicilina"),
        ("paracetamol", "parassetamol"),
        ("naphazolina", "nafazolina"),
        ("buscopan", "buscopam"),
        ("wellbutrin", "velbutrin"),
    ],
)
def test_names_that_sound_alike_share_a_key(name: str, heard: str) -> None:
    assert phonetic_key(name) == phonetic_key(heard)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("prednisona", "prednisolona"),
        ("losartana", "valsartana"),
        ("captopril", "enalapril"),
        ("clonazepam", "lorazepam"),
        ("hidroxizina", "hidralazina"),
        ("cetoconazol", "fluconazol"),
        ("dipirona", "dipivefrina"),
    ],
)
def test_other_medicines_keep_other_keys(one: str, two: str) -> None:
    assert phonetic_key(one) != phonetic_key(two)


@given(st.lists(WORD, min_size=1, max_size=8))
def test_many_words_at_once_have_the_keys_they_have_alone(words: list[str]) -> None:
    assert phonetic_keys("\n".join(words)).split("\n") == [phonetic_key(word) for word in words]
