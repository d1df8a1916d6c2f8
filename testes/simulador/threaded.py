"""The stand-ins in a thread of the test's own process, for clients that are not asynchronous."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from testes.simulador.server import Simulator


@contextlib.contextmanager
def in_thread(**options: Any) -> Iterator[Simulator]:
    """Serve with the options of `Simulator` until the block ends."""
    simulator = Simulator(**options)
    ready = threading.Event()
    failure: list[BaseException] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        async with simulator:
            stopped = asyncio.Event()
            stop.append((asyncio.get_running_loop(), stopped))
            ready.set()
            await stopped.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failure.append(error)
            ready.set()

    thread = threading.Thread(target=run, daemon=True, name="simulador")
    thread.start()
    ready.wait()
    if failure:
        raise failure[0]
    try:
        yield simulator
    finally:
        loop, stopped = stop[0]
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
