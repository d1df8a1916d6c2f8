"""Texts that break workbooks, in plain cells and in rich text, and what XlsxWriter and Excel make of them."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.results import Comparison, FileResult, SegmentResult
from balto_cli.reports import book as book_module
from balto_cli.reports.book import Book
from balto_cli.reports.cell_text import CELL_LIMIT, clean_runs, clean_text, split_runs, without_escapes
from balto_cli.reports.cell_values import CellValue, Rich, Styled
from balto_cli.reports.links import Links
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from testes.analises import analysis_of, heard

HOSTILE = (
    "<r>x</r>", "<r><t>x</t></r>", "<r></r>", "=<r>x</r>", "_x0041_", "a_x000D_b_x0041_c", "_x005F_x0041_",
    "=1+1", "+5", "-5", "@A1", "#N/A", "a\x00\x0bb", "\ud800 \udfff", "\ufffe\uffff", " a ", "\n", "'", "é" * 300, "😀",
    "<r>_x0041_</r>", "{=SOMA(A1)}", "mailto:a@b.c", "internal:x", "http://exemplo.com/a#b", "TRUE", "1e5",
)  # fmt: skip
LOOKS = ("", "errada", "perdida")
texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=20))


def content_of(*values: CellValue) -> bytes:
    book = Book()
    sheet = book.sheet("Folha")
    for row, value in enumerate(values):
        book.write(sheet, row, 0, value, book.look(text_wrap=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # XlsxWriter warns of what it leaves out
        return book.content()


def stored(content: bytes) -> list[str]:
    """Shared strings as Excel reads them: XML first, then `_xHHHH_` in each stretch."""
    with ZipFile(BytesIO(content)) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        if "xl/sharedStrings.xml" not in archive.namelist():
            return []
        root = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return ["".join(decoded(piece.text or "") for piece in item.iter(f"{space}t")) for item in root]


def decoded(text: str) -> str:
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


@pytest.mark.parametrize("text", HOSTILE)
def test_excel_reads_a_plain_text_as_it_was(text: str) -> None:
    assert stored(content_of(text)) == [clean_text(text)]


@pytest.mark.parametrize("text", HOSTILE)
def test_excel_reads_a_rich_text_as_it_was(text: str) -> None:
    assert stored(content_of(Rich((("errada", text), ("", " e "), ("perdida", text))))) == [
        f"{clean_text(text)} e {clean_text(text)}"
    ]
    assert stored(content_of(Styled(text, "errada"))) == [clean_text(text)]


@given(st.lists(st.tuples(st.sampled_from(LOOKS), texts), max_size=5))
@settings(max_examples=60)
def test_no_rich_text_makes_a_workbook_that_does_not_open(runs: list[tuple[str, str]]) -> None:
    text = clean_text("".join(text for _, text in clean_runs(runs)))
    content = content_of(Rich(tuple(runs)))
    assert "".join(stored(content)) == text
    cell = load_workbook(BytesIO(content)).worksheets[0]["A1"]
    assert cell.data_type in ("s", "n")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))


@given(st.lists(st.tuples(st.sampled_from(LOOKS), st.text(st.sampled_from("ab é😀"), max_size=30))), st.integers(2, 9))
def test_the_parts_of_a_long_rich_text_are_the_text(runs: list[tuple[str, str]], limit: int) -> None:
    parts = split_runs(runs, limit)
    assert "".join(text for part in parts for _, text in part) == "".join(text for _, text in runs)
    assert all(sum(len(text.encode("utf-16-le")) // 2 for _, text in part) <= limit for part in parts)


@given(texts)
def test_no_piece_holds_what_excel_would_decode(text: str) -> None:
    pieces = without_escapes(text)
    assert "".join(pieces) == text
    assert not any(re.search("_x[0-9A-Fa-f]{4}_", piece) for piece in pieces)


def test_a_rich_text_over_the_limit_of_a_cell_goes_on_in_further_columns() -> None:
    said = "dipirona " * 4000
    outcome = heard("dipirina " * 4000, said)
    segment = SegmentResult("a_seg_000.wav", 0, 1, 20.0, said, {"Local": outcome})
    comparison = Comparison(("Local",), (FileResult("a.wav", 1.0, reference=said, segments=(segment,)),))
    sheet = load_workbook(BytesIO(segments_workbook(analysis_of(comparison, Part.SEGMENTS))))["Diferenças"]
    row = dict(zip(*sheet.iter_rows(values_only=True), strict=True))
    parts = [row["Local"], row["Local (continuação 2)"]]
    assert "".join(parts).split() == ["dipirina"] * 4000
    assert all(len(part) <= CELL_LIMIT for part in parts)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_whole_workbook_of_hostile_texts_has_no_formula_but_ours(text: str) -> None:
    outcome = heard(text, text)
    name = f"{clean_text(text)}.wav"
    segment = SegmentResult(name, 0, 1, 20.0, text, {"Local": outcome})
    file = FileResult(name, 1.0, problem=text, remarks=(text,), reference=text, outcomes={"Local": outcome},
                      segments=(segment,))  # fmt: skip
    analysis = analysis_of(Comparison(("Local",), (file,)))
    links = Links({name: "a.wav"}, "pagina.html")
    for build in (originals_workbook, segments_workbook):
        content = build(analysis, links=links)
        stored(content)
        book = load_workbook(BytesIO(content))
        formulas = {sheet.title for sheet in book for line in sheet for cell in line if cell.data_type == "f"}
        assert formulas <= {"Resumo", "Diferenças"}
        assert book.worksheets[0]["A2"].value == clean_text(name).replace("x005F_", "")  # which openpyxl leaves out


def test_providers_whose_names_excel_takes_for_the_same_have_tables_all_the_same() -> None:
    names = ("Local", "LOCAL", "local")
    outcomes = {name: heard("tem", "tem") for name in names}
    segment = SegmentResult("a_seg_000.wav", 0, 1, 20.0, "tem", outcomes)
    comparison = Comparison(names, (FileResult("a.wav", 1.0, reference="tem", outcomes=outcomes, segments=(segment,)),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = segments_workbook(analysis_of(comparison, Part.SEGMENTS))
    for sheet in load_workbook(BytesIO(content)):
        for table in sheet.tables.values():
            columns = [column.name.casefold() for column in table.tableColumns]
            assert len(columns) == len(set(columns))


def test_a_sheet_takes_no_more_links_than_excel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "MOST_LINKS", 3)
    book = Book()
    sheet = book.sheet("Folha")
    for row in range(5):
        book.link(sheet, row, 0, f"{row}.wav", f"{row}.wav" if row else "a" * 3000, book.look())
    cells = [cell for (cell,) in load_workbook(BytesIO(book.content())).worksheets[0]]
    assert [cell.value for cell in cells] == [f"{row}.wav" for row in range(5)]
    assert [bool(cell.hyperlink) for cell in cells] == [False, True, True, True, False]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_leaves_the_cell_empty(number: float) -> None:
    assert load_workbook(BytesIO(content_of(number))).worksheets[0]["A1"].value is None
