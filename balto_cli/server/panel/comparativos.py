"""Comparativos: the runs of `balto compare`, their reports and workbooks, and new ones over recorded sessions."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.live import LIVE
from balto_cli.server.panel import reading
from balto_cli.server.panel.jobs import Jobs
from balto_cli.server.panel.page import (
    OPERATOR,
    STAFF,
    STREAM_IDLE_S,
    event_stream,
    flash,
    not_found,
    read_form,
    redirect,
    render,
    require,
)
from balto_cli.server.panel.runs import FILES, RUNS_SHELF, RunsShelf
from balto_cli.server.recorder import FOLDER
from balto_cli.server.recordings import recorded_sessions
from balto_cli.settings import KEYED_PROVIDERS
from balto_cli.store.counters import list_counters

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from balto_cli.server.context import ServerContext
    from balto_cli.server.live import Live
    from balto_cli.server.panel.runs import RunEntry
    from balto_cli.store.records import Erased

PATH = "/admin/comparativos"
_JOBS: web.AppKey[Jobs] = web.AppKey("jobs", Jobs)
_TITLES = {
    "relatorio": "Abrir o relatório",
    "originais": "Planilha dos originais",
    "segmentos": "Planilha dos trechos",
}
_MOST_SESSIONS = 200
_LONGEST_BUDGET = 10_000.0
_REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; media-src data: blob:; frame-ancestors 'none'"
)
"""A report brings its own script: it runs in an origin of nobody, without our cookies and without the network."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded session that may be compared."""

    id: str
    folder: Path
    counter: str
    started_at: datetime | None
    seconds: float
    ended: bool


def add_routes(app: web.Application) -> None:
    """Add list, run, files, and what starts and stops."""
    app.on_startup.append(_start)
    app.on_cleanup.append(_stop)
    app.router.add_get(PATH, overview)
    app.router.add_post(PATH, begin)
    app.router.add_post(f"{PATH}/parar", stop)
    app.router.add_get(f"{PATH}/eventos", events)
    app.router.add_get(f"{PATH}/{{lugar}}/{{nome}}", one)
    app.router.add_post(f"{PATH}/{{lugar}}/{{nome}}", prepare)
    app.router.add_get(f"{PATH}/{{lugar}}/{{nome}}/{{arquivo}}", download)


async def overview(request: web.Request) -> web.Response:
    """All runs, and the form for a new one."""
    viewer = require(request, *STAFF)
    context = request.app[CONTEXT]
    runs = await asyncio.to_thread(request.app[RUNS_SHELF].entries)
    may = viewer.role == OPERATOR
    return render(
        request, "comparativos.html.jinja", execucoes=runs, pode=may, tarefa=_state(request.app[_JOBS]),
        gravadas=await _recordings(context) if may else [], provedores=_providers(context),
    )  # fmt: skip


async def begin(request: web.Request) -> web.Response:
    """Start a comparison over recorded sessions."""
    viewer = require(request, OPERATOR)
    context, jobs = request.app[CONTEXT], request.app[_JOBS]
    form = await request.post()
    sessions = {str(value) for value in form.getall("sessao", [])}
    chosen = [one for one in await _recordings(context) if one.id in sessions]
    known = [name for name, _ in _providers(context)]
    providers = [name for name in known if name in {str(value) for value in form.getall("provedor", [])}]
    if not chosen or not providers:
        flash(request, "Escolha ao menos uma sessão e um provedor.", "erro")
        return redirect(PATH)
    options = [part for name in providers for part in ("--provider", name)]
    options += ["--orcamento", f"{_budget(str(form.get('orcamento', ''))):.2f}"]
    if jobs.is_busy:
        flash(request, "Já há uma comparação em andamento: espere ou pare-a.", "erro")
        return redirect(PATH)
    jobs.compare(viewer.actor, [one.folder for one in chosen], options)
    detail = {"sessoes": len(chosen), "provedores": ", ".join(providers)}
    await context.store.audit(viewer.actor, "comparar", "sessoes", detail, context.now())
    flash(request, "A comparação começou.")
    return redirect(PATH)


async def stop(request: web.Request) -> web.Response:
    """Stop what is under way."""
    viewer = require(request, OPERATOR)
    context, jobs = request.app[CONTEXT], request.app[_JOBS]
    if jobs.is_busy:
        jobs.stop()
        await context.store.audit(viewer.actor, "parar", "comparacao", {}, context.now())
        flash(request, "A comparação está parando. A mesma escolha a continua de onde parou.")
    return redirect(PATH)


async def events(request: web.Request) -> web.StreamResponse:
    """How far a comparison has come."""
    require(request, *STAFF)
    jobs, live = request.app[_JOBS], request.app[LIVE]
    return await event_stream(request, _states(jobs, live))


async def one(request: web.Request) -> web.Response:
    """One run: verdict, providers, files."""
    viewer = require(request, *STAFF)
    entry = await _entry(request)
    return render(
        request, "comparativo.html.jinja", r=entry, pode=viewer.role == OPERATOR, nomes=_TITLES,
        tarefa=_state(request.app[_JOBS]),
    )  # fmt: skip


