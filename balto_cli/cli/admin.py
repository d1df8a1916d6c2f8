"""`balto admin`: the administrator's secret, and the people who have an account at the panel."""

from __future__ import annotations

import json as json_module
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.language import Command, Group
from balto_cli.cli.operator import operate, wall_clock
from balto_cli.cli.options import Json, read_settings
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from balto_cli.store.accounts import Account
    from balto_cli.store.store import Store

admin = typer.Typer(
    cls=Group, no_args_is_help=True, rich_markup_mode=None, help="O segredo do administrador e as contas do painel."
)

Login = Annotated[str, typer.Argument(metavar="USUÁRIO", help="Como a pessoa entra no painel: maria.souza.")]
_ACTOR = "operador"
_LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,39}")
_TAKEN = ("admin", "operador", "retencao", "teste")
"""Who the audit calls so is none of these people."""


@admin.command(cls=Command)
def reset(
    senha: Annotated[
        bool, typer.Option("--senha", help="Pede uma senha escolhida por você, em vez de sortear.")
    ] = False,
) -> int:
    """Troca o segredo do administrador e encerra as sessões do painel; vale na hora."""
    from balto_cli.server.secrets import encode_random, encode_typed, new_secret

    settings = read_settings()
    if settings.admin_secret is not None:
        raise UsageError("ADMIN_SECRET está no ambiente ou no .env e vence o que for gravado: troque-o lá, ou tire-o.")
    secret = _ask_password() if senha else new_secret()
    encoded = encode_typed(secret) if senha else encode_random(secret)

    async def work(store: Store) -> None:
        at = wall_clock()
        await store.set_admin_hash(encoded, at)
        await store.audit(_ACTOR, "trocar", "segredo", {}, at)

    operate(settings, work)
    if senha:
        say("Senha trocada.")
    else:
        say("Segredo novo, guarde-o, não será mostrado de novo:")
        print_result(secret)
    return 0


@admin.command(cls=Command)
def add(
    usuario: Login,
    papel: Annotated[
        Literal["operador", "farmaceutico", "cliente"],
        typer.Option(
            "--papel", help="operador faz tudo; farmaceutico vê o que se ouve; cliente vê só os seus balcões."
        ),
    ],
    nome: Annotated[
        str | None, typer.Option("--nome", help="Nome da pessoa; sem ele, o usuário.", show_default=False)
    ] = None,
    cliente: Annotated[
        str | None,
        typer.Option("--cliente", metavar="NOME", help="Com o papel cliente: de que rede.", show_default=False),
    ] = None,
) -> int:
    """Cria uma conta do painel, com uma senha que é pedida aqui."""
    from balto_cli.server.secrets import encode_typed
    from balto_cli.store import accounts

    login = usuario.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise UsageError("O usuário tem de 2 a 40 letras sem acento, números, ponto, hífen ou _, e começa por letra.")
    if login in _TAKEN:
        raise UsageError(f"{login} não pode ser um usuário: o registro de ações usa esse nome. Escolha outro.")
    if (papel == "cliente") != (cliente is not None):
        raise UsageError("--cliente NOME vai com o papel cliente, e só com ele.")
    settings = read_settings()
    encoded = encode_typed(_ask_password())

    async def work(store: Store) -> Account:
        at = wall_clock()
        made = await store.write(
            accounts.add, login, (nome or login).strip(), accounts.Role(papel), cliente, encoded, at
        )
        await store.audit(_ACTOR, "criar", "conta", {"conta": login, "papel": papel}, at)
        return made

    made = operate(settings, work)
    say(f"Conta {made.login} criada ({papel}{f' de {made.client_name}' if made.client_name else ''}).")
    return 0


