"""`balto admin`: the administrator's secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.language import Command, Group
from balto_cli.cli.operator import operate, wall_clock
from balto_cli.cli.options import read_settings
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from balto_cli.store.store import Store

admin = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, help="O segredo do administrador.")


@admin.callback()
def _group() -> None:
    """Keep `reset` a subcommand: typer makes a lone command the group itself."""


@admin.command(cls=Command)
def reset(
    senha: Annotated[
        bool, typer.Option("--senha", help="Pede uma senha escolhida por você, em vez de sortear.")
    ] = False,
) -> int:
    """Troca o segredo do administrador e encerra as sessões do painel; vale na hora."""
    from balto_cli.server.secrets import MIN_LENGTH, encode_random, encode_typed, is_weak, new_secret

    settings = read_settings()
    if settings.admin_secret is not None:
        raise UsageError("ADMIN_SECRET está no ambiente ou no .env e vence o que for gravado: troque-o lá, ou tire-o.")
    secret = typer.prompt("Senha nova", hide_input=True, confirmation_prompt="De novo") if senha else new_secret()
    if senha and is_weak(secret):
        raise UsageError(f"Senha fácil demais: use ao menos {MIN_LENGTH} caracteres, que não sejam uma palavra comum.")
    encoded = encode_typed(secret) if senha else encode_random(secret)

    async def work(store: Store) -> None:
        at = wall_clock()
        await store.set_admin_hash(encoded, at)
        await store.audit("operador", "trocar", "segredo", {}, at)

    operate(settings, work)
    if senha:
        say("Senha trocada.")
    else:
        say("Segredo novo, guarde-o, não será mostrado de novo:")
        print_result(secret)
    return 0
