"""References in the tables that people keep: whatever the columns are called, whatever Excel wrote."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.audio.inputs import find_inputs
from balto_cli.evaluation.gathering import Gathered, gather
from balto_cli.evaluation.reference_table import is_table_name, parse_table
from balto_cli.evaluation.references import mend_encoding, parse_reference
from testes.doubles import Silent
from testes.gravacoes import speech


def xlsx(*rows: tuple[object, ...], title_rows: int = 0) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for _ in range(title_rows):
        sheet.append(["Gravações de novembro"])
    for row in rows:
        sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize("header", ["arquivo;referência", "NOME DO ARQUIVO;Transcrição", "file;text", "Áudio;Texto"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_columns_are_found_by_their_header_in_whatever_was_saved(header: str, encoding: str, delimiter: str) -> None:
    text = f"{header}\r\na.wav;não é avó\r\n".replace(";", delimiter)
    table = parse_table(text.encode(encoding), name="t.csv")
    assert table is not None
    (row,) = table.rows
    assert (row.file, row.text, row.line, row.details) == ("a.wav", "não é avó", 2, {})


def test_a_workbook_is_read_below_its_title_with_cells_as_people_see_them() -> None:
    moment = datetime(2026, 11, 3, 9, 30)
    data = xlsx(("Arquivo", "Referência", "Loja", "Data e hora"), ("a.wav", "bom dia", 12.0, moment), title_rows=2)
    table = parse_table(data, name="t.xlsx")
    assert table is not None
    (row,) = table.rows
    assert (row.text, row.line) == ("bom dia", 4)
    assert row.details == {"Loja": "12", "Data e hora": "2026-11-03 09:30"}


def test_json_lines_of_other_tools_are_read() -> None:
    line = {"audio_filepath": "a.wav", "text": "bom dia", "duration": 3}
    table = parse_table((json.dumps(line) + "\n\n").encode(), name="t.jsonl")
    assert table is not None
    assert (table.rows[0].text, table.rows[0].details) == ("bom dia", {"duration": "3"})


def test_alternatives_are_marks_only_where_the_table_declares_them() -> None:
    plain = parse_table(b"arquivo;texto\na;{a / b}\n", name="t.csv")
    in_header = parse_table("arquivo;Referência (alternativas)\na;{a / b}\n".encode(), name="t.csv")
    in_column = parse_table(b"arquivo;texto;formato\na;{a / b}\nb;{c}\n", name="t.csv")
    by_row = parse_table(b"arquivo;texto;formato\na;{a / b};alternativas\nb;{c};\n", name="t.csv")
    assert [row.alternatives for table in (plain, in_header, in_column, by_row) if table for row in table.rows] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"produto;preco\ndipirona;10\n",
        b"so uma coluna\n",
        b"",
        "Nome do Arquivo,Transcrição Completa (Local),Referência\na.wav,oi,oi\n".encode(),
        "Arquivo Original;Nome do Segmento;Duração (s)\na.wav;a_seg_000.wav;3\n".encode(),
    ],
)
def test_what_does_not_speak_of_recordings_or_is_our_own_is_no_table(data: bytes) -> None:
    assert parse_table(data, name="t.csv") is None


def test_our_own_workbook_is_no_table_whatever_its_other_sheets_hold() -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["Nome do Arquivo", "Transcrição Completa (Local)", "Referência"])
    book.create_sheet("Suspeitas").append(["Arquivo", "Referência"])
    data = io.BytesIO()
    book.save(data)
    assert parse_table(data.getvalue(), name="Relatorio_Originais.xlsx") is None


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"PK\x03\x04 nada", "t.xlsx"),
        (b"nada", "t.xlsx"),
        (b"{\n", "t.jsonl"),
        (b"[1]\n", "t.jsonl"),
        (b"\0\1\2\3", "t.csv"),
    ],
)
def test_a_damaged_table_says_so_in_one_sentence(data: bytes, name: str) -> None:
    table = parse_table(data, name=name)
    assert table is not None
    assert table.rows == ()
    assert table.problem.startswith(name)
    assert table.problem.endswith(".")


@given(st.binary(max_size=80), st.sampled_from(["t.csv", "t.jsonl", "t.xlsx", "t.tsv"]))
def test_no_bytes_make_reading_fail(data: bytes, name: str) -> None:
    parse_table(data, name=name)


def test_garbled_accents_are_brought_back_and_said() -> None:
    garbled = "não é avó, são três".encode().decode("cp1252")
    reference = parse_reference(garbled.encode(), name="a.txt")
    assert (reference.text, reference.mended) == ("não é avó, são três", True)
    assert not parse_reference("não é avó, são três".encode(), name="a.txt").mended


@given(st.text(alphabet="abçãéíôõúàü –“”ºª€ .,?", max_size=60))
def test_portuguese_is_never_changed(text: str) -> None:
    assert mend_encoding(text) == text


def test_which_files_are_tables_is_told_by_their_names() -> None:
    assert [is_table_name(name) for name in ("a.CSV", "a.xlsx", "a.jsonl", "~$a.xlsx", ".a.csv", "a.txt", "a.xls")] == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def gathered(folder: Path) -> tuple[Gathered, dict[str, str], list[str]]:
    silent = Silent()
    files = find_inputs([folder]).files
    found = gather(files, silent)
    texts = {file.name: found.references[file.path].text for file in files if file.path in found.references}
    return found, texts, silent.lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav", "sub/c.wav", "sub/a.wav"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(speech(2))
    return tmp_path


def test_a_table_names_recordings_by_path_name_or_stem(folder: Path) -> None:
    (folder / "t.csv").write_text("arquivo;texto\nb;dois\nsub\\c.wav;três\na.wav;um\n", "utf-8")
    _, texts, lines = gathered(folder)
    assert texts == {"a.wav": "um", "b.wav": "dois", "sub/c.wav": "três"}
    assert lines == []


def test_a_name_that_two_folders_have_is_not_guessed(folder: Path) -> None:
    (folder / "sub" / "t.csv").write_text("arquivo;texto\na.wav;de baixo\nb.wav;de cima\n", "utf-8")
    _, texts, lines = gathered(folder)
    assert texts == {"sub/a.wav": "de baixo"}
    assert lines == ["t.csv: 1 linha sem gravação: b.wav."]


def test_double_empty_and_orphan_rows_are_said_and_a_text_file_wins(folder: Path) -> None:
    (folder / "b.txt").write_text("do texto", "utf-8")
    (folder / "t.csv").write_text(
        "arquivo;texto;loja\na.wav;um;Centro\na.wav;outro;Norte\nb.wav;da tabela;Sul\nsub/c.wav;;\nx.wav;nada;\n",
        "utf-8",
    )
    found, texts, lines = gathered(folder)
    assert texts == {"a.wav": "um", "b.wav": "do texto"}
    assert lines == [
        "t.csv: 1 linha sem gravação: x.wav.",
        "t.csv: 1 gravação repetida, vale a primeira linha: a.wav (linhas 2 e 3).",
        "t.csv: 1 linha sem texto de referência: sub/c.wav.",
        "t.csv: 1 gravação que já tem outra referência, que é a que vale: b.wav.",
    ]
    assert found.facts[folder / "b.wav"].details == {"loja": "Sul"}


def test_a_list_of_something_else_is_passed_over(folder: Path) -> None:
    (folder / "clientes.csv").write_text("nome;telefone\nMaria;1234\n", "utf-8")
    found, _, lines = gathered(folder)
    assert (found.references, found.facts, lines) == ({}, {}, [])


def test_a_table_above_is_read_and_the_nearer_one_counts(folder: Path) -> None:
    (folder / "t.csv").write_text("arquivo;loja;turno\nsub/c.wav;Centro;manhã\n", "utf-8")
    (folder / "sub" / "t.csv").write_text("arquivo;loja\nc.wav;Norte\n", "utf-8")
    found, _, _ = gathered(folder)
    assert found.facts[folder / "sub" / "c.wav"].details == {"loja": "Norte", "turno": "manhã"}


def test_a_conversation_column_makes_the_unit(folder: Path) -> None:
    (folder / "t.csv").write_text("arquivo;Conversa\na.wav;17\nb.wav;17\n", "utf-8")
    found, texts, _ = gathered(folder)
    assert texts == {}
    assert {facts.unit for facts in found.facts.values()} == {"17"}


def test_a_bad_cell_leaves_the_file_with_a_problem(folder: Path) -> None:
    (folder / "t.csv").write_text("arquivo;texto\na.wav;...\n", "utf-8")
    found, _, _ = gathered(folder)
    assert found.references[folder / "a.wav"].problem == "A referência da linha 2 de t.csv não tem nenhuma palavra."


def test_beside_a_recording_that_was_named_alone_what_belongs_to_others_is_not_told(folder: Path) -> None:
    (folder / "a.txt").write_text("um", "utf-8")
    (folder / "z.txt").write_text("de ninguém", "utf-8")
    (folder / "t.csv").write_text("arquivo;texto\na.wav;um\ny.wav;nada\n", "utf-8")
    files = find_inputs([folder / "a.wav"]).files
    alone, in_folder = Silent(), Silent()
    found = gather(files, alone, whole=())
    gather(files, in_folder, whole=[folder])
    assert found.references[folder / "a.wav"].text == "um"
    assert alone.lines == []
    assert in_folder.lines == ["Referências sem gravação (1): z.txt.", "t.csv: 1 linha sem gravação: y.wav."]
