from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.terms import find_terms, load_terms
from balto_cli.terms.catalogue import DATA
from balto_cli.terms.phonetics import phonetic_keys
from balto_cli.terms.spelling import fold
from testes.garblings import garblings
from testes.shared import require_shared

NAMES = [term.name for term in load_terms() if term.use == "livre" and term.relevance == 3]
BALCAO = Path(__file__).parents[2] / "dados" / "balcao"


def names(text: str) -> list[str]:
    return [term.name for term in find_terms(text)]


@pytest.mark.parametrize(
    ("text", "name", "heard", "method"),
    [
        ("Tem Dipirona?", "dipirona", "Dipirona", "exato"),
        ("tem neo saldina?", "Neosaldina", "neo saldina", "exato"),
        ("um dor flex por favor", "Dorflex", "dor flex", "exato"),
        ("me vê um ben e grip por favor", "Benegrip", "ben e grip", "exato"),
        ("quero para cetamol", "paracetamol", "para cetamol", "exato"),
        ("preciso de lozartana", "losartana", "lozartana", "fonetico"),
        ("tem tilenol", "Tylenol", "tilenol", "fonetico"),
        ("novalgina gotas", "Novalgina", "novalgina", "exato"),
        ("preciso de zolpiden pra hoje", "zolpidem", "zolpiden", "fonetico"),
        ("buscopan composto", "Buscopan Composto", "buscopan composto", "exato"),
        ("busco pan conposto", "Buscopan Composto", "busco pan conposto", "fonetico"),
        ("o dicoflenaco acabou", "diclofenaco", "dicoflenaco", "aproximado"),
        ("tomo simbastatina", "sinvastatina", "simbastatina", "aproximado"),
        ("Tendi pirona de 500", "dipirona", "Tendi pirona", "fonetico"),
        ("ácido acetil salicílico", "ácido acetilsalicílico", "ácido acetil salicílico", "exato"),
        ("dipirona500mg", "dipirona", "dipirona", "exato"),
        ("aquelas dipironas", "dipirona", "dipironas", "exato"),
        ("tem A.A.S.?", "AAS", "A.A.S", "exato"),
        ("Puran T4 de 50", "Puran T4", "Puran T4", "exato"),
    ],
)
def test_a_name_is_found_where_and_how_it_was_heard(text: str, name: str, heard: str, method: str) -> None:
    (term,) = find_terms(text)
    assert (term.name, text[term.start : term.end]) == (name, heard)
    if method != "fonetico":
        assert term.method == method
    assert 0.8 < term.score <= 1
    assert (term.score == 1) <= (term.method == "exato")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bom dia, choveu muito ontem, né?",
        "o Vitor e o Dorival foram ao sal de praia com a Luna",
        "para mim e para a dor de cabeça da minha mãe",
        "a Yasmin levou a Anitta no show da Allegro",
        "o creme é composto de leite e aveia",
        "essa serenata foi um astro, suprema de verdade",
        "foi na hora H, com vita e bio e lima c",
        "Só isso. Rine da silva, obrigado!",
        "mar e van, ela pra se divertir",
        "vitamina de banana com aveia",
        "o dente foi estraído",
    ],
)
def test_everyday_speech_is_silent(text: str) -> None:
    assert names(text) == []


def test_an_everyday_word_is_a_brand_beside_a_word_of_the_counter() -> None:
    assert names("a Yasmin chegou") == []
    assert names("eu tomo o anticoncepcional Yasmin") == ["Yasmin"]


def test_neighbours_are_never_swapped() -> None:
    text = "prednisona, prednisolona, captopril, enalapril, losartana, valsartana, clonazepam e lorazepam"
    assert names(text) == text.replace(" e ", ", ").split(", ")


@pytest.mark.parametrize("name", NAMES)
def test_every_common_name_finds_itself(name: str) -> None:
    (term,) = find_terms(f"tem {name}?")
    assert (term.name, term.score) == (name, 1.0)


@pytest.mark.parametrize("kind", ["comuns", "parecidas"])
def test_the_sounds_of_everyday_words_are_those_of_the_code(kind: str) -> None:
    rows = (DATA / f"palavras_{kind}.csv").read_text(encoding="utf-8").splitlines()[1:]
    words, sounds = zip(*(row.split(",") for row in rows), strict=True)
    assert phonetic_keys("\n".join(words)).split("\n") == list(sounds)


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_any_text_gives_ordered_spans_that_do_not_overlap(text: str) -> None:
    end = 0
    for term in find_terms(text):
        assert end <= term.start < term.end <= len(text)
        end = term.end


def test_accents_that_stand_as_characters_of_their_own_do_not_move_the_span() -> None:
    text = unicodedata.normalize("NFD", "vocês têm ácido fólico já?")
    (term,) = find_terms(text)
    assert unicodedata.normalize("NFC", text[term.start : term.end]) == "ácido fólico"


def test_a_strict_threshold_leaves_out_what_only_resembles() -> None:
    assert names("o dicoflenaco acabou") == ["diclofenaco"]
    assert find_terms("o dicoflenaco acabou", threshold=0.9) == []
    assert [term.name for term in find_terms("tomo lozartana", threshold=0.9)] == ["losartana"]


def test_garbled_names_are_found_and_not_taken_for_others() -> None:
    made = garblings(NAMES, 300, seed=11)
    right = wrong = 0
    for garbled in made:
        heard = [term for term in find_terms(garbled.text) if term.start < garbled.end and garbled.start < term.end]
        right += any(term.name == garbled.name for term in heard)
        wrong += sum(term.name != garbled.name for term in heard)
    assert right / len(made) >= 0.85
    assert right / (right + wrong) >= 0.95


def test_every_medicine_said_at_the_counters_is_found_and_nothing_else() -> None:
    for path in sorted(BALCAO.glob("*.json")):
        for turn in json.loads(path.read_text(encoding="utf-8"))["turns"]:
            assert {fold(name) for name in names(turn["text"])} == {fold(name) for name in turn["medicines"]}


def test_the_medicines_of_the_dialogues_are_found_and_nothing_else() -> None:
    path = require_shared("sugestoes") / "dev.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        dialogue = json.loads(line)
        heard = {fold(name) for turn in dialogue["turnos"] for name in names(turn)}
        assert heard == set(dialogue["termos"]), dialogue["id"]
