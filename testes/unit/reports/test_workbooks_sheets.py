"""What stands in the sheets after the first one."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock

from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.findings import Analysis, Mark, Part, PartAnalysis
from balto_cli.evaluation.places import FileErrors
from balto_cli.evaluation.rates import Interval
from balto_cli.evaluation.results import Comparison, FileResult, SegmentResult
from balto_cli.evaluation.scores import Score, sum_scores
from balto_cli.reports.links import Links
from balto_cli.reports.sheet import PAGE_WIDTH
from balto_cli.reports.workbooks import originals_workbook, segments_workbook
from testes.analises import analysis_of, example, failed, heard, stored_run_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

RATES = {"ElevenLabs": 0.05, "Gladia": 0.15, "Local small": 0.3}
BUILDERS = {Part.ORIGINALS: originals_workbook, Part.SEGMENTS: segments_workbook}


def opened(content: bytes, **options: Any) -> Workbook:
    return load_workbook(BytesIO(content), **options)


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    header, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(header, line, strict=True)) for line in lines]


def provider_table(sheet: Worksheet) -> list[dict[str, Any]]:
    """The table of Resumo, which is not in row 1."""
    cells = sheet[sheet.tables["Resumo_Provedores"].ref]
    header, *lines = [[cell.value for cell in line] for line in cells]
    return [dict(zip(header, line, strict=True)) for line in lines]


def one_segment(reference: str | None, *texts: str | None) -> Comparison:
    """One file of one segment; None is a failed call."""
    names = tuple(f"P{number}" for number, _ in enumerate(texts))
    outcomes = {
        name: failed() if text is None else heard(text, reference) for name, text in zip(names, texts, strict=True)
    }
    segment = SegmentResult("a_seg_000.wav", 0.5, 2.0, 20.0, reference, outcomes)
    return Comparison(names, (FileResult("a.wav", 2.5, reference=reference, segments=(segment,)),))


def look_of(piece: TextBlock) -> tuple[bool, bool, str | None]:
    """Bold, struck, colour."""
    return bool(piece.font.b), bool(piece.font.strike), piece.font.color.rgb if piece.font.color else None


def differences(comparison: Comparison) -> Worksheet:
    content = segments_workbook(analysis_of(comparison, Part.SEGMENTS))
    return opened(content, rich_text=True)["Diferenças"]


@pytest.mark.parametrize("part", list(Part))
def test_the_summary_is_shown_on_opening_and_every_sheet_has_its_place(part: Part) -> None:
    book = opened(BUILDERS[part](analysis_of(example(RATES, files=3))))
    first = "Relatorio_Originais" if part is Part.ORIGINALS else "Relatorio_Segmentos"
    assert book.sheetnames == [
        first, "Resumo", "Diferenças", "Confusões", "Medicamentos", "Suspeitas", "Falhas", "Configuração",
    ]  # fmt: skip
    assert book.active is book["Resumo"]
    names = [name.casefold() for sheet in book for name in sheet.tables]
    assert len(names) == len(set(names))
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.sheet_properties.pageSetUpPr.fitToPage) == ("landscape", True)
        if sheet.title != "Resumo":
            assert sheet.print_title_rows == "$1:$1"
            assert sheet.freeze_panes[-1] == "2"
            columns = [one.width for one in sheet.column_dimensions.values()]
            assert sum(columns) / (sheet.page_setup.fitToWidth or 1) <= PAGE_WIDTH + len(columns)
            assert sheet.print_title_cols.startswith("$A:")


@pytest.mark.parametrize("part", list(Part))
def test_totals_are_formulas_with_the_values_of_the_analysis_beside_them(part: Part) -> None:
    analysis = analysis_of(example(RATES))
    content = BUILDERS[part](analysis)
    formulas = provider_table(opened(content)["Resumo"])
    values = provider_table(opened(content, data_only=True)["Resumo"])
    for written, shown, scores in zip(formulas, values, analysis.parts[part].providers, strict=True):
        for column in ("WER", "WER revisado", "Erros", "Palavras", "Erros de medicamento", "Chamadas falhas"):
            assert str(written[column]).startswith("=")
        assert "Relatorio_" in written["Erros"]
        assert shown["WER"] == pytest.approx(scores.wer.value)
        assert shown["WER revisado"] == pytest.approx(scores.wer.value)
        assert (shown["Erros"], shown["Palavras"]) == (scores.score.errors, scores.score.reference_words)
        assert shown["Chamadas falhas"] == scores.effort.failed
        assert shown["Trechos com erro de medicamento"] == pytest.approx(scores.medicine.wrong_share)
        assert (shown["Intervalo: de"], shown["Intervalo: até"]) == (
            pytest.approx(scores.wer.low),
            pytest.approx(scores.wer.high),
        )


@pytest.mark.parametrize("part", list(Part))
def test_the_rows_add_up_to_what_a_run_was_judged_to_be(part: Part) -> None:
    """Words are aligned over the edges of segments, and calls fail; the rows add up to the files all the same."""
    analysis = analyse(stored_run_of(example(RATES, files=10, seed=3)))
    content = BUILDERS[part](analysis)
    (first, *_) = opened(content).worksheets
    for scores in analysis.parts[part].providers:
        errors = [row[f"Erros no Total {scores.provider}"] for row in rows(first)]
        assert sum(filter(None, errors)) == scores.score.errors
        medicine = [row[f"Erros de Medicamento {scores.provider}"] for row in rows(first)]
        assert sum(count > 0 for count in medicine if count is not None) == scores.medicine.wrong_utterances
    assert sum(row["Palavras no Total"] or 0 for row in rows(first)) == scores.score.reference_words
    assert sum(row["Conta no Total"] == "sim" for row in rows(first)) == scores.utterances


def test_the_summary_says_who_wins_and_where_it_comes_from() -> None:
    analysis = analysis_of(example(RATES))
    sheet = opened(segments_workbook(analysis))["Resumo"]
    texts = [cell for line in sheet.iter_rows(values_only=True) for cell in line if isinstance(cell, str)]
    part = analysis.parts[Part.SEGMENTS]
    assert part.verdict in texts
    assert part.coverage.sentence in texts
    assert any(analysis.run.name in text and "03/11/2026 10:15" in text for text in texts)
    assert {effect.sentence for effect in analysis.cutting} <= set(texts)
    assert len(sheet._charts) == 1


def test_without_a_reference_there_is_no_rate_and_no_chart() -> None:
    sheet = opened(segments_workbook(analysis_of(example(RATES, references=False), Part.SEGMENTS)), data_only=True)[
        "Resumo"
    ]
    assert [row["WER"] for row in provider_table(sheet)] == ["sem referência"] * 3
    assert not sheet._charts
    assert any(
        "Transcreva primeiro" in str(cell) for line in sheet.iter_rows(values_only=True) for cell in line if cell
    )


def test_differences_strike_lost_words_and_colour_wrong_and_invented_ones() -> None:
    sheet = differences(one_segment("tome dipirona de manhã", "tome dipirina manhã já"))
    (value,) = [cell.value for cell in sheet[2] if isinstance(cell.value, CellRichText)]
    blocks = {
        piece.text.strip(): (
            bool(piece.font.b),
            bool(piece.font.strike),
            piece.font.color.rgb if piece.font.color else None,
        )
        for piece in value
        if isinstance(piece, TextBlock)
    }
    assert str(value) == "tome dipirina de manhã já"
    assert blocks["dipirina"] == (True, False, "FFC00000")
    assert blocks["de"] == (False, True, "FF8A8A8A")
    assert blocks["já"] == (True, False, "FF0B57D0")
    plain = [piece.strip() for piece in value if not isinstance(piece, TextBlock)]
    assert plain[0] == "tome"
    assert "manhã" in plain


def test_rows_with_most_disagreement_come_first() -> None:
    found = rows(differences(example(RATES)))
    rates = [row["Discordância"] or 0.0 for row in found]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > rates[-1]


def test_a_failed_call_and_a_missing_reference_are_told_and_count_nothing() -> None:
    (row,) = rows(differences(one_segment("tem dipirona", "tem dipirona", None)))
    assert (row["P1"], row["Palavras no Total"], row["Erros no Total P0"]) == ("falha", None, None)
    (row,) = rows(differences(one_segment(None, "tem dipirona", "tem")))
    assert (row["Referência"], row["P0"], row["Erros no Total P0"]) == ("sem referência", "tem dipirona", None)
    (row,) = rows(differences(one_segment("", "", "olá")))
    assert (row["P0"], row["P1"]) == ("vazia", "olá")


def test_every_provider_has_a_column_for_marks_with_a_list_to_choose_from() -> None:
    sheet = differences(example(RATES, files=2))
    headers = [cell.value for cell in sheet[1]]
    choices = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    for name in RATES:
        letter = sheet.cell(1, headers.index(f"Revisão {name}") + 1).column_letter
        assert choices[f"{letter}2:{letter}17"] == '"referência errada,aceitável,erro grave"'


def test_marks_change_the_revised_rate_alone() -> None:
    comparison = one_segment("tem dipirona", "tem dipirina", "tem dipirona")
    first = comparison.files[0]
    second = SegmentResult("a_seg_001.wav", 3, 4, 20.0, "boa tarde", {
        "P0": heard("boa", "boa tarde"), "P1": heard("boa tarde já", "boa tarde"),
    })  # fmt: skip
    comparison = Comparison(comparison.providers, (FileResult("a.wav", 4.0, reference="tem dipirona boa tarde",
                                                              segments=(*first.segments, second)),))  # fmt: skip
    analysis = analysis_of(comparison, Part.SEGMENTS)

    def revised(**marks: Mark) -> list[float]:
        keys = {("a.wav", f"a_seg_00{name[-1]}.wav", name[:2]): mark for name, mark in marks.items()}
        table = provider_table(opened(segments_workbook(analysis, marks=keys), data_only=True)["Resumo"])
        assert [row["WER"] for row in table] == [0.5, 0.25]
        return [row["WER revisado"] for row in table]

    assert revised() == [0.5, 0.25]
    assert revised(P0_0=Mark.ACCEPTABLE) == [0.25, 0.25]
    assert revised(P0_1=Mark.WRONG_REFERENCE) == [0.5, 0.0]
    assert revised(P0_0=Mark.SEVERE, P1_1=Mark.SEVERE) == [0.5, 0.25]
    both = revised(P0_0=Mark.WRONG_REFERENCE, P1_1=Mark.WRONG_REFERENCE)
    assert both == ["sem referência", "sem referência"]


def test_marks_are_listed_with_severe_errors_first() -> None:
    comparison = example(RATES, files=2)
    names = [segment.name for segment in comparison.files[0].segments]
    marks = {
        ("balcao00.wav", names[0], "Gladia"): Mark.ACCEPTABLE,
        ("balcao00.wav", names[3], "Gladia"): Mark.SEVERE,
        ("sumiu.wav", "sumiu_seg_000.wav", "Gladia"): Mark.SEVERE,
    }
    book = opened(segments_workbook(analysis_of(comparison), marks=marks), data_only=True)
    assert [(row["Segmento"], row["Revisão"]) for row in rows(book["Revisados"])] == [
        (names[3], "erro grave"),
        (names[0], "aceitável"),
    ]
    severe = {row["Provedor"]: row["Erros graves (revisão)"] for row in provider_table(book["Resumo"])}
    assert severe == {"ElevenLabs": 0, "Gladia": 1, "Local small": 0}


def test_the_lists_hold_what_the_analysis_found() -> None:
    analysis = analysis_of(example(RATES))
    part = analysis.parts[Part.SEGMENTS]
    book = opened(segments_workbook(analysis))
    assert [(row["Dito"], row["Ouvido"], row["Vezes"]) for row in rows(book["Confusões"])] == [
        (one.said, one.heard, one.count) for one in part.confusions
    ]
    medicine = rows(book["Medicamentos"])
    assert len(medicine) == len(part.medicine) > 0
    assert {(row["Tipo"], row["Dito"], row["Ouvido"]) for row in medicine} == {
        (one.error.kind, one.error.said or "nada", one.error.heard or "nada") for one in part.medicine
    }
    assert len(rows(book["Suspeitas"])) == len(part.suspects)
    failures = rows(book["Falhas"])
    assert len(failures) == sum(failure.calls for scores in part.providers for failure in scores.effort.failures) > 0
    assert {(row["Estado"], row["Motivo"]) for row in failures} == {("falha", "O provedor não respondeu em 60 s.")}


def test_the_settings_are_all_there() -> None:
    lines = rows(opened(segments_workbook(analysis_of(example(RATES, files=2))))["Configuração"])
    found = {(line["Grupo"], line["Item"]): line["Valor"] for line in lines}
    assert found["Pipeline", "vad.limiar"] == 0.5
    assert found["Pipeline", "reducao"] == "sim"
    assert found["Provedor ElevenLabs", "model"] == "scribe_v2"
    assert found["Preços", "Reais por dólar"] == 5.4
    assert found["Execução", "Nome"] == "2026-11-03_101500"


def test_a_row_leads_to_its_recording_and_to_its_place_in_the_page() -> None:
    links = Links({"balcao00.wav": "../%C3%A1udio/balcao%2300.wav"}, "execucoes/relatorio.html")
    book = opened(segments_workbook(analysis_of(example(RATES, files=2)), links=links))
    for sheet in (book["Relatorio_Segmentos"], book["Diferenças"]):
        cells = {cell.value: cell.hyperlink for line in sheet.iter_rows(min_row=2, max_col=2) for cell in line}
        assert cells["balcao00.wav"].target == "../%C3%A1udio/balcao%2300.wav"
        assert cells["balcao01.wav"] is None
        page = cells["balcao00_seg_003.wav"]
        assert (page.target, page.location) == ("execucoes/relatorio.html", "seg=balcao00.wav%2Fbalcao00_seg_003.wav")
    originals = opened(originals_workbook(analysis_of(example(RATES, files=2)), links=links)).worksheets[0]
    last = originals.cell(2, originals.max_column)
    assert (last.value, last.hyperlink.location) == ("abrir", "arquivo=balcao00.wav")


def test_rates_are_numbers_with_a_format_and_medicine_errors_have_a_sign() -> None:
    sheet = opened(originals_workbook(analysis_of(example(RATES)))).worksheets[0]
    headers = {cell.value: cell.column for cell in sheet[1]}
    cell = sheet.cell(2, headers["WER Gladia"])
    assert (cell.data_type, cell.number_format) == ("n", "0.0%")
    flagged = sheet.cell(2, headers["Erros de Medicamento Gladia"])
    assert (flagged.data_type, flagged.number_format) == ("n", '[>=1]"▲ "0;0')
    scales = [rule for rules in sheet.conditional_formatting for rule in rules.rules if rule.type == "colorScale"]
    assert len(scales) == 3


def test_colours_of_rates_differ_in_lightness() -> None:
    sheet = opened(originals_workbook(analysis_of(example(RATES)))).worksheets[0]
    rule = next(rule for rules in sheet.conditional_formatting for rule in rules.rules if rule.type == "colorScale")
    lightness = []
    for colour in rule.colorScale.color:
        red, green, blue = (int(colour.rgb[start : start + 2], 16) / 255 for start in (2, 4, 6))
        lightness.append(0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2)
    assert lightness[0] > 1.15 * lightness[1] > 1.15 * 1.15 * lightness[2]


def test_a_file_in_which_no_speech_was_found_counts_without_a_row() -> None:
    comparison = one_segment("tem dipirona", "tem dipirona")
    silent = FileResult("b.wav", 3.0, reference="boa tarde")
    analysis = analysis_of(Comparison(comparison.providers, (*comparison.files, silent)), Part.SEGMENTS)
    part = analysis.parts[Part.SEGMENTS]
    lost = heard("", "boa tarde").score
    assert lost is not None
    analysis = with_file(analysis, part, "b.wav", lost)
    (row,) = provider_table(opened(segments_workbook(analysis), data_only=True)["Resumo"])
    assert (row["Erros"], row["Palavras"], row["WER"]) == (2, 4, 0.5)


def with_file(analysis: Analysis, part: PartAnalysis, file: str, score: Score) -> Analysis:
    """The same analysis with one more file, which has no utterance."""
    files = dict(part.files)
    scores = []
    for one in part.providers:
        files[file, one.provider] = FileErrors(file, one.provider, file, score, 0, 0, ())
        total = sum_scores([one.score, score])
        scores.append(replace(one, score=total, wer=Interval(total.wer, None, None)))
    return replace(analysis, parts={part.part: replace(part, files=files, providers=tuple(scores))})
