from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.readings import accept, first_reading, parse_readings


def accepted(reference: str, *pieces: str) -> list[str]:
    return [" ".join(words) for words in accept(parse_readings(reference, normalize), [p.split() for p in pieces])]


def test_the_first_reading_is_the_reference() -> None:
    assert parse_readings("tome {dois / 3 / um par de} comprimidos (tá)", normalize).words == [
        "tome",
        "2",
        "comprimidos",
        *normalize("tá").split(),
    ]
    assert first_reading("tome {dois / 3} (agora)").split() == ["tome", "dois", "agora"]


def test_another_allowed_reading_is_taken_for_the_first() -> None:
    reference = "quero {a caixa / o pacote grande} sim"
    assert accepted(reference, "quero o pacote grande sim") == ["quero a caixa sim"]
    assert accepted(reference, "quero a caixa sim") == ["quero a caixa sim"]
    assert accepted(reference, "quero o", "pacote grande sim") == ["quero a caixa", "sim"]


def test_what_is_no_allowed_reading_stays_as_it_was_heard() -> None:
    assert accepted("quero {a caixa / o pacote} sim", "quero o saco sim") == ["quero o saco sim"]
    assert accepted("sem marcas", "com", "marcas") == ["com", "marcas"]
    assert accepted("oi {a / b}") == []


def test_an_optional_word_may_be_missing() -> None:
    assert accepted("bom dia (senhora) tem", "bom dia tem") == ["bom dia senhora tem"]
    assert accepted("bom dia (senhora)", "bom dia senhora") == ["bom dia senhora"]


small = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6).map(" ".join)


@given(small, small, small, st.lists(small, min_size=1, max_size=3))
def test_a_text_without_choice_is_never_changed(one: str, other: str, rest: str, heard: list[str]) -> None:
    assert accepted(one, *heard) == heard
    several = accepted(f"{one} {{{other or 'a'} / {rest or 'b'}}}", *heard)
    assert len(several) == len(heard)
