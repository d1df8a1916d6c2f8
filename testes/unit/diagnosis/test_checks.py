"""What each check says of a machine in some state."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from balto_cli.diagnosis import State, keys, machine
from balto_cli.diagnosis.configuration import check_certificates, check_env_file, check_profile, check_proxies
from balto_cli.diagnosis.whisper import check_engine
from balto_cli.settings import KEYED_PROVIDERS, Settings
from balto_cli.stt.http import HttpPool


def settings(**values: str) -> Settings:
    return Settings.model_validate(values)


def answered(monkeypatch: pytest.MonkeyPatch, status: int, body: object, **values: str) -> dict[str, keys.Check]:
    """The checks of keys where every provider answers so."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    monkeypatch.setattr(keys, "HttpPool", lambda: HttpPool(transport))
    return {check.name: check for check in keys.check_keys(settings(**values), network=True)}


def test_there_is_a_probe_for_every_provider_with_a_key() -> None:
    assert set(keys.PROBES) == set(KEYED_PROVIDERS)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"detail": {"status": "missing_permissions", "message": "missing the permission user_read"}}),
        (403, {"error": {"message": "You have insufficient permissions. Missing scopes: api.model.read"}}),
    ],
)
def test_a_key_with_few_rights_is_not_called_wrong(status: int, body: object, monkeypatch: pytest.MonkeyPatch) -> None:
    check = answered(monkeypatch, status, body, ELEVENLABS_API_KEY="abc")["chave ElevenLabs"]
    assert check.state is State.WARNING
    assert "direitos limitados" in check.found


def test_a_key_that_the_provider_repeats_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"error": {"message": "Incorrect API key provided: sk-abcdef", "code": "sk-abcdef"}}
    check = answered(monkeypatch, 401, body, OPENAI_API_KEY="sk-abcdef")["chave OpenAI"]
    assert check.state is State.FAILED
    assert "abcdef" not in check.found + check.todo


@pytest.mark.parametrize("key", ["com espaço", '"aspas"', "açaí", "linha\n"])
def test_a_key_that_was_copied_badly_is_found_out_without_sending_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check = answered(monkeypatch, 200, {}, GLADIA_API_KEY=key)["chave Gladia"]
    assert (check.state, check.todo) == (State.FAILED, "copie a chave de novo")
    assert key not in check.found


def test_an_env_file_is_read_or_said_not_to_be(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert check_env_file(path).state is State.OK
    path.write_text("X=1", "utf-8")
    path.chmod(0o600)
    assert check_env_file(path).found == "lido"
    path.chmod(0o644)
    if sys.platform != "win32":
        assert check_env_file(path).todo == "chmod 600 .env"
    path.write_bytes(b"\xff\xfe\xff")
    assert check_env_file(path).state is State.FAILED


def test_a_proxy_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    assert check_proxies().found == "nenhum"
    monkeypatch.setenv("HTTPS_PROXY", "http://maria:segredo@proxy.empresa:3128")
    assert check_proxies().found == "HTTPS_PROXY: proxy.empresa:3128"
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:porta")
    assert check_proxies().state is State.FAILED


def test_certificates_that_are_not_there_or_not_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nada.pem"))
    assert "não existe" in check_certificates().found
    (tmp_path / "nada.pem").write_text("isto não é um certificado")
    assert check_certificates().state is State.FAILED
    monkeypatch.delenv("SSL_CERT_FILE")
    assert check_certificates().state is State.OK


def test_a_profile_that_cannot_be_used_says_where(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("close_after = 3", "utf-8")
    check = check_profile(str(tmp_path / "p.toml"))
    assert check.state is State.FAILED
    assert "linha 1" in check.found
    assert check_profile("leve").state is State.OK
    assert check_profile(None).state is State.OK


def test_a_folder_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    check = machine.check_folder("pasta", tmp_path / "nova" / "funda", "faça algo")
    assert (check.state, list(tmp_path.iterdir())) == (State.OK, [])
    assert check.found.endswith("(será criada)")
    (tmp_path / "arquivo").write_text("x")
    assert machine.check_folder("pasta", tmp_path / "arquivo", "faça algo").todo == "faça algo"


def test_little_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {}
    for free in (1 << 20, 1 << 30, 1 << 40):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        states[free] = machine.check_disk([tmp_path / "nada"]).state
    assert list(states.values()) == [State.FAILED, State.WARNING, State.OK]


def test_a_decoder_that_does_not_run_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.check_decoder().state is State.OK
    import imageio_ffmpeg

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(tmp_path / "nada"))
    assert machine.check_decoder().state is State.FAILED


def test_weights_that_are_not_here_are_not_fetched(tmp_path: Path) -> None:
    check = check_engine(settings(), tmp_path)
    assert check.state is State.WARNING
    assert "sem os pesos do Whisper base" in check.found
    assert list(tmp_path.iterdir()) == []
    wrong = check_engine(settings(whisper=str(tmp_path)), tmp_path)
    assert wrong.state is State.FAILED
    assert "model.bin" in wrong.found


def test_speech_detection_runs_here() -> None:
    assert [check.state for check in machine.check_speech_detection()] == [State.OK, State.OK]
