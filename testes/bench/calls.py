"""CPU time a call: the HTTP libraries alone, and each provider's client with its whole stack, against the stand-ins.

The stand-ins run in a process of their own and answer at once, so what this process spends is the price of calling.
Every row makes the same calls in turns with the others, round after round, since a busy machine moves all of them.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.metadata
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import numpy as np
import openai
from httpx_aiohttp import AiohttpTransport, HttpxAiohttpClient
from pydantic import SecretStr

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_to_bytes
from balto_cli.settings import Access
from balto_cli.stt.base import Capabilities, Transcriber
from balto_cli.stt.http import HttpPool
from balto_cli.stt.registry import REMOTE, remote_class
from balto_cli.stt.resilience.cache import Cached
from balto_cli.stt.resilience.stack import OFFLINE, wrapped
from balto_cli.stt.resilience.wrapper import Wrapper
from balto_cli.stt.response_store import ResponseStore
from balto_cli.stt.upload import wav_header
from testes.bench.report import number, table
from testes.simulador.options import GOOD_KEY
from testes.simulador.process import Running, running

IN_FLIGHT = (10, 100)
ROUNDS = 5
CALLS = 150
SEGMENT_S = 2.0
TARGET_MS = 1.0
PACKAGES = ("httpx", "httpx-aiohttp", "aiohttp", "openai", "tenacity")

Call = Callable[[Pcm], Awaitable[object]]


class Wide(Wrapper):
    """A provider that takes as many calls as are made here."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._inner.capabilities, max_concurrency=max(IN_FLIGHT))

    async def transcribe(self, audio: Any, **options: Any) -> Any:
        return await self._inner.transcribe(audio, **options)


@dataclass
class Recorder(httpx.AsyncBaseTransport):
    """Notes the requests of one call, to make them again without anything around them."""

    made: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._transport = AiohttpTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.made.append(request)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def segments(count: int) -> list[Pcm]:
    """Pieces of noise that differ from each other and from all made before."""
    dice = np.random.default_rng()
    noise = dice.integers(-3000, 3000, round(SEGMENT_S * SAMPLE_RATE_HZ), dtype=np.int16)
    made = []
    for _ in range(count):
        piece = noise.copy()
        piece[:8] = dice.integers(-3000, 3000, 8, dtype=np.int16)
        made.append(piece)
    return made


async def cpu_ms(call: Call, in_flight: int) -> float:
    """CPU ms of this process a call, `in_flight` at a time."""
    waiting: Iterator[Pcm] = iter(segments(CALLS))

    async def work() -> None:
        for piece in waiting:
            await call(piece)

    gc.collect()
    begun_s = time.process_time()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return 1000 * (time.process_time() - begun_s) / CALLS


async def measure(rows: dict[str, Call]) -> dict[str, dict[int, list[float]]]:
    """By row and number in flight: CPU ms of each round."""
    measured: dict[str, dict[int, list[float]]] = {label: {count: [] for count in IN_FLIGHT} for label in rows}
    for call in rows.values():
        await call(segments(1)[0])
    for _ in range(ROUNDS):
        for in_flight in IN_FLIGHT:
            for label, call in rows.items():
                measured[label][in_flight].append(await cpu_ms(call, in_flight))
    return measured


async def libraries(server: Running, stack: AsyncExitStack) -> dict[str, Call]:
    """One multipart request by each library, as its own documentation writes it."""
    url, headers = f"{server.url('elevenlabs')}/v1/speech-to-text", {"xi-api-key": GOOD_KEY}
    fields = {"model_id": "scribe_v2", "language_code": "por", "file_format": "pcm_s16le_16"}
    limits = httpx.Limits(max_connections=max(IN_FLIGHT))
    own = await stack.enter_async_context(httpx.AsyncClient(limits=limits, timeout=60))
    over = await stack.enter_async_context(HttpxAiohttpClient(limits=limits, timeout=60))
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))

    def by_httpx(client: httpx.AsyncClient) -> Call:
        async def call(piece: Pcm) -> None:
            files = {"file": ("audio.pcm", pcm_to_bytes(piece), "audio/pcm")}
            (await client.post(url, headers=headers, data=fields, files=files)).raise_for_status()

        return call

    async def by_aiohttp(piece: Pcm) -> None:
        form = aiohttp.FormData(fields)
        form.add_field("file", pcm_to_bytes(piece), filename="audio.pcm", content_type="audio/pcm")
        async with session.post(url, headers=headers, data=form) as response:
            response.raise_for_status()
            await response.read()

    return {
        "httpx, transporte próprio": by_httpx(own),
        "httpx sobre httpx-aiohttp": by_httpx(over),
        "aiohttp": by_aiohttp,
    }


def client_of(provider: str, server: Running, pool: HttpPool) -> Transcriber:
    options = {"sync_address": server.url("assemblyai-sync")} if provider == "assemblyai" else {}
    access = Access(key=SecretStr(GOOD_KEY), base_url=server.url(provider))
    return remote_class(provider)(access, pool=pool, **options)


