from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.evaluation.alignment import AlignedWord, align
from balto_cli.evaluation.medicine import (
    MedicineErrors,
    corpus_medicine_errors,
    medicine_errors,
    sum_medicine_errors,
)

WORDS = ["tem", "dipirona", "prednisona", "prednisolona", "de", "500", "mg", "8", "horas", "não", "nem", "sem", "tomo"]
SENTENCE = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("tome prednisona agora", "tome prednisolona agora", [("medicamento", "prednisona", "prednisolona")]),
        ("tome prednisona agora", "tome bem prednisolona já agora", [("medicamento", "prednisona", "prednisolona")]),
        ("dipirona de 500 mg", "dipirona de 50 mg", [("dose", "500 mg", "50 mg")]),
        ("tome 15 gotas", "tome 50 gotas", [("dose", "15 gotas", "50 gotas")]),
        ("tome 5 mg", "tome 5 g", [("dose", "5 mg", "5 g")]),
        ("tome 2,5 ml", "tome 25 ml", [("dose", "2,5 ml", "25 ml")]),
        ("de 8 em 8 horas", "de 6 em 6 horas", [("dose", "8 horas", "6 horas")]),
        ("a losartana de 50", "a losartana de 15", [("dose", "50", "15")]),
        ("não tomo remédio", "tomo remédio", [("negação", "não tomo", "tomo")]),
        ("eu tomo remédio", "eu não tomo remédio", [("negação", "tomo", "não tomo")]),
        ("comprei sem receita", "comprei com receita", [("negação", "sem receita", "com receita")]),
        ("preciso de losartana", "preciso de zartana", [("medicamento", "losartana", "zartana")]),
        ("preciso dela", "preciso dipirona", [("medicamento", "dela", "dipirona")]),
        ("quero Buscopan Composto", "quero Buscopan", [("medicamento", "Buscopan Composto", "Buscopan")]),
        ("", "dipirona", [("medicamento", None, "dipirona")]),
        ("dipirona", "", [("medicamento", "dipirona", None)]),
        (
            "não tomo dorflex, tomo dipirona",
            "tomo dorflex, não tomo dipirona",
            [("negação", "não tomo", "tomo"), ("negação", "tomo", "não tomo")],
        ),
        (
            "dipirona 500 mg e ibuprofeno 600 mg",
            "dipirona 600 mg e ibuprofeno 500 mg",
            [("dose", "500 mg", "600 mg"), ("dose", "600 mg", "500 mg")],
        ),
    ],
)
def test_an_error_is_named_as_what_was_said_and_what_was_heard(
    said: str, heard: str, errors: list[tuple[str, str | None, str | None]]
) -> None:
    assert [tuple(error) for error in medicine_errors(said, heard).errors] == errors


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("", ""),
        ("bom dia", "boa tarde"),
        ("tem Neosaldina?", "tem neo saldina"),
        ("quero para cetamol 750 mg", "quero paracetamol setecentos e cinquenta miligramas"),
        ("a losartana", "a lozartana"),
        ("tem ácido fólico", "tem acido folico"),
        ("dois ml e meio", "2,5 mL"),
        ("losartana de 50", "losartana de 50 mg"),
        ("tá bom, né?", "tá bom"),
        ("tá bom", "tá bom, né?"),
        ("não, não quero", "não quero"),
        ("nunca tomei", "não tomei"),
        ("nenhuma alergia", "nenhum alergia"),
        ("a dipirona custa 12 reais", "a dipirona custa 2 reais"),
    ],
)
def test_what_tells_the_patient_the_same_is_no_error(said: str, heard: str) -> None:
    judged = medicine_errors(said, heard)
    assert judged.errors == ()
    assert judged.wrong_utterances == 0


def test_rates_come_from_counts_and_are_none_where_nothing_counts() -> None:
    judged = medicine_errors("não tomo prednisona de 20 mg", "não tomo prednisolona de 20 mg")
    assert (judged.terms_said, judged.terms_heard, judged.terms_right) == (1, 1, 0)
    assert (judged.doses_said, judged.doses_heard, judged.doses_right) == (1, 1, 1)
    assert (judged.negations_said, judged.negations_heard, judged.negations_right) == (1, 1, 1)
    assert judged.recall == judged.precision == pytest.approx(2 / 3)
    assert (judged.term_recall, judged.term_precision) == (0, 0)
    silent = medicine_errors("bom dia", "bom dia")
    assert (silent.recall, silent.precision, silent.term_recall, silent.term_precision) == (None, None, None, None)
    assert MedicineErrors().wrong_share is None


def test_a_corpus_is_the_sum_of_its_pairs_and_its_headline_the_share_of_wrong_utterances() -> None:
    pairs = [("tem dipirona", "tem dipirona"), ("tome 5 mg", "tome 15 mg"), ("bom dia", "bom dia"), ("não", "")]
    corpus = corpus_medicine_errors(pairs)
    parts = [medicine_errors(*pair) for pair in pairs]
    assert corpus == sum_medicine_errors(parts) == parts[0] + parts[1] + parts[2] + parts[3]
    assert corpus.wrong_share == 0.5
    assert [error.kind for error in corpus.errors] == ["dose", "negação"]


@given(SENTENCE)
def test_what_was_heard_as_said_has_no_error(sentence: str) -> None:
    judged = medicine_errors(sentence, sentence, normalizer=None)
    assert judged.errors == ()
    assert judged.recall in (None, 1.0)


@given(SENTENCE, SENTENCE)
def test_counts_agree_with_the_errors(said: str, heard: str) -> None:
    judged = medicine_errors(said, heard, normalizer=None)
    for kind, counts in (
        ("medicamento", (judged.terms_said, judged.terms_heard, judged.terms_right)),
        ("dose", (judged.doses_said, judged.doses_heard, judged.doses_right)),
        ("negação", (judged.negations_said, judged.negations_heard, judged.negations_right)),
    ):
        in_said, in_heard, right = counts
        assert right <= min(in_said, in_heard)
        found = sum(error.kind == kind for error in judged.errors)
        assert max(in_said, in_heard) - right <= found <= in_said + in_heard - 2 * right


@given(SENTENCE, SENTENCE)
def test_swapping_the_sides_swaps_the_errors(said: str, heard: str) -> None:
    """On one alignment: which one of several that are as good is chosen may depend on the side."""
    turned = {"insert": "delete", "delete": "insert"}
    pairs = align(said.split(), heard.split())
    mirrored: list[AlignedWord] = [(turned.get(step, step), other, one) for step, one, other in pairs]  # type: ignore[misc]
    there = medicine_errors(said, heard, normalizer=None, alignment=pairs)
    back = medicine_errors(heard, said, normalizer=None, alignment=mirrored)
    assert (there.terms_said, there.doses_said) == (back.terms_heard, back.doses_heard)
    assert there.wrong_utterances == back.wrong_utterances
