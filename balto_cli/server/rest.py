"""The REST routes of the protocol: registration, trials, data, exports, and the operator's looks inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.server import trial
from balto_cli.server.address import is_loopback
from balto_cli.server.bodies import Balcao, Cliente, Login, read_json, read_limit, read_scope
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError, answer_errors, too_many
from balto_cli.server.export import XLSX, interactions_workbook
from balto_cli.server.openapi import openapi
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import RefusalKind, Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from balto_cli.store.records import Interaction


def add_routes(app: web.Application) -> None:
    """Add the routes, and what turns their errors into answers; `app[CONTEXT]` must be there when it starts."""
    app.middlewares.append(answer_errors)
    app.on_startup.append(trial.clear_uploads)
    app.router.add_post("/cadastro/cliente", register_client)
    app.router.add_post("/cadastro/balcao", register_counter)
    app.router.add_post("/api/test/segmentar", trial.segmentar)
    app.router.add_post("/api/test/transcrever", trial.transcrever)
    app.router.add_post("/api/test/analisar", trial.analisar)
    app.router.add_get("/api/data/interacoes", list_interactions, allow_head=False)
    app.router.add_delete("/api/data/interacoes", erase_interactions)
    app.router.add_get("/api/export/xlsx", export_workbook, allow_head=False)
    app.router.add_get("/api/export/dados", export_held, allow_head=False)
    app.router.add_post("/admin/login", log_in)
    app.router.add_get("/health", health)
    app.router.add_get("/ready", ready)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/openapi.json", describe)


async def register_client(request: web.Request) -> web.Response:
    """A client and the code with which its counters register themselves."""
    context = request.app[CONTEXT]
    caller = await context.gate.admin(request)
    asked = await read_json(request, Cliente)
    at = context.now()
    code = await context.store.register_client(asked.email, asked.razao_social, asked.telefone, at)
    await context.store.audit(caller.actor, "cadastrar", "cliente", {}, at)
    return web.json_response({"codigo": code}, status=201)


async def register_counter(request: web.Request) -> web.Response:
    """A counter and its key, for whoever holds a code."""
    context = request.app[CONTEXT]
    asked = await read_json(request, Balcao)
    at = context.now()
    address = context.gate.address(request) if context.gate.limits_apply(request) else None
    result = await context.store.register_counter(asked.user_codigo, asked.nome_balcao, address, at)
    if isinstance(result, Refused):
        raise _refusal(result)
    holder = result.key.holder
    await context.store.audit(holder.counter_id, "cadastrar", "balcao", {"cliente": holder.client_id}, at)
    answer = {"api_key": result.key.secret, "balcao_id": holder.counter_id, "status": "ativo"}
    return web.json_response(answer, status=201)


async def list_interactions(request: web.Request) -> web.Response:
    """Interactions, newest first, by pages."""
    context = request.app[CONTEXT]
    caller = await context.gate.admin(request)
    scope, limit = read_scope(request.query), read_limit(request.query)
    try:
        page = await context.store.list_interactions(scope, limit, request.query.get("cursor"))
    except ValueError:
        raise RestError(422, "campo_invalido", "cursor precisa ser o `proximo` de uma página anterior.") from None
    await context.store.audit(caller.actor, "listar", "interacoes", scope.as_detail(), context.now())
    rows = [interaction_json(interaction) for interaction in page.interactions]
    return web.json_response({"interacoes": rows, "proximo": page.next_cursor})


async def erase_interactions(request: web.Request) -> web.Response:
    """Erase a session's, a counter's or a span's interactions, wherever they are kept."""
    context = request.app[CONTEXT]
    caller = await context.gate.admin(request)
    scope = read_scope(request.query)
    if scope.is_everything:
        raise RestError(422, "campo_invalido", "Diga o que apagar: sessao, balcao_id, desde ou ate.")
    count = await context.store.erase(scope, caller.actor, context.now())
    return web.json_response(count.as_detail())


