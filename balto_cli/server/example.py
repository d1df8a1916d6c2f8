"""`/exemplo`: a page that speaks the protocol from a browser, and the script that other pages import (`balto.js`)."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_FOLDER = Path(__file__).parent / "exemplo"
_PAGE = "index.html"
_TYPES = {
    _PAGE: "text/html; charset=utf-8",
    "exemplo.css": "text/css; charset=utf-8",
    "exemplo.js": "text/javascript; charset=utf-8",
    "balto.js": "text/javascript; charset=utf-8",
    "captura.js": "text/javascript; charset=utf-8",
}
"""Said here: what a machine's own table says of `.js` keeps browsers from running it."""
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def add_example(app: web.Application) -> None:
    """Add the page and its files; open to anyone, as they hold nothing and open no session by themselves."""
    app.router.add_get("/exemplo", _page)
    app.router.add_get("/exemplo/{name}", _file)


async def _page(_request: web.Request) -> web.FileResponse:
    return _answer(_PAGE)


async def _file(request: web.Request) -> web.FileResponse:
    name = request.match_info["name"]
    if name not in _TYPES or name == _PAGE:
        raise web.HTTPNotFound
    return _answer(name)


def _answer(name: str) -> web.FileResponse:
    return web.FileResponse(_FOLDER / name, headers={**_HEADERS, "Content-Type": _TYPES[name]})
