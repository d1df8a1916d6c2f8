"""What users of such servers report, row by row of the table in `live.md`: the right behaviour, each by its name.

Rows that have their test elsewhere: lost audio at a drop, last words (`test_recovery`), container resumed without its
header, phones and Safari (`test_socket_containers`), odd byte counts (`test_parity`), key in the query string,
cross-site hijacking, decompression bombs (`test_socket`).
"""

# ruff: noqa: SIM117 - a server and its clients, one level each

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
from pathlib import Path

import numpy as np
import psutil
import pytest

from balto_cli.server.listening import FirstHeader
from balto_cli.server.watching import PcmWatch, RateWatch
from balto_cli.store.records import TranscriptState
from testes.doubles import FakeTranscriber, words_of
from testes.live import EVENTS, LEVE, offline, pcm_of, running, until
from testes.shared import require_shared


def sound(seconds: float = 1e9) -> bytes:
    return pcm_of(require_shared("speech") / "balcao-1.flac")[: round(min(seconds, 1e6)) * 32_000]


async def test_last_words_lost_at_the_end_the_server_closes_when_all_events_are_out(tmp_path: Path) -> None:
    """However slow the provider, within the 15 s; the client never has to guess a wait."""
    pcm = sound(10)
    expected = offline(pcm, LEVE)
    async with running(tmp_path, provider=FakeTranscriber(delay_s=1.5, max_concurrency=8)) as server:
        async with server.client() as client:
            await client.auth(server.key, eventos=EVENTS)
            await client.send(pcm)
            await client.finish()
            assert [event["texto"] for event in client.of("transcricao")] == [words_of(one.samples) for one in expected]


async def test_stuck_sessions_close_has_a_deadline_and_the_slot_is_freed(tmp_path: Path) -> None:
    """A provider that never answers holds nobody's `encerrar` for longer than its deadline."""
    pcm = sound(10)
    slow = FakeTranscriber(delay_s=3_600, max_concurrency=8)
    async with running(tmp_path, provider=slow, limits={"ending_s": 1.0}) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS)
        await client.send(pcm)
        await client.finish()
        await until(lambda: not server.live.admission.sessions and not server.live.connections)


async def test_memory_and_descriptors_do_not_grow_with_sessions(tmp_path: Path) -> None:
    process = psutil.Process()
    pcm = sound(4)
    async with running(tmp_path, limits={"sessions_key": 100}) as server:

        async def conversation() -> None:
            async with server.client() as client:
                await client.auth(server.key, eventos=EVENTS)
                await client.send(pcm)
                await client.finish()

        for _ in range(5):
            await conversation()
        descriptors = process.num_fds()
        for _ in range(15):
            await conversation()
        await until(lambda: not server.live.connections and process.num_fds() <= descriptors + 4)
        assert not server.live.sessions.sessions
        assert server.live.transcription.queued == 0


async def test_half_open_sockets_a_peer_that_says_nothing_is_gone(tmp_path: Path) -> None:
    async with running(tmp_path, limits={"gone_s": 1.0, "ping_s": 0.4}) as server:
        async with server.client(autoping=False) as client:  # never answers a ping
            hello = await client.auth(server.key)
            await client.closed(15)
            session = server.live.sessions.sessions[hello["sessao"]]
            assert session.dropped_at is not None  # and may be taken up again


async def test_silence_closes_no_session_and_healthy_clients_are_not_cut_by_keepalive(tmp_path: Path) -> None:
    """One that answers pings and sends nothing stays; any frame counts as life."""
    async with running(tmp_path, limits={"gone_s": 1.5, "ping_s": 0.5}) as server, server.client() as client:
        await client.auth(server.key)
        await asyncio.sleep(2.5)
        await client.say(comando="ping")
        await client.wait_for("pong")
        await client.finish()


async def test_healthy_clients_are_not_cut_while_the_server_does_not_read(tmp_path: Path) -> None:
    """Back-pressure: while its queue is full the server reads nothing, and no clock of silence runs."""
    async with running(tmp_path, limits={"gone_s": 1.0, "ping_s": 0.4, "queue_s": 0.5}) as server:
        async with server.client() as client:
            hello = await client.auth(server.key, formato="pcm16")
            session = server.live.sessions.sessions[hello["sessao"]]
            server.live.spool.refusal = OSError(28, "cheio")
            write = server.live.spool.write
            server.live.spool.write = lambda: False  # type: ignore[method-assign]
            for _ in range(20):
                await client.send(bytes(32_000))
            await asyncio.sleep(3)
            assert client.code is None
            server.live.spool.write = write  # type: ignore[method-assign]
            server.live.spool.refusal = None
            await client.finish()
            assert session.received == 20 * 16_000


