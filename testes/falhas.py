"""The fault matrix: every provider by every fault of the stand-ins, through the whole stack, in virtual time."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np
from pydantic import SecretStr

from balto_cli.audio.pcm import Pcm
from balto_cli.audio.recording import Audio
from balto_cli.errors import Failure, ProviderError
from balto_cli.settings import Access, key_variable
from balto_cli.stt.base import LANGUAGE, Transcriber, Transcript
from balto_cli.stt.http import HttpPool
from balto_cli.stt.registry import remote_class
from balto_cli.stt.resilience.stack import OFFLINE, wrapped
from balto_cli.stt.resilience.wrapper import Wrapper
from testes.simulador import Simulator
from testes.simulador.faults import JOB, KINDS
from testes.simulador.options import GOOD_KEY
from testes.virtual_time import run

FAULTS = {
    "401": "chave recusada",
    "402": "sem saldo",
    "429": "pedidos demais, sem `Retry-After`",
    "429-retry-after": "pedidos demais, com `Retry-After`",
    "500": "falha do servidor",
    "502-html": "falha de um intermediário, em HTML",
    "503": "fora do ar",
    "trava": "nunca responde",
    "lento": "responde devagar",
    "reset": "conexão cortada no meio",
    "json-truncado": "resposta cortada",
    "forma-errada": "resposta com outra forma",
    "vazio": "texto vazio",
    "repetido": "palavras repetidas",
    "erro-do-trabalho": "o trabalho termina em erro",
}
"""All faults of the stand-ins, as people read them."""
AUDIO: Pcm = np.random.default_rng(3).integers(-3000, 3000, 32_000, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider, and the request of it that fails."""

    provider: str
    label: str
    stage: str | None = None
    synchronous: bool = False


SUBJECTS = (
    Subject("elevenlabs", "ElevenLabs"),
    Subject("assemblyai", "AssemblyAI, síncrono", synchronous=True),
    Subject("assemblyai", "AssemblyAI, envio", "upload"),
    Subject("assemblyai", "AssemblyAI, início", "criar"),
    Subject("assemblyai", "AssemblyAI, consulta", "consulta"),
    Subject("deepgram", "Deepgram"),
    Subject("gladia", "Gladia, envio", "upload"),
    Subject("gladia", "Gladia, início", "criar"),
    Subject("gladia", "Gladia, consulta", "consulta"),
    Subject("openai", "OpenAI"),
)


