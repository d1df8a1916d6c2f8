"""`balto compare --server` and the folders of `balto serve --record`, as processes, over real sockets."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from balto_cli.audio.inputs import find_inputs
from testes.commands import environment
from testes.gravacoes import ENTRADA, FALA, LIMPO_1
from testes.live import free_port
from testes.simulador.options import ROOT
from testes.simulador.process import running

BOOKS = ("Relatorio_Originais.xlsx", "Relatorio_Segmentos.xlsx")


@dataclass
class Served:
    """A server that records, and how it is spoken to."""

    env: dict[str, str]
    address: str
    folder: Path

    def compare(self, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "balto_cli", "compare", *map(str, arguments)]
        return subprocess.run(
            command, env={**self.env, **env}, cwd=self.folder, capture_output=True, text=True, check=False
        )

    @property
    def recordings(self) -> list[Path]:
        return sorted((self.folder / "dados" / "gravacoes").glob("*/*.wav"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("servidor")
    (folder / "entrada").mkdir()
    for recording in (LIMPO_1, FALA):
        shutil.copy(recording, folder / "entrada")
        shutil.copy(recording.with_suffix(".txt"), folder / "entrada")
    with running("--texto", "hash") as provider:
        given = {"BALTO_DATA": str(folder / "dados"), "BALTO_PROVIDERS": "elevenlabs", "BALTO_PERFIL": "leve"}
        env = {**environment(provider), **given}
        balto = [sys.executable, "-m", "balto_cli"]
        create = [*balto, "keys", "create", "Balcão 1", "--cliente", "Rede Saúde"]
        made = subprocess.run(create, env=env, cwd=folder, capture_output=True, text=True, check=True)
        serve = [*balto, "serve", "--record", "--port", str(free_port())]
        process = subprocess.Popen(
            serve, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            yield Served({**env, "BALTO_API_KEY": made.stdout.strip()}, address, folder)
        finally:
            process.kill()
            process.communicate()


def test_live_is_offline_and_what_was_recorded_is_both(served: Served) -> None:
    ran = served.compare("entrada", "--server", served.address, "--output", "saida")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Ao vivo igual a offline: 2 gravações" in ran.stdout
    assert all((served.folder / "saida" / book).is_file() for book in BOOKS)
    (kept,) = (served.folder / "saida" / "execucoes").glob("*/ao_vivo.json")
    told = json.loads(kept.read_text("utf-8"))
    assert all(file["textos_iguais"] == file["segmentos_offline"] for file in told["arquivos"])
    assert told["provedores_do_servidor"] == ["ElevenLabs"]

    recordings = served.recordings
    assert len(recordings) == 2
    (recordings[0].with_suffix(".txt")).write_text("tem dipirona", "utf-8")
    again = served.compare(recordings[0].parent.parent, "--somente", "segmentos", "--output", "saida", "--json")
    assert again.returncode == 0, again.stderr
    # Every segment is one that was answered before: the same samples, whichever way they were heard.
    assert f"{sum(file['segmentos_ao_vivo'] for file in told['arquivos'])} respostas já guardadas" in again.stderr
    (provider,) = json.loads(again.stdout)["provedores"]
    assert provider["segmentos"]["arquivos"] == 1
    other = served.compare(recordings[0].parent, "--output", "outra", "--somente", "segmentos", BALTO_PERFIL="")
    assert other.returncode == 0, other.stderr
    assert "outro perfil" in other.stderr


def test_what_differs_is_said_and_is_no_success(served: Served) -> None:
    """The server has another profile than the one that is compared with."""
    arguments = ("--server", "-", "--output", "saida", "--somente", "segmentos", "--json")
    ran = served.compare(Path("entrada") / FALA.name, *arguments, BALTO_PERFIL="", BALTO_SERVER_URL=served.address)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    (file,) = json.loads(ran.stdout)["ao_vivo"]["arquivos"]
    assert file["diferencas"]
    assert not file["igual"]


def test_mistakes_are_said(served: Served) -> None:
    bare = {"BALTO_API_KEY": "", "BALTO_SERVER_URL": ""}
    assert "BALTO_SERVER_URL" in served.compare("entrada", "--server", "-", **bare).stderr
    assert "BALTO_API_KEY" in served.compare("entrada", "--server", served.address, **bare).stderr
    wrong = served.compare("entrada", "--server", served.address, BALTO_API_KEY="errada")
    assert (wrong.returncode, "chave não vale" in wrong.stderr) == (2, True)
    absent = served.compare("entrada", "--server", f"http://127.0.0.1:{free_port()}")
    assert (absent.returncode, "Não consegui falar" in absent.stderr) == (2, True)


def test_it_can_be_interrupted(served: Served) -> None:
    command = [sys.executable, "-m", "balto_cli", "compare", "entrada", "--server", served.address, "--velocidade", "1"]
    process = subprocess.Popen(command, env=served.env, cwd=served.folder, stderr=subprocess.PIPE, text=True)
    until_s = time.monotonic() + 60
    while "balto_sessions 2.0" not in _metrics(served.address):
        assert time.monotonic() < until_s
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Interrompido" in said


def test_the_old_line_works(served: Served) -> None:
    script = ROOT / "testes" / "generate_spreadsheet_report.py"
    command = [sys.executable, str(script), "--dry-run", "--json"]
    env = {**served.env, "BALTO_SERVER_URL": served.address}
    ran = subprocess.run(command, env=env, cwd=served.folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["gravacoes"] == len(find_inputs([ENTRADA]).files)
    without = subprocess.run(command, env=served.env, cwd=served.folder, capture_output=True, text=True, check=False)
    assert (without.returncode, "BALTO_SERVER_URL" in without.stderr) == (2, True)


def _metrics(address: str) -> str:
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        return str(answer.read().decode())
