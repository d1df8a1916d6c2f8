"""What each check says of a machine in some state."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from balto_cli.diagnosis import State, host, keys, machine
from balto_cli.diagnosis.configuration import check_certificates, check_env_file, check_profile, check_proxies
from balto_cli.diagnosis.whisper import check_engine
from balto_cli.server.backup import make_backup
from balto_cli.server.diagnosis import examine_server
from balto_cli.server.folder_lock import lock_folder
from balto_cli.settings import KEYED_PROVIDERS, Settings
from balto_cli.store.database import default_address, open_database
from balto_cli.store.migrating import revisions
from balto_cli.stt.http import HttpPool

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


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


def test_a_data_folder_that_others_enter_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "dados"
    assert host.check_data_folder(folder).state is State.OK
    folder.mkdir(mode=0o700)
    assert host.check_data_folder(folder).state is State.OK
    folder.chmod(0o755)
    if sys.platform != "win32":
        assert host.check_data_folder(folder).todo == f"chmod 700 {folder}"


def test_the_disk_is_timed_without_leaving_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r"em \d+,\d ms", host.check_sync(tmp_path / "dados").found)
    assert list(tmp_path.iterdir()) == []
    clock = itertools.count(0, 0.05)
    monkeypatch.setattr(host.time, "perf_counter", lambda: next(clock))
    slow = host.check_sync(tmp_path)
    assert (slow.state, slow.found) == (State.WARNING, "fsync de 4 KB em 50,0 ms (mediana de 15)")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_sessions_that_do_not_fit_under_the_limit_of_files_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert host.check_open_files(settings()).state is State.OK
    many = host.check_open_files(settings(max_sessions="3000"))
    assert many.state is State.WARNING
    assert "LimitNOFILE" in many.todo


def test_a_clock_is_judged_by_year_network_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    brasilia, utc = timezone(timedelta(hours=-3), "-03"), UTC
    for synchronized, now, state in (
        (True, datetime(2026, 11, 3, 12, tzinfo=brasilia), State.OK),
        (None, datetime(2026, 11, 3, 12, tzinfo=brasilia), State.OK),
        (False, datetime(2026, 11, 3, 12, tzinfo=brasilia), State.WARNING),
        (True, datetime(2026, 11, 3, 12, tzinfo=utc), State.WARNING),
        (True, datetime(1970, 1, 1, tzinfo=brasilia), State.FAILED),
    ):
        monkeypatch.setattr(host, "_is_synchronized", lambda synchronized=synchronized: synchronized)
        assert host.check_clock(now).state is state


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, State.OK),
        ({"proxies": "127.0.0.1, 10.0.0.0/8"}, State.OK),
        ({"proxies": "0.0.0.0/0"}, State.FAILED),
        ({"proxies": "::/0"}, State.FAILED),
        ({"proxies": "8.8.8.8"}, State.WARNING),
        ({"HOST": "0.0.0.0"}, State.WARNING),
        ({"HOST": "0.0.0.0", "proxies": "172.30.87.0/24"}, State.OK),
        ({"HOST": "::1"}, State.OK),
    ],
)
def test_proxies_that_anybody_could_be_are_refused(values: dict[str, str], state: State) -> None:
    assert host.check_proxy_trust(settings(**values)).state is state


def server_checks(folder: Path, now: datetime, **values: object) -> dict[str, keys.Check]:
    given = Settings.model_validate({"data": folder, **values})
    return {check.name: check for check in examine_server(given, now)}


def test_a_server_that_never_ran_is_no_failure_and_nothing_is_made(tmp_path: Path) -> None:
    found = server_checks(tmp_path / "dados", NOON)
    assert {check.state for check in found.values()} == {State.OK}
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_is_easy_fails_where_the_network_hears(tmp_path: Path) -> None:
    weak = {"ADMIN_SECRET": "admin123"}
    assert server_checks(tmp_path, NOON, **weak)["ADMIN_SECRET"].state is State.WARNING
    exposed = server_checks(tmp_path, NOON, HOST="0.0.0.0", **weak)["ADMIN_SECRET"]
    assert exposed.state is State.FAILED
    assert "admin123" not in exposed.found + exposed.todo
    good = server_checks(tmp_path, NOON, HOST="0.0.0.0", ADMIN_SECRET="uma frase comprida 71")
    assert good["ADMIN_SECRET"].state is State.OK


def test_the_database_is_looked_at_as_it_is(tmp_path: Path) -> None:
    database = open_database(default_address(tmp_path))
    with database.writing.begin() as connection:
        found = server_checks(tmp_path, NOON)  # while somebody writes
        assert found["banco de dados"].found == f"SQLite, esquema {revisions(connection)[1]}"
        assert found["último backup"].found == "nenhum"
    with lock_folder(tmp_path):
        assert "em uso" in server_checks(tmp_path, NOON)["banco de dados"].found
    make_backup(Settings.model_validate({"data": tmp_path}), tmp_path / "b.zip", "operador")
    now = datetime.now(UTC)
    assert server_checks(tmp_path, now + timedelta(hours=3))["último backup"].found == "há 3 h"
    assert server_checks(tmp_path, now + timedelta(days=5))["último backup"].state is State.WARNING
    with database.writing.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    old = server_checks(tmp_path, now)["banco de dados"]
    assert (old.state, "0001" in old.found) == (State.WARNING, True)
    with database.writing.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'ffff'"))
    assert "versão mais nova" in server_checks(tmp_path, now)["banco de dados"].found
    database.close()
    (tmp_path / "balto.db").write_bytes(b"lixo" * 5000)
    assert server_checks(tmp_path, now)["banco de dados"].state is State.FAILED


def test_a_database_elsewhere_that_does_not_answer_fails_without_its_password(tmp_path: Path) -> None:
    found = server_checks(tmp_path, NOON, DATABASE_URL="postgresql://u:senha123@127.0.0.1:9/b")["banco de dados"]
    assert found.state is State.FAILED
    assert "senha123" not in found.found + found.todo


def test_a_disk_that_does_not_last_a_day_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    states = {}
    for free in (1 << 20, 1 << 29, 1 << 36):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        states[free] = server_checks(tmp_path, NOON)["disco do servidor"].state
    assert list(states.values()) == [State.FAILED, State.WARNING, State.OK]
    kept = server_checks(tmp_path, NOON, retencao_audio_horas=8000)["disco do servidor"]
    assert "8000 h de áudio" in kept.found
