"""Sound for a live server: a recording at its own speed or another one, or the microphone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator
    from pathlib import Path

CHUNK_SAMPLES = SAMPLE_RATE_HZ // 10
"""100 ms, as clients send it."""
_CHUNK_BYTES = 2 * CHUNK_SAMPLES


async def recording(path: Path, speed: float | None) -> AsyncGenerator[bytes, None]:
    """PCM16 16 kHz mono of a recording in chunks of 100 ms, `speed` times as fast as it was said; None for no waiting.

    Raises `AudioError`.
    """
    loop = asyncio.get_running_loop()
    step_s = 0.0 if speed is None else CHUNK_SAMPLES / SAMPLE_RATE_HZ / speed
    due_s = loop.time()
    rest = b""
    async with contextlib.aclosing(_decoded(path)) as pieces:
        async for piece in pieces:
            rest += piece
            while len(rest) >= _CHUNK_BYTES:
                chunk, rest = rest[:_CHUNK_BYTES], rest[_CHUNK_BYTES:]
                yield chunk
                if step_s:
                    # A little lateness is made up for, a reader that was away is not run over.
                    due_s = max(due_s + step_s, loop.time() - step_s)
                    await asyncio.sleep(max(0.0, due_s - loop.time()))
    if rest:
        yield rest


async def _decoded(path: Path) -> AsyncGenerator[bytes, None]:
    """The decoder's output, read in a thread of its own, which lets go of the decoder however this ends."""
    pieces = _pieces(path)
    loop = asyncio.get_running_loop()
    reader = ThreadPoolExecutor(1, thread_name_prefix="balto-play")
    try:
        while piece := await loop.run_in_executor(reader, next, pieces, b""):
            yield piece
    finally:
        # In its turn, after a read that is still going on; nothing is awaited, so no cancellation can get in between.
        reader.submit(pieces.close)
        reader.shutdown(wait=False)


def _pieces(path: Path) -> Generator[bytes, None, None]:
    yield from Decoder(path)


async def microphone(say: Callable[[str], None]) -> AsyncGenerator[bytes, None]:
    """What the microphone hears, until Ctrl-C; a second Ctrl-C interrupts as usual. `say` is told what happens.

    Raises `UsageError` where the package or a microphone is missing.
    """
    try:
        import sounddevice  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except (ImportError, OSError):
        raise UsageError(
            'Falta o pacote do microfone: na pasta do Balto, rode pip install -e ".[mic]" (no Linux, também '
            "libportaudio2), ou use --arquivo."
        ) from None
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
    lost = False

    def heard(data: Any, _frames: int, _time: Any, status: Any) -> None:
        nonlocal lost
        if status.input_overflow and not lost:
            lost = True
            loop.call_soon_threadsafe(say, "O computador não acompanha o microfone: parte do som se perdeu.")
        loop.call_soon_threadsafe(chunks.put_nowait, bytes(data))

    def ended() -> None:
        loop.call_soon_threadsafe(chunks.put_nowait, None)

    with _first_interrupt(loop, ended), contextlib.ExitStack() as stack:
        try:
            stream = sounddevice.RawInputStream(
                samplerate=SAMPLE_RATE_HZ,
                channels=1,
                dtype="int16",
                blocksize=CHUNK_SAMPLES,
                callback=heard,
                finished_callback=ended,
            )
            stack.callback(stream.close)
            stream.start()
        except sounddevice.PortAudioError:
            raise UsageError(
                "Nenhum microfone a 16 kHz foi encontrado: confira as configurações de som, ou use --arquivo."
            ) from None
        say("Ouvindo o microfone; Ctrl-C encerra.")
        while (chunk := await chunks.get()) is not None:
            yield chunk
        say("Microfone encerrado; esperando o que falta.")


@contextlib.contextmanager
def _first_interrupt(loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C calls `ended`, in the main thread; the next ones do what they did before."""
    before = signal.getsignal(signal.SIGINT)

    def interrupted(*_: Any) -> None:
        signal.signal(signal.SIGINT, before)
        ended()

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, before)
