"""`balto compare` as a process: what it writes, what it says, and what a kill costs (nothing that was answered)."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from testes.gravacoes import ENTRADA, speech

DRIVER = '''
"""`balto` with a provider that answers by rule and writes every call down; nothing else is changed."""
import sys, time
from balto_cli.stt import registry
from testes.doubles import FakeTranscriber, words_of

log = open(sys.argv.pop(1), "a", buffering=1)
fail = sys.argv.pop(1)

class Counted(FakeTranscriber):
    async def transcribe(self, audio, **options):
        import hashlib
        from balto_cli.errors import Failure, ProviderError
        from balto_cli.audio.pcm import pcm_to_bytes
        from balto_cli.audio.recording import samples_of
        key = hashlib.sha256(pcm_to_bytes(samples_of(audio))).hexdigest()
        log.write(f"asked {key}\\n")
        if fail == "all":
            raise ProviderError("o provedor não aceita o modelo", kind=Failure.REQUEST)
        answer = await super().transcribe(audio, **options)
        log.write(f"answered {key}\\n")
        return answer

registry.build = lambda names, **options: [Counted(delay_s=0.02)]
from balto_cli.cli import main
main()
'''


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("driver") / "driver.py"
    path.write_text(DRIVER)
    return path


def command(driver: Path, log: Path, *arguments: str | Path, fail: str = "none") -> list[str]:
    return [sys.executable, str(driver), str(log), fail, *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "cp1252"}


def run(
    driver: Path, log: Path, *arguments: str | Path, fail: str = "none", stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(driver, log, *arguments, fail=fail), env=environment(), capture_output=True, input=stdin, check=False
    )


def rows(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row) for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]


def asked(log: Path) -> Counter[str]:
    return Counter(line.split()[1] for line in log.read_text().splitlines() if line.startswith("asked"))


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """Three recordings, one of them broken."""
    folder = tmp_path / "entrada"
    folder.mkdir()
    (folder / "a.wav").write_bytes(speech(6))
    (folder / "a.txt").write_text("Cliente: tem dipirona?\nAtendente: tem sim", "utf-8")
    (folder / "b.wav").write_bytes(speech(4))
    (folder / "quebrado.mp3").write_bytes(b"isto nao e audio")
    return folder


def test_ten_kills_cost_no_stored_answer_and_no_difference(driver: Path, tmp_path: Path) -> None:
    undisturbed = run(driver, tmp_path / "calm.log", "compare", ENTRADA, "--output", tmp_path / "calm")
    assert undisturbed.returncode == 0, undisturbed.stderr.decode()
    log, output = tmp_path / "killed.log", tmp_path / "killed"
    dice = random.Random(11)
    for _ in range(10):
        process = subprocess.Popen(
            command(driver, log, "compare", ENTRADA, "--output", output),
            env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(dice.uniform(0.2, 3.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = run(driver, log, "compare", ENTRADA, "--output", output)
    assert last.returncode == 0, last.stderr.decode()
    calls, calm_calls = asked(log), asked(tmp_path / "calm.log")
    assert set(calls) == set(calm_calls)
    answered = Counter(line.split()[1] for line in log.read_text().splitlines() if line.startswith("answered"))
    # One call is in flight at a time: each kill repeats at most that one.
    assert sum(calls.values()) - len(calls) <= 10
    assert sum(answered.values()) - len(answered) <= 10
    for name in ("Relatorio_Originais.xlsx", "Relatorio_Segmentos.xlsx"):
        assert rows(output / name) == rows(tmp_path / "calm" / name)
    # Each killed run was gone on with to its end; none was left behind.
    runs = list((output / "execucoes").glob("20*"))
    assert runs
    assert all((folder / "resultados.json").exists() for folder in runs)


def test_a_second_run_asks_nothing_and_says_what_it_used_again(driver: Path, recordings: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(driver, log, "compare", recordings, "--output", tmp_path / "saida")
    before = asked(log)
    second = run(driver, log, "compare", recordings, "--output", tmp_path / "saida")
    assert asked(log) == before
    assert "usadas de novo" in second.stderr.decode()
    assert len(list((tmp_path / "saida" / "execucoes").glob("20*"))) == 2


def test_refazer_asks_anew(driver: Path, recordings: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(driver, log, "compare", recordings, "--output", tmp_path / "saida")
    run(driver, log, "compare", recordings, "--output", tmp_path / "saida", "--refazer")
    assert set(asked(log).values()) == {2}


def test_a_renamed_file_costs_no_call_and_a_changed_one_does(driver: Path, recordings: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(driver, log, "compare", recordings, "--output", tmp_path / "saida")
    before = asked(log)
    (recordings / "a.wav").rename(recordings / "outro nome.wav")
    run(driver, log, "compare", recordings, "--output", tmp_path / "saida")
    assert asked(log) == before
    (recordings / "b.wav").write_bytes(speech(5))
    run(driver, log, "compare", recordings, "--output", tmp_path / "saida")
    assert sum(asked(log).values()) > sum(before.values())


def test_a_broken_file_is_a_row_with_its_reason(driver: Path, recordings: Path, tmp_path: Path) -> None:
    result = run(driver, tmp_path / "log", "compare", recordings, "--output", tmp_path / "saida")
    assert result.returncode == 1
    header, *data = rows(tmp_path / "saida" / "Relatorio_Originais.xlsx")
    assert header[:2] == ("Nome do Arquivo", "Transcrição Completa (Local)")
    by_name = {row[0]: dict(zip(header, row, strict=True)) for row in data}
    assert by_name["quebrado.mp3"]["Estado"] == "falha"
    assert "não é áudio" in by_name["quebrado.mp3"]["Motivo"]
    assert by_name["quebrado.mp3"]["Transcrição Completa (Local)"] is None
    assert by_name["a.wav"]["WER Local"] is not None
    assert by_name["b.wav"]["WER Local"] is None
    assert "referência sem 2 nomes de quem fala" in by_name["a.wav"]["Observação"]
    assert "nomes de quem fala 2" in result.stderr.decode()


def test_a_failed_call_is_a_state_and_is_asked_again_next_time(driver: Path, recordings: Path, tmp_path: Path) -> None:
    log, output = tmp_path / "log", tmp_path / "saida"
    failed = run(driver, log, "compare", recordings, "--output", output, fail="all")
    assert failed.returncode == 1
    header, first, *_ = rows(output / "Relatorio_Segmentos.xlsx")
    row = dict(zip(header, first, strict=True))
    assert row["Transcrição Local (Segmento)"] is None
    assert row["Estado Local"] == "falha"
    assert row["Motivo Local"] == "o provedor não aceita o modelo"
    before = asked(log)
    run(driver, log, "compare", recordings, "--output", output)
    assert asked(log) - before == Counter(set(before))


def test_ctrl_c_ends_with_130_and_how_to_go_on(driver: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(driver, tmp_path / "log", "compare", ENTRADA, "--output", tmp_path / "saida"),
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not (tmp_path / "log").exists() or not asked(tmp_path / "log"):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "repita o mesmo comando para continuar" in stderr.decode()
    assert "Traceback" not in stderr.decode()


def test_json_is_the_only_thing_on_standard_output(driver: Path, recordings: Path, tmp_path: Path) -> None:
    result = run(driver, tmp_path / "log", "compare", recordings, "--output", tmp_path / "saida", "--json")
    data = json.loads(result.stdout)
    assert data["provedores"][0]["provedor"] == "Local"
    assert [Path(path).name for path in data["planilhas"]] == ["Relatorio_Originais.xlsx", "Relatorio_Segmentos.xlsx"]


def test_dry_run_writes_and_asks_nothing(driver: Path, recordings: Path, tmp_path: Path) -> None:
    result = run(driver, tmp_path / "log", "compare", recordings, "--output", tmp_path / "saida", "--dry-run")
    assert "2 gravações" in result.stdout.decode()
    assert not asked(tmp_path / "log")
    assert not (tmp_path / "saida").exists()


@pytest.mark.parametrize(
    ("part", "kept"), [("originais", "Relatorio_Originais.xlsx"), ("segmentos", "Relatorio_Segmentos.xlsx")]
)
def test_somente_does_one_part(part: str, kept: str, driver: Path, recordings: Path, tmp_path: Path) -> None:
    run(driver, tmp_path / "log", "compare", recordings, "--output", tmp_path / "saida", "--somente", part)
    assert [path.name for path in (tmp_path / "saida").glob("*.xlsx")] == [kept]


def test_a_changed_workbook_is_kept_with_its_date(driver: Path, recordings: Path, tmp_path: Path) -> None:
    output = tmp_path / "saida"
    run(driver, tmp_path / "log", "compare", recordings, "--output", output)
    path = output / "Relatorio_Originais.xlsx"
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["Z1"] = "minha nota"
    book.save(path)
    second = run(driver, tmp_path / "log", "compare", recordings, "--output", output)
    kept = list(output.glob("Relatorio_Originais_2*.xlsx"))
    assert len(kept) == 1
    assert openpyxl.load_workbook(kept[0]).worksheets[0]["Z1"].value == "minha nota"
    assert "foi guardada como" in second.stderr.decode()


def test_an_output_that_cannot_be_written_is_one_sentence(driver: Path, recordings: Path, tmp_path: Path) -> None:
    (tmp_path / "arquivo").write_text("não sou pasta")
    result = run(driver, tmp_path / "log", "compare", recordings, "--output", tmp_path / "arquivo")
    assert result.returncode == 1
    assert "Escolha outra pasta com --output" in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