async def test_proxy_closes_at_60_s_the_server_sends_something_by_itself(tmp_path: Path) -> None:
    import aiohttp

    async with running(tmp_path, limits={"ping_s": 0.5}) as server:
        async with server.http.ws_connect(f"{server.server.address}/ws", autoping=False) as socket:
            await socket.send_json({"comando": "auth", "api_key": server.key})
            await socket.receive()
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.PING


async def test_latency_creep_one_slow_answer_holds_back_nobody_and_is_said_to_be_late(tmp_path: Path) -> None:
    """Transcripts come in order of speech; one without an answer in time is `adiada`, the later ones go on."""
    pcm = sound()
    expected = offline(pcm, LEVE)
    first = words_of(expected[0].samples)

    class OneSlow(FakeTranscriber):
        async def transcribe(self, audio, **options):  # type: ignore[no-untyped-def]
            transcript = await super().transcribe(audio, **options)
            if transcript.text == first:
                await asyncio.sleep(2.5)
            return transcript

    provider = OneSlow(max_concurrency=8)
    async with running(tmp_path, provider=provider, limits={"postpone_s": 1.0}) as server:
        async with server.client() as slow, server.client() as other:
            await slow.auth(server.key, eventos=EVENTS, formato="pcm16")
            await other.auth(server.key, eventos=EVENTS, formato="pcm16")
            for start in range(0, len(pcm), 320_000):
                await slow.send(pcm[start : start + 320_000])
            skipped = expected[0].end_sample * 2
            await other.send(bytes(skipped)[:1_000_000])
            for start in range(skipped, len(pcm), 320_000):
                await other.send(pcm[start : start + 320_000])
            await other.wait_for("transcricao")
            await slow.wait_for("transcricao", len(expected) - 1)
            told = slow.of("transcricao")
            assert [event["inicio_s"] for event in told] == sorted(event["inicio_s"] for event in told)
            assert (told[0]["estado"], told[0]["motivo"], told[0]["texto"]) == ("falha", "adiada", "")
            assert all(event["estado"] == "ok" for event in told[1:])
            identity = told[0]["id_interacao"]
            for _ in range(200):
                row = await server.live.store.interaction(identity)
                if row is not None and row.state is TranscriptState.OK:
                    break
                await asyncio.sleep(0.05)
            assert row is not None
            assert (row.text, row.late) == (first, True)


async def test_silent_discard_on_overflow_never_sound_that_was_read(tmp_path: Path) -> None:
    """Everything that was sent, at whatever speed, is received, heard and counted."""
    pcm = sound() * 3
    async with running(tmp_path, limits={"queue_s": 2.0}) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        for start in range(0, len(pcm), 1_000_000):
            await client.send(pcm[start : start + 1_000_000])
        await client.finish()
        stored = await server.live.store.session(hello["sessao"])
        assert stored is not None
        assert stored.received_samples == len(pcm) // 2
        assert [row.text for row in await server.interactions(hello["sessao"])] == [
            words_of(segment.samples) for segment in offline(pcm, LEVE)
        ]


def test_48_khz_or_stereo_sent_as_16_khz_mono_is_told_with_the_likely_rate() -> None:
    watch = RateWatch(16_000, 1)
    told = [watch.took(9_600, tick / 10) for tick in range(130)]
    assert [rate for rate in told if rate] == [48_000]
    honest = RateWatch(16_000, 1)
    assert not any(honest.took(3_200, tick / 10) for tick in range(300))


async def test_the_wrong_rate_is_told_to_a_client_that_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from balto_cli.server import socket as module

    monkeypatch.setattr(module.RateWatch, "took", lambda *_: 48_000)
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key, eventos=["aviso"], formato="pcm16")
        await client.send(bytes(3_200))
        warning = await client.wait_for("aviso")
        assert (warning["codigo"], warning["taxa_provavel_hz"]) == ("ritmo", 48_000)


def test_byte_order_swapped_samples_are_suspect_and_speech_is_not() -> None:
    noise = np.random.default_rng(1).integers(-9_000, 9_000, 16_000 * 12).astype("<i2")
    assert sum(PcmWatch().is_suspect(part.tobytes()) for part in np.split(noise, 12)) == 0  # a new one each second
    watch = PcmWatch()
    assert sum(watch.is_suspect(part.tobytes()) for part in np.split(noise, 120)) == 1
    speech = np.frombuffer(sound(), "<i2")
    watch = PcmWatch()
    assert not any(watch.is_suspect(part.tobytes()) for part in np.array_split(speech, 700))


async def test_clocks_and_drift_times_are_samples_of_the_session_whatever_the_wall_clock(tmp_path: Path) -> None:
    pcm = sound(20)
    expected = offline(pcm, LEVE)
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS, formato="pcm16")
        for start in range(0, len(pcm), 100_001):
            await client.send(pcm[start : start + 100_001])
            await asyncio.sleep(0.01)
        await client.finish()
        assert [event["inicio_s"] for event in client.of("segmento")] == [round(one.start_s, 2) for one in expected]


