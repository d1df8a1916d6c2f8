"""`balto keys` and `balto admin` as the operator uses them, also beside a running server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from balto_cli.cli.admin import admin
from balto_cli.cli.keys import keys
from balto_cli.errors import UsageError
from balto_cli.server.secrets import AdminCheck, AdminSecret
from balto_cli.store.records import KeyHolder
from balto_cli.store.store import Store


@pytest.fixture(autouse=True)
def operator(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an operator, without a `.env`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.delenv("ADMIN_SECRET", raising=False)


def run(app: Any, *arguments: str, typed: str = "") -> tuple[str, str]:
    """What a command printed: results, remarks. Raises what it raised."""
    result = CliRunner().invoke(app, arguments, input=typed, catch_exceptions=False, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.stdout.strip(), result.stderr


def find(database_url: str, secret: str) -> KeyHolder | None:
    async def work() -> KeyHolder | None:
        store = await Store.open(database_url)
        try:
            return await store.find_key(secret)
        finally:
            await store.close()

    return asyncio.run(work())


def test_a_key_is_made_listed_and_revoked(database_url: str) -> None:
    secret, _ = run(keys, "create", "Balcão 1", "--cliente", "Rede Saúde")
    holder = find(database_url, secret)
    assert holder is not None
    assert (holder.counter_name, holder.client_name) == ("Balcão 1", "Rede Saúde")
    listed, _ = run(keys, "list")
    assert holder.key_id in listed
    assert secret not in listed
    assert "nunca" in listed
    run(keys, "revoke", holder.key_id[:8])
    assert find(database_url, secret) is None
    (entry,) = json.loads(run(keys, "list", "--json")[0])
    assert entry["id"] == holder.key_id
    assert entry["revogada"]


def test_a_key_that_nobody_has_is_the_persons_mistake() -> None:
    with pytest.raises(UsageError, match="Nenhuma chave"):
        run(keys, "revoke", "abc")
    with pytest.raises(UsageError, match="nome"):
        run(keys, "create", " ", "--cliente", "Rede")


def matches(database_url: str, secret: str) -> bool:
    async def work() -> bool:
        store = await Store.open(database_url)
        try:
            encoded = await store.admin_hash()
            return encoded is not None and await AdminCheck(AdminSecret(encoded, guessable=True)).matches(secret)
        finally:
            await store.close()

    return asyncio.run(work())


def test_a_new_secret_replaces_the_old_one(database_url: str) -> None:
    first, _ = run(admin, "reset")
    second, _ = run(admin, "reset")
    assert len(second) >= 32
    assert not matches(database_url, first)
    assert matches(database_url, second)


def test_a_password_that_a_person_types_is_kept_as_argon2_and_an_easy_one_refused(database_url: str) -> None:
    run(admin, "reset", "--senha", typed="cavalo-bateria-grampo\ncavalo-bateria-grampo\n")
    assert matches(database_url, "cavalo-bateria-grampo")
    with pytest.raises(UsageError, match="fácil"):
        run(admin, "reset", "--senha", typed="admin123\nadmin123\n")
    assert matches(database_url, "cavalo-bateria-grampo")


def test_a_secret_of_the_environment_is_not_reset_behind_the_operators_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_SECRET", "do-ambiente-bem-comprido")
    with pytest.raises(UsageError, match="ADMIN_SECRET"):
        run(admin, "reset")
