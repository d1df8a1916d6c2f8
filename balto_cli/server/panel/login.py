"""Coming in and going out: the sign-in page, signing out, and a person's own account."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web

from balto_cli.server.address import is_https
from balto_cli.server.auth import ADMIN_LOGIN, COOKIE
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.panel.page import (
    EVERYONE,
    NAV,
    PANEL,
    SIGN_IN,
    VIEWER,
    StaticFile,
    not_found,
    read_form,
    redirect,
    render,
    require,
)
from balto_cli.server.secrets import MIN_LENGTH, encode_typed, is_weak
from balto_cli.store import accounts

if TYPE_CHECKING:
    from collections.abc import Mapping


def add_routes(app: web.Application) -> None:
    """Add them."""
    for path in ("/admin", "/admin/"):
        app.router.add_get(path, home)
    app.router.add_get("/admin/static/{name}", static)
    app.router.add_get(SIGN_IN, ask)
    app.router.add_post(SIGN_IN, sign_in)
    app.router.add_post("/admin/sair", sign_out)
    app.router.add_get("/admin/conta", account)
    app.router.add_post("/admin/conta/senha", change_password)


async def home(request: web.Request) -> web.StreamResponse:
    """The first page for whoever comes."""
    viewer = require(request, *EVERYONE)
    return redirect(next(entry.path for entry in NAV if viewer.role in entry.roles))


async def static(request: web.Request) -> web.StreamResponse:
    """A file of ours. Its address changes with its content, so a browser may keep it."""
    files: Mapping[str, StaticFile] = request.app[PANEL].files
    file = files.get(request.match_info["name"])
    if file is None:
        raise not_found()
    cache = "public, max-age=31536000, immutable" if request.query.get("v") == file.digest else "no-cache"
    return web.Response(
        body=file.body, content_type=file.content_type, charset="utf-8", headers={"Cache-Control": cache}
    )


async def ask(request: web.Request) -> web.StreamResponse:
    """The sign-in page."""
    if VIEWER in request:
        return redirect(_own_path(request.query.get("para", "")))
    return _page(request, _own_path(request.query.get("para", "")))


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Begin a session, for whoever knows the password."""
    context = request.app[CONTEXT]
    form = await read_form(request)
    login, path = form.get("usuario", ""), _own_path(form.get("para", ""))
    try:
        token, known = await context.gate.sign_in(request, login, form.get("senha", ""))
    except RestError as refusal:
        await _note_refusal(request, login)
        response = _page(request, path, login=login, problem=str(refusal), status=refusal.status)
        response.headers.update(refusal.headers)
        return response
    await context.store.audit(known, "entrar", "painel", {}, context.now())
    response = redirect(path)
    context.gate.set_cookie(request, response, token)
    return response


async def _note_refusal(request: web.Request, login: str) -> None:
    """Only a name that is one: what was typed may be a password in the wrong field."""
    context = request.app[CONTEXT]
    login = login.strip().lower()
    if login == ADMIN_LOGIN or await context.store.read(accounts.find, login) is not None:
        await context.store.audit(login, "recusar", "entrada", {}, context.now())


async def sign_out(request: web.Request) -> web.StreamResponse:
    """End the session, here and in the database."""
    context = request.app[CONTEXT]
    viewer = require(request, *EVERYONE)
    await context.gate.sign_out(request)
    await context.store.audit(viewer.actor, "sair", "painel", {}, context.now())
    response = redirect(SIGN_IN)
    response.del_cookie(COOKIE, path="/")
    return response


async def account(request: web.Request) -> web.StreamResponse:
    """Who one is here."""
    require(request, *EVERYONE)
    done = "Senha trocada." if "trocada" in request.query else ""
    return render(request, "conta.html.jinja", problema="", feito=done, minimo=MIN_LENGTH)


async def change_password(request: web.Request) -> web.StreamResponse:
    """Another password for oneself; every other session of the account ends, and this one gets another cookie."""
    context = request.app[CONTEXT]
    viewer = require(request, *EVERYONE)
    if viewer.account is None:
        raise RestError(403, "papel", "O segredo do administrador se troca no servidor, com balto admin reset.")
    form = await read_form(request)
    problem = _password_problem(form)
    if problem is None and not await context.gate.confirms(request, viewer.account, form.get("atual", "")):
        problem = "A senha atual não confere."
    if problem is not None:
        return render(request, "conta.html.jinja", status=422, problema=problem, feito="", minimo=MIN_LENGTH)
    encoded = await asyncio.to_thread(encode_typed, form["nova"])
    at = context.now()
    await context.store.write(accounts.set_password, viewer.account.login, encoded, at)
    await context.store.audit(viewer.actor, "trocar", "senha", {"conta": viewer.account.login}, at)
    token = await context.gate.open_session(request, viewer.account)
    response = redirect("/admin/conta?trocada")
    context.gate.set_cookie(request, response, token)
    return response


def _password_problem(form: Mapping[str, str]) -> str | None:
    new = form.get("nova", "")
    if new != form.get("repetida", ""):
        return "As duas senhas novas não são iguais."
    if is_weak(new):
        return f"Senha fácil demais: use ao menos {MIN_LENGTH} caracteres, que não sejam uma palavra comum."
    return None


def _page(request: web.Request, path: str, *, login: str = "", problem: str = "", status: int = 200) -> web.Response:
    return render(
        request,
        "entrar.html.jinja",
        status=status,
        para=path,
        usuario=login,
        problema=problem,
        protegido=is_https(request, request.app[CONTEXT].settings.proxies),
    )


def _own_path(asked: str) -> str:
    """Where to go on after signing in: a page of the panel, never another site."""
    parts = urlsplit(asked) if asked.isprintable() and "\\" not in asked else urlsplit("")
    own = not parts.scheme and not parts.netloc and parts.path.startswith("/admin/") and parts.path != SIGN_IN
    return asked if own else "/admin"
