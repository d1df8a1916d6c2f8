"""The panel's pages put together; each registers itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.server.panel import (
    analises,
    ao_vivo,
    balcoes,
    comparativos,
    historico,
    login,
    microphone,
    privacidade,
    sistema,
)
from balto_cli.server.panel.page import PANEL, Panel
from balto_cli.server.panel.security import guard, set_headers

if TYPE_CHECKING:
    from aiohttp import web

_PAGES = (
    login,
    ao_vivo,
    historico,
    analises,
    comparativos,
    microphone,
    balcoes,
    privacidade,
    sistema,
)
"""In this order: `/admin/balcoes/microfone` is no counter's id."""


def add_panel(app: web.Application) -> None:
    """Add the panel; `app[CONTEXT]` and `app[LIVE]` must be there when it starts."""
    app[PANEL] = Panel()
    app.middlewares.append(guard)
    app.on_response_prepare.append(set_headers)
    for page in _PAGES:
        page.add_routes(app)
