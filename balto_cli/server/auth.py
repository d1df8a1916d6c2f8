"""Who may do what over REST: the administrator (secret or panel cookie) and counters (their key).

A database that does not answer is said as that (503), never as a wrong credential.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from balto_cli.server.address import client_address, is_https, is_loopback
from balto_cli.server.errors import RestError, too_many
from balto_cli.server.secrets import Overloaded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from balto_cli.server.secrets import AdminCheck
    from balto_cli.settings import Settings
    from balto_cli.store.records import KeyHolder
    from balto_cli.store.store import Store

COOKIE = "balto_admin"
COOKIE_VALID = timedelta(hours=12)
_SAFE = ("GET", "HEAD")
_ADMIN_TRIES = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the administrator, or a counter."""

    holder: KeyHolder | None
    """None for the administrator."""

    @property
    def actor(self) -> str:
        """For the audit."""
        return self.holder.counter_id if self.holder else "admin"


class Gate:
    """Lets callers in, or raises `RestError` with 401, 403 or 429."""

    def __init__(self, store: Store, admin: AdminCheck, settings: Settings, now: Callable[[], datetime]) -> None:
        self._store = store
        self._admin = admin
        self._settings = settings
        self._now = now

    def address(self, request: web.Request) -> str:
        """What tries and sessions of a caller are counted by."""
        return client_address(request, self._settings.proxies)

    async def admin(self, request: web.Request) -> Caller:
        """The administrator alone."""
        caller = await self.anyone(request)
        if caller.holder is not None:
            raise RestError(403, "somente_admin", "Isto é só do administrador.")
        return caller

    async def anyone(self, request: web.Request) -> Caller:
        """The administrator, or whoever holds a key that is good."""
        token = _bearer(request)
        if token is None:
            if await self._has_cookie(request):
                return Caller(None)
            raise _unauthorized("Falta a credencial: Authorization: Bearer, com a chave ou o segredo.")
        holder = await self._store.find_key(token)
        if holder is not None:
            await self._store.touch_key(holder.key_id, self._now())
            return Caller(holder)
        if await self._is_admin(request, token):
            return Caller(None)
        raise _unauthorized("A credencial não vale: confira a chave ou o segredo.")

    async def log_in(self, request: web.Request, password: str) -> str:
        """A panel session for whoever knows the secret; returns the value of its cookie."""
        if not await self._is_admin(request, password):
            raise _unauthorized("A senha não vale.")
        token = secrets.token_urlsafe(32)
        at = self._now()
        await self._store.open_admin_session(self._bound(token), at, at + COOKIE_VALID)
        return token

    def set_cookie(self, request: web.Request, response: web.Response, token: str) -> None:
        """Give the panel's cookie, which scripts cannot read and other sites cannot send."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(COOKIE_VALID.total_seconds()),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=is_https(request, self._settings.proxies),
        )

    def limits_apply(self, request: web.Request) -> bool:
        """Whether tries are counted: always, but where the operator said `off`, and then not on loopback."""
        return self._settings.rate_limits == "on" or not is_loopback(request)

    async def _is_admin(self, request: web.Request, given: str) -> bool:
        secret = await self._admin.refresh()
        counted = secret.guessable and self.limits_apply(request)
        address = self.address(request)
        if counted and (wait_s := await self._store.retry_after_s(_ADMIN_TRIES, address, self._now())):
            raise too_many(wait_s, "Tentativas demais: espere antes de tentar de novo.")
        try:
            matches = await self._admin.matches(given)
        except Overloaded:
            raise too_many(1, "Há senhas demais sendo conferidas: tente de novo em instantes.") from None
        if matches and secret.weak and not is_loopback(request):
            raise RestError(
                403, "segredo_fraco", "Este segredo só vale na própria máquina: ponha um forte em ADMIN_SECRET."
            )
        if counted and not matches:
            await self._store.count_failure(_ADMIN_TRIES, address, self._now())
        return matches

    async def _has_cookie(self, request: web.Request) -> bool:
        token = request.cookies.get(COOKIE)
        if not token or not await self._store.admin_session_valid(self._bound(token), self._now()):
            return False
        if self._admin.secret.weak and not is_loopback(request):
            return False
        if request.method not in _SAFE and not _same_origin(request):
            raise RestError(403, "origem", "Com o cookie do painel, mudanças só são aceitas da própria página.")
        return True

    def _bound(self, token: str) -> str:
        """A session ends with the secret that opened it."""
        return f"{token} {self._admin.fingerprint}"


def _bearer(request: web.Request) -> str | None:
    """The credential of the header; None without one. Raises `RestError` for any other scheme."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthorized("A credencial vai como Authorization: Bearer, com a chave ou o segredo.")
    return token.strip()


def _unauthorized(message: str) -> RestError:
    return RestError(401, "credencial", message, {"WWW-Authenticate": "Bearer"})


def _same_origin(request: web.Request) -> bool:
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return False
    return origin.scheme in ("http", "https") and origin.netloc.lower() == request.host.lower()
