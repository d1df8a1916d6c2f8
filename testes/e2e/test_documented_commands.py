"""Every command that the README and the manual give for Linux does what they say, as it is written there.

They run one after the other in a folder like the project's, with one recording, against the stand-ins. Those that
build the environment itself are what CI begins with; a line that is neither run nor named here fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.wav import write_wav
from testes.commands import environment
from testes.gravacoes import read_wav
from testes.live import free_port
from testes.simulador.options import ROOT
from testes.simulador.process import Running, running

PAGES = ("README.md", "README.en.md", "MANUAL_EXECUCAO_LOCAL.md")
INPUT = ROOT / "testes" / "1_input"
RECORDING = "balcao-02_20261103094037"
LENGTH = 10 * SAMPLE_RATE_HZ
"""`balto ouvir` plays it at real speed."""
NOT_RUN = {
    "make demo": "builds the environment and fetches weights",
    "make test": "is what runs this",
    "BALTO_WHISPER=/caminho/da/pasta": "test_weights.py gives a folder of weights",
    "export HTTPS_PROXY=": "test_network.py calls through a proxy",
    "export ELEVENLABS_API_KEY=": "the stand-ins are there already",
    "ELEVENLABS_API_KEY=...": "lines of a .env",
    "DEEPGRAM_API_KEY=...": "lines of a .env",
    "BALTO_PROVIDERS=elevenlabs,deepgram": "lines of a .env",
    "cp .env.exemplo .env": "test_env_example.py reads it; with it the commands would not meet the stand-ins",
    "chmod 600 .env": "there is none here",
}
LONGEST_S = 300
SERVER = "http://127.0.0.1:8765"
MAY_EXIT = {"balto doctor": {0, 1}, "--fail-if": {0, 3}}


def commands(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s{2,}#.*", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


class Workspace:
    """A folder like the project's, and the server that the commands start in it."""

    def __init__(self, folder: Path, stand_ins: Running) -> None:
        self.folder = folder
        self.key = ""
        self.address = ""
        self._server: subprocess.Popen[str] | None = None
        binary = folder / ".venv" / "bin"
        binary.mkdir(parents=True)
        (binary / "balto").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m balto_cli "$@"\n')
        (binary / "balto").chmod(0o755)
        for name in ("testes/1_input", "gravacoes"):
            (folder / name).mkdir(parents=True)
            shutil.copy(INPUT / f"{RECORDING}.txt", folder / name)
            write_wav(folder / name / f"{RECORDING}.wav", read_wav(INPUT / f"{RECORDING}.wav")[:LENGTH])
        (folder / "conversas.jsonl").write_text('{"turnos": ["tem dipirona?", "é para a minha dor de cabeça"]}\n')
        self.env = {
            **environment(stand_ins),
            "BALTO_DATA": str(folder / "dados"),
            "BALTO_PROVIDERS": "elevenlabs",
            "PORT": str(free_port()),
            "PATH": f"{binary}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, line: str) -> None:
        line = line.replace("a-chave", self.key).replace(SERVER, self.address or SERVER)
        if re.match(r"\S*balto serve", line):
            self._serve(line)
            return
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self.env, input="senha-de-teste-longa\n" * 2,
            capture_output=True, text=True, check=False, timeout=LONGEST_S,
        )  # fmt: skip
        allowed = next((codes for part, codes in MAY_EXIT.items() if part in line), {0})
        assert done.returncode in allowed, f"{line}\n{done.stdout}\n{done.stderr}"
        if "keys create" in line:
            self.key = done.stdout.split()[-1]

    def _serve(self, line: str) -> None:
        self.stop()
        self._server = subprocess.Popen(
            ["sh", "-c", f"exec {line}"], cwd=self.folder, env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._server.stdout is not None
        said = self._server.stdout.readline()
        assert said.startswith("Balto ouvindo em "), line
        self.address = said.split()[-1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.communicate()
            self._server = None


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Running]:
    with running("--texto", "hash") as server:
        yield server


@pytest.mark.parametrize("page", PAGES)
def test_every_linux_command_of_the_page_works(page: str, stand_ins: Running, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, stand_ins)
    if page == "README.en.md":
        workspace.run("balto compare testes/1_input")  # what its `make demo` leaves
    try:
        for line in commands(page):
            if not line.startswith(tuple(NOT_RUN)):
                workspace.run(line)
    finally:
        workspace.stop()


def test_no_exception_is_left_behind() -> None:
    lines = [line for page in PAGES for line in commands(page)]
    assert all(any(line.startswith(start) for line in lines) for start in NOT_RUN)