async def prepare(request: web.Request) -> web.Response:
    """Make the report and workbooks of a run."""
    viewer = require(request, OPERATOR)
    context, jobs = request.app[CONTEXT], request.app[_JOBS]
    entry = await _entry(request)
    await read_form(request)
    if not entry.ended:
        flash(request, "Esta execução não terminou: o mesmo `balto compare` a continua.", "erro")
    elif jobs.is_busy:
        flash(request, "Já há uma comparação em andamento: espere ou pare-a.", "erro")
    else:
        jobs.report(viewer.actor, entry.folder)
        await context.store.audit(viewer.actor, "relatorio", "execucao", {"nome": entry.name}, context.now())
        flash(request, "O relatório está sendo montado.")
    return redirect(entry.address)


async def download(request: web.Request) -> web.StreamResponse:
    """The report, on a page of its own, or a workbook."""
    viewer = require(request, *STAFF)
    context = request.app[CONTEXT]
    entry = await _entry(request)
    kind = request.match_info["arquivo"]
    path = await asyncio.to_thread(request.app[RUNS_SHELF].file, entry, kind)
    if path is None:
        raise not_found()
    name, content_type = FILES[kind]
    await context.store.audit(viewer.actor, "abrir", "execucao", {"nome": entry.name, "arquivo": name}, context.now())
    headers = {"Content-Type": content_type}
    if kind == "relatorio":
        headers |= {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": _REPORT_POLICY}
    else:
        headers["Content-Disposition"] = f'attachment; filename="{entry.name}_{name}"'
    return web.FileResponse(path, headers=headers)


async def _states(jobs: Jobs, live: Live) -> AsyncGenerator[str, None]:
    while not live.stopping:
        changed = jobs.changed
        yield json.dumps(_state(jobs), ensure_ascii=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STREAM_IDLE_S):
                await changed.wait()
        # Lines may come by hundreds a second.
        await asyncio.sleep(0.25)


async def _entry(request: web.Request) -> RunEntry:
    found = await asyncio.to_thread(
        request.app[RUNS_SHELF].find, request.match_info["lugar"], request.match_info["nome"]
    )
    if found is None:
        raise not_found()
    return found


async def _recordings(context: ServerContext) -> list[Recording]:
    """The newest first; those of trials and of counters that are gone are left out."""
    counters = {one.id: f"{one.client_name} · {one.name}" for one in await context.store.read(list_counters, None)}
    return await asyncio.to_thread(_read_recordings, context.data_folder / FOLDER, counters)


def _read_recordings(root: Path, counters: Mapping[str, str]) -> list[Recording]:
    found = []
    for session in recorded_sessions(root):
        counter = counters.get(str(session.manifest["balcao_id"]))
        with contextlib.suppress(OSError, KeyError, ValueError):
            if counter is not None and session.samples:
                found.append(
                    Recording(
                        session.id, session.folder, counter, datetime.fromisoformat(session.manifest["inicio_utc"]),
                        session.samples / 16_000, bool(session.manifest["fim_utc"]),
                    )
                )  # fmt: skip
    return found[::-1][:_MOST_SESSIONS]


def _providers(context: ServerContext) -> list[tuple[str, bool]]:
    """Those that can be asked here, and whether counters use them."""
    settings = context.settings
    keyed = [name for name in KEYED_PROVIDERS if settings.access(name).key is not None]
    names = dict.fromkeys([*context.providers, *keyed, "local"])
    return [(name, name in context.providers) for name in names]


def _budget(text: str) -> float:
    """Raises `RestError` 422."""
    try:
        value = float(text.strip().replace(".", "").replace(",", ".")) if "," in text else float(text or 5)
    except ValueError:
        value = -1.0
    if not 0 < value <= _LONGEST_BUDGET:
        raise RestError(422, "campo_invalido", "O orçamento precisa ser um valor em reais, como 5 ou 12,50.")
    return value


def _state(jobs: Jobs) -> dict[str, Any] | None:
    job = jobs.job
    if job is None:
        return None
    if job.is_running:
        state = "parando" if job.stopped else "andando"
    else:
        state = "parada" if job.stopped else "falhou" if job.failed else "pronta"
    return {
        "titulo": job.title,
        "quem": job.actor,
        "inicio": reading.date_and_time(job.begun_at),
        "estado": state,
        "feitos": job.done,
        "de": job.of,
        "fazendo": job.doing,
        "linhas": list(job.lines)[-8:],
    }


async def _start(app: web.Application) -> None:
    context = app[CONTEXT]
    shelf = RunsShelf(context.data_folder, Path.cwd())
    app[RUNS_SHELF] = shelf
    app[_JOBS] = Jobs(context.now, shelf.output)

    async def forget(erased: Erased) -> None:
        await asyncio.to_thread(shelf.forget, erased)

    context.store.on_erasure(forget)


async def _stop(app: web.Application) -> None:
    await app[_JOBS].close()