async def bare(provider: str, server: Running, client: httpx.AsyncClient) -> Call:
    """The requests that our client makes for one call, byte for byte, by the library that is under it and alone."""
    recorder = Recorder()
    recorded = client_of(provider, server, HttpPool(recorder))
    await recorded.transcribe(segments(1)[0])
    await recorded.aclose()
    requests = recorder.made
    for request in requests:
        request.headers.pop("host", None)

    async def once(piece: Pcm) -> None:
        for request in requests:
            response = await client.request(
                request.method, request.url, headers=request.headers, content=request.content
            )
            response.raise_for_status()

    async def job(piece: Pcm) -> None:
        """Upload and start are as recorded; the addresses after them are those that the stand-in answers."""
        upload, start = requests[:2]
        up = await client.request(upload.method, upload.url, headers=upload.headers, content=upload.content)
        begin = await client.request(
            start.method, start.url, headers={"x-gladia-key": GOOD_KEY}, json={"audio_url": up.json()["audio_url"]}
        )
        url = f"{start.url}/{begin.json()['id']}"
        await asyncio.sleep(0.25)
        for request in requests[2:]:
            response = await client.request(request.method, url, headers={"x-gladia-key": GOOD_KEY})
            response.raise_for_status()

    return job if provider == "gladia" else once


def openai_package(server: Running, over: httpx.AsyncClient) -> Call:
    """One transcription by the official package, as its documentation writes it."""
    around: Any = over
    package = openai.AsyncOpenAI(api_key=GOOD_KEY, base_url=server.url("openai"), http_client=around, max_retries=0)

    async def call(piece: Pcm) -> None:
        data = pcm_to_bytes(piece)
        await package.audio.transcriptions.create(
            file=("audio.wav", wav_header(len(data)) + data, "audio/wav"),
            model="whisper-1",
            language="pt",
            response_format="verbose_json",
            timestamp_granularities=["word"],
            temperature=0,
        )

    return call


async def providers(server: Running, stack: AsyncExitStack, folder: Path) -> dict[str, dict[str, Call]]:
    """By provider: the library alone, our client, and it with all wrappers."""
    over = await stack.enter_async_context(
        HttpxAiohttpClient(limits=httpx.Limits(max_connections=max(IN_FLIGHT)), timeout=60)
    )
    pool, now = HttpPool(), datetime.now(UTC)
    rows: dict[str, dict[str, Call]] = {}
    for provider in REMOTE:
        client = client_of(provider, server, pool)
        wrappers = wrapped(Wide(client), OFFLINE)
        cached = Cached(wrappers, ResponseStore(folder / provider), lambda: now, began_at=now)
        stack.push_async_callback(client.aclose)
        rows[client.name] = {
            "só a biblioteca": await bare(provider, server, over),
            **({"só o pacote `openai`": openai_package(server, over)} if provider == "openai" else {}),
            "cliente": client.transcribe,
            "cliente e proteções": wrappers.transcribe,
            "e respostas em disco": cached.transcribe,
        }
    return rows


async def run() -> tuple[dict[str, dict[int, list[float]]], dict[str, dict[str, dict[int, list[float]]]]]:
    """Measure the libraries and then each provider."""
    with running("--texto", "hash", "--consultas", "0") as server, tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            alone = await measure(await libraries(server, stack))
            by_provider = {
                name: await measure(rows) for name, rows in (await providers(server, stack, Path(folder))).items()
            }
    return alone, by_provider


def section() -> tuple[str, str]:
    alone, by_provider = asyncio.run(run())
    head = [f"{count} em voo" for count in IN_FLIGHT]
    library_rows = [[label, *(_ms(rounds[count]) for count in IN_FLIGHT)] for label, rounds in alone.items()]
    rows = []
    for name, measured in by_provider.items():
        base = next(iter(measured.values()))
        for label, rounds in measured.items():
            cells = [_ms(rounds[count]) for count in IN_FLIGHT]
            added = [
                "" if rounds is base else _ms([a - b for a, b in zip(rounds[count], base[count], strict=True)])
                for count in IN_FLIGHT
            ]
            rows.append([name, label, *cells, *added])
    rows.append(["**Meta**", "cliente e proteções", "", "", *[f"< {number(TARGET_MS)}"] * len(IN_FLIGHT)])
    text = (
        f"{table(['ms de CPU por chamada, um formulário com o áudio', *head], library_rows)}\n\n"
        f"{table(['Provedor', 'ms de CPU por chamada', *head, *(f'a mais, {name}' for name in head)], rows)}\n\n"
        f"Tempo de CPU deste processo por chamada, medianas de {ROUNDS} rodadas de {CALLS} chamadas em que as linhas "
        f"se revezam; segmentos de {number(SEGMENT_S)} s, PCM; o simulador roda em outro processo e responde na hora. "
        "Só a biblioteca: os mesmos pedidos do cliente, byte a byte, por httpx sobre httpx-aiohttp, sem montar nem ler "
        "nada; “a mais” é a mediana das diferenças de cada rodada com ela. As proteções são prazo, repetição, limites, "
        "disjuntor e contas; as respostas em disco incluem a procura pela resposta guardada e a gravação com `fsync`, "
        "que só `compare` e `transcribe` fazem. Gladia faz ao menos quatro pedidos por chamada: envio, início, "
        "consulta e apagamento. O cliente da OpenAI usa o pacote oficial, que custa sozinho o que diz a sua linha. "
        f"{', '.join(f'{name} {importlib.metadata.version(name)}' for name in PACKAGES)}."
    )
    return "Chamadas", text


def _ms(values: Sequence[float]) -> str:
    return number(statistics.median(values), 2)
