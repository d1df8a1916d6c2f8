"""One pool of HTTP connections for all providers.

aiohttp carries the requests under httpx's interface: at 100 requests in flight httpx's own transport costs 7 ms of CPU
a multipart request, aiohttp's 0.2. Proxies of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY) and the
certificates of the system (or of SSL_CERT_FILE and SSL_CERT_DIR) are honoured.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli import __version__
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.body import IN_ONE_PIECE_BYTES
from balto_cli.stt.failures import broken

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    import httpx

    from balto_cli.stt.body import Body
    from balto_cli.stt.failures import Peer

MAX_CONNECTIONS = 200
"""Above what all providers together may have in flight; whoever is over it waits for a free connection."""
IDLE_S = 20.0
"""How long an unused connection is kept, so that the next segment pays for no handshake."""
SLOW_UPLOAD_BYTES_PER_S = 64_000
"""A line slower than this counts as one that stands still."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each phase of one request may take, in seconds."""

    connect_s: float = 10.0
    write_s: float = 30.0
    """For one chunk of a streamed body; a server that stops reading is found out after this."""
    read_s: float = 60.0
    """From the end of the body to the answer, and between parts of the answer."""
    total_s: float = 120.0


def timeouts_for(duration_s: float, upload_bytes: int) -> Timeouts:
    """Time-outs of a request that carries audio and is answered when it has been transcribed.

    Providers take up to a quarter of the audio's length; segments are answered in seconds.
    """
    read_s = 30.0 + duration_s / 4
    return Timeouts(read_s=read_s, total_s=10.0 + read_s + upload_bytes / SLOW_UPLOAD_BYTES_PER_S)


class HttpPool:
    """The shared httpx client: opened in the running loop when first used, closed when its last user lets go."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Open nothing yet. `transport` replaces the network."""
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._users: set[int] = set()

    async def client(self, user: object) -> httpx.AsyncClient:
        """The client of the running loop, which `user` holds until `release`.

        Raises `ProviderError` where the certificates that the environment names cannot be read.
        """
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            # Importing the libraries and reading the certificates takes tenths of a second.
            certificates = await asyncio.to_thread(_prepared)
            if certificates is None:
                raise ProviderError(
                    "Os certificados de SSL_CERT_FILE ou SSL_CERT_DIR não abrem: confira o caminho e o formato (PEM).",
                    kind=Failure.NETWORK,
                )
            if self._client is None or self._loop is not loop:
                self._client, self._loop = self._open(certificates), loop
                self._users.clear()
        self._users.add(id(user))
        return self._client

    async def release(self, user: object) -> None:
        """`user` is done; the last one closes all connections. May be called any number of times."""
        self._users.discard(id(user))
        client = self._client
        if client is None or self._users:
            return
        self._client = None
        if self._loop is asyncio.get_running_loop():
            await client.aclose()

    def _open(self, certificates: ssl.SSLContext) -> httpx.AsyncClient:
        import httpx
        from httpx_aiohttp import HttpxAiohttpClient

        return HttpxAiohttpClient(
            transport=self._transport,
            verify=certificates,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=IDLE_S),
            headers={"user-agent": f"balto/{__version__}"},
            event_hooks={"request": [_in_one_piece]},
        )


async def _in_one_piece(request: httpx.Request) -> None:
    """Join a small body that httpx would hand over in dozens of parts, each a system call of its own."""
    import httpx

    if isinstance(request.stream, httpx.ByteStream):
        return
    if int(request.headers.get("content-length", IN_ONE_PIECE_BYTES + 1)) <= IN_ONE_PIECE_BYTES:
        await request.aread()


def _prepared() -> ssl.SSLContext | None:
    import httpx_aiohttp  # noqa: F401

    try:
        return trusted_certificates()
    except OSError:
        return None


def trusted_certificates() -> ssl.SSLContext:
    """The system's own store, and what SSL_CERT_FILE and SSL_CERT_DIR add to it, on every system."""
    import ssl

    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    cafile, capath = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if cafile or capath:
        context.load_verify_locations(cafile or None, capath or None)
    return context


def phases(timeouts: Timeouts) -> httpx.Timeout:
    """As httpx takes them; waiting for a free connection is bounded by the total alone."""
    import httpx

    return httpx.Timeout(connect=timeouts.connect_s, read=timeouts.read_s, write=timeouts.write_s, pool=None)


async def guarded(
    send: Callable[[], Awaitable[httpx.Response]], peer: Peer, timeouts: Timeouts, body: Body | None = None
) -> httpx.Response:
    """Await one request and its whole answer, within its time-outs.

    Raises `ProviderError` when there is no whole answer: what failed, and whether the provider may have billed it. The
    library's exception is not chained to it, since it holds the request with its key.
    """
    import aiohttp
    import httpx

    loop = asyncio.get_running_loop()
    end_s = loop.time() + timeouts.total_s
    try:
        async with asyncio.timeout_at(end_s) as clock:
            if body is not None and body.streamed:
                # aiohttp has no time-out for writing: each chunk taken moves this one.
                body.on_chunk = lambda: clock.reschedule(min(end_s, loop.time() + timeouts.write_s))
                body.on_end = lambda: clock.reschedule(end_s)
            return await send()
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, EOFError, ValueError) as error:
        failure: ProviderError = broken(peer, error, body)
    finally:
        if body is not None:
            body.on_chunk = body.on_end = None
    raise failure
