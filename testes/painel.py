"""A live server with its panel under test, an account of each role, and signed-in visitors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import aiohttp
from argon2 import PasswordHasher

from balto_cli.store import accounts
from balto_cli.store.accounts import Role
from balto_cli.store.records import KeyHolder
from testes.live import Running, running

PASSWORD = "farol-amarelo-de-teste-7"
_ENCODED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""A cheap hash: what is tested here is not argon2."""
LOGINS = {
    "olga": (Role.OPERATOR, None),
    "fabio": (Role.PHARMACIST, None),
    "clara": (Role.CLIENT, "Rede Saúde"),
    "caio": (Role.CLIENT, "Drogaria Vizinha"),
}


@dataclass
class PanelRunning:
    """A server, its address, and a counter of each of two clients."""

    server: Running
    address: str
    mine: KeyHolder
    """Balcão 1 of Rede Saúde, whose key is `server.key`."""
    other: KeyHolder
    """Balcão 9 of Drogaria Vizinha."""

    @asynccontextmanager
    async def visitor(self, login: str | None = None, password: str = PASSWORD) -> AsyncIterator[Visitor]:
        """Somebody with a browser's cookies, signed in if named."""
        # A test's server is an address of numbers, for which a jar keeps no cookies unless told.
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            visitor = Visitor(http, self.address)
            if login is not None:
                answer = await visitor.sign_in(login, password)
                assert answer.status == 303, await answer.text()
            yield visitor


@dataclass
class Visitor:
    """One browser, as far as HTTP goes."""

    http: aiohttp.ClientSession
    address: str

    async def get(self, path: str, **options: Any) -> aiohttp.ClientResponse:
        """GET without following."""
        return await self.http.get(f"{self.address}{path}", **{"allow_redirects": False, **options})

    async def post(self, path: str, form: dict[str, str] | None = None, **options: Any) -> aiohttp.ClientResponse:
        """POST a form as our own page does."""
        headers = {"Origin": self.address}
        return await self.http.post(
            f"{self.address}{path}", data=form or {}, **{"allow_redirects": False, "headers": headers, **options}
        )

    async def sign_in(self, login: str, password: str = PASSWORD, **options: Any) -> aiohttp.ClientResponse:
        """Send the sign-in form."""
        return await self.post("/admin/entrar", {"usuario": login, "senha": password}, **options)

    def cookie(self) -> str:
        """The value of the session's cookie."""
        return next(cookie.value for cookie in self.http.cookie_jar if cookie.key == "balto_admin")


@asynccontextmanager
async def running_panel(folder: Path, **options: Any) -> AsyncIterator[PanelRunning]:
    """A server in this process with accounts of `LOGINS`, whose password is `PASSWORD`."""
    async with running(folder, **options) as server:
        store, at = server.live.store, datetime.now(UTC)
        mine = await store.find_key(server.key)
        assert mine is not None
        other = (await store.create_key("Drogaria Vizinha", "Balcão 9", at)).holder
        for login, (role, client) in LOGINS.items():
            await store.write(accounts.add, login, login.title(), role, client, _ENCODED, at)
        yield PanelRunning(server, server.server.address, mine, other)


@contextmanager
def panel_in_thread(folder: Path, **options: Any) -> Iterator[tuple[PanelRunning, asyncio.AbstractEventLoop]]:
    """The same in a thread with its own loop, for tests that drive a browser from this one.

    `asyncio.run_coroutine_threadsafe(…, loop).result()` asks something of it.
    """
    started, end = Event(), Event()
    found: list[tuple[PanelRunning, asyncio.AbstractEventLoop]] = []
    faults: list[BaseException] = []

    async def run() -> None:
        async with running_panel(folder, **options) as panel:
            found.append((panel, asyncio.get_running_loop()))
            started.set()
            await asyncio.to_thread(end.wait)

    def target() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:
            faults.append(error)
        finally:
            started.set()

    thread = Thread(target=target, name="painel")
    thread.start()
    started.wait(60)
    try:
        if not found:
            raise RuntimeError("the panel did not start") from (faults[0] if faults else None)
        yield found[0]
    finally:
        end.set()
        thread.join(30)
        if faults:
            raise faults[0]
