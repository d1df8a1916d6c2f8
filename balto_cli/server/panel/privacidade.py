"""Privacidade: how long things are kept, what is held, taking it out, erasing it, and who did what."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.live import LIVE
from balto_cli.server.logs import logger
from balto_cli.server.panel.page import (
    OPERATOR,
    flash,
    not_found,
    read_form,
    read_moment,
    redirect,
    render,
    require,
)
from balto_cli.server.rest import stream_rows
from balto_cli.store import audit, counters, holdings
from balto_cli.store.accounts import Role
from balto_cli.store.audit import AuditFilter
from balto_cli.store.records import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from balto_cli.server.panel.page import Viewer
    from balto_cli.store.records import ErasureCount

PATH = "/admin/privacidade"
CONFIRMATION = "apagar"
"""What a person types before anything goes."""
_LOG = logger("balto.painel")
_FIELDS = ("balcao", "sessao", "desde", "ate")
_PAGE = 50
_WAIT_S = 10.0
"""A larger erasure goes on behind the page."""
_LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class Engine:
    """Who hears what is said."""

    name: str
    here: bool
    """On this machine: nothing leaves it."""


def add_routes(app: web.Application) -> None:
    """Add them."""
    router = app.router
    router.add_get(PATH, overview)
    router.add_get(f"{PATH}/exportar", export)
    router.add_get(f"{PATH}/apagar", confirm)
    router.add_post(f"{PATH}/apagar", erase)
    router.add_get(f"{PATH}/registro", trail)


async def overview(request: web.Request) -> web.Response:
    """Retention, export and erasure."""
    viewer = require(request, OPERATOR, Role.CLIENT)
    context = request.app[CONTEXT]
    settings = context.settings
    return render(
        request,
        "privacidade.html.jinja",
        audio_h=settings.retencao_audio_horas,
        dias=settings.retencao_transcricoes_dias,
        mais_antiga=await context.store.read(holdings.oldest) if viewer.role is OPERATOR else None,
        ouvem=[Engine(one.name, one.capabilities.on_this_machine) for one in context.providers.values()],
        balcoes=await _choices(request, viewer),
        pedido={name: request.query.get(name, "") for name in _FIELDS},
    )


async def export(request: web.Request) -> web.StreamResponse:
    """Everything that is held of a scope, one JSON object a line."""
    viewer = require(request, OPERATOR, Role.CLIENT)
    context = request.app[CONTEXT]
    scope = await _scope(request, viewer, request.query)
    if viewer.client_id is not None and not (scope.counter_id or scope.session_id):
        raise RestError(422, "campo_invalido", "Escolha um dos seus balcões, ou dê o identificador de uma sessão.")
    at = context.now()
    name = f"balto-dados-{at.astimezone():%Y-%m-%d-%H%M}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return await stream_rows(request, context.store.held(scope, viewer.actor, at), headers)


async def confirm(request: web.Request) -> web.Response:
    """What an erasure would take, before it does."""
    viewer = require(request, OPERATOR)
    store = request.app[CONTEXT].store
    scope = await _scope(request, viewer, request.query)
    if scope.is_everything:
        flash(request, "Diga o que apagar: um balcão, uma sessão ou um período.", "erro")
        return redirect(PATH)
    held = await store.read(holdings.holdings, scope)
    return _ask(request, scope, held, await _counter_name(request, viewer, scope))


async def erase(request: web.Request) -> web.Response:
    """Erase, once the person has typed that they mean it."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    form = await read_form(request)
    scope = await _scope(request, viewer, form)
    if scope.is_everything:
        raise RestError(422, "campo_invalido", "Diga o que apagar: um balcão, uma sessão ou um período.")
    if form.get("confirmo", "").strip().lower() != CONFIRMATION:
        flash(request, f"Nada foi apagado: falta escrever a palavra {CONFIRMATION}.", "erro")
        return redirect(f"{PATH}/apagar?{_query(form)}")
    task = asyncio.create_task(context.store.erase(scope, viewer.actor, context.now()))
    request.app[LIVE].keep(task)
    done, _ = await asyncio.wait([task], timeout=_WAIT_S)
    if done:
        count = task.result()
        flash(request, f"Apagado: {_counted(count.segments, 'trecho', 'trechos')}, {_sessions(count)}.")
    else:
        task.add_done_callback(_note_failure)
        flash(request, "É muita coisa: a exclusão continua, e o registro dirá quando terminou.")
    return redirect(PATH)


