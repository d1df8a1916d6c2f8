"""`balto doctor` as a process: which keys work, what is missing, what to do; never a key on the screen."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from testes.commands import balto
from testes.simulador.options import PROVIDERS
from testes.simulador.process import Running, running

LABELS = ("ElevenLabs", "AssemblyAI", "Deepgram", "Gladia", "OpenAI", "xAI")


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Running]:
    with running() as process:
        yield process


def doctor(server: Running | None, *arguments: str, **options: Any) -> CompletedProcess[bytes]:
    return balto(server, "doctor", *arguments, **options)


def checks(result: CompletedProcess[bytes]) -> dict[str, tuple[str, str, str]]:
    rows = json.loads(result.stdout)["checagens"]
    return {row["nome"]: (row["estado"], row["encontrado"], row["fazer"]) for row in rows}


def test_good_keys_are_accepted_by_a_request_that_costs_nothing(stand_ins: Running, tmp_path: Path) -> None:
    stand_ins.reset()
    result = doctor(stand_ins, "--json", cwd=tmp_path)
    found = checks(result)
    assert [found[f"chave {label}"][0] for label in LABELS] == ["ok"] * 6
    assert {row["etapa"] for row in stand_ins.calls()} == {"chave"}
    assert result.returncode == 0, result.stdout.decode()
    assert "good-key" not in (result.stdout + result.stderr).decode()


def test_bad_keys_fail_with_the_variable_to_mend(stand_ins: Running, tmp_path: Path) -> None:
    bad = {f"{provider.upper()}_API_KEY": "bad-key-0123456789" for provider in PROVIDERS}
    result = doctor(stand_ins, "--json", cwd=tmp_path, **bad)
    assert result.returncode == 1
    found = checks(result)
    for label in LABELS:
        state, said, todo = found[f"chave {label}"]
        assert (state, said) == ("falha", f"{label} recusou a chave")
        assert f"{label.upper()}_API_KEY" in todo
    for part in ("bad-key", "0123456789", "6789"):
        assert part not in (result.stdout + result.stderr).decode()


def test_what_is_not_a_matter_of_the_key_is_not_called_one(stand_ins: Running, tmp_path: Path) -> None:
    stand_ins.reset()
    expected = {
        "openai": ("402", "chave OpenAI", "falha", "sem saldo"),
        "deepgram": ("429", "chave Deepgram", "aviso", "não deu para conferir"),
        "gladia": ("502-html", "chave Gladia", "aviso", "não deu para conferir"),
        "elevenlabs": ("trava", "chave ElevenLabs", "aviso", "não respondeu a tempo"),
    }
    for provider, (fault, *_) in expected.items():
        stand_ins.fail(provider, fault)
    found = checks(doctor(stand_ins, "--json", cwd=tmp_path))
    for _, check, state, said in expected.values():
        assert found[check][0] == state
        assert said in found[check][1]


def test_nobody_there_is_a_failure_only_where_the_settings_want_them(stand_ins: Running, tmp_path: Path) -> None:
    nobody = {"DEEPGRAM_BASE_URL": "http://127.0.0.1:9"}
    spare = doctor(stand_ins, "--json", cwd=tmp_path, **nobody)
    assert (spare.returncode, checks(spare)["chave Deepgram"][0]) == (0, "aviso")
    wanted = doctor(stand_ins, "--json", cwd=tmp_path, BALTO_PROVIDERS="deepgram,local", **nobody)
    assert (wanted.returncode, checks(wanted)["chave Deepgram"][0]) == (1, "falha")


def test_without_network_keys_are_read_and_not_tried(stand_ins: Running, tmp_path: Path) -> None:
    stand_ins.reset()
    found = checks(doctor(stand_ins, "--json", "--sem-rede", cwd=tmp_path))
    assert "não conferida" in found["chave Gladia"][1]
    assert stand_ins.calls() == []


def test_settings_that_are_wrong_are_said_and_everything_else_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BALTO_PERFIL=nao-existe.toml\nBALTO_WISPER=x\nBALTO_PROVIDERS=gladia\n", "utf-8")
    result = doctor(None, "--json", "--sem-rede", cwd=tmp_path)
    found = checks(result)
    assert result.returncode == 1
    assert found["perfil"][0] == "falha"
    assert "nao-existe.toml" in found["perfil"][1]
    assert "BALTO_WISPER" in found["variáveis"][1]
    assert found["chave Gladia"][::2] == ("falha", "defina GLADIA_API_KEY")
    (tmp_path / ".env").write_text("BALTO_DOLAR=muito\n", "utf-8")
    found = checks(doctor(None, "--json", "--sem-rede", cwd=tmp_path))
    assert found["configuração"][:2] == ("falha", "Valor inválido em BALTO_DOLAR")
    assert found["ffmpeg"][0] == "ok"


def test_a_port_in_use_is_a_warning(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8765))
            taken.listen()
        except OSError:
            # Someone else has it, which is as good.
            pass
        assert checks(doctor(None, "--json", "--sem-rede", cwd=tmp_path))["porta 8765"][0] == "aviso"


def test_a_person_reads_a_table_that_is_not_cut(tmp_path: Path) -> None:
    result = doctor(None, "--sem-rede", cwd=tmp_path, PYTHONIOENCODING="cp437")
    text = result.stdout.decode("utf-8")
    assert "O que fazer" in text
    assert "não definida: o provedor fica de fora (para usá-lo, ELEVENLABS_API_KEY)" in text
    assert list(tmp_path.iterdir()) == []
