"""The command line: quick help, the words it refuses in, UTF-8 whatever the console, exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from testes.gravacoes import ENTRADA, FALA, converted, speech

LIGHT = """
import sys
sys.argv = ["balto", "--help"]
from balto_cli.cli import main
try:
    main()
except SystemExit:
    pass
heavy = "numpy pandas openpyxl noisereduce faster_whisper jiwer scipy webrtcvad httpx aiohttp openai"
heavy += " asyncio pydantic rich"
print(sorted(set(heavy.split()) & set(sys.modules)), file=sys.stderr)
"""


def balto(
    *arguments: str | Path, stdin: bytes | None = None, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "balto_cli", *map(str, arguments)],
        capture_output=True, input=stdin, check=False, cwd=cwd, env={**os.environ, **env},
    )  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    result = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, check=True)
    assert result.stderr.decode().strip() == "[]"
    assert "compare" in result.stdout.decode()


@pytest.mark.parametrize("command", ["compare", "transcribe", "segment"])
def test_each_command_explains_itself_in_portuguese(command: str) -> None:
    text = balto(command, "--help").stdout.decode()
    assert "ENTRADA" in text
    assert "--output" in text


@pytest.mark.parametrize("command", ["", "serve", "suggest", "keys", "keys create", "backup", "restore"])
def test_the_help_has_no_words_of_the_parser_and_cuts_no_sentence(command: str) -> None:
    text = balto(*command.split(), "--help").stdout.decode().replace("[ARGUMENTOS]...", "")
    for word in ("...", "<str>", "<path>", "range>", "<float>", "{", "[["):
        assert word not in text


def test_a_group_without_a_command_says_its_commands() -> None:
    result = balto("keys")
    assert result.returncode == 2
    assert result.stderr.decode().startswith("Uso: ")
    assert result.stderr.decode().rstrip().endswith("não entra mais.")


def test_doctor_explains_itself_in_portuguese() -> None:
    text = balto("doctor", "--help").stdout.decode()
    assert "--sem-rede" in text
    assert "Opções:" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inexistente"], "Comando desconhecido: inexistente"),
        (["segment"], "Falta ENTRADA"),
        (["segment", "--nada"], "Opção desconhecida: --nada"),
        (["segment", "nao/existe"], "Não encontrei nao/existe"),
        (["compare", str(ENTRADA), "--somente", "tudo"], "Valor inválido para --somente"),
        (["compare", str(ENTRADA), "--provider", "nenhum"], "nenhum"),
        (["transcribe", str(ENTRADA), "--format"], "--format precisa de um valor"),
        (["serve", "--port", "abc"], "Valor inválido para --port: não é um número inteiro. Veja `balto serve --help`."),
        (["serve", "--port", "99999"], "Valor inválido para --port: o máximo é 65535."),
        (["compare", str(ENTRADA), "--velocidade", "dez"], "Valor inválido para --velocidade: não é um número"),
        (["compare", str(ENTRADA), "--velocidade", "0,01"], "Valor inválido para --velocidade: vai de 0,1 a 1000."),
        (["suggest", "--taxas", "--piso", "1,5"], "Valor inválido para --piso: vai de 0 a 1."),
        (["backup", "uma", "pasta"], "Argumento a mais: pasta"),
    ],
)
def test_a_mistake_is_one_sentence_with_exit_code_2(arguments: list[str], said: str) -> None:
    result = balto(*arguments)
    assert result.returncode == 2
    assert said in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
    assert result.stdout == b""


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    result = balto("segment", tmp_path)
    assert result.returncode == 2
    assert "Nenhuma gravação" in result.stderr.decode()


def test_segment_writes_waves_and_a_table_that_excel_reads(tmp_path: Path) -> None:
    (tmp_path / "entrada" / "sub").mkdir(parents=True)
    (tmp_path / "entrada" / "=fala.wav").write_bytes(speech(6))
    (tmp_path / "entrada" / "sub" / "ação.m4a").write_bytes(converted(".m4a"))
    result = balto("segment", tmp_path / "entrada", "--output", tmp_path / "saida", PYTHONIOENCODING="cp437")
    assert result.returncode == 0
    data = (tmp_path / "saida" / "segmentos.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert list(table[0]) == ["Arquivo Original", "Nome do Segmento", "Início (s)", "Fim (s)", "Duração (s)"]
    assert {row["Arquivo Original"] for row in table} == {"./=fala.wav", "sub/ação.m4a"}
    for row in table:
        assert (tmp_path / "saida" / row["Nome do Segmento"]).stat().st_size > 44
        assert float(row["Fim (s)"]) - float(row["Início (s)"]) == pytest.approx(float(row["Duração (s)"]), abs=0.002)
    assert "segmentos" in result.stdout.decode("utf-8")


def test_segment_reads_standard_input(tmp_path: Path) -> None:
    result = balto("segment", "-", "--output", tmp_path, "--json", stdin=converted(".m4a"))
    rows = json.loads(result.stdout)["segmentos"]
    assert rows
    assert rows[0]["Arquivo Original"] == "entrada padrão"


def test_a_shorter_cut_leaves_no_segment_of_the_longer_one(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(FALA.read_bytes())
    balto("segment", tmp_path / "a.wav", "--output", tmp_path / "saida")
    longer = len(list((tmp_path / "saida").glob("*.wav")))
    (tmp_path / "a.wav").write_bytes(speech(4))
    balto("segment", tmp_path / "a.wav", "--output", tmp_path / "saida")
    shorter = len(list((tmp_path / "saida").glob("*.wav")))
    assert 0 < shorter < longer
    assert shorter == len((tmp_path / "saida" / "segmentos.csv").read_text("utf-8-sig").splitlines()) - 1


def test_one_failed_input_is_exit_code_1_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "bom.wav").write_bytes(speech(4))
    (tmp_path / "ruim.wav").write_bytes(b"")
    result = balto("segment", tmp_path, "--output", tmp_path / "saida")
    assert result.returncode == 1
    assert "ruim.wav: o arquivo está vazio" in result.stderr.decode()


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    result = balto("compare", ENTRADA, "--dry-run", "--provider", "nenhum", cwd=tmp_path, BALTO_WISPER="x")
    assert "BALTO_WISPER" in result.stderr.decode()
