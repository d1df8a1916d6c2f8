"""`balto compare --ruido`: what it costs is shown and accepted first, and the page draws error against noise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from testes.commands import asking, balto
from testes.gravacoes import ENTRADA
from testes.simulador.process import Running, running


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Running]:
    with running("--texto", "hash") as process:
        yield process


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("entrada")
    for path in ENTRADA.glob("balcao-02_20261103094037.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def compare(server: Running, recordings: Path, output: Path, *arguments: str | Path) -> CompletedProcess[bytes]:
    return balto(server, "compare", recordings, "--output", output, *asking("deepgram"), *arguments)


def test_nothing_is_asked_before_the_cost_was_accepted(stand_ins: Running, recordings: Path, tmp_path: Path) -> None:
    stand_ins.reset()
    result = compare(stand_ins, recordings, tmp_path, "--ruido", "10,0")
    assert result.returncode == 2
    assert "Provedores pedidos (*): R$" in result.stderr.decode()
    assert "3 gravações" in result.stderr.decode()
    assert "--sim" in result.stderr.decode()
    assert not stand_ins.calls()


def test_a_sweep_is_compared_and_drawn(stand_ins: Running, recordings: Path, tmp_path: Path) -> None:
    result = compare(stand_ins, recordings, tmp_path, "--ruido", "10;0", "--sim", "--somente", "segmentos")
    assert result.returncode == 0, result.stderr.decode()
    assert "balto report" in result.stderr.decode()
    mixed = sorted(path.name for path in (tmp_path / "ruido").rglob("*.wav"))
    assert mixed == [f"balcao-02_20261103094037 (ruído {ratio} dB).wav" for ratio in (0, 10)]
    page = balto(None, "report", tmp_path, "--html")
    assert page.returncode == 0, page.stderr.decode()
    html = (tmp_path / "Relatorio.html").read_text("utf-8")
    assert "Erro quando o ruído cresce" in html
    assert "WER por relação sinal-ruído. sem ruído: Deepgram" in html
    assert "./ruido/balcao-02_20261103094037%20%28ru%C3%ADdo%2010%20dB%29.wav" in html


def test_a_dry_run_prices_the_sweep_and_leaves_no_file(stand_ins: Running, recordings: Path, tmp_path: Path) -> None:
    result = compare(stand_ins, recordings, tmp_path / "saida", "--ruido", "5", "--dry-run")
    assert result.returncode == 0, result.stderr.decode()
    assert "2 gravações" in result.stdout.decode()
    assert not (tmp_path / "saida").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--ruido", "dez"], "dez não é um número"),
        (["--ruido", "200"], "de -20 a 60 dB"),
        (["--arquivo-ruido", "ruido.wav"], "--ruido 20,10,5,0"),
    ],
)
def test_mistakes_are_one_sentence(
    stand_ins: Running, recordings: Path, tmp_path: Path, arguments: list[str], named: str
) -> None:
    result = compare(stand_ins, recordings, tmp_path, *arguments)
    assert result.returncode == 2
    assert named in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
