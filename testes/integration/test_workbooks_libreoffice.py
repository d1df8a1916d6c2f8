"""The workbooks as another program than openpyxl sees them: opened, recalculated, printed."""

from __future__ import annotations

import csv
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from balto_cli.evaluation import score_pair
from balto_cli.evaluation.findings import Mark, Part
from balto_cli.evaluation.results import Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from testes.analises import analysis_of, example
from testes.tools import require_tool

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [
    "=1+1",
    '=HYPERLINK("http://exemplo")',
    "+5",
    "-5",
    "@A1",
    "#N/A",
    "1e5",
    "ok\x00 \ud800 <b>&",
    "dipirona " * 8000,
    "<r><t>x</t></r>",
    "_x0041_",
]
RATES = {"ElevenLabs": 0.05, "Gladia": 0.15, "Local small": 0.3}
BUILDERS = {Part.ORIGINALS: originals_workbook, Part.SEGMENTS: segments_workbook}
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>
"""


def comparison(texts: list[str]) -> Comparison:
    """One file with one segment a text."""

    def outcome(text: str) -> Outcome:
        return Outcome(State.OK, text, score=score_pair("tem dipirona", text))

    files = []
    for number, text in enumerate(texts):
        segment = SegmentResult(f"{number}_seg_000.wav", 0.0, 1.5, 12.3, "tem dipirona", {"Local": outcome(text)})
        files.append(
            FileResult(
                f"{number}.wav", 2.5, reference="tem dipirona", outcomes={"Local": outcome(text)}, segments=(segment,)
            )
        )
    return Comparison(("Local",), tuple(files))


def converted(content: bytes, folder: Path, target: str, *options: str) -> Path:
    """Let LibreOffice open a workbook and write it as `target`, with a profile of its own."""
    soffice = require_tool("soffice")
    workbook = folder / "planilha.xlsx"
    workbook.write_bytes(content)
    user = folder / "perfil" / "user"
    user.mkdir(parents=True, exist_ok=True)
    (user / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE, "utf-8")
    profile = f"-env:UserInstallation={(folder / 'perfil').as_uri()}"
    out = folder / "saida"
    command = [soffice, profile, "--headless", "--convert-to", target, *options, "--outdir", str(out), str(workbook)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return out / f"planilha.{target.split(':')[0]}"


def cells(path: Path) -> dict[tuple[str, str], Any]:
    """Every value of a workbook by sheet and cell, formulas as what they amount to."""
    book = load_workbook(path, data_only=True)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book
        for line in sheet
        for cell in line
        if cell.value not in (None, "")
    }


@pytest.mark.parametrize("part", list(Part))
def test_libreoffice_shows_every_text_as_it_was_heard(part: Part, tmp_path: Path) -> None:
    utf8_as_shown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
    path = converted(BUILDERS[part](analysis_of(comparison(TEXTS))), tmp_path, utf8_as_shown)
    header, *rows = csv.reader(path.read_text("utf-8").splitlines())
    column = next(index for index, name in enumerate(header) if name.startswith("Transcrição"))
    shown = [row[column] for row in rows]
    assert shown[:7] == TEXTS[:7]
    assert shown[7] == "ok  \ufffd <b>&"
    further = [index for index, name in enumerate(header) if name.startswith("Transcrição") and "continuação" in name]
    assert "".join([shown[8], *(rows[8][index] for index in further)]) == TEXTS[8]
    assert shown[9:] == TEXTS[9:]


@pytest.mark.parametrize("part", list(Part))
def test_libreoffice_calculates_what_is_stored(part: Part, tmp_path: Path) -> None:
    comparison = example(RATES, files=4)
    name = comparison.files[0].segments[1].name if part is Part.SEGMENTS else ""
    marks = {
        ("balcao00.wav", name, "Gladia"): Mark.ACCEPTABLE,
        ("balcao01.wav", name.replace("00_", "01_", 1), "Local small"): Mark.WRONG_REFERENCE,
        ("balcao02.wav", name.replace("00_", "02_", 1), "Gladia"): Mark.SEVERE,
    }
    content = BUILDERS[part](analysis_of(comparison), marks=marks)
    recalculated = cells(converted(content, tmp_path, "xlsx"))
    stored = cells(tmp_path / "planilha.xlsx")
    assert recalculated.keys() == stored.keys()
    for place, value in stored.items():
        expected = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
        assert recalculated[place] == expected, place


def test_a_mark_that_a_person_chooses_changes_the_summary(tmp_path: Path) -> None:
    """Without stored values, so that what LibreOffice says is what it calculated; the oracle is the marked workbook."""
    analysis = analysis_of(example(RATES, files=4), Part.SEGMENTS)
    path = tmp_path / "revisada.xlsx"
    path.write_bytes(segments_workbook(analysis))
    book = load_workbook(path)
    sheet = book["Diferenças"]
    headers = [cell.value for cell in sheet[1]]
    marks = {}
    for line, mark in zip(
        sheet.iter_rows(min_row=2), (Mark.WRONG_REFERENCE, Mark.ACCEPTABLE, Mark.SEVERE), strict=False
    ):
        line[headers.index("Revisão Gladia")].value = str(mark)
        marks[str(line[0].value), str(line[1].value), "Gladia"] = mark
    book.save(path)
    recalculated = cells(converted(path.read_bytes(), tmp_path, "xlsx"))
    path.write_bytes(segments_workbook(analysis, marks=marks))
    expected = cells(path)
    before = tmp_path / "antes.xlsx"
    before.write_bytes(segments_workbook(analysis))
    unmarked = cells(before)
    changed = {place for place, value in expected.items() if place[0] == "Resumo" and unmarked.get(place) != value}
    assert len(changed) >= 4
    for place in changed:
        assert recalculated[place] == pytest.approx(expected[place]), place


def test_libreoffice_prints_both_workbooks(tmp_path: Path) -> None:
    """Every odd text, and one of several lines: laying out 70,000 characters takes a minute and shows nothing more."""
    analysis = analysis_of(comparison([text if len(text) < 1000 else "dipirona " * 100 for text in TEXTS]))
    for build in (originals_workbook, segments_workbook):
        assert converted(build(analysis), tmp_path, "pdf").read_bytes().startswith(b"%PDF-")