async def export_workbook(request: web.Request) -> web.Response:
    """A workbook of interactions and costs."""
    context = request.app[CONTEXT]
    caller = await context.gate.admin(request)
    scope = read_scope(request.query)
    data = await interactions_workbook(context.store, context.bench, scope)
    await context.store.audit(caller.actor, "exportar", "xlsx", scope.as_detail(), context.now())
    headers = {"Content-Disposition": 'attachment; filename="Balto_Interacoes.xlsx"'}
    return web.Response(body=data, content_type=XLSX, headers=headers)


async def export_held(request: web.Request) -> web.StreamResponse:
    """Everything that is held of a scope, one JSON object a line."""
    context = request.app[CONTEXT]
    caller = await context.gate.admin(request)
    return await stream_rows(request, context.store.held(read_scope(request.query), caller.actor, context.now()))


async def stream_rows(
    request: web.Request, rows: AsyncIterator[Mapping[str, Any]], headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """One JSON object a line, as they come."""
    own = {"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"}
    response = web.StreamResponse(headers={**own, **(headers or {})})
    # The first row is asked for before the head is sent, so that a database that is down is a 503.
    first = await anext(rows, None)
    await response.prepare(request)
    try:
        if first is not None:
            await response.write(_line(first))
            async for row in rows:
                await response.write(_line(row))
    except StoreUnavailable:
        # What was sent is half of it: a connection that breaks says so, a proper end would not.
        if request.transport:
            request.transport.abort()
        return response
    await response.write_eof()
    return response


async def log_in(request: web.Request) -> web.Response:
    """The panel's cookie, for the administrator's password."""
    context = request.app[CONTEXT]
    asked = await read_json(request, Login)
    token = await context.gate.log_in(request, asked.password)
    response = web.json_response({"status": "ok"})
    context.gate.set_cookie(request, response, token)
    return response


async def health(_request: web.Request) -> web.Response:
    """The process is alive."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """Whether sessions would be taken; if not, why."""
    context = request.app[CONTEXT]
    problems = list(await context.problems())
    try:
        await context.store.ping()
    except StoreUnavailable as error:
        problems.append(str(error))
    answer = {"pronto": not problems, "problemas": problems}
    return web.json_response(answer, status=503 if problems else 200)


async def metrics(request: web.Request) -> web.Response:
    """Numbers for Prometheus: open on this machine, the administrator's elsewhere."""
    context = request.app[CONTEXT]
    if not is_loopback(request):
        await context.gate.admin(request)
    return web.Response(
        body=context.render_metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    )


async def describe(_request: web.Request) -> web.Response:
    """The interface, as OpenAPI."""
    return web.json_response(openapi())


def interaction_json(interaction: Interaction) -> dict[str, Any]:
    """An interaction as the protocol writes it."""
    stages = {
        "recebido": interaction.received_at,
        "fim_da_fala": interaction.speech_ended_at,
        "corte": interaction.cut_at,
        "envio": interaction.sent_at,
        "transcrito": interaction.transcribed_at,
        "sugerido": interaction.suggested_at,
        "entregue": interaction.delivered_at,
    }
    return {
        "id_interacao": interaction.id,
        "sessao": interaction.session_id,
        "balcao_id": interaction.counter_id,
        "inicio_s": round(interaction.start_sample / SAMPLE_RATE_HZ, 2),
        "fim_s": round(interaction.end_sample / SAMPLE_RATE_HZ, 2),
        "inicio_utc": interaction.said_at.isoformat(),
        "texto": interaction.text,
        "estado": interaction.state,
        "motivo": interaction.reason,
        "provedor": interaction.provider,
        "tardia": interaction.late,
        "etapas": {name: _iso(at) for name, at in stages.items()},
        "resultado": interaction.outcome,
    }


def _refusal(refused: Refused) -> RestError:
    if refused.kind is RefusalKind.TRIES:
        return too_many(refused.retry_after_s, "Códigos errados demais: espere antes de tentar de novo.")
    if refused.kind is RefusalKind.NAME:
        return RestError(409, refused.kind, "Este cliente já tem um balcão com esse nome: escolha outro.")
    return RestError(403, refused.kind, "O código não vale (errado, vencido ou já usado): peça outro ao administrador.")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _line(row: Any) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
