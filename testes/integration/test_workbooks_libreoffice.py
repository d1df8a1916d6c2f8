"""The workbooks as another program than openpyxl sees them."""

from __future__ import annotations

import csv
import subprocess
from typing import TYPE_CHECKING

import pytest

from balto_cli.evaluation import score_pair
from balto_cli.evaluation.results import Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.reports import originals_workbook, segments_workbook
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
]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    def outcome(text: str) -> Outcome:
        return Outcome(State.OK, text, score=score_pair("tem dipirona", text))

    files = []
    for number, text in enumerate(TEXTS):
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
    profile = f"-env:UserInstallation={(folder / 'perfil').as_uri()}"
    command = [soffice, profile, "--headless", "--convert-to", target, *options, "--outdir", str(folder), str(workbook)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / f"planilha.{target.split(':')[0]}"


@pytest.mark.parametrize("build", [originals_workbook, segments_workbook])
def test_libreoffice_shows_every_text_as_it_was_heard(build, comparison: Comparison, tmp_path: Path) -> None:
    utf8_as_shown = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
    path = converted(build(comparison), tmp_path, utf8_as_shown)
    header, *rows = csv.reader(path.read_text("utf-8").splitlines())
    column = next(index for index, name in enumerate(header) if name.startswith("Transcrição"))
    shown = [row[column] for row in rows]
    assert shown[:7] == TEXTS[:7]
    assert shown[7] == "ok  \ufffd <b>&"
    further = [index for index, name in enumerate(header) if "continuação" in name]
    assert "".join([shown[8], *(rows[8][index] for index in further)]) == TEXTS[8]


def test_libreoffice_prints_both_workbooks(comparison: Comparison, tmp_path: Path) -> None:
    for build in (originals_workbook, segments_workbook):
        assert converted(build(comparison), tmp_path, "pdf").read_bytes().startswith(b"%PDF-")
