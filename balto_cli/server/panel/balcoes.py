"""Balcões: who may send sound, with which keys, and how it is heard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.server.address import is_https
from balto_cli.server.bodies import EMAIL
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.live import LIVE
from balto_cli.server.panel.page import OPERATOR, flash, not_found, read_form, redirect, render, require
from balto_cli.store import counters, keys
from balto_cli.store.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aiohttp import web

    from balto_cli.server.panel.page import Viewer
    from balto_cli.store.counters import CounterEntry
    from balto_cli.store.records import KeyEntry, NewKey

PATH = "/admin/balcoes"
_NAMED = re.compile(r"\w")
_READERS = (OPERATOR, Role.CLIENT)


@dataclass(frozen=True, slots=True)
class CounterRow:
    """A counter in the list."""

    entry: CounterEntry
    good_keys: int
    last_used_at: datetime | None
    last_session_at: datetime | None
    connected: bool


def add_routes(app: web.Application) -> None:
    """Add them."""
    router = app.router
    router.add_get(PATH, overview)
    router.add_post(PATH, register)
    router.add_post(f"{PATH}/clientes", register_client)
    router.add_get(f"{PATH}/{{balcao}}", counter)
    router.add_post(f"{PATH}/{{balcao}}/nome", rename)
    router.add_post(f"{PATH}/{{balcao}}/chaves", further_key)
    router.add_post(f"{PATH}/{{balcao}}/chaves/{{chave}}/revogar", revoke)


async def overview(request: web.Request) -> web.Response:
    """All counters that the viewer may see."""
    viewer = require(request, *_READERS)
    context = request.app[CONTEXT]
    wanted = request.query.get("busca", "").strip()
    entries = await context.store.read(counters.list_counters, viewer.client_id)
    shown = [one for one in entries if wanted.lower() in f"{one.name} {one.client_name}".lower()]
    return render(
        request,
        "balcoes.html.jinja",
        linhas=await _rows(request, shown),
        total=len(entries),
        busca=wanted,
        clientes=await context.store.read(counters.list_clients) if viewer.role is OPERATOR else [],
    )


async def register(request: web.Request) -> web.Response:
    """A counter of a client, and its key, shown in this answer alone."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    form = await read_form(request)
    name, client_id = _name(form, "nome"), form.get("cliente", "")
    at = context.now()
    if client_id:
        made = await context.store.write(counters.register, client_id, name, at)
    else:
        made = await _with_new_client(request, _name(form, "cliente_novo"), name, at)
    if made is None:
        flash(request, f"Este cliente já tem um balcão com o nome {name}: escolha outro.", "erro")
        return redirect(PATH)
    detail = {"balcao": made.holder.counter_id, "chave": made.holder.key_id}
    await context.store.audit(viewer.actor, "cadastrar", "balcao", detail, at)
    return _shown_once(request, made)


async def register_client(request: web.Request) -> web.Response:
    """A client, and the code with which the programs at its counters register themselves."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    form = await read_form(request)
    email, name, phone = form.get("email", "").strip(), _name(form, "razao_social"), form.get("telefone", "").strip()
    if not re.match(EMAIL, email):
        raise RestError(422, "campo_invalido", "O e-mail não parece um endereço: confira-o.")
    if not re.search("[0-9]", phone) or len(phone) > 40:
        raise RestError(422, "campo_invalido", "O telefone precisa de números, até 40 caracteres.")
    at = context.now()
    code = await context.store.register_client(email, name, phone, at)
    await context.store.audit(viewer.actor, "cadastrar", "cliente", {}, at)
    return render(request, "codigo.html.jinja", codigo=code, cliente=name)


async def counter(request: web.Request) -> web.Response:
    """One counter: its keys, and how it is heard."""
    viewer = require(request, *_READERS)
    context = request.app[CONTEXT]
    entry = await _found(request, viewer)
    all_keys = await context.store.list_keys()
    mine: list[KeyEntry] = [one for one in all_keys if one.holder.counter_id == entry.id]
    (row,) = await _rows(request, [entry], mine)
    return render(request, "balcao.html.jinja", linha=row, chaves=mine, perfil=context.config.as_dict())


async def rename(request: web.Request) -> web.Response:
    """Another name for a counter."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    entry = await _found(request, viewer)
    name = _name(await read_form(request), "nome")
    if await context.store.write(counters.rename, entry.id, name):
        await context.store.audit(viewer.actor, "renomear", "balcao", {"balcao": entry.id}, context.now())
        flash(request, f"O balcão se chama {name}.")
    else:
        flash(request, f"Este cliente já tem um balcão com o nome {name}: escolha outro.", "erro")
    return redirect(f"{PATH}/{entry.id}")


