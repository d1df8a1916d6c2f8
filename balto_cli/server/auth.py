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
from balto_cli.store import accounts
from balto_cli.store.accounts import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

    from balto_cli.server.secrets import AdminCheck
    from balto_cli.settings import Settings
    from balto_cli.store.accounts import Account, PanelSession
    from balto_cli.store.records import KeyHolder
    from balto_cli.store.store import Store

COOKIE = "balto_admin"
COOKIE_VALID = timedelta(hours=12)
SAFE_METHODS = ("GET", "HEAD")
ADMIN_LOGIN = "admin"
"""The name under which the panel takes the administrator's secret; no account has it."""
_ADMIN_TRIES = "admin"
_ACCOUNT_TRIES = "conta"
_LONGEST_TOKEN = 200
_WRONG = "Usuário ou senha não conferem."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the administrator, an operator of the panel, or a counter."""

    holder: KeyHolder | None
    """None for the administrator."""
    account: Account | None = None
    """The operator, where one came with the panel's cookie."""

    @property
    def actor(self) -> str:
        """For the audit."""
        if self.holder:
            return self.holder.counter_id
        return self.account.login if self.account else ADMIN_LOGIN


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
            session = await self.session(request)
            if session is not None:
                return _by_cookie(request, session)
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
        await self._store.write(accounts.open_session, self._bound(token), None, at, at + COOKIE_VALID, rests=False)
        return token

    async def sign_in(self, request: web.Request, login: str, password: str) -> tuple[str, str]:
        """A session of the panel's own page: the value of its cookie, and the login as it is written.

        Whatever is wrong of the two is answered alike, after the same work. Raises `RestError` with 401, 403 or 429.
        """
        login = login.strip().lower()
        if login == ADMIN_LOGIN:
            if not await self._is_admin(request, password):
                raise RestError(401, "credencial", _WRONG)
            return await self.open_session(request, None), login
        account = await self._checked(request, login, password)
        if account is None:
            raise RestError(401, "credencial", _WRONG)
        return await self.open_session(request, account), login

    async def confirms(self, request: web.Request, account: Account, password: str) -> bool:
        """Whether it is the password of an account; a wrong one counts as a try. Raises `RestError` 429."""
        return await self._checked(request, account.login, password) is not None

    async def open_session(self, request: web.Request, account: Account | None) -> str:
        """A new session, in place of the one that came with the request; returns the value of its cookie."""
        await self._admin.refresh()
        token = secrets.token_urlsafe(32)
        at = self._now()
        before = self._cookie(request)
        await self._store.write(
            accounts.open_session,
            self._bound(token),
            account.id if account else None,
            at,
            at + COOKIE_VALID,
            rests=True,
            replaces=self._bound(before) if before else None,
        )
        return token

    async def session(self, request: web.Request) -> PanelSession | None:
        """The panel's session whose cookie came, if it is good."""
        token = self._cookie(request)
        if token is None:
            return None
        session = await self._store.read(accounts.find_session, self._bound(token), self._now())
        if session is not None and session.account is None and self._admin.secret.weak and not is_loopback(request):
            return None
        return session

    async def sign_out(self, request: web.Request) -> None:
        """End the session whose cookie came."""
        token = self._cookie(request)
        if token is not None:
            await self._store.write(accounts.end_session, self._bound(token))

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

    async def _checked(self, request: web.Request, login: str, password: str) -> Account | None:
        """The account of a login and its password. Each try is counted before it is looked at, a good one is not."""
        at, counted, address = self._now(), self.limits_apply(request), self.address(request)
        taken = await self._store.write(accounts.take_try, _ACCOUNT_TRIES, address, at) if counted else None
        if taken is not None and taken.wait_s:
            raise too_many(taken.wait_s, "Tentativas demais: espere antes de tentar de novo.")
        account = await self._store.read(accounts.find, login)
        try:
            matches = await self._admin.typed.matches(account.encoded if account else None, password)
        except Overloaded:
            raise too_many(1, "Há senhas demais sendo conferidas: tente de novo em instantes.") from None
        if account is None or not matches or account.removed_at is not None:
            return None
        if taken is not None:
            await self._store.write(accounts.give_back_try, taken.id)
        return account

    @staticmethod
    def _cookie(request: web.Request) -> str | None:
        token = request.cookies.get(COOKIE)
        return token if token and len(token) <= _LONGEST_TOKEN else None

    def _bound(self, token: str) -> str:
        """A session ends with the secret that opened it."""
        return f"{token} {self._admin.fingerprint}"


def _by_cookie(request: web.Request, session: PanelSession) -> Caller:
    account = session.account
    if account is not None and account.role is not Role.OPERATOR:
        raise RestError(403, "somente_admin", "Isto é só do administrador.")
    if request.method not in SAFE_METHODS and not same_origin(request):
        raise RestError(403, "origem", "Com o cookie do painel, mudanças só são aceitas da própria página.")
    return Caller(None, account)


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


def same_origin(request: web.Request) -> bool:
    """Whether a page of this very address sent the request, as its browser says."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    try:
        origin = urlsplit(request.headers.get("Origin", ""))
    except ValueError:
        return False
    return origin.scheme in ("http", "https") and origin.netloc.lower() == request.host.lower()
