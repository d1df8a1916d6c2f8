from __future__ import annotations

import csv
import importlib

import pytest

from balto_cli.suggestions import build
from balto_cli.suggestions.catalogue import CATEGORIES, DATA, load_catalogue, read_rows
from balto_cli.suggestions.decision import Item
from balto_cli.suggestions.facts import Facts
from balto_cli.suggestions.lexicon import load_lexicon
from balto_cli.suggestions.safety import words_are_safe
from balto_cli.suggestions.wording import questions_of
from testes.shared import require_shared

CATALOGUE, LEXICON = load_catalogue(), load_lexicon()
MEDICINES = [p for p in CATALOGUE.products if p.is_medicine]


def test_there_is_enough_to_suggest_and_all_of_it_is_sourced() -> None:
    assert len(CATALOGUE.products) >= 150
    assert all(
        p.category in CATEGORIES and p.source and p.date and p.explanation and p.limit for p in CATALOGUE.products
    )
    assert {need.category for need in LEXICON.needs} | {c.category for c in LEXICON.complements if c.category} >= set(
        CATEGORIES
    )


def test_every_need_and_complement_has_products() -> None:
    assert [need.id for need in LEXICON.needs if need.id not in CATALOGUE.by_need and need.id not in ("sarna",)] == []
    assert [key for row in LEXICON.complements for key in row.products if key not in CATALOGUE.by_id] == []


def test_every_medicine_carries_one_to_three_questions() -> None:
    for product in MEDICINES:
        assert 1 <= len(questions_of(product, Facts(), CATALOGUE, LEXICON)) <= 3, product.name


def test_the_words_of_every_product_pass_the_scan() -> None:
    for p in CATALOGUE.products:
        assert words_are_safe(p.explanation, (Item(p, p.name, p.explanation, p.category, ()),), CATALOGUE), p.id


def test_every_referral_sign_is_sourced() -> None:
    assert all(sign.source and sign.reason for sign in LEXICON.signs)
    assert {row["verificado"] for row in read_rows(DATA / "encaminhamentos.csv")} <= {"sim", "nao"}


def test_no_product_holds_what_the_public_facts_forbid() -> None:
    folder = require_shared("catalogo")
    with (folder / "substancias.csv").open(encoding="utf-8", newline="") as file:
        sale = {row["chave"]: row["categoria_venda"] for row in csv.DictReader(file)}
    for product in CATALOGUE.products:
        allowed = {"isento", "conforme_apresentacao"} | (set() if product.is_medicine else {"verificar"})
        for key in product.ingredients:
            assert sale[key] in allowed, (product.name, key)


def test_the_scoring_script_finds_nothing_forbidden_in_any_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(require_shared("sugestoes")))
    script = importlib.import_module("score_suggestions")
    for product in CATALOGUE.products:
        held = {"produtos": [product.name], "principios": list(product.ingredients), "categoria": product.category}
        tokens, _, _ = script.contents(held)
        assert not tokens & {"tarja_vermelha", "antimicrobiano", "controlado", "nbcal"}, product.name
        members = {script.canon(key) or key for key in product.ingredients}
        classes = {name for name, keys in script.CLASSES.items() if members & keys}
        assert classes <= product.classes | {"nbcal"}, product.name


def test_the_build_gives_the_tables_that_are_kept(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = require_shared("catalogo")
    written = {}
    monkeypatch.setattr(build, "write_atomically", lambda path, text: written.update({path.name: text}))
    assert build.main([str(folder)]) == 0
    for name, text in written.items():
        assert (DATA / name).read_text(encoding="utf-8") == text
