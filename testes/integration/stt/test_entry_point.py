"""A third party's provider: a package of its own, installed by pip, asked by the real command."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from testes.gravacoes import FALA

MODULE = """
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.recording import samples_of
from balto_cli.stt.base import LANGUAGE, Capabilities, Transcript, Word


class MeuMotor:
    def __init__(self, context, model):
        self._model = model or "padrão"
        self._rate = context.reais_per_dollar

    name = "MeuMotor"
    capabilities = Capabilities(max_concurrency=2, speakers=True, usd_per_hour=1.5)

    @property
    def identity(self):
        return {"provider": self.name, "model": self._model}

    async def transcribe(self, audio, *, language=LANGUAGE, terms=()):
        seconds = samples_of(audio).size / SAMPLE_RATE_HZ
        words = (Word("meu", 0.0, 0.5, speaker="x"), Word("motor", 0.5, 1.0, speaker="y"))
        cost = seconds / 3600 * 1.5 * self._rate
        return Transcript(f"meu motor {self._model}", words, language, self.name, self._model, 0.01, cost_brl=cost)

    async def aclose(self):
        pass


def broken(context, model):
    raise RuntimeError("segredo que ninguém deve ver")
"""
FILES = {
    "meumotor.py": MODULE,
    "meumotor-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: meumotor\nVersion: 1.0\n",
    "meumotor-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: testes\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "meumotor-1.0.dist-info/entry_points.txt": "[balto.stt]\nmeumotor = meumotor:MeuMotor\n"
    "quebrado = meumotor:broken\nlocal = meumotor:broken\n",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip installed the package into."""
    folder = tmp_path_factory.mktemp("terceiros")
    wheel = folder / "meumotor-1.0-py3-none-any.whl"
    record = "meumotor-1.0.dist-info/RECORD"
    with zipfile.ZipFile(wheel, "w") as archive:
        lines = []
        for name, text in FILES.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(text.encode())}\n")
        archive.writestr(record, "".join([*lines, f"{record},,\n"]))
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True, capture_output=True)
    return target


def balto(installed: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join([str(installed), str(Path(__file__).parents[3])])
    bare = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return subprocess.run(
        [sys.executable, "-m", "balto_cli", *map(str, arguments)],
        env={**bare, "PYTHONPATH": path}, capture_output=True, check=False,
    )  # fmt: skip


def test_it_transcribes_with_its_model_and_its_speakers(installed: Path) -> None:
    result = balto(installed, "transcribe", FALA, "--provider", "meumotor:grande", "--format", "json")
    assert result.returncode == 0, result.stderr.decode()
    data = json.loads(result.stdout)
    assert (data["provider"], data["text"], data["model"]) == ("MeuMotor", "meu motor grande", "grande")
    spoken = balto(installed, "transcribe", FALA, "--provider", "meumotor", "--falantes")
    assert spoken.stdout.decode() == "Falante 1: meu\nFalante 2: motor\n"
    assert "Custo: R$ " in spoken.stderr.decode()


def test_it_stands_in_the_workbooks_and_in_the_prices(installed: Path, tmp_path: Path) -> None:
    compared = balto(
        installed, "compare", FALA, "--provider", "meumotor", "--output", tmp_path, "--json", "--somente", "originais"
    )
    assert compared.returncode == 0, compared.stderr.decode()
    assert json.loads(compared.stdout)["provedores"][0]["provedor"] == "MeuMotor"
    priced = json.loads(balto(installed, "transcribe", FALA, "--dry-run", "--json").stdout)
    rows = {row["opcao"]: row for row in priced["outros_provedores"]}
    assert rows["meumotor"]["usd_por_hora"] == 1.5
    assert rows["quebrado"]["custo_brl"] is None


def test_one_that_does_not_open_is_one_sentence(installed: Path) -> None:
    result = balto(installed, "transcribe", FALA, "--provider", "quebrado")
    assert result.returncode == 2
    assert "O provedor “quebrado”, do pacote meumotor, não abre" in result.stderr.decode()
    assert "segredo" not in result.stderr.decode()


def test_a_name_of_balto_cannot_be_taken(installed: Path) -> None:
    result = balto(installed, "transcribe", FALA, "--provider", "outro")
    assert "há elevenlabs, assemblyai, deepgram, gladia, openai, local, meumotor, quebrado." in result.stderr.decode()
