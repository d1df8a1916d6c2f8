"""`balto segment` as a process: formats, pictures, explanations, profiles, all cores, and how it is interrupted."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from testes.gravacoes import FALA, ffmpeg, read_wav, speech, wav_bytes


def balto(*arguments: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "balto_cli", "segment", *map(str, arguments)],
        capture_output=True, check=False, cwd=cwd, env={**os.environ, **env},
    )  # fmt: skip


def table(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / "segmentos.csv").read_text("utf-8-sig"))))


@pytest.fixture(scope="module")
def entrada(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five recordings, of which one is broken and one is much longer than the others."""
    folder = tmp_path_factory.mktemp("entrada")
    (folder / "a.wav").write_bytes(FALA.read_bytes())
    for name, seconds in (("b.wav", 4), ("c.wav", 5), ("sub/d.wav", 6)):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(speech(seconds))
    (folder / "ruim.wav").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def all_at_once(entrada: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with everything that can be asked for."""
    saida = tmp_path_factory.mktemp("saida")
    formats = ["--format", "json", "--format", "audacity", "--format", "rttm"]
    result = balto(entrada, "--output", saida, *formats, "--audio", "flac", "--plot", MPLCONFIGDIR=str(saida / "mpl"))
    assert result.returncode == 1
    said = result.stderr.decode()
    assert "ruim.wav: o arquivo está vazio" in said
    assert "Traceback" not in said
    assert "matplotlib" not in said.casefold()
    return saida


def test_rows_stay_in_order_of_file_and_time(all_at_once: Path) -> None:
    rows = [(row["Arquivo Original"], float(row["Início (s)"])) for row in table(all_at_once)]
    assert {name for name, _ in rows} == {"a.wav", "b.wav", "c.wav", "sub/d.wav"}
    assert rows == sorted(rows)


def test_every_table_tells_the_same(all_at_once: Path) -> None:
    rows = table(all_at_once)
    data = json.loads((all_at_once / "segmentos.json").read_text("utf-8"))
    assert [row["Nome do Segmento"] for row in data["segmentos"]] == [row["Nome do Segmento"] for row in rows]
    assert [falha["arquivo"] for falha in data["falhas"]] == ["ruim.wav"]
    of_d = [row for row in rows if row["Arquivo Original"] == "sub/d.wav"]
    labels = (all_at_once / "sub" / "d_rotulos.txt").read_text("utf-8").splitlines()
    assert [line.split("\t")[0] for line in labels] == [row["Início (s)"] for row in of_d]
    lines = (all_at_once / "sub" / "d.rttm").read_text("utf-8").splitlines()
    assert [line.split()[4] for line in lines] == [row["Duração (s)"] for row in of_d]
    assert (all_at_once / "sub" / "d.png").read_bytes().startswith(b"\x89PNG")


def test_flac_holds_the_same_samples_as_wav(all_at_once: Path, entrada: Path, tmp_path: Path) -> None:
    balto(entrada / "a.wav", "--output", tmp_path)
    waves = sorted(tmp_path.glob("*.wav"))
    assert len(waves) > 2
    for wave in waves:
        decoded = ffmpeg("-i", all_at_once / f"{wave.stem}.flac", "-f", "s16le", "-")
        assert decoded == read_wav(wave).tobytes()


def test_a_cut_in_another_format_replaces_the_earlier_one(entrada: Path, tmp_path: Path) -> None:
    balto(entrada / "b.wav", "--output", tmp_path)
    balto(entrada / "b.wav", "--output", tmp_path, "--audio", "flac")
    assert list(tmp_path.glob("*.flac"))
    assert not list(tmp_path.glob("*.wav"))


def test_it_explains_a_moment_with_comma_point_or_minutes(entrada: Path, tmp_path: Path) -> None:
    moments = ["--explain", "2,5", "--explain", "2.5", "--explain", "0:02,5", "--explain", "99"]
    said = balto(entrada / "b.wav", "--output", tmp_path, *moments).stdout.decode()
    assert said.count("b.wav em 2,5 s\n  Som: ") == 3
    assert "Porta (" in said
    assert "Rede (Silero): " in said
    assert "A gravação só tem 4,00 s." in said
    data = json.loads(balto(entrada / "b.wav", "--output", tmp_path, *moments, "--json").stdout)
    assert data["explicacoes"][0]["arquivo"] == "b.wav"
    assert data["explicacoes"][0]["instante_s"] == 2.5


def test_without_an_explanation_the_json_is_as_ever(entrada: Path, tmp_path: Path) -> None:
    data = json.loads(balto(entrada / "b.wav", "--output", tmp_path, "--json").stdout)
    assert list(data) == ["pasta", "segmentos", "falhas"]
    assert list(data["segmentos"][0]) == [
        "Arquivo Original", "Nome do Segmento", "Início (s)", "Fim (s)", "Duração (s)",
    ]  # fmt: skip


def test_a_profile_changes_the_cuts_and_the_option_wins_over_the_environment(entrada: Path, tmp_path: Path) -> None:
    (tmp_path / "curto.toml").write_text("max_length_s = 2\ncut_search_s = 1\n")
    (tmp_path / "longo.toml").write_text("max_length_s = 60.0\nclose_after_ms = 3000\n")
    counts = {}
    for name, options, env in (
        ("option", ["--perfil", "curto.toml"], {}),
        ("environment", [], {"BALTO_PERFIL": "longo.toml"}),
        ("both", ["--perfil", "curto.toml"], {"BALTO_PERFIL": "longo.toml"}),
    ):
        result = balto(entrada / "a.wav", "--output", tmp_path / name, *options, cwd=tmp_path, **env)
        assert result.returncode == 0, result.stderr
        counts[name] = len(table(tmp_path / name))
    assert counts["option"] == counts["both"] > counts["environment"]


@pytest.mark.parametrize("command", ["segment", "compare"])
def test_a_bad_profile_is_refused_with_its_line(command: str, entrada: Path, tmp_path: Path) -> None:
    (tmp_path / "balcao.toml").write_text("# balcão\nreduction = 7\n", "utf-8")
    arguments = [command, str(entrada), "--perfil", "balcao.toml"]
    result = subprocess.run(
        [sys.executable, "-m", "balto_cli", *arguments], capture_output=True, check=False, cwd=tmp_path
    )
    assert result.returncode == 2
    assert "balcao.toml, linha 2: `reduction` deve ser um número de 0 a 1, e não 7." in result.stderr.decode()


@pytest.mark.parametrize("moment", ["x", "1:2:3:4", "-3", "1e3"])
def test_what_is_no_moment_is_a_mistake(entrada: Path, tmp_path: Path, moment: str) -> None:
    result = balto(entrada, "--output", tmp_path, f"--explain={moment}")
    assert result.returncode == 2
    assert "Valor inválido para --explain" in result.stderr.decode()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_an_interruption_ends_every_process_and_says_so_once(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "entrada").mkdir()
    for name in "abcd":
        (tmp_path / "entrada" / f"{name}.wav").write_bytes(wav_bytes(np.tile(read_wav(FALA), 20)))
    process = subprocess.Popen(
        [sys.executable, "-m", "balto_cli", "segment", tmp_path / "entrada", "--output", tmp_path / "saida"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not list((tmp_path / "saida").glob("*.wav")):
        assert process.poll() is None
        time.sleep(0.02)
    children = psutil.Process(process.pid).children(recursive=True)
    if how is signal.SIGINT:
        os.killpg(process.pid, how)  # as the terminal does
    else:
        process.send_signal(how)
    _, said = process.communicate(timeout=10)
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    assert "Traceback" not in said.decode()
    assert said.decode().count("Interrompido") == (how is signal.SIGINT)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
