"""`balto admin add`, `list`, `password` and `remove`: people get in and out of the panel from the command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from balto_cli.cli.admin import admin
from balto_cli.cli.keys import keys
from balto_cli.errors import UsageError
from balto_cli.server.secrets import TypedCheck
from balto_cli.store import accounts
from balto_cli.store.store import Store

TYPED = "cavalo-bateria-grampo\ncavalo-bateria-grampo\n"


@pytest.fixture(autouse=True)
def operator(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an operator, without a `.env`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("balto_cli.server.secrets.encode_typed", cheap.hash)


def run(*arguments: str, app: Any = admin, typed: str = "") -> str:
    """What a command printed as its result. Raises what it raised."""
    result = CliRunner().invoke(app, arguments, input=typed, catch_exceptions=False, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.stdout


def lets_in(database_url: str, login: str, password: str) -> bool:
    async def work() -> bool:
        store = await Store.open(database_url)
        try:
            account = await store.read(accounts.find, login)
            assert account is not None
            matches = await TypedCheck().matches(account.encoded, password)
            return matches and account.removed_at is None
        finally:
            await store.close()

    return asyncio.run(work())


def test_an_account_from_its_first_day_to_its_last(database_url: str) -> None:
    run("add", "Maria.Souza", "--papel", "operador", "--nome", "Maria Souza", typed=TYPED)
    assert lets_in(database_url, "maria.souza", "cavalo-bateria-grampo")
    with pytest.raises(UsageError, match="já existe"):
        run("add", "maria.souza", "--papel", "farmaceutico", typed=TYPED)
    run("password", "maria.souza", typed="outra-senha-bem-longa\noutra-senha-bem-longa\n")
    assert not lets_in(database_url, "maria.souza", "cavalo-bateria-grampo")
    run("remove", "maria.souza")
    assert not lets_in(database_url, "maria.souza", "outra-senha-bem-longa")
    # The audit names it, so the name is nobody else's; a new password lets the same person in again.
    with pytest.raises(UsageError, match="já existiu"):
        run("add", "maria.souza", "--papel", "operador", typed=TYPED)
    run("password", "maria.souza", typed=TYPED)
    assert lets_in(database_url, "maria.souza", "cavalo-bateria-grampo")
    (entry,) = json.loads(run("list", "--json"))
    assert (entry["usuario"], entry["nome"], entry["papel"]) == ("maria.souza", "Maria Souza", "operador")
    assert "cavalo" not in run("list", "--json") + run("list")


def test_an_account_of_a_client_is_of_one_that_there_is() -> None:
    run("create", "Balcão 1", "--cliente", "Rede Saúde", app=keys)
    with pytest.raises(UsageError, match="Não há cliente"):
        run("add", "clara", "--papel", "cliente", "--cliente", "Rede Nenhuma", typed=TYPED)
    run("add", "clara", "--papel", "cliente", "--cliente", "Rede Saúde", typed=TYPED)
    assert "cliente de Rede Saúde" in run("list")


def test_what_makes_no_account() -> None:
    for line, why in (
        ("admin --papel operador", "não pode ser"),
        ("Operador --papel operador", "não pode ser"),
        ("<b> --papel operador", "letras"),
        ("ana --papel cliente", "--cliente"),
        ("ana --papel operador --cliente Rede", "--cliente"),
    ):
        with pytest.raises(UsageError, match=why):
            run("add", *line.split(), typed=TYPED)
    with pytest.raises(UsageError, match="fácil"):
        run("add", "ana", "--papel", "operador", typed="admin123\nadmin123\n")
    assert json.loads(run("list", "--json")) == []


def test_nobody_is_the_persons_mistake() -> None:
    for command in ("remove", "password"):
        with pytest.raises(UsageError, match="Não há conta"):
            run(command, "ninguem", typed=TYPED)


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Falta a senha"), ("cavalo-bateria-grampo\noutra\n", "não são iguais")]
)
def test_a_password_that_does_not_come_or_differs_is_one_sentence(typed: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run("add", "maria.souza", "--papel", "operador", typed=typed)
