from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from balto_cli.errors import UsageError
from balto_cli.terms import keyterms, load_terms
from balto_cli.terms.catalogue import COLUMNS, DATA, MEDICINE_CATEGORIES
from balto_cli.terms.spelling import fold, spelling_of

HEADER = ",".join(COLUMNS)
GOOD = "dipirona,principio,dipirona,conforme_apresentacao,N02B,3,30,livre,metamizol,Anvisa,2026-11"


def test_the_catalogue_knows_what_a_counter_hears() -> None:
    terms = load_terms()
    kinds = Counter(term.kind for term in terms)
    assert kinds["principio"] >= 400
    assert kinds["marca"] >= 400
    by_name = {term.name: term for term in terms}
    assert by_name["dipirona"].kind == "principio"
    assert by_name["Neosaldina"].ingredients == ("cafeina", "dipirona", "isometepteno")
    assert by_name["amoxicilina"].category == "antimicrobiano"
    assert by_name["clonazepam"].category == "controlado"
    assert by_name["losartana"].category == "tarja_vermelha"
    assert "Ozempic" in by_name


def test_every_row_says_where_it_is_from_and_when() -> None:
    for term in load_terms():
        assert term.source, term.name
        assert term.date[:2] == "20", term.name


def test_no_two_terms_are_spelt_alike() -> None:
    spellings = Counter("".join(spelling_of(form)) for term in load_terms() for form in (term.name, *term.variants))
    assert [spelling for spelling, count in spellings.items() if count > 1] == []


def test_ingredients_are_keys() -> None:
    for term in load_terms():
        if term.category in MEDICINE_CATEGORIES:
            assert all(key == fold(key) for key in term.ingredients), term.name


def test_keyterms_are_the_useful_ones_first_and_no_everyday_words() -> None:
    hundred = keyterms(100)
    assert len(hundred) == len(set(hundred)) == 100
    assert {"dipirona", "paracetamol", "Dorflex", "Neosaldina", "Novalgina", "omeprazol", "losartana"} & set(hundred)
    assert keyterms(1000)[:100] == hundred
    assert "Yasmin" not in keyterms(10_000)
    assert keyterms(0) == ()


def test_keyterms_of_some_categories_only() -> None:
    by_name = {term.name: term for term in load_terms()}
    chosen = keyterms(30, categories=["antimicrobiano", "controlado"])
    assert {by_name[name].category for name in chosen} == {"antimicrobiano", "controlado"}


def test_a_catalogue_of_ones_own_may_have_its_columns_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "meus.csv"
    columns = list(reversed(COLUMNS))
    cells = dict(zip(COLUMNS, GOOD.split(","), strict=True))
    path.write_text(f"{','.join(columns)}\n{','.join(cells[column] for column in columns)}\n\n", encoding="utf-8-sig")
    (term,) = load_terms(path)
    assert (term.name, term.variants, term.relevance, term.registrations) == ("dipirona", ("metamizol",), 3, 30)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([GOOD.replace("principio", "remedio")], "linha 2: tipo “remedio” não existe"),
        ([GOOD, GOOD.replace("dipirona,principio", "Dipirona,marca")], "linha 3: “Dipirona” já está na linha 2"),
        ([GOOD.replace(",3,30,", ",4,30,")], "linha 2: relevancia “4” não serve. Use um número de 0 a 3."),
        ([GOOD.replace(",3,30,", ",3,muitos,")], "linha 2: registros “muitos” não serve"),
        ([GOOD.replace("conforme_apresentacao", "livre")], "linha 2: categoria “livre” não existe"),
        ([GOOD.replace("dipirona,principio", ",principio")], "linha 2: o nome está vazio"),
        ([GOOD, "dipirona"], "linha 3: há 1 colunas, e o cabeçalho tem 11"),
        ([], "não tem nenhum nome"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, rows: list[str], said: str) -> None:
    path = tmp_path / "meus.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        load_terms(path)
    assert "meus.csv" in str(raised.value)
    assert said in str(raised.value)


def test_a_file_that_is_no_catalogue_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "meus.csv"
    with pytest.raises(UsageError, match="Não consegui ler"):
        load_terms(path)
    path.write_bytes("nome,tipo\nágua,principio\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"UTF-8|falta a coluna"):
        load_terms(path)
    path.write_text("nome,tipo\n", encoding="utf-8")
    with pytest.raises(UsageError, match="falta a coluna principios"):
        load_terms(path)


def test_the_own_catalogue_is_read_fast_as_it_would_be_with_all_checks() -> None:
    assert load_terms() == load_terms(DATA / "termos.csv")
