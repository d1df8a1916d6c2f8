"""An event loop whose clock jumps: waits of minutes pass at once, in the right order, sockets and threads included."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_S = 0.001
"""How long a socket is given to show what was sent to it, before the clock jumps."""
_POLL_S = 0.05


class _JumpingSelector(selectors.DefaultSelector):
    """Where nothing is ready, moves the clock instead of waiting."""

    loop: VirtualTimeLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        sockets = len(self.get_map()) > 1
        ready = super().select(_LOOK_S if sockets and timeout != 0 else 0)
        if ready or timeout == 0:
            return ready
        if self.loop.jobs or timeout is None:
            return super().select(_POLL_S)
        self.loop.now_s += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its time stands still while something runs, and jumps to the next timer when nothing does."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.jobs = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        future = super().run_in_executor(executor, func, *args)
        self.jobs += 1

        def done(_: object) -> None:
            self.jobs -= 1

        future.add_done_callback(done)
        return future


def run(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` in virtual time. Fails where a task is left over."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_alone(work))


async def _alone(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await work
    finally:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"still running: {left}"
