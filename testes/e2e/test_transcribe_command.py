"""`balto transcribe` as a process, against stand-ins of the providers: what it prints, writes, costs and refuses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testes.commands import PROVIDERS, asking, balto, environment
from testes.gravacoes import ENTRADA, FALA, speech
from testes.simulador.process import Running, running


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as process:
        yield process


@pytest.fixture
def stand_ins(server: Running) -> Running:
    server.reset()
    return server


def transcribe(server: Running | None, *arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return balto(server, "transcribe", *arguments, **options)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_gives_the_text_of_a_recording(provider: str, stand_ins: Running) -> None:
    result = transcribe(stand_ins, FALA, *asking(provider))
    assert result.returncode == 0, result.stderr.decode()
    assert "losartana" in result.stdout.decode().lower()
    assert "Custo: R$ " in result.stderr.decode()
    assert "good-key" not in (result.stdout + result.stderr).decode()


def test_standard_input_by_segments_with_times_of_the_recording(stand_ins: Running) -> None:
    result = transcribe(
        stand_ins, "-", *asking("elevenlabs"), "--segments", "--format", "json", stdin=FALA.read_bytes()
    )
    data = json.loads(result.stdout)
    assert len(data["segments"]) > 3
    assert data["words"][-1]["end_s"] > 25
    starts = [word["start_s"] for word in data["words"]]
    assert starts == sorted(starts)
    assert len(stand_ins.calls("elevenlabs", "transcrever")) == len(data["segments"])


def test_several_providers_stand_side_by_side_with_who_speaks(stand_ins: Running) -> None:
    result = transcribe(stand_ins, FALA, *asking("elevenlabs", "deepgram", "gladia"), "--falantes")
    text = result.stdout.decode()
    for label in ("-- ElevenLabs --", "-- Deepgram --", "-- Gladia --"):
        assert label in text
    assert text.count("Falante 1: ") >= 3
    assert text.count("Falante 2: ") >= 3


def test_who_speaks_is_refused_where_the_provider_cannot_tell(stand_ins: Running) -> None:
    result = transcribe(stand_ins, FALA, *asking("elevenlabs", "openai"), "--falantes")
    assert result.returncode == 2
    assert "OpenAI não distingue quem fala" in result.stderr.decode()
    assert stand_ins.calls() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--segments", "--falantes"], "--falantes vale para a gravação inteira"),
        (["--json"], "use --format json"),
        (["--orcamento", "1.000"], "ambíguo"),
        (["--orcamento", "muito"], "não é uma quantia em reais"),
        (["--provider", "eleven"], "Não há provedor “eleven”"),
        (["--provider", "eleven", "--dry-run"], "Não há provedor “eleven”"),
        (["--provider", "gladia"], "GLADIA_API_KEY"),
    ],
)
def test_a_mistake_is_one_sentence_and_asks_nobody(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = transcribe(None, FALA, *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert result.stdout == b""
    assert "Traceback" not in result.stderr.decode()


def test_a_rerun_asks_for_nothing_and_another_format_is_free(stand_ins: Running, tmp_path: Path) -> None:
    command = [*sorted(ENTRADA.glob("*.wav")), *asking("elevenlabs"), "--output", tmp_path]
    first = transcribe(stand_ins, *command)
    assert first.returncode == 0, first.stderr.decode()
    asked = len(stand_ins.calls("elevenlabs", "transcrever"))
    assert asked == len(list(tmp_path.glob("*.txt"))) == 3
    again = transcribe(stand_ins, *command, "--format", "vtt", "--json")
    assert len(stand_ins.calls("elevenlabs", "transcrever")) == asked
    summary = json.loads(again.stdout)
    assert summary["reaproveitadas"] == 3
    assert summary["custos"] == [
        {"provedor": "ElevenLabs", "tentativas": 0, "custo_brl": 0.0, "talvez_cobrado_brl": 0.0}
    ]
    assert all(Path(path).is_file() for path in summary["arquivos"])


def test_what_compare_was_answered_is_not_asked_for_again(stand_ins: Running, tmp_path: Path) -> None:
    assert balto(stand_ins, "compare", FALA, *asking("deepgram"), "--output", tmp_path).returncode == 0
    asked = len(stand_ins.calls("deepgram"))
    result = transcribe(stand_ins, FALA, *asking("deepgram"), "--segments", "--output", tmp_path)
    assert result.returncode == 0, result.stderr.decode()
    assert len(stand_ins.calls("deepgram")) == asked


def test_a_budget_stops_the_spending_and_says_so(stand_ins: Running, tmp_path: Path) -> None:
    result = transcribe(
        stand_ins, ENTRADA, *asking("elevenlabs"), "--output", tmp_path, "--orcamento", "R$ 0,05", "--json"
    )
    assert result.returncode == 1
    assert "O orçamento de R$ 0,05 não dá para esta chamada" in result.stderr.decode()
    summary = json.loads(result.stdout)
    assert 0 < summary["custos"][0]["custo_brl"] <= 0.05
    assert 0 < len(summary["arquivos"]) < 12
    assert len(summary["arquivos"]) + len(summary["falhas"]) == 12


def test_a_lost_try_that_may_be_billed_is_counted(stand_ins: Running) -> None:
    stand_ins.fail("elevenlabs", "500")
    result = transcribe(stand_ins, FALA, *asking("elevenlabs"))
    assert result.returncode == 0, result.stderr.decode()
    assert "talvez cobrado por tentativas que falharam: R$ 0,0" in result.stderr.decode()


def test_one_provider_down_is_named_and_the_other_answers(stand_ins: Running) -> None:
    result = transcribe(stand_ins, FALA, *asking("elevenlabs", "gladia"), GLADIA_API_KEY="bad-key")
    assert result.returncode == 1
    assert "losartana" in result.stdout.decode()
    assert "Gladia recusou a chave: confira GLADIA_API_KEY" in result.stderr.decode()
    assert "bad-key" not in (result.stdout + result.stderr).decode()


def test_a_broken_file_is_named_and_the_others_are_printed_in_order(stand_ins: Running, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"nada")
    (tmp_path / "b.wav").write_bytes(speech(3))
    (tmp_path / "c.wav").write_bytes(FALA.read_bytes())
    result = transcribe(stand_ins, tmp_path, *asking("elevenlabs"))
    assert result.returncode == 1
    assert "a.wav: " in result.stderr.decode()
    text = result.stdout.decode()
    assert text.index("== b.wav ==") < text.index("== c.wav ==")


def test_ctrl_c_leaves_what_is_finished_and_the_same_command_goes_on(stand_ins: Running, tmp_path: Path) -> None:
    arguments = ["transcribe", str(ENTRADA), *asking("gladia"), "--output", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "balto_cli", *arguments],
        env=environment(stand_ins), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not list(tmp_path.glob("*.txt")) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    finished = {path.name: path.read_bytes() for path in tmp_path.glob("*.txt")}
    assert process.returncode == 130, stderr.decode()
    assert "repita o mesmo comando para continuar" in stderr.decode()
    assert "Traceback" not in stderr.decode()
    assert finished
    kept = len(list(tmp_path.glob("execucoes/respostas/*/*.json")))
    stand_ins.reset()
    again = transcribe(stand_ins, *arguments[1:])
    assert again.returncode == 0, again.stderr.decode()
    assert len(stand_ins.calls("gladia", "upload")) == 12 - kept
    assert len(list(tmp_path.glob("*.txt"))) == 12
    assert all((tmp_path / name).read_bytes() == content for name, content in finished.items())


def _drain(terminal: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(terminal, 4096):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_results_go_to_standard_output_while_the_bar_is_on_the_terminal(stand_ins: Running, tmp_path: Path) -> None:
    import pty

    for number in range(3):
        (tmp_path / f"{number}.wav").write_bytes(speech(3 + number))
    terminal, other_end = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "balto_cli", "transcribe", str(tmp_path), *asking("elevenlabs")],
        env=environment(stand_ins) | {"TERM": "xterm"}, stdout=subprocess.PIPE, stderr=other_end,
    ) as process:  # fmt: skip
        os.close(other_end)
        # Whoever reads no terminal stops the one that writes to it.
        threading.Thread(target=_drain, args=(terminal,), daemon=True).start()
        assert process.stdout is not None
        text = process.stdout.read().decode()
        process.wait()
    assert process.returncode == 0
    assert [line for line in text.splitlines() if line.startswith("==")] == [f"== {n}.wav ==" for n in range(3)]
    assert "\x1b" not in text


def test_a_dry_run_prices_every_provider_without_a_key_or_a_call(tmp_path: Path) -> None:
    # Whoever asked the network would hang on this proxy.
    result = transcribe(
        None, ENTRADA, *asking("elevenlabs", "openai:gpt-4o-transcribe"), "--dry-run", "--orcamento", "0,10",
        cwd=tmp_path, HTTPS_PROXY="http://127.0.0.1:9", HF_ENDPOINT="http://127.0.0.1:9",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr.decode()
    text = result.stdout.decode()
    assert "12 gravações, 6,2 min" in text
    for variable in ("ELEVENLABS", "ASSEMBLYAI", "DEEPGRAM", "GLADIA", "OPENAI"):
        assert f"sem chave: defina {variable}_API_KEY" in text
    assert "Preços de lista em " in text
    assert "passa de R$ 0,10 (--orcamento)" in text
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_for_a_machine(tmp_path: Path) -> None:
    result = transcribe(None, FALA, "--segments", "--dry-run", "--json", cwd=tmp_path, BALTO_DOLAR="10")
    data = json.loads(result.stdout)
    (local,) = data["provedores"]
    assert (local["provedor"], local["usd_por_hora"], local["custo_brl"]) == ("Local", 0.0, 0.0)
    assert (local["chamadas"], local["audio_s"]) == (data["segmentos"], data["fala_s"])
    priced = {row["opcao"]: row for row in data["outros_provedores"]}
    assert set(priced) == set(PROVIDERS)
    eleven = priced["elevenlabs"]
    assert eleven["custo_brl"] == pytest.approx(data["fala_s"] / 3600 * eleven["usd_por_hora"] * 10, abs=1e-4)
    assert eleven["falta_chave"] == "ELEVENLABS_API_KEY"
