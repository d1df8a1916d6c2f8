"""Faults inside and bad moments: what goes wrong costs as little as it can, and nothing goes on wrongly after it."""

from __future__ import annotations

import asyncio
import errno
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from balto_cli.server.errors import answer_errors
from balto_cli.server.events import Event
from balto_cli.server.ingest import Intake
from balto_cli.server.panel.security import guard
from balto_cli.server.recorder import Recorder
from balto_cli.server.secrets import AdminCheck, AdminSecret, encode_random, encode_typed
from balto_cli.server.sessions import Sessions
from balto_cli.server.socket import Connection
from balto_cli.server.spool import Journal
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import SessionRecord, new_id
from testes.live import EVENTS, running, until

SECOND = bytes(32_000)


async def test_the_answer_to_auth_comes_first_whatever_is_told_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach = Sessions.attach

    def attach_and_tell(self: Sessions, session: Any, socket: Any, listener: Any) -> None:
        attach(self, session, socket, listener)
        event = Event({"comando": "segmento"}, new_id())
        asyncio.get_running_loop().call_soon(listener.tell, event)

    monkeypatch.setattr(Sessions, "attach", attach_and_tell)
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS)
        await client.wait_for("segmento")
        assert [event["comando"] for event in client.events[:2]] == ["autenticado", "segmento"]
        assert [event["seq"] for event in client.events[:2]] == [1, 2]


async def test_sound_that_an_old_socket_still_had_is_not_put_behind_that_of_the_new_one(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.client() as first:
        hello = await first.auth(server.key, formato="pcm16")
        await first.send(SECOND)
        session = server.live.sessions.sessions[hello["sessao"]]
        await until(lambda: session.received == 16_000)
        (old,) = server.live.connections
        async with server.client() as second:
            await second.auth(server.key, formato="pcm16", sessao=hello["sessao"])
            assert await first.closed() == 4005
            assert isinstance(old, Connection)
            old._take_pcm(SECOND)
            assert session.received == 16_000
            await second.send(SECOND)
            await until(lambda: session.received == 32_000)


async def test_an_end_that_fails_is_told_and_frees_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_self: Intake) -> None:
        raise ValueError("an odd rest")

    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)
        monkeypatch.setattr(Intake, "finish", broken)
        await client.say(comando="encerrar")
        assert await client.closed(5.0) == 1011
        await until(lambda: server.live.admission.sessions == 0)


async def test_the_clock_of_all_sessions_outlives_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        write, faults = server.live.spool.write, [ValueError("a fault of ours")]

        def once() -> bool:
            if faults:
                raise faults.pop()
            return write()

        monkeypatch.setattr(server.live.spool, "write", once)
        await client.send(SECOND)
        session = server.live.sessions.sessions[hello["sessao"]]
        await until(lambda: session.heard == 16_000)
        assert not faults


async def test_what_the_database_did_not_take_stays_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as server:
        store, taken = server.live.store, []
        refusals = [StoreUnavailable("agora não")]

        async def delivered(segments: Any, _at: datetime) -> None:
            if refusals:
                raise refusals.pop()
            taken.extend(segments)

        monkeypatch.setattr(store, "delivered", delivered)
        server.live.note_delivered(["a", "b"])
        with pytest.raises(StoreUnavailable):
            await server.live._flush_notes()
        server.live.note_delivered(["c"])
        await server.live._flush_notes()
        await server.live._flush_notes()
        assert taken == ["a", "b", "c"]


async def test_a_machine_without_ffmpeg_says_so_and_counts_no_decoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> str:
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", missing)
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)
        await client.send(b"OggS\x00\x02" + bytes(1_000))
        assert (await client.wait_for("erro"))["codigo"] == "audio_invalido"
        assert server.live.decoders.running == 0
        await client.finish()


