"""`balto compare` with every provider at once, against their stand-ins and with the real local engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import openpyxl
import pytest

from testes.commands import PROVIDERS, asking, balto
from testes.gravacoes import ENTRADA
from testes.simulador.process import Running, running

LABELS = ("ElevenLabs", "AssemblyAI", "Deepgram", "Gladia", "OpenAI", "Local")
REFUSED = "Deepgram"


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Running]:
    with running("--erros", "0.1") as process:
        yield process


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of the shipped dialogues with their references, in containers that differ."""
    folder = tmp_path_factory.mktemp("entrada")
    for stem in ("balcao-01_20261103091512", "balcao-02_20261103094037"):
        for path in ENTRADA.glob(f"{stem}.*"):
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


def compare(server: Running, recordings: Path, output: Path, *arguments: str, **env: str) -> CompletedProcess[bytes]:
    return balto(server, "compare", recordings, "--output", output, *arguments, **env)


def table(path: Path) -> list[dict[str, object]]:
    header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_six_engines_fill_both_workbooks(stand_ins: Running, recordings: Path, tmp_path: Path) -> None:
    (one,) = recordings.glob("balcao-01_*.webm")
    result = compare(stand_ins, one, tmp_path, *asking(*PROVIDERS, "local"), "--json")
    assert result.returncode == 0, result.stderr.decode()
    originals = table(tmp_path / "Relatorio_Originais.xlsx")
    segments = table(tmp_path / "Relatorio_Segmentos.xlsx")
    assert len(originals) == 1
    assert len(segments) > 2
    for label in LABELS:
        assert all(str(row[f"Transcrição Completa ({label})"]).strip() for row in originals)
        assert all(row[f"Estado {label}"] == "ok" for row in originals)
        assert all(row[f"Estado {label}"] in ("ok", "vazia") for row in segments)
    costs = {row["provedor"]: row["custo_brl"] for row in json.loads(result.stdout)["custos"]}
    assert set(costs) == set(LABELS)
    assert costs["Local"] == 0
    assert all(costs[label] > 0 for label in LABELS[:-1])
    assert "good-key" not in (result.stdout + result.stderr).decode()


def test_a_provider_that_refuses_leaves_a_state_and_a_reason(
    stand_ins: Running, recordings: Path, tmp_path: Path
) -> None:
    result = compare(stand_ins, recordings, tmp_path, *asking(*PROVIDERS), "--json", DEEPGRAM_API_KEY="bad-key")
    assert result.returncode == 1
    for book, column in (
        ("Relatorio_Originais.xlsx", "Transcrição Completa (Deepgram)"),
        ("Relatorio_Segmentos.xlsx", "Transcrição Deepgram (Segmento)"),
    ):
        for row in table(tmp_path / book):
            assert row[column] is None
            assert row[f"Estado {REFUSED}"] == "falha"
            assert "Deepgram recusou a chave" in str(row[f"Motivo {REFUSED}"])
            assert row["Estado Gladia"] in ("ok", "vazia")
    found = {row["provedor"]: row for row in json.loads(result.stdout)["provedores"]}
    assert found["Deepgram"]["originais"] is None
    assert found["ElevenLabs"]["originais"]["arquivos"] == 2


def verdict(server: Running, output: Path) -> tuple[str | None, str]:
    """The winner among three providers on all the shipped recordings, and the verdict."""
    three = asking("elevenlabs", "deepgram", "gladia")
    result = compare(server, ENTRADA, output, *three, "--somente", "originais", "--json")
    assert result.returncode == 0, result.stderr.decode()
    data = json.loads(result.stdout)
    return data["vencedor"], data["veredito"]


def test_the_provider_that_errs_least_wins(tmp_path: Path) -> None:
    with running("--erros", "elevenlabs=0.2", "--erros", "deepgram=0.02", "--erros", "gladia=0.4") as different:
        winner, sentence = verdict(different, tmp_path)
    assert winner == "Deepgram"
    assert sentence.startswith("Deepgram erra menos que todos os outros. WER de ")
    assert "; o segundo é ElevenLabs, com " in sentence


def test_providers_that_err_alike_are_a_tie(stand_ins: Running, tmp_path: Path) -> None:
    winner, sentence = verdict(stand_ins, tmp_path)
    assert winner is None
    assert sentence.startswith("Empate entre ")


def test_a_budget_in_reais_with_a_comma_bounds_the_run(stand_ins: Running, recordings: Path, tmp_path: Path) -> None:
    result = compare(stand_ins, recordings, tmp_path, *asking("elevenlabs", "gladia"), "--orcamento", "0,03", "--json")
    assert result.returncode == 1
    assert "orçamento de R$ 0,03" in result.stderr.decode()
    assert sum(row["custo_brl"] for row in json.loads(result.stdout)["custos"]) <= 0.03


def test_a_person_reads_what_each_provider_cost(stand_ins: Running, recordings: Path, tmp_path: Path) -> None:
    stand_ins.fail("gladia", "500", stage="criar")
    result = compare(stand_ins, recordings, tmp_path, *asking("elevenlabs", "gladia"), "--somente", "originais")
    said = result.stderr.decode()
    assert "Custo: R$ " in said
    assert "Gladia R$ " in said
    assert "talvez cobrado por tentativas que falharam" in said


def test_a_dry_run_counts_both_parts_and_prices_them(recordings: Path, stand_ins: Running, tmp_path: Path) -> None:
    stand_ins.reset()
    result = compare(stand_ins, recordings, tmp_path / "nada", *asking("assemblyai"), "--dry-run", "--json")
    data = json.loads(result.stdout)
    (asked,) = data["provedores"]
    assert asked["chamadas"] == data["gravacoes"] + data["segmentos"]
    assert asked["audio_s"] == pytest.approx(data["duracao_s"] + data["fala_s"], abs=0.01)
    assert asked["custo_brl"] > 0
    assert stand_ins.calls() == []
    assert not (tmp_path / "nada").exists()
