"""Which sockets this process holds open."""

from __future__ import annotations

import asyncio
import socket

import psutil


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def held_at(port: int) -> list[str]:
    """This process's sockets at a port of this machine, of either end; those that only the system still has are not."""
    return [
        f"{one.laddr} {one.raddr} {one.status}"
        for one in psutil.Process().net_connections("tcp")
        if port in {end.port for end in (one.laddr, one.raddr) if end}
    ]


async def let_go(port: int, timeout_s: float = 5.0) -> None:
    """Wait until both ends have closed: an event loop does so in its next turns. Raises TimeoutError."""
    async with asyncio.timeout(timeout_s):
        while held_at(port):  # noqa: ASYNC110 - the sockets tell nobody
            await asyncio.sleep(0.005)