async def test_sound_that_cannot_be_read_back_after_a_restart_is_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        await client.send(SECOND)
        await until(lambda: server.live.sessions.sessions[hello["sessao"]].heard == 16_000)
        key = server.key

    def damaged(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Journal, "read", damaged)
    async with running(tmp_path, key=key) as server:
        session = server.live.sessions.sessions[hello["sessao"]]
        await until(lambda: session.heard == session.received == 16_000)
        async with server.client() as client:
            assert (await client.auth(key, formato="pcm16", sessao=session.id))["recebido_amostras"] == 16_000
            await client.send(SECOND)
            await until(lambda: session.heard == 32_000)


async def test_the_last_write_of_a_recording_waits_for_the_one_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("balto_cli.server.recorder._FLUSH_S", 0.01)
    recorder = Recorder(tmp_path, lambda: datetime.now(UTC), active=True)
    began, at_once, most, write = threading.Event(), 0, 0, recorder._write_all

    def slowly(work: Any) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        began.set()
        time.sleep(0.2)
        write(work)
        at_once -= 1

    monkeypatch.setattr(recorder, "_write_all", slowly)
    recorder.begin(SessionRecord(new_id(), new_id(), None, datetime.now(UTC), "pcm16", 16_000, 1, "teste"))
    recorder.start()
    await asyncio.to_thread(began.wait, 5.0)
    await recorder.stop()
    assert most == 1


async def test_recordings_go_on_after_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("balto_cli.server.recorder._FLUSH_S", 0.01)
    recorder = Recorder(tmp_path, lambda: datetime.now(UTC), active=True)
    write, faults = recorder._write_all, [ValueError("a fault of ours")]

    def once(work: Any) -> None:
        if faults:
            raise faults.pop()
        write(work)

    monkeypatch.setattr(recorder, "_write_all", once)
    recorder.begin(SessionRecord(new_id(), new_id(), None, datetime.now(UTC), "pcm16", 16_000, 1, "teste"))
    recorder.start()
    await until(lambda: any(tmp_path.glob("*/*.wav")))
    await recorder.stop()
    assert not faults


async def test_a_password_that_was_checked_while_it_was_replaced_opens_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, new = "uma senha comprida", "outra senha comprida"
    check = AdminCheck(AdminSecret(encode_typed(old), guessable=True))
    assert await check.matches(old)
    check._known_good = None

    async def meanwhile(_encoded: str | None, _given: str) -> bool:
        check.secret, check._known_good = AdminSecret(encode_typed(new), guessable=True), None
        return True

    with monkeypatch.context() as patch:
        patch.setattr(check.typed, "matches", meanwhile)
        assert not await check.matches(old)
    assert not await check.matches(old)
    assert await check.matches(new)
    check.secret = AdminSecret(encode_random(old), guessable=False)
    assert await check.matches(old)


@pytest.mark.parametrize(("middleware", "path"), [(answer_errors, "/api/x"), (guard, "/admin/static/x")])
async def test_a_caller_who_is_gone_is_no_fault_of_the_disk(
    middleware: Any, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        raise ConnectionResetError("Cannot write to closing transport")

    with pytest.raises(ConnectionResetError):
        await middleware(make_mocked_request("GET", path), handler)
    assert caplog.records == []


def test_a_file_that_does_not_close_is_let_go_of(tmp_path: Path) -> None:
    class Stubborn:
        def close(self) -> None:
            raise OSError(errno.EIO, "Input/output error")

    owner = b"o" * 16
    journal = Journal(tmp_path)
    journal.append(owner, 0, SECOND)
    journal.write()
    assert journal._writer is not None
    journal._writer.close()
    journal._writer = Stubborn()  # type: ignore[assignment]
    with pytest.raises(OSError, match="Input/output"):
        journal.tidy(older_than_s=0.0)
    journal.append(owner, 16_000, SECOND)
    journal.write()
    assert len(journal.read(owner, 0, 99_999)) == 64_000
    journal.close()
