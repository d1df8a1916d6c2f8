"""How a page of the panel is made: who looks at it, what is rendered, what it says next time, how numbers read."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from balto_cli import __version__
from balto_cli.server.auth import ADMIN_LOGIN
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.panel import reading
from balto_cli.store.accounts import Role
from balto_cli.store.failure import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from balto_cli.store.accounts import Account, PanelSession

SIGN_IN = "/admin/entrar"
OPERATOR = Role.OPERATOR
STAFF = (Role.OPERATOR, Role.PHARMACIST)
EVERYONE = (Role.OPERATOR, Role.PHARMACIST, Role.CLIENT)
STREAM_IDLE_S = 10.0
"""How long a stream of events is silent at most: proxies end what says nothing, and a session may have ended."""
_LONGEST_FORM = 64 * 1024
_FLASHES = 500
"""Sessions for which something is kept to be said."""
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A page in the navigation."""

    title: str
    path: str
    roles: tuple[Role, ...]


NAV = (
    NavEntry("Ao vivo", "/admin/ao-vivo", EVERYONE),
    NavEntry("Histórico", "/admin/historico", EVERYONE),
    NavEntry("Análises", "/admin/analises", EVERYONE),
    NavEntry("Comparativos", "/admin/comparativos", STAFF),
    NavEntry("Balcões", "/admin/balcoes", (Role.OPERATOR, Role.CLIENT)),
    NavEntry("Privacidade", "/admin/privacidade", (Role.OPERATOR, Role.CLIENT)),
    NavEntry("Sistema", "/admin/sistema", (Role.OPERATOR,)),
)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page."""

    account: Account | None
    """None for whoever came with the administrator's secret."""
    role: Role
    session: str
    """Digest of the session."""

    @classmethod
    def of(cls, session: PanelSession) -> Viewer:
        """Of a session that is good."""
        return cls(session.account, session.account.role if session.account else Role.OPERATOR, session.sha256)

    @property
    def actor(self) -> str:
        """For the audit."""
        return self.account.login if self.account else ADMIN_LOGIN

    @property
    def name(self) -> str:
        """How the page calls them."""
        return self.account.name if self.account else "Administrador"

    @property
    def client_id(self) -> str | None:
        """Whose counters are seen; None for all."""
        return self.account.client_id if self.account else None


VIEWER: web.RequestKey[Viewer] = web.RequestKey("viewer", Viewer)


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence for the next page."""

    text: str
    kind: str


class Panel:
    """What the panel keeps between requests: its templates, its files, and what is still to be said to whom."""

    def __init__(self) -> None:
        self.environment = _environment()
        self.files = _static_files()
        self.environment.globals["estatico"] = self.address_of
        self._flashes: OrderedDict[str, list[Flash]] = OrderedDict()

    def address_of(self, name: str) -> str:
        """Where a file of ours is; another content has another address."""
        return f"/admin/static/{name}?v={self.files[name].digest}"

    def say(self, session: str, flash: Flash) -> None:
        """Keep a sentence for the next page of a session."""
        self._flashes.setdefault(session, []).append(flash)
        self._flashes.move_to_end(session)
        while len(self._flashes) > _FLASHES:
            self._flashes.popitem(last=False)

    def said(self, session: str) -> list[Flash]:
        """What was kept, once."""
        return self._flashes.pop(session, [])


PANEL: web.AppKey[Panel] = web.AppKey("panel", Panel)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of ours that a page uses."""

    body: bytes
    content_type: str
    digest: str


def require(request: web.Request, *roles: Role) -> Viewer:
    """Who looks. Raises `RestError` 403 for another role."""
    viewer = request[VIEWER]
    if viewer.role not in roles:
        raise RestError(403, "papel", "Sua conta não tem acesso a esta página.")
    return viewer


async def _still_signed_in(request: web.Request) -> bool:
    """Whether the session that an answer began with is good at this moment; asked again and again by streams."""
    session = await request.app[CONTEXT].gate.session(request)
    return session is not None and Viewer.of(session).role == request[VIEWER].role


