from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from balto_cli.errors import UsageError
from balto_cli.suggestions import SuggestionEngine, rules
from balto_cli.suggestions.catalogue import load_catalogue
from balto_cli.suggestions.importing import OWN_COLUMNS, read_own, write_own
from balto_cli.suggestions.review import HEADERS, RULE_HEADERS, read_sheet, review, write_sheet
from balto_cli.suggestions.rule_list import list_rules
from balto_cli.suggestions.signatures import read_signatures, write_signatures
from testes.unit.suggestions.dialogues import written

HEADER = ",".join(OWN_COLUMNS)
GOOD = "10,Bala da Casa,mercadoria,boca_garganta,,,dor_garganta,3,umedece a garganta"
MEDICINE = "11,Paracetamol da Casa,medicamento,dor_febre,paracetamol,S204,dor_cabeca,12,analgésico da loja"


def _file(tmp_path: Path, *rows: str, name: str = "proprios.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_text("\n".join((HEADER, *rows)), encoding=encoding)
    return path


def test_a_pharmacys_products_are_suggested_first(tmp_path: Path) -> None:
    engine = SuggestionEngine.offline(read_own(_file(tmp_path, GOOD, MEDICINE)))
    assert engine.suggest(["Minha garganta tá arranhando."]).items[0].name == "Bala da Casa"
    headache = engine.suggest(["Tô com dor de cabeça."])
    assert "Paracetamol da Casa" in [item.name for item in headache.items]
    assert engine.versions["catalogo"] != SuggestionEngine.offline().versions["catalogo"]
    pregnant = engine.suggest(["Tô grávida e com dor de cabeça."])
    assert pregnant.action == "encaminhar"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1,,mercadoria,pele,,,,1,x", "linha 2: falta nome"),
        ("1,A,brinde,pele,,,,1,x", "tipo “brinde”"),
        ("1,A,mercadoria,carros,,,,1,x", "categoria “carros”"),
        ("1,Mamadeira azul,mercadoria,infantil,,,,0,x", "11.265"),
        ("1,A,mercadoria,pele,,,voar,1,x", "necessidade “voar”"),
        ("1,A,medicamento,dor_febre,clonazepam,S204,,12,x", "nunca é sugerido"),
        ("1,A,medicamento,dor_febre,xyzol,S204,,12,x", "desconhecido"),
        ("1,A,medicamento,dor_febre,paracetamol,,,12,x", "linha_lmip"),
        ("1,A,medicamento,dor_febre,dipirona,S204,,12,x", "não são os da linha"),
        ("1,Rivotril da Casa,mercadoria,sono_bem_estar,,,,18,x", "exige receita"),
        ("1,Dipirona da Casa,mercadoria,dor_febre,,,,18,x", "falta em principios"),
        ("1,A,medicamento,dor_febre,paracetamol,S204,,2,x", "doze anos"),
        ("1,A,mercadoria,pele,,,,dez,x", "idade_minima_anos"),
        ("1,A,mercadoria,pele,,,,1,tome dois comprimidos", "explicação"),
        ("1,A,mercadoria,pele,,,,1,cura tudo", "explicação"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(row: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="linha 2") as raised:
        read_own(_file(tmp_path, row))
    assert says in str(raised.value)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        read_own(_file(tmp_path, "1,,mercadoria,pele,,,,1,x", GOOD, GOOD))
    assert "linha 2" in str(raised.value)
    assert "linha 4: o código “10” já está na linha 3" in str(raised.value)


def test_excel_and_old_csv_are_read_alike(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (HEADER.split(","), GOOD.split(","), MEDICINE.split(",")):
        book.active.append([int(cell) if cell.isdigit() else cell or None for cell in row])
    book.save(tmp_path / "p.xlsx")
    semicolons = tmp_path / "p.csv"
    semicolons.write_bytes("\n".join(r.replace(",", ";") for r in (HEADER, GOOD, MEDICINE)).encode("cp1252"))
    plain = read_own(_file(tmp_path, GOOD, MEDICINE))
    assert read_own(tmp_path / "p.xlsx") == read_own(semicolons) == plain


def test_a_kept_copy_reads_the_same(tmp_path: Path) -> None:
    source, target = _file(tmp_path, GOOD, MEDICINE), tmp_path / "guardado" / "c.csv"
    assert write_own(source, target) == 2
    assert read_own(target) == read_own(source)


@pytest.mark.parametrize("content", [b"", b"nome\nx", b"\x00\xff"])
def test_a_file_that_is_no_table_is_explained(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(UsageError):
        read_own(tmp_path / "x.csv")
    (tmp_path / "x.xlsx").write_bytes(content)
    with pytest.raises(UsageError):
        read_own(tmp_path / "x.xlsx")


def _signed(path: Path, sheet: int = 0, **cells: object) -> Path:
    book = openpyxl.load_workbook(path)
    for name, value in cells.items():
        book.worksheets[sheet].cell(2, (HEADERS, RULE_HEADERS)[sheet].index(name) + 1, value)
    book.save(path)
    return path


FEW = replace(load_catalogue(), products=load_catalogue().products[:4])
SIGNATURE = {"Farmacêutico": "Ana Souza", "CRF": "SP 12345", "Data": "26/11/2026", "Parecer": "aprovado"}


def test_the_review_goes_out_and_comes_back(tmp_path: Path) -> None:
    catalogue, path = FEW, tmp_path / "r.xlsx"
    assert write_sheet(path, catalogue) == (len(catalogue.products), len(list_rules()))
    assert read_sheet(path, catalogue) == {}
    signatures = read_sheet(_signed(_signed(path, **SIGNATURE), sheet=1, **SIGNATURE), catalogue)
    first, first_rule = catalogue.products[0].id, list_rules()[0].code
    assert set(signatures) == {first, first_rule}
    assert signatures[first].crf == "SP 12345"
    found = review(signatures, catalogue)
    assert len(found.unsigned_products) == len(catalogue.products) - 1
    assert len(found.unsigned_rules) == len(list_rules()) - 1
    assert "2 aprovados" in found.summary()


def test_signatures_are_kept_as_they_were_read(tmp_path: Path) -> None:
    catalogue, path = FEW, tmp_path / "r.xlsx"
    write_sheet(path, catalogue)
    signatures = read_sheet(_signed(path, **SIGNATURE), catalogue)
    kept = tmp_path / "pasta" / "assinaturas.csv"
    write_signatures(kept, signatures)
    assert read_signatures(kept) == signatures
    assert read_signatures(tmp_path / "nada.csv") == {}
    kept.write_text("codigo,farmaceutico,crf,data,parecer,versao\nS204,Ana,SP 1,ontem,sim,\n", encoding="utf-8")
    with pytest.raises(UsageError, match="linha 2"):
        read_signatures(kept)


def test_what_changed_after_signing_is_told(tmp_path: Path) -> None:
    catalogue, path = FEW, tmp_path / "r.xlsx"
    write_sheet(path, catalogue)
    old = {**SIGNATURE, "Versão": "velha"}
    signatures = read_sheet(_signed(_signed(path, **old), sheet=1, **old), catalogue)
    found = review(signatures, catalogue)
    assert found.outdated == (catalogue.products[0].id, list_rules()[0].code)
    assert found.approved == 0


def test_a_refused_product_and_a_refused_rule_suggest_no_more(tmp_path: Path) -> None:
    catalogue, path = FEW, tmp_path / "r.xlsx"
    write_sheet(path, catalogue)
    signatures = read_sheet(_signed(path, **{**SIGNATURE, "Parecer": "recusado"}), catalogue)
    assert review(signatures, catalogue).refused == (catalogue.products[0].id,)
    engine = SuggestionEngine.offline(refused=["S204"])
    assert "Paracetamol (comprimido)" not in [i.name for i in engine.suggest(["Tô com dor de cabeça."]).items]
    engine = SuggestionEngine.offline(refused=["necessidade:dor_cabeca", "gestante"])
    assert engine.suggest(["Tô com dor de cabeça."]).rule == "regra_recusada"
    assert engine.suggest(["Tô grávida e com dor de cabeça."]).action == "encaminhar"


def test_every_rule_that_decides_on_a_dialogue_is_one_that_can_be_signed() -> None:
    engine, codes = SuggestionEngine.offline(), {rule.code for rule in list_rules()}
    for expected in written()[::3]:
        answer = engine.suggest(expected.turns)
        if answer.action != "silencio":
            # How long is too long stands in the need's row; a caution is signed with its product.
            code = answer.rule.replace("duracao:", "necessidade:")
            assert code in codes or code.startswith("cautela:"), answer.rule


def test_every_referral_that_the_code_makes_is_in_the_list() -> None:
    codes = {rule.code for rule in list_rules()}
    called = [
        node.args[0]
        for node in ast.walk(ast.parse(inspect.getsource(rules)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refer"
    ]
    made = {name.value for name in called if isinstance(name, ast.Constant)}
    assert "ouvido_de_crianca" in made
    assert made <= codes


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"CRF": "abc"}, "CRF"),
        ({"Parecer": "talvez"}, "parecer"),
        ({"Data": "ontem"}, "data"),
        ({"Farmacêutico": "Ana"}, "nome completo"),
    ],
)
def test_a_signature_by_half_is_named_with_its_line(change: dict[str, str], says: str, tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    write_sheet(path, FEW)
    with pytest.raises(UsageError, match="linha 2") as raised:
        read_sheet(_signed(path, **{**SIGNATURE, **change}), FEW)
    assert says in str(raised.value)
