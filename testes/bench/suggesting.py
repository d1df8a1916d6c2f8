"""From the end of speech to what the attendant reads, over `/ws` at real speed, and where the time goes.

Recordings of counters go to the local engine. The labelled dialogues are text alone: each of their turns is spoken by a
piece of a recording that nobody else gets, and a provider that answers at once says the turn's words for it, so that
everything but the engine takes part; once with the rules alone, once with a model that never answers, which is the
longest that an attendant waits for one. Times are of one clock: server and clients are one process.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from pydantic import SecretStr

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, segment_stream
from balto_cli.settings import Settings, cache_folder
from balto_cli.stt.base import Transcriber
from balto_cli.stt.registry import build
from testes.bench.report import number, table
from testes.doubles import FakeTranscriber
from testes.live import Client, Running, pcm_of, running
from testes.shared import DATA
from testes.simulador.options import GOOD_KEY
from testes.simulador.threaded import in_thread

CHUNK_BYTES = 3_200
AT_ONCE = 8
CLOSING_S = 1.5
"""Quiet after a turn, longer than the pause that closes a segment."""
LAST_S = 12.0
"""Quiet after a recording, in which the slowest answer comes."""
CLIP_S = (1.0, 5.0)
NEAR_S = 0.6
"""How far a segment's end may be from the labelled end of its speech."""
CONFIG = PipelineConfig()
STAGES = ("fala → corte", "corte → pedido", "transcrição", "decisão", "envio", "fala → atendente")


@dataclass(frozen=True)
class Told:
    """One `recomendar` or `encaminhar`: seconds of each of `STAGES`."""

    command: str
    stages: tuple[float, ...]


@dataclass
class Result:
    """What a way of measuring gave."""

    name: str
    told: list[Told]
    segments: int

    def row(self, command: str) -> list[str]:
        told = [one.stages for one in self.told if one.command == command]
        if not told:
            return [self.name, command, "0", *["–"] * len(STAGES)]
        columns = np.array(told)
        cells = [
            f"{number(1000 * float(np.percentile(column, 50)))} / {number(1000 * float(np.percentile(column, 95)))}"
            for column in columns.T
        ]
        return [self.name, command, str(len(told)), *cells]


class Stamping(Client):
    """A client that notes when each event came."""

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.events.append({**json.loads(message.data), "chegou": time.time()})
        self.code = self.socket.close_code


@dataclass(frozen=True)
class Sound:
    """PCM, and where its speech ends as labelled, in seconds; nowhere without labels."""

    pcm: bytes
    ends_s: tuple[float, ...] = ()

    def tail_s(self, end_s: float) -> float:
        """How much of a segment that ends at `end_s` comes after the speech in it."""
        nearest = min(self.ends_s, key=lambda label: abs(label - end_s), default=end_s)
        return max(0.0, end_s - nearest) if abs(nearest - end_s) <= NEAR_S else 0.0


async def play(server: Running, key: str, sound: Sound) -> tuple[list[Told], int]:
    """One counter, at real speed; what it was told, and of how many segments."""
    loop = asyncio.get_running_loop()
    async with server.http.ws_connect(f"{server.server.address}/ws", max_msg_size=0) as socket:
        client = Stamping(socket)
        client.start()
        opened = await client.auth(key, formato="pcm16", eventos=["segmento", "transcricao"])
        due_s = loop.time()
        for begin in range(0, len(sound.pcm), CHUNK_BYTES):
            await client.send(sound.pcm[begin : begin + CHUNK_BYTES])
            due_s += CHUNK_BYTES / 2 / SAMPLE_RATE_HZ
            await asyncio.sleep(max(0.0, due_s - loop.time()))
        await client.finish()
    rows = {row.id: row for row in await server.interactions(opened["sessao"])}
    told = []
    for event in client.events:
        if event["comando"] in ("recomendar", "encaminhar"):
            row = rows[event["id_interacao"]]
            moments = (row.speech_ended_at, row.cut_at, row.sent_at, row.transcribed_at, row.suggested_at)
            times = [moment.timestamp() for moment in moments if moment] + [event["chegou"]]
            times[0] -= sound.tail_s(row.end_sample / SAMPLE_RATE_HZ)
            stages = [after - before for before, after in itertools.pairwise(times)]
            told.append(Told(event["comando"], (*stages, times[-1] - times[0])))
    return told, len(rows)


async def measure(name: str, provider: Transcriber, sounds: Sequence[Sound], *, at_once: int, **values: Any) -> Result:
    """All sounds, so many at once."""
    free = asyncio.Semaphore(at_once)
    with tempfile.TemporaryDirectory() as folder:
        async with running(
            Path(folder), config=CONFIG, provider=provider, limits={"sessions_key": at_once}, **values
        ) as server:  # type: ignore[arg-type]

            async def one(sound: Sound) -> tuple[list[Told], int]:
                async with free:
                    return await play(server, server.key, sound)

            results = await asyncio.gather(*(one(sound) for sound in sounds))
    return Result(name, [told for found, _ in results for told in found], sum(count for _, count in results))


