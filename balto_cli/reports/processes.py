"""One task over many inputs on all cores, in processes of their own.

A process that dies (killed for its memory, a crash in a library) costs one input: those that were being worked on are
tried again one by one, and the one that kills its process alone is named. An interruption ends every process at once.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_WORKERS = 60
"""Windows can wait for no more handles at a time."""
_LOOK_UP_S = 0.5
"""Windows sees Ctrl-C only between two waits."""


def usable_cores() -> int:
    """Cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_each(
    task: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[tuple[int, Result | None], None, None]:
    """Yield the place of each item and what `task` made of it, as they are done; None where its process died.

    `task` and what goes in and out must pickle. With one item or one worker all happens here, in order. An exception
    of `task` ends everything and is raised.
    """
    workers = min(workers, len(items), _MOST_WORKERS)
    if workers < 2:
        for index, item in enumerate(items):
            yield index, task(item)
        return
    waiting = deque(range(len(items)))
    while waiting:
        for index in (yield from _run_pool(task, items, waiting, workers)):
            for died in (yield from _run_pool(task, items, deque([index]), 1)):
                yield died, None


def _run_pool(
    task: Callable[[Item], Result], items: Sequence[Item], waiting: deque[int], workers: int
) -> Generator[tuple[int, Result], None, list[int]]:
    """Work `waiting` off in one pool. Return the items that were in work when one of its processes died, if one did.

    No more items than processes are handed out at a time, so that what was in work is known.
    """
    already_there = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker)
    in_work: dict[Future[Result], int] = {}
    finished = False
    try:
        while waiting or in_work:
            broken = _hand_out(pool, task, items, waiting, in_work, workers)
            done = set(in_work) if broken else wait(in_work, _LOOK_UP_S, FIRST_COMPLETED).done
            for future in done:
                try:
                    result = future.result()
                except BrokenProcessPool:
                    broken = True
                    continue
                yield in_work.pop(future), result
            if broken:
                return list(in_work.values()) or [waiting.popleft()]
        finished = True
        return []
    finally:
        pool.shutdown(wait=finished, cancel_futures=True)
        if not finished:
            for process in set(multiprocessing.active_children()) - already_there:
                process.terminate()


def _hand_out(
    pool: ProcessPoolExecutor,
    task: Callable[[Item], Result],
    items: Sequence[Item],
    waiting: deque[int],
    in_work: dict[Future[Result], int],
    workers: int,
) -> bool:
    """Give each idle process an item; return whether the pool is broken."""
    while waiting and len(in_work) < workers:
        try:
            with _interrupts_held():
                future = pool.submit(task, items[waiting[0]])
        except BrokenProcessPool:
            return True
        in_work[future] = waiting.popleft()
    return False


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C in the terminal goes to every process; those started here shall leave it to this one."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with(sentinel: int) -> None:
        # Whoever kills Balto does not give it time to end its processes.
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=end_with, args=[parent.sentinel], daemon=True).start()