async def further_key(request: web.Request) -> web.Response:
    """A further key for a counter, shown in this answer alone."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    entry = await _found(request, viewer)
    await read_form(request)
    at = context.now()
    made = await context.store.write(counters.further_key, entry.id, at)
    if made is None:
        raise not_found()
    await context.store.audit(viewer.actor, "criar", "chave", {"chave": made.holder.key_id}, at)
    return _shown_once(request, made)


async def revoke(request: web.Request) -> web.Response:
    """Revoke a key: its sockets end at once, and it lets nobody in any more."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    entry = await _found(request, viewer)
    key_id = request.match_info["chave"]
    known = {one.holder.key_id for one in await context.store.list_keys() if one.holder.counter_id == entry.id}
    if key_id not in known:
        raise not_found()
    at = context.now()
    await context.store.revoke_key(key_id, at)
    await context.store.audit(viewer.actor, "revogar", "chave", {"chave": key_id, "balcao": entry.id}, at)
    flash(request, f"Chave {key_id[:8]} revogada: o que estava ligado com ela cai em instantes.")
    return redirect(f"{PATH}/{entry.id}")


async def _with_new_client(request: web.Request, client: str, name: str, at: datetime) -> NewKey | None:
    store = request.app[CONTEXT].store
    if any(one.casefold() == client.casefold() for _, one in await store.read(counters.list_clients)):
        raise RestError(409, "cliente_existe", "Já há um cliente com esse nome: escolha-o na lista.")
    return await store.write(keys.create, client, name, at)


async def _rows(
    request: web.Request, entries: list[CounterEntry], known: list[KeyEntry] | None = None
) -> list[CounterRow]:
    store = request.app[CONTEXT].store
    of_counter: dict[str, list[KeyEntry]] = {}
    for key in await store.list_keys() if known is None else known:
        of_counter.setdefault(key.holder.counter_id, []).append(key)
    began = await store.read(counters.last_heard, [one.id for one in entries])
    live = request.app[LIVE].sessions.sessions.values()
    connected = {one.record.counter_id for one in live if one.listener is not None}
    return [
        CounterRow(
            one,
            sum(key.revoked_at is None for key in of_counter.get(one.id, ())),
            max((key.last_used_at for key in of_counter.get(one.id, ()) if key.last_used_at), default=None),
            began.get(one.id),
            one.id in connected,
        )
        for one in entries
    ]


async def _found(request: web.Request, viewer: Viewer) -> CounterEntry:
    """The counter of the path. Raises `RestError` 404, for another client's too."""
    store = request.app[CONTEXT].store
    entry = await store.read(counters.find_counter, request.match_info["balcao"], viewer.client_id)
    if entry is None:
        raise not_found()
    return entry


def _name(form: Mapping[str, str], field: str) -> str:
    name = form.get(field, "").strip()
    if not _NAMED.search(name) or len(name) > 200:
        raise RestError(422, "campo_invalido", "Falta o nome: letras ou números, até 200 caracteres.")
    return name


def _shown_once(request: web.Request, made: NewKey) -> web.Response:
    scheme = "https" if is_https(request, request.app[CONTEXT].settings.proxies) else "http"
    return render(request, "chave.html.jinja", chave=made, endereco=f"{scheme}://{request.host}")
