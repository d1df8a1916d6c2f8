from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from balto_cli.evaluation import score_pair
from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.results import Comparison, FileResult, Outcome, SegmentResult, State
from balto_cli.reports import workbooks
from balto_cli.reports.book_data import quality_band
from balto_cli.reports.cell_text import CELL_LIMIT, clean_text, split_text
from testes.analises import analysis_of

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SAID = "Tem dipirona? Tem sim."
HOSTILE = [
    "=1+1",
    "+55 11",
    "-5",
    "@SUM(A1)",
    "=cmd|'/c calc'!A1",
    "#N/A",
    "123",
    "0012",
    "<r>x</r>",
    "a&b <c>",
    " ponta ",
]


def originals_workbook(found: Comparison) -> bytes:
    return workbooks.originals_workbook(analysis_of(found, Part.ORIGINALS))


def segments_workbook(found: Comparison) -> bytes:
    return workbooks.segments_workbook(analysis_of(found, Part.SEGMENTS))


def heard(text: str, reference: str | None = SAID) -> Outcome:
    return Outcome(State.OK, text, score=None if reference is None else score_pair(reference, text))


def comparison(*providers: str) -> Comparison:
    failed = Outcome(State.FAILED, reason="O provedor não respondeu em 60 s.")
    whole = {name: heard("tem dipirina tem sim") for name in providers[:1]} | dict.fromkeys(providers[1:], failed)
    first = SegmentResult(
        "a_seg_000.wav",
        0.12,
        1.2,
        23.456,
        "tem dipirona",
        {name: heard("tem dipirina", "tem dipirona") for name in providers},
    )
    second = SegmentResult("a_seg_001.wav", 1.5, 2.0, None, "tem sim", dict.fromkeys(providers, failed))
    return Comparison(
        providers,
        (
            FileResult(
                "sub/a.wav",
                2.5,
                remarks=("cortado no fim", "só o canal direito"),
                reference=SAID,
                outcomes=whole,
                segments=(first, second),
            ),
            FileResult("quebrado.mp3", None, problem="O arquivo não tem áudio."),
        ),
    )


def sheet_of(content: bytes) -> Worksheet:
    return load_workbook(BytesIO(content)).worksheets[0]


def rows_of(content: bytes) -> list[dict[str, Any]]:
    header, *rows = sheet_of(content).iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def one_text(text: str) -> Comparison:
    return Comparison(("Local",), (FileResult(text or "a.wav", 1.0, outcomes={"Local": heard(text, None)}),))


def test_the_columns_people_read_come_first_and_keep_their_names() -> None:
    originals = [cell.value for cell in sheet_of(originals_workbook(comparison("Local", "Gladia")))[1]]
    assert originals == [
        "Nome do Arquivo", "Transcrição Completa (Local)", "Transcrição Completa (Gladia)",
        "Estado", "Motivo", "Observação", "Duração (s)", "Referência", "Palavras na Referência",
        "WER Local", "Erros Local", "Trocas Local", "Omissões Local", "Inserções Local", "Estado Local", "Motivo Local",
        "WER Gladia", "Erros Gladia", "Trocas Gladia", "Omissões Gladia", "Inserções Gladia",
        "Estado Gladia", "Motivo Gladia",
        "Enviado Como Local", "Enviado Como Gladia",
        "Discordância", "Conta no Total", "Palavras no Total",
        "Erros no Total Local", "Erros de Medicamento Local", "Erros no Total Gladia", "Erros de Medicamento Gladia",
    ]  # fmt: skip
    segments = [cell.value for cell in sheet_of(segments_workbook(comparison("Local", "Gladia")))[1]]
    assert segments == [
        "Arquivo Original", "Nome do Segmento", "Duração (s)",
        "Transcrição Local (Segmento)", "Transcrição Gladia (Segmento)",
        "Qualidade", "Faixa de Qualidade", "Acurácia", "Acurácia Local", "Acurácia Gladia",
        "Início (s)", "Fim (s)", "Referência do Segmento", "Palavras na Referência",
        "Erros Local", "Estado Local", "Motivo Local", "Erros Gladia", "Estado Gladia", "Motivo Gladia",
        "Discordância", "Conta no Total", "Palavras no Total",
        "Erros no Total Local", "Erros de Medicamento Local", "Erros no Total Gladia", "Erros de Medicamento Gladia",
    ]  # fmt: skip
    alone = [cell.value for cell in sheet_of(segments_workbook(comparison("Local")))[1]]
    assert [name for name in alone if "Acurácia" in name] == ["Acurácia", "Acurácia Local"]


def test_a_row_says_what_was_measured_as_numbers() -> None:
    file, _ = rows_of(originals_workbook(comparison("Local")))
    assert file["Transcrição Completa (Local)"] == "tem dipirina tem sim"
    counted = [file[name] for name in ("WER Local", "Erros Local", "Trocas Local", "Palavras na Referência")]
    assert counted == [0.25, 1, 1, 4]
    assert (file["Duração (s)"], file["Observação"]) == (2.5, "cortado no fim\nsó o canal direito")
    segment, _ = rows_of(segments_workbook(comparison("Local")))
    assert segment["Arquivo Original"] == "sub/a.wav"
    assert segment["Duração (s)"] == 1.08
    assert (segment["Qualidade"], segment["Faixa de Qualidade"]) == (23.5, "boa")
    assert (segment["Acurácia"], segment["Referência do Segmento"]) == (0.5, "tem dipirona")


