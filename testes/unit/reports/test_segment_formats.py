"""The tables of segments, as spreadsheets, scripts, Audacity and scorers read them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from balto_cli.reports.segment_formats import SegmentRow, audacity_text, csv_text, json_text, rttm_text

ROWS = [
    SegmentRow("sub/uma fala.wav", "sub/uma fala_seg_000.wav", 0.9, 4.19, 3.29, "pausa", 18.04),
    SegmentRow("sub/uma fala.wav", "sub/uma fala_seg_001.wav", 4.5, 24.5, 20.0, "limite", None),
]


def test_the_csv_has_the_columns_that_people_script_and_no_others() -> None:
    text = csv_text(ROWS)
    assert text.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert table[0] == ["Arquivo Original", "Nome do Segmento", "Início (s)", "Fim (s)", "Duração (s)"]
    assert table[1] == ["sub/uma fala.wav", "sub/uma fala_seg_000.wav", "0.900", "4.190", "3.290"]


def test_a_name_that_looks_like_a_formula_is_spelt_harmlessly() -> None:
    assert "./=fala.wav" in csv_text([ROWS[0]._replace(original="=fala.wav")])


def test_the_json_table_says_why_and_how_clear() -> None:
    data = json.loads(json_text(Path("saida"), ROWS, [("ruim.wav", "o arquivo está vazio")]))
    assert data["segmentos"][0]["Corte"] == "pausa"
    assert data["segmentos"][0]["SNR (dB)"] == 18.0
    assert data["segmentos"][1]["SNR (dB)"] is None
    assert data["segmentos"][1]["Fim (s)"] == 24.5
    assert data["falhas"] == [{"arquivo": "ruim.wav", "motivo": "o arquivo está vazio"}]


def test_audacity_reads_begin_end_and_label() -> None:
    assert audacity_text(ROWS) == "0.900\t4.190\tseg_000 pausa\n4.500\t24.500\tseg_001 limite\n"


def test_rttm_has_ten_fields_whatever_the_name() -> None:
    lines = rttm_text(ROWS).splitlines()
    assert lines[0] == "SPEAKER sub/uma_fala.wav 1 0.900 3.290 <NA> <NA> fala <NA> <NA>"
    assert all(len(line.split()) == 10 for line in lines)
