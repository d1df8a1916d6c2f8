"""`balto report` as a process: from run folders to tables, pages and workbooks, without a key or a network."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pytest

from balto_cli.evaluation.judging import judge
from balto_cli.evaluation.run_folder import RunFolder
from testes.commands import balto
from testes.stored_runs import Told, header, lines, make_run

SAID = ("tem dipirona de 500 mg", "bom dia a senhora tem receita", "vou levar dois frascos de amoxicilina")
GOOD = {"ElevenLabs": SAID, "Local": ("tem dipirona de 500 mg", "bom dia a senhora tem", SAID[2])}
BAD = {"ElevenLabs": ("tem dipirina de 50 mg", "bom tia senhora", "vou dois frascos de amoxicilina"), "Local": SAID}


def make_folder(folder: Path, heard: Mapping[str, Sequence[str | None]], files: int = 12) -> Path:
    """A run as `compare` leaves it."""
    told = [Told(f"balcao-{number:02d}.wav", SAID, heard) for number in range(files)]
    parts = ("originais", "segmentos")
    run = make_run(told, list(heard), parts)
    folder.mkdir(parents=True)
    begun = RunFolder(folder, run.header.started_at, False, {
        "formato": 2, "inicio": run.header.started_at.isoformat(), "pedido": dict(run.header.settings),
    })  # fmt: skip
    file_lines, answers = lines(told, parts)
    begun.finish(header(list(heard), parts), file_lines, answers, judge(run.files, run.header.providers))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`execucoes/` with an older, better run, a newer one, and one that did not end."""
    planilhas = tmp_path_factory.mktemp("planilhas")
    make_folder(planilhas / "execucoes" / "2026-11-01_090000", GOOD)
    make_folder(planilhas / "execucoes" / "2026-11-02_090000", BAD)
    unfinished = planilhas / "execucoes" / "2026-11-03_090000"
    unfinished.mkdir()
    (unfinished / "execucao.json").write_text(json.dumps({"formato": 2, "inicio": "2026-11-03T09:00:00+00:00"}))
    return planilhas / "execucoes"