def test_a_failed_call_is_a_state_with_a_reason_and_never_a_text() -> None:
    file, _ = rows_of(originals_workbook(comparison("Local", "Gladia")))
    assert file["Transcrição Completa (Gladia)"] is None
    assert (file["Estado Gladia"], file["Motivo Gladia"]) == ("falha", "O provedor não respondeu em 60 s.")
    assert (file["WER Gladia"], file["Erros Gladia"]) == (None, None)
    _, segment = rows_of(segments_workbook(comparison("Local")))
    assert (segment["Transcrição Local (Segmento)"], segment["Acurácia"], segment["Estado Local"]) == (
        None,
        None,
        "falha",
    )


def test_a_file_without_audio_is_a_row_with_its_reason() -> None:
    _, broken = rows_of(originals_workbook(comparison("Local")))
    assert (broken["Nome do Arquivo"], broken["Estado"]) == ("quebrado.mp3", "falha")
    assert broken["Motivo"] == "O arquivo não tem áudio."
    assert broken["Estado Local"] == "não feita"


def test_words_heard_where_none_were_said_are_errors_without_a_rate() -> None:
    segment = SegmentResult("a_seg_000.wav", 0, 1, 5.0, "", {"Local": heard("legendas pela comunidade", "")})
    (row,) = rows_of(segments_workbook(Comparison(("Local",), (FileResult("a.wav", 1.0, segments=(segment,)),))))
    assert (row["Acurácia"], row["Erros Local"], row["Palavras na Referência"]) == (None, 3, 0)


def test_a_provider_that_hears_more_wrong_words_than_were_said_has_no_negative_accuracy() -> None:
    assert heard("a b c d e f g h", "um").accuracy == 0.0


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_text_whatever_it_begins_with(text: str) -> None:
    row = sheet_of(originals_workbook(one_text(text)))[2]
    for cell in row[:2]:
        assert (cell.data_type, cell.value) == ("s", text)
        assert cell.quotePrefix == (text[0] in "=+-@")


@given(st.text(st.characters(), max_size=40))
@settings(max_examples=30)
def test_no_text_makes_a_workbook_that_does_not_open(text: str) -> None:
    (row,) = rows_of(originals_workbook(one_text(text)))
    assert (row["Transcrição Completa (Local)"] or "") == clean_text(text)


def test_control_characters_and_broken_unicode_are_cleaned() -> None:
    assert clean_text("a\x00b\x1bc\r\nd\ud800e\uffff\tf") == "a b c\nd\ufffde\ufffd\tf"


def test_a_text_over_the_limit_of_a_cell_goes_on_in_columns_at_the_end() -> None:
    text = "dipirona " * 8000
    content = originals_workbook(one_text(text))
    (row,) = rows_of(content)
    names = ["Transcrição Completa (Local)", *(f"Transcrição Completa (Local) (continuação {n})" for n in (2, 3))]
    assert "".join(row[name] for name in names) == text
    assert list(row)[-2:] == [cell.value for cell in sheet_of(content)[1]][-2:]
    assert all(len(row[name]) <= CELL_LIMIT for name in names)


@given(st.text(st.sampled_from("ab é\n😀"), max_size=60), st.integers(2, 9))
def test_the_parts_of_a_long_text_are_the_text(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert "".join(parts) == text
    assert all(len(part.encode("utf-16-le")) // 2 <= limit for part in parts)


def test_a_long_text_is_cut_between_words() -> None:
    assert split_text("um dois três", 6) == ["um ", "dois ", "três"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_an_empty_cell(number: float) -> None:
    segment = SegmentResult("a_seg_000.wav", 0, 1, number, None, {})
    (row,) = rows_of(segments_workbook(Comparison(("Local",), (FileResult("a.wav", number, segments=(segment,)),))))
    assert row["Qualidade"] is None


def test_the_sheet_is_first_frozen_and_a_table_with_filters() -> None:
    for content, name, pane in (
        (originals_workbook(comparison("Local")), "Relatorio_Originais", "B2"),
        (segments_workbook(comparison("Local")), "Relatorio_Segmentos", "C2"),
    ):
        sheet = sheet_of(content)
        assert (sheet.title, sheet.freeze_panes, sheet.max_row) == (name, pane, 3)
        table = sheet.tables[name]
        assert (table.ref, table.autoFilter.ref) == (sheet.dimensions, sheet.dimensions)


def test_a_comparison_without_segments_still_gives_both_workbooks() -> None:
    empty = Comparison(("Local",), ())
    assert sheet_of(segments_workbook(empty)).max_row == 1
    assert sheet_of(originals_workbook(empty)).max_row == 1


def test_equal_results_give_equal_bytes() -> None:
    assert originals_workbook(comparison("Local")) == originals_workbook(comparison("Local"))
    assert segments_workbook(comparison("Local")) == segments_workbook(comparison("Local"))


def test_every_part_of_the_workbook_is_well_formed() -> None:
    with ZipFile(BytesIO(originals_workbook(one_text("\x0b<&>\ud83d")))) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))


@pytest.mark.parametrize(
    ("snr_db", "band"),
    [(35.0, "boa"), (20.0, "boa"), (19.9, "média"), (10.0, "média"), (9.9, "ruim"), (-3.0, "ruim"), (None, "")],
)
def test_quality_has_a_word(snr_db: float | None, band: str) -> None:
    assert quality_band(snr_db) == band
