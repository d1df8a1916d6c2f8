"""Two million interactions: how soon Histórico answers, what Análises takes, what erasing does to those who write.

And Ao vivo: what of a core 100 counters take, all of them loud, while three people watch.

`BALTO_BENCH_INTERACOES` makes it fewer. The database is made by bulk insert below the tables of the panel, so that the
upgrade that fills them is measured too.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import balto_cli.store
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.server.panel.watching import LiveBoard
from balto_cli.store import feedback, figures, history
from balto_cli.store.history import HistoryFilter
from balto_cli.store.records import Cut as StoredCut
from balto_cli.store.records import NewSegment, Outcome, Scope, SessionRecord, TranscriptState, new_id
from balto_cli.store.store import Store
from testes.bench.report import number, table

ROWS = int(os.environ.get("BALTO_BENCH_INTERACOES", "2000000"))
COUNTERS = 300
CLIENTS = 30
EVERY_S = 4.0
BEGIN = datetime(2026, 11, 3, 11, 0, tzinfo=UTC)
PROVIDERS = ("ElevenLabs",) * 6 + ("AssemblyAI",) * 3 + ("Deepgram",)
LIMIT_MS = 300
BEFORE_PANEL = "0003"


def section() -> tuple[str, str]:
    folder = Path(tempfile.mkdtemp(prefix="balto-painel-"))
    try:
        return "Painel: dois milhões de interações", asyncio.run(_measured(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(folder: Path) -> str:
    path = folder / "balto.db"
    made_s = generate(path, ROWS)
    before = path.stat().st_size
    begun_s = time.perf_counter()
    store = await Store.open(f"sqlite:///{path.as_posix()}")
    upgraded_s = time.perf_counter() - begun_s
    try:
        looks = await _looks(store)
        sums = await _sums(store)
        erased = await _erasing(store)
    finally:
        await store.close()
    size = path.stat().st_size
    return "\n\n".join(
        (
            f"{number(ROWS / 1e6, 2)} milhões de interações de {COUNTERS} balcões em {number(_span_h(), 1)} horas, "
            f"SQLite, {number(size / 1e9, 2)} GB ({number((size - before) / 1e9, 2)} do painel: filtros e palavras); "
            f"geradas em {number(made_s)} s, atualizadas para as tabelas do painel em {number(upgraded_s)} s. "
            "Cada consulta 15 vezes, a conversa de volta inclusa; meta: 300 ms.",
            table(["consulta", "mediana (ms)", "pior (ms)", "linhas"], looks),
            "As somas de Análises, sobre tudo e sem a memória que as guarda (a página as pede fora do laço):",
            table(["soma", "tempo (ms)", "linhas"], sums),
            "Retenção apagando os primeiros minutos enquanto outro grava um corte a cada 13 ms (300 balcões):",
            table(["", "gravações", "mediana (ms)", "p95 (ms)", "pior (ms)"], erased[0]),
            erased[1],
            await _watching(),
        )
    )


def generate(path: Path, rows: int) -> float:
    """A database as the server before the panel left it; seconds that it took."""
    begun_s = time.perf_counter()
    _migrate(path, BEFORE_PANEL)
    maker = random.Random(20261103)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")
    connection.execute("BEGIN")
    clients = [_identity(maker) for _ in range(CLIENTS)]
    counters = [_identity(maker) for _ in range(COUNTERS)]
    sessions = [_identity(maker) for _ in range(COUNTERS)]
    at = _text(BEGIN)
    _insert(connection, "clients", ((one, None, f"Rede {n}", "", at) for n, one in enumerate(clients)))
    connection.executemany(
        "INSERT INTO counters (id, client_id, name, created_at) VALUES (?, ?, ?, ?)",
        ((one, clients[n % CLIENTS], f"Balcão {n}", at) for n, one in enumerate(counters)),
    )
    length = int((rows // COUNTERS + 1) * EVERY_S * SAMPLE_RATE_HZ)
    connection.executemany(
        "INSERT INTO sessions (id, counter_id, started_at, audio_format, rate_hz, channels, client_name, settings,"
        " state, seq_reserved, next_index, received_samples, checkpoint_position, spool_position, ended_at)"
        " VALUES (?, ?, ?, 'pcm16', 16000, 1, 'bench', '{}', 'encerrada', 0, 0, ?, 0, 0, ?)",
        (
            (session, counter, at, length, _text(BEGIN + timedelta(seconds=length / SAMPLE_RATE_HZ)))
            for session, counter in zip(sessions, counters, strict=True)
        ),
    )
    for first in range(0, rows, 20_000):
        _fill(connection, maker, sessions, counters, range(first, min(first + 20_000, rows)))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return time.perf_counter() - begun_s


def _fill(
    connection: sqlite3.Connection, maker: random.Random, sessions: list[str], counters: list[str], numbers: range
) -> None:
    segments, transcripts, suggestions, answers = [], [], [], []
    for n in numbers:
        counter, index = n % COUNTERS, n // COUNTERS
        identity = _identity(maker)
        start_s = index * EVERY_S + counter * EVERY_S / COUNTERS
        said_at = BEGIN + timedelta(seconds=start_s)
        cut_at = said_at + timedelta(seconds=2.5)
        start = round(start_s * SAMPLE_RATE_HZ)
        segments.append(
            (identity, sessions[counter], counters[counter], index, start, start + 32_000, _text(said_at), "pausa",
             14.0, 0, None, index, _text(cut_at), _text(cut_at), _text(cut_at))
        )  # fmt: skip
        failed = maker.random() < 0.01
        said = [] if failed else _sentence(maker)
        latency_s = maker.lognormvariate(-0.5, 0.4)
        answered_at = _text(cut_at + timedelta(seconds=latency_s))
        words = [[word, round(0.2 * k, 2), round(0.2 * k + 0.18, 2), 0.93, None] for k, word in enumerate(said)]
        transcripts.append(
            (identity, _text(said_at), "falha" if failed else "ok", "audio" if failed else None, " ".join(said),
             json.dumps(words), "pt", maker.choice(PROVIDERS), "modelo", 0.93, latency_s, 0.0004, 0.0, 1, 0, index,
             _text(cut_at), answered_at, answered_at, None)
        )  # fmt: skip
        if failed:
            continue
        chance = maker.random()
        action = "sugerir" if chance < 0.05 else "encaminhar" if chance < 0.07 else "silencio"
        payload = {} if action == "silencio" else {"produto": f"Produto {maker.randint(1, 200)}", "motivo": "x"}
        suggestions.append(
            (identity, action, f"categoria {maker.randint(1, 30)}", f"regra {maker.randint(1, 60)}",
             json.dumps(payload), "1", "1", None, 0.0, answered_at, 1, f"regra_{maker.randint(1, 60)}")
        )  # fmt: skip
        if action == "sugerir" and maker.random() < 0.4:
            outcome = maker.choice(("venda_realizada", "venda_perdida", "ignorada"))
            answers.append((None, identity, outcome, answered_at))
    columns = ("id, session_id, counter_id, \"index\", start_sample, end_sample, said_at, cut, snr_db, low_speech,"
               " audio_path, seq, received_at, speech_ended_at, cut_at")  # fmt: skip
    _insert(connection, f"segments ({columns})", segments)
    _insert(connection, "transcripts", transcripts)
    _insert(
        connection,
        "suggestions (segment_id, action, category, reason, payload, rules_version, catalogue_version, model, cost_brl,"
        " suggested_at, sent, rule)",
        suggestions,
    )
    _insert(connection, "feedback (id, segment_id, outcome, at)", answers)


async def _looks(store: Store) -> list[list[str]]:
    counter = await store.read(_some_counter)
    client = await store.read(_some_client)
    middle = history.key_of(BEGIN + timedelta(hours=_span_h() / 2))
    far = history.key_of(BEGIN + timedelta(hours=_span_h() / 50))
    day = HistoryFilter(since=BEGIN, until=BEGIN + timedelta(hours=_span_h() / 10))
    asked: list[tuple[str, HistoryFilter, int | None]] = [
        ("primeira página", HistoryFilter(), None),
        ("página no meio (a 20.000ª)", HistoryFilter(), middle),
        ("página no fim (a 39.000ª)", HistoryFilter(), far),
        ("um balcão", HistoryFilter(counter_id=counter), None),
        ("um balcão, página funda", HistoryFilter(counter_id=counter), far),
        ("um cliente, página funda", HistoryFilter(client_id=client), far),
        ("busca: dipirona (palavra comum)", HistoryFilter(words="dipirona"), None),
        ("busca: dipirona, página funda", HistoryFilter(words="dipirona"), far),
        ("busca: tem dipirona gotas", HistoryFilter(words="tem dipirona gotas"), None),
        ('busca: "tem dipirona" (em ordem)', HistoryFilter(words='"tem dipirona"'), None),
        ("busca: palavra rara", HistoryFilter(words="xilofone"), None),
        ("busca: palavra que não há", HistoryFilter(words="inexistente"), None),
        ("busca num balcão", HistoryFilter(words="dipirona", counter_id=counter), None),
        ("busca num cliente, página funda", HistoryFilter(words="dipirona", client_id=client), far),
        ("busca num décimo do tempo", HistoryFilter(words="dipirona", since=day.since, until=day.until), None),
        ("resultado: venda realizada", HistoryFilter(outcome="venda_realizada"), middle),
        ("sugestões sem retorno", HistoryFilter(outcome=history.NO_ANSWER), middle),
        ("encaminhamentos", HistoryFilter(action="encaminhar"), middle),
        ("provedor raro", HistoryFilter(provider="Deepgram"), middle),
        ("provedor e falha", HistoryFilter(provider="Deepgram", state="falha"), middle),
    ]
    rows = []
    for name, wanted, before in asked:
        found = 0
        times = []
        for _ in range(15):
            begun_s = time.perf_counter()
            page = await store.read(history.page, wanted, 50, before)
            times.append(1000 * (time.perf_counter() - begun_s))
            found = len(page.interactions)
        rows.append([name, number(median(times), 1), number(max(times), 1), str(found)])
    return rows


async def _sums(store: Store) -> list[list[str]]:
    which = feedback.Which(BEGIN, BEGIN + timedelta(days=2))
    asked: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("por hora e provedor", lambda: store.read(figures.by_hour, which)),
        ("por balcão", lambda: store.read(figures.by_counter, which)),
        ("latências", lambda: store.read(figures.latencies, which)),
        ("vendas por regra", lambda: store.read(feedback.rates, feedback.By.RULE, which)),
        ("por hora, um cliente", lambda: _of_client(store, which)),
    ]
    rows = []
    for name, ask in asked:
        begun_s = time.perf_counter()
        found = await ask()
        rows.append([name, number(1000 * (time.perf_counter() - begun_s)), str(len(found))])  # type: ignore[arg-type]
    return rows


async def _of_client(store: Store, which: feedback.Which) -> object:
    return await store.read(figures.by_hour, replace(which, client_id=await store.read(_some_client)))


async def _erasing(store: Store) -> tuple[list[list[str]], str]:
    """Write cuts as 300 counters do, alone and while retention erases."""
    record = await _session(store)
    alone = await _write_cuts(store, record, 0, asyncio.sleep(8.0))
    span = timedelta(seconds=max(EVERY_S, 12_000 / COUNTERS * EVERY_S))
    counted: list[float] = []

    async def erase() -> None:
        begun_s = time.perf_counter()
        count = await store.erase(Scope(since=BEGIN, until=BEGIN + span), "bench", datetime.now(UTC))
        counted.extend((count.segments, time.perf_counter() - begun_s))

    meanwhile = await _write_cuts(store, record, 100_000, erase())
    rows = [["sozinha", *_spread(alone)], ["durante a retenção", *_spread(meanwhile)]]
    segments, took_s = counted
    return rows, (
        f"{number(segments)} interações apagadas em {number(took_s, 1)} s: {number(segments / took_s)} por segundo, "
        "com o que estava no índice de palavras."
    )


async def _write_cuts(store: Store, record: SessionRecord, first: int, while_: Awaitable[object]) -> list[float]:
    times: list[float] = []
    writes: set[asyncio.Task[None]] = set()

    async def write(index: int) -> None:
        at = datetime.now(UTC)
        start = index * 2 * SAMPLE_RATE_HZ
        row = NewSegment(index, start, start + SAMPLE_RATE_HZ, "pausa", 12.0, None, None, at, at, at)
        begun_s = time.perf_counter()
        await store.cut(StoredCut(record, (row,), b"x", 0, 0, start))
        times.append(1000 * (time.perf_counter() - begun_s))

    until = asyncio.ensure_future(while_)
    index = first
    while not until.done():
        task = asyncio.create_task(write(index))
        writes.add(task)
        task.add_done_callback(writes.discard)
        index += 1
        await asyncio.sleep(1 / 75)
    await asyncio.gather(*writes)
    await until
    return times


async def _session(store: Store) -> SessionRecord:
    key = await store.create_key("Rede do teste", "Balcão do teste", datetime.now(UTC))
    fresh = SessionRecord(
        new_id(), key.holder.counter_id, key.holder.key_id, datetime.now(UTC), "pcm16", 16_000, 1, "bench", {}
    )
    return await store.open_session(fresh)


@dataclass(eq=False)
class _Loud:
    """A session as Ao vivo sees it, whose level is another at every look."""

    number: int
    maker: random.Random
    backlog_s: float = 0.0
    queued: int = 0
    is_speaking: bool = True

    def __post_init__(self) -> None:
        self.id = str(uuid.UUID(int=self.number))
        self.record = SessionRecord(self.id, self.id, None, BEGIN, "pcm16", 16_000, 1, "bench")
        self.connected_at = BEGIN
        outcome = Outcome("x", TranscriptState.OK, BEGIN, "Bom dia, tem dipirona em gotas?", provider="Local")
        self.told = (SimpleNamespace(id=self.id, spoken_until=BEGIN), outcome)

    @property
    def arrived_at(self) -> datetime:
        return datetime.now(UTC)

    @property
    def latest(self) -> bytes:
        return self.maker.randbytes(3_200)[: self.maker.choice((640, 3_200))] + bytes(self.maker.choice((0, 2_000)))


async def _watching() -> str:
    """Process time of the board and three watchers, less that of making the sound up."""
    maker, counters, for_s = random.Random(1), 100, 10.0
    sessions = {one.id: one for one in (_Loud(number, maker) for number in range(counters))}
    live = SimpleNamespace(
        now=lambda: datetime.now(UTC),
        sessions=SimpleNamespace(sessions=sessions),
        services=SimpleNamespace(keeps_sound=True),
        stopping=False,
    )
    board = LiveBoard(live)  # type: ignore[arg-type]
    told = 0

    async def watch() -> None:
        nonlocal told
        async for news in board.changes(set(sessions), 10.0):
            told += len(news.encode())

    watchers = [asyncio.create_task(watch()) for _ in range(3)]
    begun_s = time.process_time()
    await asyncio.sleep(for_s)
    used = (time.process_time() - begun_s) / for_s
    for watcher in watchers:
        watcher.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    return (
        f"Ao vivo com {counters} balcões, todos com fala e nível que muda, e três pessoas olhando: "
        f"{number(100 * used, 1)} % de um núcleo (meta: menos de 5 %), "
        f"{number(told / for_s / 3 / 1000)} KB/s a cada uma."
    )


def _spread(times: list[float]) -> list[str]:
    p95 = quantiles(times, n=20)[-1]
    return [str(len(times)), number(median(times), 1), number(p95, 1), number(max(times), 1)]


def _migrate(path: Path, revision: str) -> None:
    engine = create_engine(f"sqlite:///{path.as_posix()}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(balto_cli.store.__file__).with_name("migrations")))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _insert(
    connection: sqlite3.Connection, into: str, rows: Iterator[tuple[object, ...]] | list[tuple[object, ...]]
) -> None:
    rows = list(rows)
    if rows:
        connection.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _some_counter(connection: object) -> str:
    from sqlalchemy import text

    return str(connection.scalar(text("SELECT id FROM counters WHERE name = 'Balcão 7'")))  # type: ignore[attr-defined]


def _some_client(connection: object) -> str:
    from sqlalchemy import text

    return str(connection.scalar(text("SELECT id FROM clients WHERE name = 'Rede 7'")))  # type: ignore[attr-defined]


def _identity(maker: random.Random) -> str:
    return str(uuid.UUID(int=maker.getrandbits(128), version=4))


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _span_h() -> float:
    return ROWS / COUNTERS * EVERY_S / 3600


_SAID = """
tem o senhor a senhora é para de remédio dor cabeça febre criança quanto custa genérico caixa comprimidos gotas xarope
tosse receita médico hoje amanhã obrigado bom dia tarde noite não sim só esse outro mais barato desconto cartão débito
crédito pressão diabetes losartana metformina dipirona paracetamol ibuprofeno amoxicilina nimesulida
"""
_COMMON = _SAID.split()
_WEIGHTS = [1 / (rank + 3) for rank in range(len(_COMMON))]
_RARE = [f"{first}{second}{third}" for first in "bcdfglmnprst" for second in ("ar", "el", "in", "or") for third in
         ("ina", "ol", "ato", "ax", "eno", "ida", "il", "on", "ux", "ema")]  # fmt: skip


def _sentence(maker: random.Random) -> list[str]:
    words = maker.choices(_COMMON, _WEIGHTS, k=maker.randint(3, 14))
    if maker.random() < 0.3:
        words.append(maker.choice(_RARE))
    if maker.random() < 0.00001:
        words.append("xilofone")
    return words
