"""Ao vivo: every counter as it is heard at this moment, by server-sent events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.live import LIVE
from balto_cli.server.panel.page import EVERYONE, STREAM_IDLE_S, event_stream, render, require
from balto_cli.server.panel.watching import LiveBoard
from balto_cli.store.counters import CounterEntry, last_heard, list_counters

if TYPE_CHECKING:
    from datetime import datetime

    from balto_cli.store.store import Store

PATH = "/admin/ao-vivo"
_BOARD: web.AppKey[LiveBoard] = web.AppKey("live_board", LiveBoard)


@dataclass(frozen=True, slots=True)
class CounterRow:
    """A counter on the page."""

    entry: CounterEntry
    state: dict[str, Any] | None
    """As the events have it; None for one that is not heard."""
    last_session_at: datetime | None


def add_routes(app: web.Application) -> None:
    """Add the page and its events."""
    app.on_startup.append(_start)
    app.on_cleanup.append(_stop)
    app.router.add_get(PATH, overview)
    app.router.add_get(f"{PATH}/eventos", events)


async def overview(request: web.Request) -> web.Response:
    """All counters, those that are heard first."""
    viewer = require(request, *EVERYONE)
    store = request.app[CONTEXT].store
    counters = await store.read(list_counters, viewer.client_id)
    heard = request.app[_BOARD].now()
    before = await store.read(last_heard, [one.id for one in counters if one.id not in heard])
    rows = [CounterRow(one, heard.get(one.id), before.get(one.id)) for one in counters]
    rows.sort(key=lambda row: not (row.state and row.state["ligado"]))
    return render(
        request, "ao_vivo.html.jinja", linhas=rows, som=request.app[LIVE].services.keeps_sound,
        ouvindo=sum(bool(row.state and row.state["ligado"]) for row in rows),
    )  # fmt: skip


async def events(request: web.Request) -> web.StreamResponse:
    """The changes, for as long as somebody looks and may."""
    viewer = require(request, *EVERYONE)
    board = request.app[_BOARD]
    if board.is_full:
        raise RestError(503, "indisponivel", "Há gente demais olhando ao vivo.", {"Retry-After": "10"})
    store = request.app[CONTEXT].store
    mine = await _visible(store, viewer.client_id)

    async def see_new_counters() -> None:
        mine.update(await _visible(store, viewer.client_id))

    return await event_stream(request, board.changes(mine, STREAM_IDLE_S), see_new_counters)


async def _visible(store: Store, client_id: str | None) -> set[str]:
    """Trials, which no list has, are not shown either."""
    return {one.id for one in await store.read(list_counters, client_id)}


async def _start(app: web.Application) -> None:
    app[_BOARD] = LiveBoard(app[LIVE])


async def _stop(app: web.Application) -> None:
    await app[_BOARD].close()
