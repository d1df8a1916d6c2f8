"""`balto serve` and `balto ouvir` as processes: from a recording to its text, over real sockets and real HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testes.commands import environment
from testes.gravacoes import LIMPO_1
from testes.live import free_port
from testes.simulador.process import Running, running


@pytest.fixture(scope="module")
def provider() -> Iterator[Running]:
    with running("--texto", "hash") as server:
        yield server


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "balto_cli", *arguments]


def settings(provider: Running, folder: Path, **values: str) -> dict[str, str]:
    given = {"BALTO_DATA": str(folder), "BALTO_PROVIDERS": "elevenlabs", "BALTO_PERFIL": "leve", **values}
    return {**environment(provider), **given}


@contextmanager
def serving(env: dict[str, str], cwd: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server and its address."""
    process = subprocess.Popen(
        command("serve", *arguments), env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Balto ouvindo em "), process.stderr.read() if process.stderr else ""
        yield process, line.split()[-1]
    finally:
        process.kill()
        process.communicate()


def run(env: dict[str, str], cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), env=env, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_recording_is_heard_over_the_socket_and_a_signal_ends_the_server(provider: Running, tmp_path: Path) -> None:
    env = settings(provider, tmp_path / "dados")
    made = run(env, tmp_path, "keys", "create", "Balcão 1", "--cliente", "Rede Saúde")
    key = made.stdout.strip()
    with serving(env, tmp_path, "--port", str(free_port())) as (process, address):
        listening = {**env, "BALTO_API_KEY": key}
        heard = run(listening, tmp_path, "ouvir", address, "--arquivo", str(LIMPO_1), "--rapido", "--json")
        assert heard.returncode == 0, heard.stderr
        events = [json.loads(line) for line in heard.stdout.splitlines()]
        told = [event for event in events if event["comando"] == "transcricao"]
        assert len(told) > 3
        assert {event["estado"] for event in told} == {"ok"}
        assert {event["provedor"] for event in told} == {"ElevenLabs"}
        wrong = run({**env, "BALTO_API_KEY": "errada"}, tmp_path, "ouvir", address, "--arquivo", str(LIMPO_1))
        assert wrong.returncode == 2
        assert "chave não vale" in wrong.stderr
        text = tmp_path / "leia.wav"
        text.write_text("isto não é som\n" * 50, encoding="utf-8")
        unread = run(listening, tmp_path, "ouvir", address, "--arquivo", str(text))
        assert unread.returncode == 2
        assert f"{text}: o conteúdo não é áudio" in unread.stderr
        second = run(env, tmp_path, "serve", "--port", str(free_port()))
        assert second.returncode == 2
        assert "Já há um servidor" in second.stderr
        begun_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=15)
        assert process.returncode == 0
        assert time.monotonic() - begun_s < 10
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert any(line["event"] == "ouvindo" for line in lines)
    texts = [event["texto"] for event in told]
    assert key not in out + log
    assert not any(text in log for text in texts)


def test_a_port_that_is_taken_is_an_error_where_it_was_given(provider: Running, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run(settings(provider, tmp_path / "dados"), tmp_path, "serve", "--port", str(port))
    assert refused.returncode == 2
    assert str(port) in refused.stderr


def test_what_is_missing_is_said(provider: Running, tmp_path: Path) -> None:
    env = {name: value for name, value in settings(provider, tmp_path).items() if name != "BALTO_SERVER_URL"}
    assert "BALTO_SERVER_URL" in run(env, tmp_path, "ouvir").stderr
    assert "BALTO_API_KEY" in run(env, tmp_path, "ouvir", "http://127.0.0.1:1").stderr
