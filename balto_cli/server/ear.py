"""One thread in which the pipelines of all sessions run, so that no step of theirs holds the event loop.

A slice of 100 ms of sound takes tenths of a millisecond, the noise reduction of a long segment at a cut takes tens.
Sound is handed over in batches (4 µs a chunk against 100 in a thread pool), sessions take turns slice by slice, and
what they found comes back to the loop in one call a round.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from balto_cli.pipeline import Segment, SpeechPipeline
    from balto_cli.pipeline.checkpoint import Checkpoint

_LOG = logging.getLogger("balto.ear")

SLICE_BYTES = SAMPLE_RATE_HZ // 10 * 2
"""100 ms: how much of one session is heard before the next one has its turn."""
_ROUND_S = 0.02
"""How long results wait for more of the same round before the loop is told."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of some slices of one stream, or of its end."""

    segments: tuple[Segment, ...]
    checkpoint: Checkpoint | None
    """A new one; None where it is the same as before."""
    at: datetime
    finished: bool = False
    failed: bool = False
    """The pipeline broke: nothing more comes of this stream."""


@dataclass(slots=True, eq=False)
class Stream:
    """The sound of one session on its way through its pipeline. Made in the loop; the ear's thread works on it."""

    pipeline: SpeechPipeline
    on_heard: Callable[[Heard], None]
    """Called in the loop, in order."""
    heard_samples: int = 0
    """How far the pipeline has come; read by the loop."""
    finishing: bool = False
    in_turn: bool = False
    """Whether it waits for its turn; the ear's thread alone knows."""
    _pending: deque[bytes] = field(default_factory=deque)
    _slice: memoryview = field(default_factory=lambda: memoryview(b""))
    _checkpoint: Checkpoint | None = None

    def put(self, pcm: bytes) -> None:
        """Add sound; the ear must be told by `Ear.listen`."""
        self._pending.append(pcm)

    def hear(self, now: Callable[[], datetime]) -> Heard | None:
        """Work on the next slice, in the ear's thread; None where nothing is to be told."""
        if not self._slice and self._pending:
            self._slice = memoryview(self._pending.popleft())
        if self._slice:
            piece, self._slice = self._slice[:SLICE_BYTES], self._slice[SLICE_BYTES:]
            segments = self.pipeline.feed(piece)
            self.heard_samples += len(piece) // 2
            finished = False
        elif self.finishing:
            segments = self.pipeline.flush()
            finished = True
        else:
            return None
        latest = self.pipeline.checkpoint
        checkpoint = latest if latest is not self._checkpoint else None
        self._checkpoint = latest
        if not segments and checkpoint is None and not finished:
            return None
        return Heard(tuple(segments), checkpoint, now(), finished)

    def end(self) -> None:
        """Nothing more is heard of it."""
        self.finishing = False
        self._slice = memoryview(b"")
        self._pending.clear()

    @property
    def has_work(self) -> bool:
        """Whether another turn is wanted."""
        return bool(self._slice or self._pending or self.finishing)


class Ear:
    """The thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], datetime]) -> None:
        """`now` is the wall clock."""
        self._loop = loop
        self._now = now
        self._queue: queue.SimpleQueue[tuple[Stream, ...] | None] = queue.SimpleQueue()
        self.cpu_s = 0.0
        """CPU time that the thread has taken."""
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="balto-ear", daemon=True)
        self._thread.start()

    def listen(self, streams: Iterable[Stream]) -> None:
        """Streams that have new sound, or have come to their end (`finishing`)."""
        self._queue.put(tuple(streams))

    def close(self) -> None:
        """End the thread after the slice that it is at; what it has not heard is in the spool."""
        self._closing = True
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        turns: deque[Stream] = deque()
        while not self._closing:
            if not turns:
                self._take(turns, wait=True)
            results: list[tuple[Stream, Heard]] = []
            until = time.monotonic() + _ROUND_S
            while turns and time.monotonic() < until and not self._closing:
                stream = turns.popleft()
                heard = self._hear(stream)
                if heard is not None:
                    results.append((stream, heard))
                stream.in_turn = stream.has_work
                if stream.in_turn:
                    turns.append(stream)
                self._take(turns, wait=False)
            self.cpu_s = time.thread_time()
            if results:
                self._loop.call_soon_threadsafe(_tell, results)

    def _hear(self, stream: Stream) -> Heard | None:
        try:
            heard = stream.hear(self._now)
        except Exception as error:
            # One stream's fault must not make all others deaf.
            _LOG.error("pipeline: %s", type(error).__name__, exc_info=error)
            heard = Heard((), None, self._now(), finished=True, failed=True)
        if heard is not None and heard.finished:
            stream.end()
        return heard

    def _take(self, turns: deque[Stream], *, wait: bool) -> None:
        """Queue what has come."""
        with contextlib.suppress(queue.Empty):
            while True:
                streams = self._queue.get(block=wait)
                wait = False
                for stream in streams or ():
                    if not stream.in_turn:
                        stream.in_turn = True
                        turns.append(stream)


def _tell(results: list[tuple[Stream, Heard]]) -> None:
    for stream, heard in results:
        stream.on_heard(heard)
