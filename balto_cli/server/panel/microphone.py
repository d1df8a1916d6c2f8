"""Trying a microphone: a key of ten minutes, the real socket, and nothing of it kept afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from balto_cli.server.address import is_https
from balto_cli.server.context import CONTEXT
from balto_cli.server.logs import logger
from balto_cli.server.panel.page import OPERATOR, flash, not_found, read_form, redirect, render, require
from balto_cli.store import counters
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import Scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from balto_cli.store.store import Store

PATH = "/admin/balcoes/microfone"
MOST = 5
"""Trials at once: each is a session that providers are paid for."""
_LOG = logger("balto.painel")
_LOOK_EVERY_S = 15.0
_MINUTES = round(counters.TRIAL_VALID.total_seconds() / 60)
_ACTOR = "teste"


def add_routes(app: web.Application) -> None:
    """Add them; must come before the routes of counters, whose ids stand in the same place."""
    app.router.add_get(PATH, page)
    app.router.add_post(f"{PATH}/chave", new_key)
    app.router.add_post(f"{PATH}/fim", end)
    app.cleanup_ctx.append(_keep_time)


async def page(request: web.Request) -> web.Response:
    """The page that tries a microphone."""
    require(request, OPERATOR)
    context = request.app[CONTEXT]
    here = request.url.host in ("localhost", "127.0.0.1", "::1")
    return render(
        request,
        "microfone.html.jinja",
        protegido=here or is_https(request, context.settings.proxies),
        minutos=_MINUTES,
    )


async def new_key(request: web.Request) -> web.Response:
    """A key for the page's script, as JSON: it stands in no page and in no address."""
    viewer = require(request, OPERATOR)
    context = request.app[CONTEXT]
    at = context.now()
    if await context.store.read(counters.open_trials, at) >= MOST:
        message = f"Já há {MOST} testes de microfone em andamento: espere um deles terminar."
        return web.json_response({"mensagem": message}, status=429, headers={"Retry-After": "60"})
    made = await context.store.write(counters.open_trial, viewer.actor, at)
    detail = {"chave": made.holder.key_id, "minutos": _MINUTES}
    await context.store.audit(viewer.actor, "testar", "microfone", detail, at)
    return web.json_response({"api_key": made.secret, "chave": made.holder.key_id})


async def end(request: web.Request) -> web.Response:
    """End a trial before its time, and erase what was heard."""
    require(request, OPERATOR)
    context = request.app[CONTEXT]
    key_id = (await read_form(request)).get("chave", "")
    if not key_id:
        raise not_found()
    await context.store.write(counters.close_trial, key_id, context.now())
    await end_trials(request.app)
    flash(request, "Teste encerrado: o que foi dito nele está apagado.")
    return redirect(PATH)


async def end_trials(app: web.Application) -> None:
    """Revoke the keys of trials that are over, and erase all that came by them. Raises `StoreUnavailable`, OSError."""
    context = app[CONTEXT]
    store: Store = context.store
    at = context.now()
    for counter_id in await store.write(counters.expired_trials, at):
        await store.erase(Scope(counter_id=counter_id), _ACTOR, at)
        await store.write(counters.delete_trial, counter_id)


async def _keep_time(app: web.Application) -> AsyncIterator[None]:
    """While the server runs: end what is over, also what ended while no server ran."""
    task = asyncio.create_task(_watch(app))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _watch(app: web.Application) -> None:
    while True:
        try:
            await end_trials(app)
        except (StoreUnavailable, OSError) as error:
            _LOG.warning("teste_espera", erro=type(error).__name__)
        except Exception as error:
            _LOG.error("teste_falhou", exc_info=error)
        await asyncio.sleep(_LOOK_EVERY_S)
