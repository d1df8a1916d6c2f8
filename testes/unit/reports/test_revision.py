from __future__ import annotations

import errno
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from balto_cli.errors import UsageError
from balto_cli.evaluation.findings import Mark, Part
from balto_cli.reports.delivery import write_workbooks
from balto_cli.reports.revision import read_revision
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from testes.analises import RUN, analysis_of, example

RATES = {"ElevenLabs": 0.05, "Gladia": 0.15}
MARKS = {
    ("balcao00.wav", "balcao00_seg_002.wav", "Gladia"): Mark.ACCEPTABLE,
    ("balcao00.wav", "balcao00_seg_005.wav", "ElevenLabs"): Mark.SEVERE,
    ("balcao01.wav", "balcao01_seg_000.wav", "Gladia"): Mark.WRONG_REFERENCE,
}
ANALYSIS = analysis_of(example(RATES, files=2))


def mark(path: Path, segment: str, provider: str, text: str | None) -> None:
    """Write into a Revisão column, as a person does."""
    book = load_workbook(path)
    sheet = book["Diferenças"]
    headers = [cell.value for cell in sheet[1]]
    names = "Segmento" if "Segmento" in headers else "Arquivo"
    for line in sheet.iter_rows(min_row=2):
        if line[headers.index(names)].value == segment:
            line[headers.index(f"Revisão {provider}")].value = text
    book.save(path)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "planilha.xlsx"
    path.write_bytes(content)
    return path


def test_marks_that_were_written_are_read_back(tmp_path: Path) -> None:
    assert read_revision(written(tmp_path, segments_workbook(ANALYSIS, marks=MARKS))) == MARKS
    whole = {("balcao01.wav", "", "Gladia"): Mark.SEVERE}
    assert read_revision(written(tmp_path, originals_workbook(ANALYSIS, marks=whole))) == whole
    assert read_revision(written(tmp_path, segments_workbook(ANALYSIS))) == {}


def test_a_person_s_marks_are_read_whatever_the_spaces_and_capitals(tmp_path: Path) -> None:
    path = written(tmp_path, segments_workbook(ANALYSIS))
    mark(path, "balcao00_seg_002.wav", "Gladia", " Erro  Grave ")
    assert read_revision(path) == {("balcao00.wav", "balcao00_seg_002.wav", "Gladia"): Mark.SEVERE}


def test_a_workbook_with_a_broken_sheet_is_refused_in_words(tmp_path: Path) -> None:
    path, broken = written(tmp_path, segments_workbook(ANALYSIS)), tmp_path / "quebrada.xlsx"
    with ZipFile(path) as whole, ZipFile(broken, "w") as part:
        for name in whole.namelist():
            data = whole.read(name)
            part.writestr(name, data[: len(data) // 2] if name.startswith("xl/worksheets/sheet") else data)
    with pytest.raises(UsageError, match=r"quebrada\.xlsx não é uma planilha do Excel"):
        read_revision(broken)


def test_a_mark_that_is_none_of_ours_is_named_with_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, segments_workbook(ANALYSIS))
    mark(path, "balcao00_seg_002.wav", "Gladia", "talvez")
    with pytest.raises(UsageError, match=r'"talvez" não é uma revisão \(Diferenças, linha \d+\): escolha'):
        read_revision(path)


def test_marks_survive_sorting_and_columns_of_the_person(tmp_path: Path) -> None:
    path = written(tmp_path, segments_workbook(ANALYSIS, marks=MARKS))
    book = load_workbook(path)
    sheet = book["Diferenças"]
    sheet.tables.clear()
    sheet.insert_cols(1)
    sheet["A1"] = "minhas notas"
    lines = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=2)]
    for number, line in enumerate(reversed(lines), start=2):
        for column, value in enumerate(line, start=1):
            sheet.cell(number, column).value = value
    book.save(path)
    assert read_revision(path) == MARKS


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 quebrado", b"texto"])
def test_what_is_no_workbook_is_told(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError, match="não é uma planilha"):
        read_revision(written(tmp_path, content))
    with pytest.raises(UsageError, match="o caminho não existe"):
        read_revision(tmp_path / "nada.xlsx")


def test_a_workbook_without_columns_for_marks_is_told(tmp_path: Path) -> None:
    from openpyxl import Workbook

    Workbook().save(tmp_path / "outra.xlsx")
    with pytest.raises(UsageError, match="não tem colunas Revisão"):
        read_revision(tmp_path / "outra.xlsx")


