"""Análises: what was suggested and what came of it, how long it took, what it cost, how good the providers are."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from balto_cli.server.context import CONTEXT
from balto_cli.server.panel.charts import THEMES, Bars, Series, Theme, draw
from balto_cli.server.panel.page import EVERYONE, STAFF, not_found, render, require
from balto_cli.server.panel.runs import RUNS_SHELF
from balto_cli.server.panel.sums import PERCENTILES, SumsKept
from balto_cli.store.feedback import Which

if TYPE_CHECKING:
    from balto_cli.server.panel.charts import Chart
    from balto_cli.server.panel.page import Viewer
    from balto_cli.server.panel.runs import RunEntry
    from balto_cli.server.panel.sums import Sums

PATH = "/admin/analises"
PERIODS = {"hoje": ("Hoje", 0), "7": ("7 dias", 6), "30": ("30 dias", 29)}
_WAIT_S = 3.0
"""How long a page waits for its sums before it says that they are being made."""
_DRAWN = 64
_UNKNOWN: tuple[float | None, ...] = (None,) * len(PERCENTILES)
_KEPT: web.AppKey[SumsKept] = web.AppKey("sums", SumsKept)
_PICTURES: web.AppKey[OrderedDict[tuple[object, ...], asyncio.Future[bytes]]] = web.AppKey("pictures", OrderedDict)
_PENCIL: web.AppKey[ThreadPoolExecutor] = web.AppKey("pencil", ThreadPoolExecutor)


def add_routes(app: web.Application) -> None:
    """Add page and pictures."""
    app[_PICTURES] = OrderedDict()
    app.on_startup.append(_start)
    app.on_cleanup.append(_stop)
    app.router.add_get(PATH, overview)
    app.router.add_get(f"{PATH}/{{nome}}.svg", picture)


async def overview(request: web.Request) -> web.Response:
    """All figures of a period."""
    viewer = require(request, *EVERYONE)
    period = _period(request)
    task = request.app[_KEPT].ask((viewer.client_id, period), _which(request, viewer, period))
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), _WAIT_S)
    periods = [(key, title, key == period) for key, (title, _) in PERIODS.items()]
    if not task.done():
        return render(request, "analises.html.jinja", periodos=periods, s=None, somando=True)
    sums = task.result()
    run = await asyncio.to_thread(request.app[RUNS_SHELF].newest_judged) if viewer.role in STAFF else None
    shown = dict(sums.charts)
    if run is not None and (quality := _quality(run)):
        shown["provedores"] = quality
    stamp = int(sums.at.timestamp())
    return render(
        request, "analises.html.jinja",
        periodos=periods, somando=False, s=sums, total=sums.total, latencias=_latencies(sums), execucao=run,
        graficos={
            name: (chart.title, {theme: _address(name, period, theme, stamp) for theme in THEMES})
            for name, chart in shown.items()
        },
    )  # fmt: skip


async def picture(request: web.Request) -> web.Response:
    """One chart, drawn once."""
    viewer = require(request, *EVERYONE)
    period, name = _period(request), request.match_info["nome"]
    theme: Theme = "escuro" if request.query.get("tema") == "escuro" else "claro"
    chart: Chart | None
    stamp: object
    if name == "provedores":
        require(request, *STAFF)
        run = await asyncio.to_thread(request.app[RUNS_SHELF].newest_judged)
        chart, stamp = (_quality(run), run.name) if run else (None, None)
    else:
        sums = await asyncio.shield(request.app[_KEPT].ask((viewer.client_id, period), _which(request, viewer, period)))
        chart, stamp = sums.charts.get(name), sums.at
    if chart is None:
        raise not_found()
    drawn = request.app[_PICTURES]
    key = (viewer.client_id, period, name, theme, stamp)
    made = drawn.get(key)
    if made is None:
        # One at a time: it takes tenths of a second of the interpreter, which the counters share.
        made = asyncio.ensure_future(asyncio.wrap_future(request.app[_PENCIL].submit(draw, chart, theme)))
        made.add_done_callback(lambda done: drawn.pop(key, None) if done.cancelled() or done.exception() else None)
        drawn[key] = made
        while len(drawn) > _DRAWN:
            drawn.popitem(last=False)
    return web.Response(
        body=await asyncio.shield(made),
        content_type="image/svg+xml",
        headers={"Cache-Control": "private, max-age=300"},
    )


def _period(request: web.Request) -> str:
    period = request.query.get("periodo", "7")
    return period if period in PERIODS else "7"


def _which(request: web.Request, viewer: Viewer, period: str) -> Which:
    """Whole days of the server's clock, today included."""
    now = request.app[CONTEXT].now().astimezone()
    today = datetime(now.year, now.month, now.day).astimezone()
    return Which(today - timedelta(days=PERIODS[period][1]), now + timedelta(minutes=1), viewer.client_id)


def _address(name: str, period: str, theme: Theme, stamp: int) -> str:
    return f"{PATH}/{name}.svg?{urlencode({'periodo': period, 'tema': theme, 'de': stamp})}"


def _latencies(sums: Sums) -> list[tuple[str, int, list[tuple[float, float | None]]]]:
    """By provider: how many, and of each percentile the whole way and the provider's part of it."""
    alone = {provider: values for provider, _, values in sums.percentiles("provedor")}
    return [
        (provider, count, list(zip(values, alone.get(provider, _UNKNOWN), strict=True)))
        for provider, count, values in sums.percentiles("total")
    ]


def _quality(run: RunEntry) -> Bars | None:
    rated = [one for one in run.providers if one.wer is not None]
    if not rated:
        return None
    return Bars(
        "Erro de palavras por provedor",
        tuple(one.name for one in rated),
        (Series("WER", tuple(100 * (one.wer or 0.0) for one in rated)),),
        "% de palavras erradas (WER)",
        lying=True,
        intervals=tuple(
            None if one.low is None or one.high is None else (100 * one.low, 100 * one.high) for one in rated
        ),
    )


async def _start(app: web.Application) -> None:
    app[_PENCIL] = ThreadPoolExecutor(1, thread_name_prefix="balto-draw")
    app[_KEPT] = SumsKept(app[CONTEXT].store, app[CONTEXT].now, app[CONTEXT].suggester.product_names)


async def _stop(app: web.Application) -> None:
    await app[_KEPT].close()
    app[_PENCIL].shutdown(wait=False, cancel_futures=True)
