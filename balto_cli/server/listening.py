"""Sockets that listen: which port, how much the kernel may hold, and how long a first header may take."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from balto_cli.errors import UsageError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_PORT = 8765
_PORTS = 100
_KERNEL_BYTES = 65_536
"""Of each direction of each connection: what a stalled side may push out of our sight."""
HEADER_S = 10.0
_HEADER_BYTES = 32_768
_END = b"\r\n\r\n"

_ACCEPTED: WeakKeyDictionary[asyncio.BaseTransport, float] = WeakKeyDictionary()


def listen(host: str, port: int | None) -> socket.socket:
    """A listening socket on a port, or on the first free one from 8765 on. Raises `UsageError`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port or DEFAULT_PORT, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise UsageError(f"HOST não é um endereço desta máquina: {host}.") from None
    wanted = [port] if port else list(range(DEFAULT_PORT, DEFAULT_PORT + _PORTS))
    for number in wanted:
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BYTES)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
            listening.bind((address[0], number, *address[2:]))
            listening.listen(1024)
            listening.setblocking(False)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise UsageError(f"Não consegui ouvir em {host}:{number}: {os_reason(error)}.") from None
        else:
            return listening
    if port:
        raise UsageError(f"A porta {port} já está em uso: escolha outra com --port.")
    raise UsageError(f"Nenhuma porta livre de {DEFAULT_PORT} a {DEFAULT_PORT + _PORTS - 1}: diga uma com --port.")


def accepted_at(transport: asyncio.BaseTransport | None) -> float:
    """When a connection was accepted, by the loop's clock."""
    now_s = asyncio.get_running_loop().time()
    return _ACCEPTED.get(transport, now_s) if transport is not None else now_s


class FirstHeader(asyncio.Protocol):
    """Holds a new connection until its first header is whole, then hands it over; one that dawdles is dropped.

    The HTTP server would wait 78 s for it, and count nothing until then.
    """

    def __init__(self, make: Callable[[], asyncio.Protocol], *, header_s: float = HEADER_S) -> None:
        self._make = make
        self._header_s = header_s
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        loop = asyncio.get_running_loop()
        _ACCEPTED[transport] = loop.time()
        self._deadline = loop.call_later(self._header_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Wait for the blank line; what is too long for a header is for the HTTP server to refuse."""
        searched = max(0, len(self._held) - len(_END))
        self._held += data
        if self._held.find(_END, searched) < 0 and len(self._held) < _HEADER_BYTES:
            return
        assert self._transport is not None
        self._stop_clock()
        protocol = self._make()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(bytes(self._held))

    def connection_lost(self, _error: Exception | None) -> None:
        """Gone before it asked for anything."""
        self._stop_clock()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
