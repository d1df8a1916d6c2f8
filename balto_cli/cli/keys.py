"""`balto keys`: the keys of counters, made, listed and revoked by the operator."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from balto_cli.cli.console import print_result, say
from balto_cli.cli.language import Command, Group
from balto_cli.cli.operator import operate, wall_clock
from balto_cli.cli.options import Json, read_settings
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from balto_cli.store.records import KeyEntry, NewKey
    from balto_cli.store.store import Store

keys = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, help="Chaves dos balcões.")

Cliente = Annotated[str, typer.Option("--cliente", metavar="NOME", help="A rede dona do balcão.", show_default=False)]
_ACTOR = "operador"


@keys.command(cls=Command)
def create(
    balcao: Annotated[str, typer.Argument(metavar="BALCÃO", help="Nome do balcão; criado se não existe.")],
    cliente: Cliente,
) -> int:
    """Cria uma chave para um balcão e a mostra, só desta vez."""
    counter, client = balcao.strip(), cliente.strip()
    if not counter or not client:
        raise UsageError("O balcão e o cliente precisam de um nome.")

    async def work(store: Store) -> NewKey:
        at = wall_clock()
        made = await store.create_key(client, counter, at)
        await store.audit(_ACTOR, "criar", "chave", {"chave": made.holder.key_id}, at)
        return made

    made = operate(read_settings(), work)
    say(f"Chave {made.holder.key_id} do balcão {counter} ({client}); guarde-a, não será mostrada de novo:")
    print_result(made.secret)
    return 0


@keys.command("list", cls=Command)
def list_keys(json: Json = False) -> int:
    """Lista as chaves: de quem são, desde quando, último uso, se foram revogadas."""

    async def work(store: Store) -> list[KeyEntry]:
        await store.audit(_ACTOR, "listar", "chaves", {}, wall_clock())
        return await store.list_keys()

    entries = operate(read_settings(), work)
    if json:
        print_result(json_module.dumps([_plain(entry) for entry in entries], ensure_ascii=False, indent=2))
    elif not entries:
        say("Não há chaves: crie uma com balto keys create BALCÃO --cliente NOME.")
    for entry in () if json else entries:
        print_result(_line(entry))
    return 0


@keys.command(cls=Command)
def revoke(
    chave: Annotated[str, typer.Argument(metavar="ID", help="Id da chave, ou seu começo, como em balto keys list.")],
) -> int:
    """Revoga uma chave na hora: suas conexões caem e ela não entra mais."""

    async def work(store: Store) -> KeyEntry | None:
        at = wall_clock()
        entry = await store.revoke_key(chave.strip().lower(), at)
        if entry:
            await store.audit(_ACTOR, "revogar", "chave", {"chave": entry.holder.key_id}, at)
        return entry

    entry = operate(read_settings(), work)
    if entry is None:
        raise UsageError("Nenhuma chave, ou mais de uma, tem esse id: copie-o de balto keys list.")
    say(f"Chave {entry.holder.key_id} do balcão {entry.holder.counter_name} ({entry.holder.client_name}) revogada.")
    return 0


def _line(entry: KeyEntry) -> str:
    state = f"revogada em {_day(entry.revoked_at)}" if entry.revoked_at else "vale"
    used = _day(entry.last_used_at) if entry.last_used_at else "nunca"
    return (
        f"{entry.holder.key_id}  {entry.holder.client_name} / {entry.holder.counter_name}  "
        f"criada em {_day(entry.created_at)}, último uso: {used}, {state}"
    )


def _plain(entry: KeyEntry) -> dict[str, Any]:
    return {
        "id": entry.holder.key_id,
        "cliente": entry.holder.client_name,
        "balcao": entry.holder.counter_name,
        "balcao_id": entry.holder.counter_id,
        "criada": entry.created_at.isoformat(),
        "ultimo_uso": entry.last_used_at and entry.last_used_at.isoformat(),
        "revogada": entry.revoked_at and entry.revoked_at.isoformat(),
    }


def _day(moment: datetime) -> str:
    return moment.astimezone().strftime("%d/%m/%Y %H:%M")