def report(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return balto(None, "report", *arguments, cwd=cwd)


def test_it_prints_the_verdict_and_writes_nothing_unasked(runs: Path, tmp_path: Path) -> None:
    before = sorted(runs.parent.rglob("*"))
    result = report(runs / "2026-11-01_090000", cwd=tmp_path)
    text = result.stdout.decode()
    assert result.returncode == 0, result.stderr.decode()
    assert "ElevenLabs erra menos" in text
    assert "12 de 12 arquivos" in text
    assert sorted(runs.parent.rglob("*")) == before


def test_the_folder_of_the_workbooks_means_its_newest_run_that_ended(runs: Path) -> None:
    assert "Execução 2026-11-02_090000" in report(runs.parent).stdout.decode()


def test_json_has_every_number_and_nothing_else_on_standard_output(runs: Path) -> None:
    result = report(runs / "2026-11-01_090000", runs / "2026-11-02_090000", "--json")
    first, second = json.loads(result.stdout)["execucoes"]
    assert (first["execucao"], second["execucao"]) == ("2026-11-01_090000", "2026-11-02_090000")
    assert first["vencedor"] == "ElevenLabs"
    assert second["vencedor"] == "Local"
    provider = second["partes"]["segmentos"]["provedores"][0]
    assert provider["provedor"] == "ElevenLabs"
    assert provider["erros"] == provider["substituicoes"] + provider["apagamentos"] + provider["insercoes"] > 0
    assert provider["wer"] == pytest.approx(provider["erros"] / provider["palavras"])
    low, high = provider["wer_intervalo"]
    assert low < provider["wer"] < high
    assert "NaN" not in result.stdout.decode()


def test_page_and_workbooks_are_made_and_lead_to_each_other(runs: Path, tmp_path: Path) -> None:
    result = report(runs / "2026-11-01_090000", "--html", "--xlsx", "--output", tmp_path / "saída")
    assert result.returncode == 0, result.stderr.decode()
    page = tmp_path / "saída" / "Relatorio.html"
    assert str(page) in result.stdout.decode()
    assert page.read_text("utf-8").startswith("<!doctype html>")
    book = openpyxl.load_workbook(tmp_path / "saída" / "Relatorio_Segmentos.xlsx")
    links = {
        cell.hyperlink.location or cell.hyperlink.target
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.hyperlink
    }
    assert f"seg={quote('balcao-00.wav/balcao-00.wav_seg_001.wav', safe='')}" in links


def test_several_runs_get_a_folder_each(runs: Path, tmp_path: Path) -> None:
    report(runs / "2026-11-01_090000", runs / "2026-11-02_090000", "--html", "--output", tmp_path)
    assert sorted(path.parent.name for path in tmp_path.rglob("Relatorio.html")) == [
        "2026-11-01_090000", "2026-11-02_090000",
    ]  # fmt: skip


def test_a_baseline_says_what_got_better_and_worse(runs: Path) -> None:
    result = report(runs / "2026-11-02_090000", "--baseline", runs / "2026-11-01_090000", "--json")
    changes = json.loads(result.stdout)["execucoes"][0]["mudancas"]
    found = {(one["parte"], one["provedor"], one["medida"]): one["mudou"] for one in changes}
    assert found["segmentos", "ElevenLabs", "wer"] == "piora"
    assert found["segmentos", "ElevenLabs", "erros_medicamento"] == "piora"
    assert found["segmentos", "Local", "wer"] == "melhora"
    assert found["segmentos", "Local", "erros_medicamento"] == "empate"


@pytest.mark.parametrize(
    ("conditions", "code"),
    [
        (["wer.segmentos[ElevenLabs] >= 10%"], 3),
        (["erros_medicamento piora"], 3),
        (["wer[Local] piora", "falhas>0.5", "erros_medicamento.segmentos>0.9"], 0),
        (["wr>1"], 2),
        (["wer[Ninguém]>0"], 2),
    ],
)
def test_conditions_set_the_exit_code(runs: Path, conditions: list[str], code: int) -> None:
    asked = [part for condition in conditions for part in ("--fail-if", condition)]
    result = report(runs / "2026-11-02_090000", "--baseline", runs / "2026-11-01_090000", *asked)
    assert result.returncode == code, result.stderr.decode()
    assert (result.stderr == b"") == (code != 2)


def test_a_condition_against_nothing_is_the_persons_mistake(runs: Path) -> None:
    result = report(runs / "2026-11-02_090000", "--fail-if", "wer piora")
    assert result.returncode == 2
    assert "--baseline" in result.stderr.decode()


def test_marks_of_a_person_give_a_second_score(runs: Path, tmp_path: Path) -> None:
    report(runs / "2026-11-02_090000", "--xlsx", "--output", tmp_path)
    path = tmp_path / "Relatorio_Segmentos.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["Diferenças"]
    headers = [cell.value for cell in sheet[1]]
    column = next(
        index for index, name in enumerate(headers, 1) if str(name).startswith("Revisão") and "Eleven" in str(name)
    )
    for row in range(2, sheet.max_row + 1):
        sheet.cell(row, column).value = "aceitável"
    book.save(path)
    result = report(runs / "2026-11-02_090000", "--revisao", path, "--json")
    provider = json.loads(result.stdout)["execucoes"][0]["partes"]["segmentos"]["provedores"][0]
    assert provider["wer"] > 0
    assert provider["wer_revisado"] == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["não há"], "Não encontrei a execução"),
        (["2026-11-03_090000"], "não terminou"),
        (["2026-11-01_090000", "--com-audio"], "--html"),
        (["2026-11-01_090000", "--html", "--com-audio", "--limite-audio", "0"], "1 ou mais"),
        (["2026-11-01_090000", "--revisao", "2026-11-01_090000/execucao.json"], "não é uma planilha"),
    ],
)
def test_mistakes_are_one_sentence(runs: Path, arguments: list[str], named: str) -> None:
    result = report(*arguments, cwd=runs)
    assert result.returncode == 2
    assert named in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


def test_an_output_that_cannot_be_written_is_one_sentence(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "arquivo").write_text("não sou pasta")
    result = report(runs / "2026-11-01_090000", "--html", "--output", tmp_path / "arquivo")
    assert result.returncode == 1
    assert "Escolha outra pasta" in result.stderr.decode()


def test_help_is_portuguese() -> None:
    text = report("--help").stdout.decode()
    assert "Uso:" in text
    for option in ("--html", "--com-audio", "--xlsx", "--baseline", "--fail-if", "--revisao", "--json", "--output"):
        assert option in text
    assert "list[" not in text
