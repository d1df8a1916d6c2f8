"""`python -m testes.live_process FOLDER PORT DELAY_S FAULTS`: a live server in a process of its own, to be killed.

Its provider answers with words from the hash of the sound, after a delay. The key of its counter is always the same
one, made at the first start and kept in the folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from balto_cli.audio.pcm import Pcm
from balto_cli.errors import Failure, ProviderError
from balto_cli.server.app import Server
from balto_cli.server.limits import Limits
from testes.doubles import FakeTranscriber, words_of
from testes.live import LEVE, settings_of
from testes.simulador.options import ROOT


def sometimes_failing(share: float) -> Callable[[Pcm], str]:
    """Words from the hash of the sound, or a fault that passes."""

    def answer(audio: Pcm) -> str:
        if random.random() < share:
            raise ProviderError("o provedor falhou", kind=Failure.SERVER)
        return words_of(audio)

    return answer


async def serve(folder: Path, port: int, delay_s: float, faults: float) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    provider = FakeTranscriber(max_concurrency=64, delay_s=delay_s, answer=sometimes_failing(faults))
    limits = Limits(sessions=10_000, sessions_key=10_000, sessions_address=10_000)
    server = Server(settings_of(folder), config=LEVE, providers=[provider], names=["local"], port=port, limits=limits)
    async with server:
        assert server.live is not None
        key_file = folder / "chave.txt"
        if not key_file.exists():
            made = await server.live.store.create_key("Rede Saúde", "Balcão 1", datetime.now(UTC))
            key_file.write_text(made.secret)
        print("pronto", flush=True)
        await stopped.wait()


class Process:
    """One server process."""

    def __init__(self, folder: Path, port: int, delay_s: float = 0.0, faults: float = 0.0) -> None:
        self.folder = folder
        numbers = map(str, (port, delay_s, faults))
        command = [sys.executable, "-m", "testes.live_process", str(folder), *numbers]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("pronto"):
                break
        else:
            raise RuntimeError("the server did not start")

    @property
    def key(self) -> str:
        return (self.folder / "chave.txt").read_text()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> float:
        """SIGTERM; how long it took, in seconds."""
        begun_s = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout=20)
        return time.monotonic() - begun_s


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