async def event_stream(
    request: web.Request,
    news: AsyncGenerator[str, None],
    every_look: Callable[[], Awaitable[object]] | None = None,
) -> web.StreamResponse:
    """Server-sent events, for as long as somebody listens and may: each text is one, an empty one a sign of life.

    `news` has to say something every `STREAM_IDLE_S`. As often it is looked up whether the session is still good, and
    if it is, `every_look` is called. Where the database does not answer the stream ends, and the page asks again.
    """
    loop_time = asyncio.get_running_loop().time
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
    )
    await response.prepare(request)
    looked_s = loop_time()
    with contextlib.suppress(ConnectionError, StoreUnavailable):
        await response.write(b"retry: 1000\n\n")
        async with contextlib.aclosing(news):
            async for text in news:
                if loop_time() - looked_s >= STREAM_IDLE_S:
                    looked_s = loop_time()
                    if not await _still_signed_in(request):
                        await response.write(b"event: fim\ndata: sessao\n\n")
                        break
                    if every_look is not None:
                        await every_look()
                await response.write(f"data: {text}\n\n".encode() if text else b": ainda aqui\n\n")
    return response


def not_found() -> RestError:
    """Also for what is another client's: whether it exists is not told."""
    return RestError(404, "nao_encontrado", "Isto não existe, ou não é da sua conta.")


def redirect(path: str) -> web.Response:
    """See another page, by GET."""
    return web.Response(status=303, headers={"Location": path})


def flash(request: web.Request, text: str, kind: str = "ok") -> None:
    """Say a sentence on the next page; `kind` is `ok` or `erro`."""
    request.app[PANEL].say(request[VIEWER].session, Flash(text, kind))


def render(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page from its template."""
    viewer = request.get(VIEWER)
    panel = request.app[PANEL]
    text = panel.environment.get_template(template).render(
        viewer=viewer,
        nav=_navigation(request, viewer),
        mensagens=panel.said(viewer.session) if viewer else [],
        caminho=request.path,
        versao=__version__,
        fuso=reading.local_zone(),
        **values,
    )
    return web.Response(text=text, content_type="text/html", status=status)


def error_page(request: web.Request, refusal: RestError) -> web.Response:
    """A refusal as a page."""
    response = render(request, "erro.html.jinja", status=refusal.status, mensagem=str(refusal))
    response.headers.update(refusal.headers)
    return response


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form, the last of each name. Raises `RestError` 413, 415."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise RestError(415, "tipo_invalido", "O formulário não veio como um formulário.")
    if (request.content_length or 0) > _LONGEST_FORM:
        raise RestError(413, "corpo_grande", "O formulário passa de 64 KB.")
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def read_moment(text: str) -> datetime | None:
    """The moment of a date or time field, in the server's zone; None for an empty one. Raises `RestError` 422."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).astimezone().astimezone(UTC)
    except (ValueError, OverflowError):
        raise RestError(422, "campo_invalido", "A data precisa ser como 2026-11-03 ou 2026-11-03T09:15.") from None


def _navigation(request: web.Request, viewer: Viewer | None) -> list[dict[str, Any]]:
    if viewer is None:
        return []
    return [
        {"titulo": entry.title, "href": entry.path, "atual": is_under(request.path, entry.path)}
        for entry in NAV
        if viewer.role in entry.roles
    ]


def is_under(path: str, top: str) -> bool:
    """Whether a path is the one at the top, or one below it."""
    return path == top or path.startswith(f"{top}/")


def _static_files() -> Mapping[str, StaticFile]:
    found = {}
    for entry in files(__package__).joinpath("static").iterdir():
        content_type = _TYPES.get(entry.name.rpartition(".")[2])
        if content_type:
            body = entry.read_bytes()
            found[entry.name] = StaticFile(body, content_type, hashlib.sha256(body).hexdigest()[:16])
    return found


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(reading.FILTERS)
    return environment
