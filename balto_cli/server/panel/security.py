"""What stands before every path of the panel: who is signed in, from where a change comes, what a browser may do.

A page that forgets to ask is closed all the same: without a session there is no page under `/admin`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from balto_cli.server.address import is_https
from balto_cli.server.auth import SAFE_METHODS, same_origin
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError, as_refusal
from balto_cli.server.panel.page import SIGN_IN, VIEWER, Viewer, error_page, is_under, redirect
from balto_cli.store import accounts

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from balto_cli.store.accounts import PanelSession

STATIC = "/admin/static/"
_TOP = "/admin"
_PROTOCOL = "/admin/login"
"""The one path here that is for programs: it answers in JSON, and its password is all it needs."""
_SEEN_EVERY = timedelta(minutes=1)
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it, browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
_HSTS = "max-age=31536000"


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nobody in who has not signed in, no change that another page sends, and say errors as pages."""
    if not is_under(request.path, _TOP) or request.path == _PROTOCOL:
        return await handler(request)
    try:
        return await _guarded(request, handler)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return error_page(request, as_refusal(error))
    except ConnectionError:
        raise  # the caller is gone: no fault, and nobody to answer
    except Exception as error:
        return error_page(request, as_refusal(error))


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer under `/admin`, also of streams and files."""
    if not is_under(request.path, _TOP):
        return
    for name, value in _HEADERS.items():
        # A report of ours has a policy of its own.
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    if is_https(request, request.app[CONTEXT].settings.proxies):
        response.headers["Strict-Transport-Security"] = _HSTS


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method not in SAFE_METHODS and not same_origin(request):
        raise RestError(403, "origem", "O pedido não veio desta página. Abra o painel de novo e repita.")
    if request.path.startswith(STATIC):
        return await handler(request)
    context = request.app[CONTEXT]
    session = await context.gate.session(request)
    if session is None:
        if request.path == SIGN_IN:
            return await handler(request)
        return _ask_to_sign_in(request)
    request[VIEWER] = Viewer.of(session)
    await _note_use(request, session)
    return await handler(request)


async def _note_use(request: web.Request, session: PanelSession) -> None:
    """A page that asks by itself is not a person who does."""
    context = request.app[CONTEXT]
    at = context.now()
    by_itself = "text/event-stream" in request.headers.get("Accept", "")
    if session.seen_at is not None and not by_itself and at - session.seen_at >= _SEEN_EVERY:
        await context.store.write(accounts.touch_session, session.sha256, at)


def _ask_to_sign_in(request: web.Request) -> web.StreamResponse:
    if request.method not in SAFE_METHODS or "text/html" not in request.headers.get("Accept", "*/*").replace(
        "*/*", "text/html"
    ):
        raise RestError(401, "credencial", "Sua entrada terminou: entre de novo.")
    return redirect(f"{SIGN_IN}?para={quote(request.path_qs, safe='')}")