class Watched(Wrapper):
    """Notes how each attempt at a provider failed."""

    def __init__(self, inner: Transcriber) -> None:
        super().__init__(inner)
        self.failures: list[tuple[Failure, bool]] = []
        self.attempts = 0

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        self.attempts += 1
        try:
            return await self._inner.transcribe(audio, language=language, terms=terms)
        except ProviderError as error:
            self.failures.append((error.kind, error.perhaps_billed))
            raise


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one provider with one fault that does not pass, and of one that passes."""

    subject: Subject
    fault: str
    said: str
    """The sentence that the person reads; empty where there was a transcript."""
    attempts: int
    failures: tuple[tuple[Failure, bool], ...]
    """Of each attempt: its kind, and whether it is perhaps billed."""
    told_attempts: int
    told_lost_brl: float
    price_brl: float
    passes: bool
    """Whether a call gets its transcript when the fault comes only once."""

    @property
    def billed(self) -> int:
        """Attempts that failed and are perhaps billed."""
        return sum(billed for _, billed in self.failures)


@cache
def matrix() -> tuple[Cell, ...]:
    """All cells; takes seconds of real time for hours of waiting."""
    assert set(FAULTS) == set(KINDS), "a fault of the stand-ins is missing here"
    # The stand-in cuts connections by raising, which its server would print.
    server = logging.getLogger("aiohttp.server")
    level = server.level
    server.setLevel(logging.CRITICAL)
    try:
        return run(_matrix())
    finally:
        server.setLevel(level)


async def _matrix() -> tuple[Cell, ...]:
    # One pool, held open: certificates are loaded once.
    pool = HttpPool()
    async with Simulator(texto="hash") as simulator:
        await pool.client(simulator)
        cells = [
            await _cell(simulator, pool, subject, fault)
            for fault in FAULTS
            for subject in SUBJECTS
            if fault not in JOB or subject.stage == "consulta"
        ]
        await pool.release(simulator)
    return tuple(cells)


async def _cell(simulator: Simulator, pool: HttpPool, subject: Subject, fault: str) -> Cell:
    _, once, _ = await _call(simulator, pool, subject, fault, times=1)
    watched, transcript, error = await _call(simulator, pool, subject, fault, times=10_000)
    told = error or transcript
    assert told is not None
    lost_brl = error.cost_brl if error else transcript.lost_brl if transcript else 0.0
    price_brl = 2.0 / 3600 * watched.capabilities.usd_per_hour
    return Cell(
        subject,
        fault,
        str(error) if error else "",
        watched.attempts,
        tuple(watched.failures),
        told.attempts,
        lost_brl,
        price_brl,
        once is not None,
    )


async def _call(
    simulator: Simulator, pool: HttpPool, subject: Subject, fault: str, *, times: int
) -> tuple[Watched, Transcript | None, ProviderError | None]:
    simulator.reset()
    simulator.fail(subject.provider, fault, times=times, stage=subject.stage)
    options = {"sync_address": simulator.url("assemblyai-sync")} if subject.synchronous else {}
    access = Access(key=SecretStr(GOOD_KEY), base_url=simulator.url(subject.provider))
    watched = Watched(remote_class(subject.provider)(access, pool=pool, **options))
    stack = wrapped(watched, OFFLINE, reais_per_dollar=1.0, random=Random(1))
    try:
        return watched, await stack.transcribe(AUDIO), None
    except ProviderError as error:
        return watched, None, error
    finally:
        await stack.aclose()


def attempts_table() -> list[tuple[str, ...]]:
    """Faults by providers: how often it was tried, and what the failed tries may have cost."""
    rows = [("Falha", *(subject.label for subject in SUBJECTS))]
    for fault, meaning in FAULTS.items():
        by_subject = {cell.subject: cell for cell in matrix() if cell.fault == fault}
        cells = [_said_of(by_subject[one]) if one in by_subject else "–" for one in SUBJECTS]
        rows.append((f"`{fault}`: {meaning}", *cells))
    return rows


def _said_of(cell: Cell) -> str:
    if not cell.said:
        return "transcreve" if cell.attempts == 1 else f"transcreve na {cell.attempts}ª"
    sure = cell.attempts - cell.billed
    counts = ((sure, "não cobrada"), (cell.billed, "talvez cobrada"))
    parts = [f"{count} × {word}" for count, word in counts if count]
    return f"{cell.failures[-1][0]}: {', '.join(parts)}"


def sentences_table() -> list[tuple[str, ...]]:
    """What the person reads, with the provider's name and variables left out."""
    found: dict[str, dict[str, list[str]]] = {}
    for cell in matrix():
        if cell.said:
            found.setdefault(cell.fault, {}).setdefault(_general(cell), []).append(cell.subject.label)
    rows = [("Falha", "O que se lê", "Onde")]
    for fault, sentences in found.items():
        for sentence, labels in sentences.items():
            everywhere = len(labels) == len(SUBJECTS)
            rows.append((f"`{fault}`", sentence, "todos" if everywhere else "; ".join(labels)))
    return rows


def _general(cell: Cell) -> str:
    provider = remote_class(cell.subject.provider)
    return (
        cell.said.replace(key_variable(provider.option), "`PROVEDOR_API_KEY`")
        .replace(f"{provider.option.upper()}_BASE_URL", "`PROVEDOR_BASE_URL`")
        .replace(provider.label, "PROVEDOR")
    )