@admin.command("list", cls=Command)
def list_accounts(json: Json = False) -> int:
    """Lista as contas do painel."""
    from balto_cli.store import accounts

    async def work(store: Store) -> list[Account]:
        await store.audit(_ACTOR, "listar", "contas", {}, wall_clock())
        return await store.read(accounts.list_all)

    found = operate(read_settings(), work)
    if json:
        print_result(json_module.dumps([_plain(one) for one in found], ensure_ascii=False, indent=2))
    elif not found:
        say("Não há contas: crie uma com balto admin add USUÁRIO --papel operador.")
    for one in () if json else found:
        print_result(_line(one))
    return 0


@admin.command(cls=Command)
def password(usuario: Login) -> int:
    """Troca a senha de uma conta e encerra as sessões dela; uma removida volta a valer."""
    from balto_cli.server.secrets import encode_typed
    from balto_cli.store import accounts

    login, settings = usuario.strip().lower(), read_settings()

    async def known(store: Store) -> Account | None:
        return await store.read(accounts.find, login)

    if operate(settings, known) is None:
        raise _nobody(login)
    encoded = encode_typed(_ask_password())

    async def work(store: Store) -> Account | None:
        at = wall_clock()
        changed = await store.write(accounts.set_password, login, encoded, at)
        await store.audit(_ACTOR, "trocar", "senha", {"conta": login}, at)
        return changed

    operate(settings, work)
    say(f"Senha de {login} trocada; quem estava com esta conta no painel saiu.")
    return 0


@admin.command(cls=Command)
def remove(usuario: Login) -> int:
    """Remove uma conta na hora; o nome fica guardado, pois o registro de ações o cita."""
    from balto_cli.store import accounts

    login = usuario.strip().lower()

    async def work(store: Store) -> Account | None:
        at = wall_clock()
        removed = await store.write(accounts.remove, login, at)
        if removed:
            await store.audit(_ACTOR, "remover", "conta", {"conta": login}, at)
        return removed

    if operate(read_settings(), work) is None:
        raise _nobody(login)
    say(f"Conta {login} removida; quem estava com ela no painel saiu.")
    return 0


def _ask_password() -> str:
    """A new password, typed twice. Raises `UsageError` for one that is too easy."""
    from balto_cli.server.secrets import MIN_LENGTH, is_weak

    if sys.stdin.isatty():
        given: str = typer.prompt(f"Senha nova (ao menos {MIN_LENGTH} caracteres)", hide_input=True)
        again: str = typer.prompt("De novo", hide_input=True)
    else:
        # Nothing echoes here; asking as on a terminal would only warn of it, in English.
        given, again = (sys.stdin.readline().rstrip("\r\n") for _ in range(2))
        if not given:
            raise UsageError(
                "Falta a senha: rode em um terminal, ou mande-a duas vezes, em duas linhas, pela entrada padrão."
            )
    if given != again:
        raise UsageError("As duas senhas não são iguais: repita o comando.")
    if is_weak(given):
        raise UsageError(f"Senha fácil demais: use ao menos {MIN_LENGTH} caracteres, que não sejam uma palavra comum.")
    return given


def _nobody(login: str) -> UsageError:
    return UsageError(f"Não há conta {login}: veja os nomes em balto admin list.")


def _line(one: Account) -> str:
    role = f"{one.role} de {one.client_name}" if one.client_name else str(one.role)
    state = f"removida em {_day(one.removed_at)}" if one.removed_at else "vale"
    last = _day(one.last_login_at) if one.last_login_at else "nunca"
    return f"{one.login}  {one.name}, {role}, última entrada: {last}, {state}"


def _plain(one: Account) -> dict[str, Any]:
    return {
        "usuario": one.login,
        "nome": one.name,
        "papel": str(one.role),
        "cliente": one.client_name,
        "criada": one.created_at.isoformat(),
        "ultima_entrada": one.last_login_at and one.last_login_at.isoformat(),
        "removida": one.removed_at and one.removed_at.isoformat(),
    }


def _day(moment: datetime) -> str:
    return moment.astimezone().strftime("%d/%m/%Y %H:%M")
