"""Every report of runs in which something is missing or out of all measure: no crash, and no number that is none."""

from __future__ import annotations

import json
import math
import re
from io import BytesIO

import openpyxl
import pytest

from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.findings import Analysis, Mark
from balto_cli.evaluation.stored_run import FileFacts
from balto_cli.reports.audio_link import AudioLink
from balto_cli.reports.html import html_page
from balto_cli.reports.html.items import page_data
from balto_cli.reports.html.page import embedded_json
from balto_cli.reports.report_table import report_dict, report_text, reports_json
from balto_cli.reports.terminal import summary_json
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from testes.stored_runs import Told, make_run

SAID = ["bom dia tem dipirona de 500 mg", "tem sim"]
LONG = "quero dipirona de 500 mg " * 2_000
ODD: dict[str, list[Told]] = {
    "nothing": [],
    "no reference": [Told("a.wav", None, {"A": ["oi"], "B": ["olá"]})],
    "one file, one provider": [Told("a.wav", SAID, {"A": SAID})],
    "a provider that failed wholly": [
        Told(f"{name}.wav", SAID, {"A": SAID, "B": ["bom dia", "tem"], "Mudo": [None, None]}) for name in "ab"
    ],
    "nobody answered": [Told("a.wav", SAID, {"A": [None, None], "B": [None, None]})],
    "failed in the segments only": [
        Told("a.wav", SAID, {"A": SAID, "B": [None, None]}, whole={"A": "bom dia", "B": "tem sim"})
    ],
    "heard nothing": [Told("a.wav", SAID, {"A": ["", ""], "B": [" ", "…"]})],
    "nothing was said": [Told("a.wav", ["", ""], {"A": ["oi", ""], "B": ["", "tem dipirona"]})],
    "no speech": [Told("a.wav", SAID, {"A": [], "B": []}, whole={"A": "", "B": "oi"})],
    "longer than a cell": [Told("a.wav", [LONG], {"A": [LONG], "B": [LONG.replace("500", "50")]})],
    "formulas": [
        Told("=1+1.wav", ["=1+1", "@soma"], {"=A()": ["=1+1", "+55"], "-B": ["=HYPERLINK(1)", "<b>oi</b>\x00"]})
    ],
    "columns of a manifest": [
        Told(
            f"{name}.wav", SAID, {"A": SAID, "B": ["", None]},
            facts=FileFacts(unit="", details={"Loja": name, "Hora": ""}),
        )
        for name in "ab"
    ],
}  # fmt: skip


def judged(told: list[Told]) -> Analysis:
    run = make_run(told, providers=list(told[0].heard) if told else ["A", "B"])
    marks = {(one.name, "", name): Mark.WRONG_REFERENCE for one in told[:1] for name in list(one.heard)[:1]}
    return analyse(run, revision=marks)


@pytest.mark.parametrize("odd", ODD)
def test_workbooks_hold_no_number_that_is_none(odd: str) -> None:
    analysis = judged(ODD[odd])
    for build in (originals_workbook, segments_workbook):
        content = build(analysis)
        for values in (True, False):
            for sheet in openpyxl.load_workbook(BytesIO(content), data_only=values):
                cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
                assert all(math.isfinite(cell.value) for cell in cells if cell.data_type == "n")
                assert not [cell.coordinate for cell in cells if cell.data_type == "e"]
                assert all(len(cell.value) <= 32_767 for cell in cells if isinstance(cell.value, str))


@pytest.mark.parametrize("odd", ODD)
def test_page_table_and_json_are_made(odd: str) -> None:
    analysis = judged(ODD[odd])
    links = {file.name: AudioLink(None, "sem") for file in analysis.comparison.files}
    shown = re.sub(r"<(style|script)\b.*?</\1>", "", html_page(analysis, links), flags=re.DOTALL)
    for text in (shown, report_text(analysis), embedded_json(page_data(analysis, links, None))):
        assert not re.search(r"\b(nan|inf|infinity)\b", text, re.IGNORECASE)
    for made in (reports_json([report_dict(analysis)]), summary_json(analysis, (), "pasta", ())):
        json.dumps(json.loads(made), allow_nan=False)


def test_a_provider_without_an_answer_has_no_rate_and_costs_the_others_none() -> None:
    analysis = judged(ODD["a provider that failed wholly"])
    for build in (originals_workbook, segments_workbook):
        sheet = openpyxl.load_workbook(BytesIO(build(analysis)), data_only=True)["Resumo"]
        rows = {row[0]: row for row in sheet.iter_rows(values_only=True) if row[0] in ("A", "B", "Mudo")}
        assert rows["Mudo"][1] == "sem resposta"
        assert rows["Mudo"][2:10] == (None,) * 8
        assert rows["A"][1] == 0
        assert rows["B"][1] > 0
    found = {row["provedor"]: row for row in json.loads(summary_json(analysis, (), "pasta", ()))["provedores"]}
    assert (found["Mudo"]["originais"], found["Mudo"]["segmentos"], found["Mudo"]["falhas"]) == (None, None, 6)
    assert found["A"]["originais"]["arquivos"] == found["A"]["segmentos"]["arquivos"] == 2