async def trail(request: web.Request) -> web.Response:
    """Who did what, newest first."""
    require(request, OPERATOR)
    store = request.app[CONTEXT].store
    query = request.query
    until = read_moment(query.get("ate", ""))
    if until is not None and "T" not in query["ate"]:
        until += timedelta(days=1)
    wanted = AuditFilter(
        actor=query.get("quem", "").strip() or None,
        action=query.get("acao", "") or None,
        since=read_moment(query.get("desde", "")),
        until=until,
    )
    before = query.get("antes", "")
    if before and not (before.isdecimal() and len(before) <= _LONGEST_ID):
        raise RestError(422, "campo_invalido", "Esta página do registro não existe.")
    entries, following = await store.read(audit.search, wanted, _PAGE, int(before) if before else None)
    asked = {name: query.get(name, "") for name in ("quem", "acao", "desde", "ate")}
    kept = {name: value for name, value in asked.items() if value}
    names = {one.id: f"{one.name} ({one.client_name})" for one in await store.read(counters.list_counters, None)}
    return render(
        request,
        "registro.html.jinja",
        entradas=entries,
        nomes=names,
        acoes=await store.read(audit.actions),
        pedido=asked,
        filtrado=bool(kept),
        primeira=f"{PATH}/registro?{urlencode(kept)}" if before else None,
        proxima=f"{PATH}/registro?{urlencode({**kept, 'antes': following})}" if following else None,
    )


async def _choices(request: web.Request, viewer: Viewer) -> list[tuple[str, str]]:
    entries = await request.app[CONTEXT].store.read(counters.list_counters, viewer.client_id)
    return [(one.id, f"{one.name} ({one.client_name})" if viewer.client_id is None else one.name) for one in entries]


async def _scope(request: web.Request, viewer: Viewer, given: Mapping[str, str]) -> Scope:
    """What was asked for, if the viewer may see it. Raises `RestError` 404, 422."""
    store = request.app[CONTEXT].store
    scope = Scope(
        session_id=_identity(given.get("sessao", "")),
        counter_id=_identity(given.get("balcao", "")),
        since=read_moment(given.get("desde", "")),
        until=read_moment(given.get("ate", "")),
    )
    if scope.since and scope.until and scope.since >= scope.until:
        raise RestError(422, "campo_invalido", "O período termina antes de começar: confira as datas.")
    if viewer.client_id is None:
        return scope
    mine = {one.id for one in await store.read(counters.list_counters, viewer.client_id)}
    if scope.counter_id is not None and scope.counter_id not in mine:
        raise not_found()
    if scope.session_id is not None:
        session = await store.session(scope.session_id)
        if session is None or session.counter_id not in mine:
            raise not_found()
    return scope


async def _counter_name(request: web.Request, viewer: Viewer, scope: Scope) -> str:
    if scope.counter_id is None:
        return ""
    entry = await request.app[CONTEXT].store.read(counters.find_counter, scope.counter_id, viewer.client_id)
    if entry is None:
        raise not_found()
    return f"{entry.name} ({entry.client_name})"


def _ask(request: web.Request, scope: Scope, held: holdings.Holdings, counter: str) -> web.Response:
    values: dict[str, Any] = {name: request.query.get(name, "") for name in _FIELDS}
    return render(
        request, "apagar.html.jinja", alcance=scope, ha=held, balcao=counter, pedido=values, palavra=CONFIRMATION
    )


def _query(form: Mapping[str, str]) -> str:
    return urlencode({name: form[name] for name in _FIELDS if form.get(name)})


def _identity(text: str) -> str | None:
    if not text.strip():
        return None
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise RestError(
            422, "campo_invalido", "O identificador da sessão não parece um: copie-o do histórico."
        ) from None


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _sessions(count: ErasureCount) -> str:
    return f"{_counted(count.sessions, 'sessão inteira', 'sessões inteiras')}"


def _note_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _LOG.error("exclusao_parou", erro=type(error).__name__)
