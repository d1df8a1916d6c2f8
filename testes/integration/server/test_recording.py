"""Sessions kept by `--record`: whole, readable by `compare`, private, erased when asked, harmless to the session."""

from __future__ import annotations

import errno
import json
import shutil
import stat
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.evaluation.hearing import hear
from balto_cli.evaluation.recorded import recorded_settings
from balto_cli.server.recorder import DEFAULT_KEPT_H, FOLDER, Recorder
from balto_cli.server.recordings import RecordedSession, recorded_sessions
from balto_cli.store.records import Erased, Scope, SessionPart, SessionRecord, new_id
from testes.doubles import words_of
from testes.gravacoes import ffmpeg
from testes.live import EVENTS, LEVE, Running, pcm_of, running, until
from testes.shared import require_shared

BEGAN = datetime(2026, 11, 3, 9, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def pcm() -> bytes:
    return pcm_of(require_shared("speech") / "balcao-1.flac")[: 16_000 * 2 * 30]


def only(folder: Path) -> RecordedSession:
    """The one session that is kept."""
    (session,) = recorded_sessions(folder / FOLDER)
    return session


def sound_of(session: RecordedSession) -> bytes:
    return pcm_of(session.folder / session.manifest["som"])


async def play(server: Running, data: bytes, **auth: Any) -> str:
    """One session, from its beginning to its end; its id."""
    async with server.client() as client:
        hello = await client.auth(server.key, eventos=EVENTS, **auth)
        for start in range(0, len(data), 40_001):
            await client.send(data[start : start + 40_001])
        await client.finish()
    return str(hello["sessao"])


async def test_a_session_over_a_drop_and_a_restart_is_one_recording(tmp_path: Path, pcm: bytes) -> None:
    """It is what the session heard, `compare` reads it, and it cuts it the same way."""
    first, second = len(pcm) // 3 // 2 * 2, len(pcm) // 2 // 2 * 2
    async with running(tmp_path, record=True) as server:
        async with server.client() as client:
            hello = await client.auth(server.key, formato="pcm16")
            await client.send(pcm[:first])
            await client.say(comando="ping")
            await client.wait_for("pong")
            client.drop()
        async with server.client() as client:
            again = await client.auth(server.key, formato="pcm16", sessao=hello["sessao"])
            position = 2 * again["recebido_amostras"]
            await client.send(pcm[position:second])
            await client.say(comando="ping")
            await client.wait_for("pong")
        key = server.key
    async with running(tmp_path, record=True, key=key) as server:
        async with server.client() as client:
            last = await client.auth(key, formato="pcm16", sessao=hello["sessao"])
            assert last["retomada"]
            await client.send(pcm[2 * last["recebido_amostras"] :])
            await client.finish()
        stored = await server.interactions(hello["sessao"])
    session = only(tmp_path)
    assert sound_of(session) == pcm
    assert session.manifest["motivo"] == "encerrar"
    assert key not in (session.folder / "sessao.json").read_text("utf-8")
    (found,) = find_inputs([session.folder]).files
    assert recorded_settings(found.path) == json.loads(json.dumps(LEVE.as_dict()))
    heard = hear(found.path, LEVE, whole=False, cut=True)
    assert heard.report.remarks == ()
    assert [(one.start_sample, one.end_sample) for one in heard.segments] == [
        (item.start_sample, item.end_sample) for item in stored
    ]
    assert [words_of(one.samples) for one in heard.segments] == [item.text for item in stored]
    for path in (tmp_path / FOLDER, *(tmp_path / FOLDER).rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_containers_are_kept_as_they_came(tmp_path: Path, pcm: bytes) -> None:
    """Each recorder's bytes, beside what was heard of all of them; `compare` takes either."""
    arguments = ("-f", "s16le", "-ar", "16000", "-i", "pipe:0", "-c:a", "libopus", "-f", "webm", "pipe:1")
    webm = ffmpeg(*arguments, data=pcm[: 16_000 * 2 * 8])
    async with running(tmp_path, record=True) as server, server.client() as client:
        await client.auth(server.key)
        for _ in range(2):
            await client.send(webm[:5_000])
            await client.send(webm[5_000:])
        await client.finish()
    session = only(tmp_path)
    originals = session.folder / ".original"
    assert {path.name: path.read_bytes() for path in originals.iterdir()} == {"001.webm": webm, "002.webm": webm}
    assert [file.name for file in find_inputs([session.folder]).files] == [session.manifest["som"]]
    assert len(find_inputs([originals]).files) == 2
    assert sound_of(session) == 2 * pcm_of(originals / "001.webm")


async def test_nothing_is_recorded_unasked(tmp_path: Path, pcm: bytes) -> None:
    async with running(tmp_path) as server:
        await play(server, pcm[:64_000], formato="pcm16")
    assert not (tmp_path / FOLDER).exists()


async def test_erasure_reaches_recordings_also_where_nothing_is_recorded_any_more(tmp_path: Path, pcm: bytes) -> None:
    async with running(tmp_path, record=True) as server:
        gone = await play(server, pcm, formato="pcm16")
        kept = await play(server, pcm[:64_000], formato="pcm16")
    async with running(tmp_path, key="-") as server:
        await server.live.store.erase(Scope(session_id=gone), "admin", datetime.now(UTC))
        assert only(tmp_path).id == kept


async def test_a_span_that_is_erased_is_silence_in_a_session_that_goes_on(tmp_path: Path, pcm: bytes) -> None:
    async with running(tmp_path, record=True) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        await client.send(pcm[:640_000])
        session = server.live.sessions.sessions[hello["sessao"]]
        await until(lambda: session.received == 320_000)
        began = datetime.fromisoformat(hello["inicio_utc"])
        span = Scope(since=began + timedelta(seconds=4), until=began + timedelta(seconds=9))
        await server.live.store.erase(span, "admin", datetime.now(UTC))
        await client.send(pcm[640_000:])
        await client.finish()
    kept, heard = np.frombuffer(sound_of(only(tmp_path)), "<i2"), np.frombuffer(pcm, "<i2")
    assert not kept[4 * 16_000 : 9 * 16_000].any()
    # A segment that reaches into the span is erased whole.
    assert np.array_equal(kept[12 * 16_000 :], heard[12 * 16_000 :])
    assert np.array_equal(kept[: 2 * 16_000], heard[: 2 * 16_000])
    assert only(tmp_path).manifest["apagado_s"]


async def test_a_full_disk_stops_the_recording_and_not_the_session(
    tmp_path: Path, pcm: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_session: RecordedSession, start: int, pcm: bytes) -> None:
        if start + len(pcm) // 2 > 160_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RecordedSession, "write", refuse)
    monkeypatch.setattr("balto_cli.server.recorder._FLUSH_S", 0.01)
    async with running(tmp_path, record=True) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        await client.send(pcm[:320_000])
        recorder = server.live.recorder
        await until(lambda: recorder.running == 1)
        await client.send(pcm[320_000:480_000])
        await until(lambda: recorder.running == 0)
        assert server.live.refusal() is None
        await client.send(pcm[480_000:])
        await client.finish()
        assert {item.state for item in await server.interactions(hello["sessao"])} == {"ok"}
    assert only(tmp_path).manifest["parou"] == "o disco está cheio"


async def test_a_disk_that_is_nearly_full_is_left_to_the_sessions(
    tmp_path: Path, pcm: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 0, 1 << 29))
    async with running(tmp_path, record=True) as server:
        session = await play(server, pcm, formato="pcm16")
        assert await server.interactions(session)
    assert list(recorded_sessions(tmp_path / FOLDER)) == []


def record_of(**values: Any) -> SessionRecord:
    given: dict[str, Any] = {"key_id": None, "audio_format": "pcm16", "rate_hz": 16_000, "channels": 1}
    return SessionRecord(id=new_id(), counter_id=new_id(), started_at=BEGAN, client_name="teste", **{**given, **values})


@pytest.mark.parametrize("on_disk", [0, 9_000, 16_000, 20_000])
async def test_after_a_kill_the_recording_is_made_up_from_the_spool(tmp_path: Path, on_disk: int) -> None:
    """Less on disk than was received: the spool has it. More: it will be sent again."""
    record = record_of()
    sound = np.arange(1, 20_001, dtype="<i2").tobytes()
    RecordedSession.create(tmp_path, record).write(0, sound[: 2 * on_disk])
    recorder = Recorder(tmp_path, lambda: BEGAN, active=True)
    recorder.resume(record, 16_000, lambda start: sound[2 * start : 32_000])
    recorder.start()
    await recorder.stop()
    assert sound_of(next(recorded_sessions(tmp_path))) == sound[:32_000]


async def test_what_neither_has_is_silence_and_the_clock_goes_on(tmp_path: Path) -> None:
    record = record_of()
    RecordedSession.create(tmp_path, record).write(0, b"\1\0" * 1_000)
    recorder = Recorder(tmp_path, lambda: BEGAN, active=True)
    recorder.resume(record, 4_000, lambda _: b"\2\0" * 1_000)
    recorder.start()
    recorder.heard(record.id, 4_000, b"\3\0" * 1_000)
    await recorder.stop()
    sound = np.frombuffer(sound_of(next(recorded_sessions(tmp_path))), "<i2")
    assert sound.tolist() == [1] * 1_000 + [0] * 2_000 + [2] * 1_000 + [3] * 1_000


async def test_retention(tmp_path: Path) -> None:
    """A recording goes so many hours after its session; a session that goes on loses what was said before that."""
    now = BEGAN
    recorder = Recorder(tmp_path, lambda: now, active=True)
    ended, running_on = record_of(), record_of()
    recorder.start()
    for record in (ended, running_on):
        recorder.begin(record)
        recorder.heard(record.id, 0, b"\1\0" * 16_000 * 5)
    recorder.end(ended.id, "encerrar")
    await recorder.forget(Erased())
    now = BEGAN + timedelta(hours=DEFAULT_KEPT_H)
    assert await recorder.purge() == []
    now += timedelta(seconds=3)
    assert set(await recorder.purge()) == {ended.id, running_on.id}
    assert await recorder.purge() == []
    session = next(recorded_sessions(tmp_path))
    assert session.id == running_on.id
    sound = np.frombuffer(sound_of(session), "<i2")
    assert not sound[:48_000].any()
    assert sound[48_000:].all()
    await recorder.stop()


async def test_an_erased_session_is_not_written_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, lambda: BEGAN, active=True)
    record = record_of()
    recorder.start()
    recorder.begin(record)
    recorder.heard(record.id, 0, b"\1\0" * 1_600)
    await recorder.forget(Erased(parts=(SessionPart(record.id, 0, 800),)))
    assert np.frombuffer(sound_of(next(recorded_sessions(tmp_path))), "<i2").tolist() == [0] * 800 + [1] * 800
    await recorder.forget(Erased(sessions=(record.id,)))
    recorder.heard(record.id, 1_600, b"\1\0" * 1_600)
    recorder.end(record.id, "encerrar")
    await recorder.stop()
    assert list(recorded_sessions(tmp_path)) == []
