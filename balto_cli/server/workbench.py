"""One thread for work that a person asked for and waits for: trials and exports, never in the counters' way."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from balto_cli.server.errors import too_many

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_WAITING = 4


class Bench:
    """Runs such work, one piece at a time, with few that wait: the counters come first."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="balto-trial")
        self._asked = 0

    async def run(self, work: Callable[[threading.Event], T]) -> T:
        """Run `work(given_up)`, which ends early once `given_up` is set. Raises `RestError` when too many wait."""
        if self._asked >= 1 + _WAITING:
            raise too_many(10, "Há testes demais na fila: tente de novo em instantes.")
        self._asked += 1
        given_up = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, given_up)
        finally:
            given_up.set()
            self._asked -= 1

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)