def recordings() -> list[Path]:
    """The counters of the practice data."""
    return [path for path in sorted((DATA / "balcao").iterdir()) if path.suffix not in (".json", ".txt", ".md")]


def labelled(path: Path) -> Sound:
    """A recording with its labels, and quiet behind it."""
    turns = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["turns"]
    return Sound(pcm_of(path) + quiet(LAST_S, 1), tuple(turn["end_s"] for turn in turns))


def quiet(seconds: float, seed: int) -> bytes:
    """A counter at which nobody speaks."""
    return np.random.default_rng(seed).normal(0, 20, round(seconds * SAMPLE_RATE_HZ)).astype("<i2").tobytes()


def clips() -> list[bytes]:
    """Pieces of recordings that are one segment each when nothing is around them."""
    found = []
    for path in recordings():
        pcm = pcm_of(path)
        for segment in segment_stream([pcm], CONFIG):
            if CLIP_S[0] <= segment.duration_s <= CLIP_S[1]:
                found += [pcm[2 * segment.start_sample : 2 * segment.end_sample]]
    return found


def spoken_dialogues() -> tuple[list[Sound], Callable[[Pcm], str]]:
    """A sound for each labelled dialogue, and who hears in each of its segments the words of its turn."""
    pieces = clips()
    position = 0
    sounds: list[Sound] = []
    words: dict[str, str] = {}
    for seed, turns in enumerate(dialogues()):
        picked = [pieces[(position + index) % len(pieces)] for index in range(len(turns))]
        position += len(turns)
        sound = quiet(0.5, seed) + b"".join(clip + quiet(CLOSING_S, seed + 1000) for clip in picked)
        segments = list(segment_stream([sound], CONFIG))
        if len(segments) != len(turns):
            continue  # a piece that falls apart beside another one
        words |= {_mark(segment.samples): turn for segment, turn in zip(segments, turns, strict=True)}
        sounds.append(Sound(sound))
    return sounds, lambda samples: words.get(_mark(samples), "")


def dialogues() -> Iterator[list[str]]:
    """The turns of each labelled dialogue."""
    with (DATA / "sugestoes" / "dev.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["turnos"]


def _mark(samples: Pcm) -> str:
    return hashlib.sha256(pcm_to_bytes(samples)).hexdigest()


async def measure_all() -> tuple[list[Result], int]:
    """Each way, one after the other; how many dialogues could be spoken."""
    (engine,) = build(["local"], settings=Settings.model_construct(), cache_dir=cache_folder(), say=lambda _: None)
    heard = [labelled(path) for path in recordings()]
    sounds, answer = spoken_dialogues()
    results = [await measure("motor local, gravações", engine, heard, at_once=1)]
    instant = FakeTranscriber(max_concurrency=64, answer=answer)
    results.append(await measure("texto, só regras", instant, sounds, at_once=AT_ONCE))
    with in_thread() as simulator:
        simulator.fail("xai", "trava", times=10_000)
        keys = {"xai_key": SecretStr(GOOD_KEY), "xai_base_url": simulator.url("xai"), "llm": ("xai",)}
        instant = FakeTranscriber(max_concurrency=64, answer=answer)
        results.append(
            await measure(
                "texto, modelo que não responde", instant, sounds, at_once=AT_ONCE, llm_orcamento=1000.0, **keys
            )
        )
    return results, len(sounds)


def section() -> tuple[str, str]:
    """Title and Markdown."""
    load = os.getloadavg()[0]
    results, spoken = asyncio.run(measure_all())
    rows = [result.row(command) for result in results for command in ("recomendar", "encaminhar")]
    text = (
        "Do fim da fala até a mensagem no balcão, em tempo real, sobre `/ws`: mediana / p95 de cada etapa, em ms. "
        f"As {len(recordings())} gravações de `balcao`, uma de cada vez, com o motor local "
        f"({results[0].segments} segmentos), a partir do fim rotulado da fala; {spoken} diálogos de `dev.jsonl`, "
        f"{AT_ONCE} de cada vez, com um provedor que responde na hora ({results[1].segments} segmentos), a partir da "
        "chegada da última amostra do segmento. A pausa que fecha um segmento está em “fala → corte”; a espera por um "
        "modelo está em “decisão” e acaba 2,5 s depois do corte. Carga da máquina ao começar: "
        f"{number(load, 1)} em {os.cpu_count()} núcleos.\n\n"
    )
    return "Da fala à sugestão", text + table(["Como", "Mensagem", "Vezes", *STAGES], rows)