async def test_faster_than_real_time_is_taken_and_never_closed_for(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS, formato="pcm16")
        for _ in range(300):
            await client.send(bytes(32_000))
        await client.finish()
        assert "erro" not in {event["comando"] for event in client.events}


async def test_invented_words_on_silence_nothing_is_sent_for_silence(tmp_path: Path) -> None:
    provider = FakeTranscriber()
    quiet = np.random.default_rng(2).normal(0, 12, 16_000 * 30).astype("<i2").tobytes()
    async with running(tmp_path, provider=provider) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS, formato="pcm16")
        await client.send(quiet)
        await client.finish()
    assert provider.calls == []


async def test_words_doubled_at_edges_segments_do_not_overlap_and_repeats_stay(tmp_path: Path) -> None:
    """The same words said twice are two interactions with two ids."""
    pcm = sound(10)
    async with running(tmp_path, provider=FakeTranscriber(answer=lambda _: "sim")) as server:
        async with server.client() as client:
            hello = await client.auth(server.key, eventos=EVENTS, formato="pcm16")
            for _ in range(3):
                await client.send(pcm)
            await client.finish()
            rows = await server.interactions(hello["sessao"])
    assert len(rows) >= 6
    assert len({row.id for row in rows}) == len(rows)
    assert [row.text for row in rows] == ["sim"] * len(rows)
    assert all(one.end_sample <= other.start_sample for one, other in itertools.pairwise(rows))


async def test_slowloris_a_header_that_dawdles_is_dropped(tmp_path: Path) -> None:
    dropped = asyncio.Event()
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: FirstHeader(asyncio.Protocol, header_s=0.3), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    writer.write(b"GET /ws HTTP/1.1\r\nHost: ")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 10)
    dropped.set()
    writer.close()
    listening.close()


async def test_slowloris_sockets_of_one_address_that_do_not_authenticate_are_counted(tmp_path: Path) -> None:
    async with running(tmp_path, limits={"waiting_address": 2}) as server:
        async with server.client() as one, server.client() as two, server.client() as three:
            assert await three.closed() == 4002
            await one.auth(server.key)
            await two.auth(server.key)


async def test_sqlite_locked_by_another_process_loses_nothing(tmp_path: Path) -> None:
    """Cuts wait for the database and are stored when it is back; nothing is told before its commit."""
    pcm = sound(12)
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, eventos=EVENTS, formato="pcm16")
        with sqlite3.connect(tmp_path / "balto.db", isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            await client.send(pcm)
            await asyncio.sleep(1.5)
            assert not client.of("segmento")
            other.execute("ROLLBACK")
        await client.finish()
        rows = await server.interactions(hello["sessao"])
        assert [row.text for row in rows] == [words_of(segment.samples) for segment in offline(pcm, LEVE)]


async def test_disk_full_is_said_new_sessions_are_refused_and_running_ones_stay_honest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from balto_cli.server import spool as module

    pcm = sound(12)
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, eventos=EVENTS, formato="pcm16")
        await client.send(pcm[:64_000])
        await client.wait_for("recebido")

        def full(*_arguments: object) -> None:
            raise OSError(28, os.strerror(28))

        with monkeypatch.context() as patch:
            patch.setattr(module, "_write_all", full)
            await client.send(pcm[64_000:128_000])
            await asyncio.sleep(3.0)
            async with server.http.get(f"{server.server.address}/ready") as response:
                assert response.status == 503
                assert "disco" in str(await response.json())
            async with server.client() as second:
                await second.say(comando="auth", api_key=server.key)
                assert await second.closed() == 4002
            assert client.of("recebido")[-1]["recebido_amostras"] == 32_000
        await client.send(pcm[128_000:])
        await client.finish()
        rows = await server.interactions(hello["sessao"])
        assert [row.text for row in rows] == [words_of(segment.samples) for segment in offline(pcm, LEVE)]


async def test_a_client_that_does_not_read_is_bounded_and_closed_with_4008(tmp_path: Path) -> None:
    """Its events are left to `ultimo_seq`; nobody else waits for it."""
    async with running(tmp_path, limits={"not_reading_s": 1.0, "commands_per_s": 10**9}) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port, limit=1_024)
        from testes.integration.server.test_socket import UPGRADE, frame

        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        import json

        writer.write(frame(1, json.dumps({"comando": "auth", "api_key": server.key}).encode()))
        ping = frame(1, json.dumps({"comando": "ping", "ref": "x" * 90}).encode())
        metrics = server.live.metrics
        async with asyncio.timeout(60):
            while b'balto_sockets_closed_total{code="4008"}' not in metrics.render():
                writer.write(ping * 500)
                await asyncio.sleep(0.02)
        await until(lambda: not server.live.admission.sessions)
        writer.transport.abort()
