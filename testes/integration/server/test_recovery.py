"""Nothing heard is lost: drops, kills, restarts, stops, and a state that cannot be read; each segment once."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from balto_cli.store.records import Scope, TranscriptState
from balto_cli.store.store import Store
from testes.doubles import FakeTranscriber, words_of
from testes.live import EVENTS, LEVE, Client, free_port, offline, pcm_of, running, until
from testes.live_process import Process
from testes.shared import require_shared

CHUNK = 16_000


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"ws://127.0.0.1:{port}/ws") as socket:
        client = Client(socket)
        client.start()
        yield client


async def stored(folder: Path, session: str) -> list[Any]:
    store = await Store.open(f"sqlite:///{folder / 'balto.db'}")
    try:
        page = await store.list_interactions(Scope(session_id=session), 500)
    finally:
        await store.close()
    return sorted(page.interactions, key=lambda item: item.index)


def sound() -> bytes:
    return pcm_of(require_shared("speech") / "balcao-1.flac")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_killed_at_any_moment_and_resumed_it_hears_the_same_once(tmp_path: Path, seed: int) -> None:
    """A conforming client keeps what `recebido` has not confirmed, and sends from `recebido_amostras` on."""
    pcm = sound()
    expected = offline(pcm, LEVE)
    generator = random.Random(seed)
    port = free_port()
    server = Process(tmp_path, port, delay_s=0.3)
    session: str | None = None
    last_seq = 0
    transcripts: dict[str, dict[str, Any]] = {}
    seqs: list[int] = []
    kills = sorted(generator.randrange(len(pcm) // 10, len(pcm)) for _ in range(3))
    finished = False
    while not finished:
        async with connected(port) as client:
            extra = {"sessao": session, "ultimo_seq": last_seq} if session else {}
            hello = await client.auth(server.key, formato="pcm16", eventos=EVENTS, **extra)
            assert hello["retomada"] is (session is not None)
            session = hello["sessao"]
            position = hello["recebido_amostras"] * 2
            stop_at = kills.pop(0) if kills else len(pcm)
            while position < stop_at:
                await client.send(pcm[position : min(position + CHUNK, stop_at)])
                position = min(position + CHUNK, stop_at)
                await asyncio.sleep(0.002)
            if stop_at == len(pcm):
                await client.finish()
                finished = True
            else:
                await asyncio.sleep(generator.random() * 0.5)
                server.kill()
                await client.closed()
                server = Process(tmp_path, port, delay_s=0.3)
            for event in client.of("transcricao"):
                transcripts[event["id_interacao"]] = event
            fresh = [event["seq"] for event in client.events if event["seq"] > last_seq]
            assert not set(fresh) & set(seqs)
            seqs += fresh
            last_seq = max([last_seq, *fresh])
    server.terminate()
    found = await stored(tmp_path, session)
    assert [(item.start_sample, item.end_sample) for item in found] == [
        (segment.start_sample, segment.end_sample) for segment in expected
    ]
    assert [item.text for item in found] == [words_of(segment.samples) for segment in expected]
    assert set(transcripts) == {item.id for item in found}
    assert {event["texto"] for event in transcripts.values()} == {item.text for item in found}


async def test_lost_audio_at_a_drop_a_client_that_comes_back_goes_on_without_a_gap(tmp_path: Path) -> None:
    """The session waits; what had arrived stays; the same segments as without the drop."""
    pcm = sound()
    expected = offline(pcm, LEVE)
    cuts = [0, len(pcm) // 3 + 1, len(pcm) // 2 + 7, len(pcm)]
    async with running(tmp_path) as server:
        session = None
        for begin, end in itertools.pairwise(cuts):
            async with server.client() as client:
                hello = await client.auth(server.key, formato="pcm16", **({"sessao": session} if session else {}))
                session = hello["sessao"]
                position = hello["recebido_amostras"] * 2
                assert position == begin // 2 * 2
                while position < end:
                    await client.send(pcm[position : min(position + 50_000, end)])
                    position = min(position + 50_000, end)
                if end == len(pcm):
                    await client.finish()
                else:
                    await client.say(comando="ping")
                    await client.wait_for("pong")
                    client.drop()
        found = await server.interactions(session)
    assert [item.text for item in found] == [words_of(segment.samples) for segment in expected]


async def test_last_words_are_not_lost_when_the_client_never_comes_back(tmp_path: Path) -> None:
    """After `retomavel_s` what was open is cut as `queda`, and transcribed."""
    pcm = sound()
    speaking = offline(pcm, LEVE)[2]
    middle = (speaking.start_sample + speaking.end_sample) // 2
    heard = offline(pcm[: 2 * middle], LEVE)
    async with running(tmp_path, limits={"resumable_s": 0.5}) as server:
        async with server.client() as client:
            hello = await client.auth(server.key, formato="pcm16")
            await client.send(pcm[: 2 * middle])
            await client.say(comando="ping")
            await client.wait_for("pong")
            client.drop()
        async with asyncio.timeout(20):
            while True:
                found = await server.interactions(hello["sessao"])
                if len(found) == len(heard) and all(item.state is TranscriptState.OK for item in found):
                    break
                await asyncio.sleep(0.05)
        assert found[-1].cut == "queda"
        assert [item.text for item in found] == [words_of(segment.samples) for segment in heard]
        session = await server.live.store.session(hello["sessao"])
        assert session is not None
        assert session.state == "encerrada"
        async with server.client() as client:
            again = await client.auth(server.key, sessao=hello["sessao"])
            assert again["retomada"] is False
            assert again["sessao"] != hello["sessao"]


async def test_a_stop_tells_clients_1001_within_its_time_and_the_next_start_goes_on(tmp_path: Path) -> None:
    pcm = sound()
    expected = offline(pcm, LEVE)
    port = free_port()
    server = Process(tmp_path, port, delay_s=0.5)
    half = len(pcm) // 4 * 2
    async with connected(port) as client, connected(port) as waiting:
        hello = await client.auth(server.key, formato="pcm16", eventos=EVENTS)
        await client.send(pcm[: half // 2])
        await client.send(pcm[half // 2 : half])
        took_s = await asyncio.to_thread(server.terminate)
        assert await client.closed() == 1001
        assert await waiting.closed() == 1001
        assert client.of("aviso")[-1]["codigo"] == "encerrando"
    assert took_s < 8
    server = Process(tmp_path, port)
    async with connected(port) as client:
        again = await client.auth(server.key, formato="pcm16", sessao=hello["sessao"])
        assert again["retomada"] is True
        position = again["recebido_amostras"] * 2
        assert position <= half
        await client.send(pcm[position : position + 600_000])
        await client.send(pcm[position + 600_000 : position + 1_200_000])
        await client.send(pcm[position + 1_200_000 :])
        await client.finish()
    server.terminate()
    found = await stored(tmp_path, hello["sessao"])
    assert [item.text for item in found] == [words_of(segment.samples) for segment in expected]


async def test_a_state_of_another_version_is_cut_as_queda_and_nothing_is_stored_twice(tmp_path: Path) -> None:
    pcm = sound()
    async with running(tmp_path) as server:
        key = server.key
        async with server.client() as client:
            hello = await client.auth(server.key, formato="pcm16")
            await client.send(pcm[:1_000_000])
            await client.say(comando="ping")
            await client.wait_for("pong")
            session = server.live.sessions.sessions[hello["sessao"]]
            await until(lambda: session.heard == session.received and not session.unstored)
            before = await server.interactions(hello["sessao"])
    store = await Store.open(f"sqlite:///{tmp_path / 'balto.db'}")
    record = await store.session(hello["sessao"])
    assert record is not None
    assert record.checkpoint is not None
    from sqlalchemy import text

    with store._database.writing.begin() as connection:
        connection.execute(text("UPDATE sessions SET checkpoint = :data"), {"data": b"BLT9" + record.checkpoint[4:]})
    await store.close()
    async with running(tmp_path, key=key) as server:
        await until(lambda: hello["sessao"] not in server.live.sessions.sessions)
        found = await server.interactions(hello["sessao"])
        assert [item.start_sample for item in found[: len(before)]] == [item.start_sample for item in before]
        assert len({item.index for item in found}) == len(found)
        assert all(a.end_sample <= b.start_sample for a, b in itertools.pairwise(found))
        async with server.client() as client:
            assert (await client.auth(key, sessao=hello["sessao"]))["retomada"] is False


async def test_provider_down_segments_wait_on_disk_and_are_caught_up_late(tmp_path: Path) -> None:
    """Also over a restart; the client was told `adiada`, the database has the text."""
    from balto_cli.errors import Failure, ProviderError

    pcm = sound()
    expected = offline(pcm, LEVE)

    def down(_audio: object) -> str:
        raise ProviderError("fora do ar", kind=Failure.SERVER)

    async with running(tmp_path, provider=FakeTranscriber(answer=down), limits={"postpone_s": 1.0}) as server:
        key = server.key
        async with server.client() as client:
            hello = await client.auth(server.key, formato="pcm16", eventos=EVENTS)
            await client.send(pcm[:1_000_000])
            await client.send(pcm[1_000_000:2_000_000])
            await client.send(pcm[2_000_000:])
            await client.finish()
            told = client.of("transcricao")
            assert len(told) == len(expected)
            assert {(event["estado"], event["motivo"]) for event in told} == {("falha", "adiada")}
    async with running(tmp_path, key=key) as server, asyncio.timeout(30):
        while True:
            found = await server.interactions(hello["sessao"])
            if all(item.state is TranscriptState.OK for item in found):
                break
            await asyncio.sleep(0.1)
        assert all(item.late for item in found)
        assert [item.text for item in found] == [words_of(segment.samples) for segment in expected]


async def test_two_servers_on_one_folder_the_second_refuses(tmp_path: Path) -> None:
    from balto_cli.errors import UsageError

    async with running(tmp_path):
        with pytest.raises(UsageError, match="Já há um servidor"):
            async with running(tmp_path):
                pass