def test_the_workbooks_of_the_parts_that_were_asked_for_are_written(tmp_path: Path) -> None:
    saved = write_workbooks(ANALYSIS, tmp_path / "planilhas", tmp_path / "execucao")
    assert [book.path.name for book in saved] == ["Relatorio_Originais.xlsx", "Relatorio_Segmentos.xlsx"]
    (book,) = write_workbooks(analysis_of(ANALYSIS.comparison, Part.SEGMENTS), tmp_path / "b", tmp_path / "execucao")
    assert (book.path, book.note) == (tmp_path / "b" / "Relatorio_Segmentos.xlsx", None)


def test_a_new_workbook_of_the_same_run_carries_the_marks_over(tmp_path: Path) -> None:
    output = tmp_path / "planilhas"
    originals, segments = write_workbooks(ANALYSIS, output, tmp_path / "execucao")
    mark(segments.path, "balcao00_seg_002.wav", "Gladia", "aceitável")
    mark(originals.path, "balcao01.wav", "ElevenLabs", "erro grave")
    for _ in range(2):
        originals, segments = write_workbooks(ANALYSIS, output, tmp_path / "execucao")
        assert read_revision(segments.path) == {("balcao00.wav", "balcao00_seg_002.wav", "Gladia"): Mark.ACCEPTABLE}
        assert read_revision(originals.path) == {("balcao01.wav", "", "ElevenLabs"): Mark.SEVERE}
    assert len(list(output.glob("Relatorio_Segmentos_*.xlsx"))) == 1


def test_another_run_begins_without_marks_and_the_reviewed_workbook_is_kept(tmp_path: Path) -> None:
    from dataclasses import replace

    output = tmp_path / "planilhas"
    _, segments = write_workbooks(ANALYSIS, output, tmp_path / "execucao")
    mark(segments.path, "balcao00_seg_002.wav", "Gladia", "aceitável")
    other = analysis_of(ANALYSIS.comparison, Part.SEGMENTS, run=replace(RUN, name="2026-11-04_080000"))
    (segments,) = write_workbooks(other, output, tmp_path / "execucao")
    assert read_revision(segments.path) == {}
    (kept,) = output.glob("Relatorio_Segmentos_*.xlsx")
    assert len(read_revision(kept)) == 1


def test_marks_that_are_given_win_over_those_that_stand_there(tmp_path: Path) -> None:
    output = tmp_path / "planilhas"
    key = ("balcao00.wav", "balcao00_seg_002.wav", "Gladia")
    write_workbooks(ANALYSIS, output, tmp_path, revision={key: Mark.ACCEPTABLE})
    _, segments = write_workbooks(ANALYSIS, output, tmp_path, revision={key: Mark.SEVERE})
    assert read_revision(segments.path) == {key: Mark.SEVERE}


def test_a_mark_that_cannot_be_read_is_told_and_its_workbook_kept(tmp_path: Path) -> None:
    output = tmp_path / "planilhas"
    _, segments = write_workbooks(ANALYSIS, output, tmp_path / "execucao")
    mark(segments.path, "balcao00_seg_002.wav", "Gladia", "talvez")
    _, segments = write_workbooks(ANALYSIS, output, tmp_path / "execucao")
    assert segments.note is not None
    assert "As revisões de Relatorio_Segmentos.xlsx não passaram para a nova" in segments.note
    assert len(list(output.glob("Relatorio_Segmentos_*.xlsx"))) == 1


def test_links_are_those_of_the_folder_that_took_the_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    recording = tmp_path / "áudio" / "balcao00.wav"
    recording.parent.mkdir()
    recording.touch()
    refused, run = tmp_path / "planilhas", tmp_path / "outra" / "execucao"
    move = Path.replace

    def full(self: Path, target: Path) -> Path:
        if self.parent == refused:
            raise OSError(errno.ENOSPC, "No space left on device")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", full)
    analysis = replace(analysis_of(ANALYSIS.comparison, Part.SEGMENTS), audio={"balcao00.wav": str(recording)})
    (book,) = write_workbooks(analysis, refused, run)
    assert book.path.parent == run
    assert load_workbook(book.path).worksheets[0]["A2"].hyperlink.target == "../../%C3%A1udio/balcao00.wav"
