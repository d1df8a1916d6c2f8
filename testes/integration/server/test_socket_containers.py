"""Containers over the socket: decoded as they come, heard as the file is; a restarted recorder goes on."""

# ruff: noqa: SIM117 - a server and its clients, one level each

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from balto_cli.server.ingest import container_of
from testes.doubles import words_of
from testes.live import EVENTS, LEVE, offline, pcm_of, random_chunks, running
from testes.shared import require_shared

RECORDERS = {
    "webm": ["-c:a", "libopus", "-b:a", "32k", "-f", "webm", "-live", "1"],
    "ogg": ["-c:a", "libopus", "-b:a", "32k", "-f", "ogg"],
    "mp4": ["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "500000",
            "-f", "mp4"],
    "wav": ["-c:a", "pcm_s16le", "-f", "wav"],
}  # fmt: skip


def recorded(container: str, pcm: bytes) -> bytes:
    """As a browser's recorder writes it, into a pipe."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "s16le", "-ar", "16000", "-ac", "1"]
    command += ["-i", "pipe:0", *RECORDERS[container], "pipe:1"]
    return subprocess.run(command, input=pcm, stdout=subprocess.PIPE, check=True).stdout


def speech(seconds: float = 25.0) -> bytes:
    return pcm_of(require_shared("speech") / "balcao-1.flac")[: round(32_000 * seconds)]


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("container", sorted(RECORDERS))
async def test_a_container_is_heard_as_the_file_is(tmp_path: Path, container: str, said: bool) -> None:
    data = recorded(container, speech())
    (tmp_path / f"gravado.{container}").write_bytes(data)
    expected = offline(pcm_of(tmp_path / f"gravado.{container}"), LEVE)
    assert len(expected) >= 3
    async with running(tmp_path / "dados") as server, server.client() as client:
        hello = await client.auth(server.key, **({"formato": container} if said else {}))
        for chunk in random_chunks(data, 3, most=4_000):
            await client.send(chunk)
        await client.finish()
        found = await server.interactions(hello["sessao"])
        assert server.live.decoders.running == 0
    assert [(item.start_sample, item.end_sample) for item in found] == [
        (segment.start_sample, segment.end_sample) for segment in expected
    ]
    assert [item.text for item in found] == [words_of(segment.samples) for segment in expected]


async def test_a_container_is_decoded_as_it_comes(tmp_path: Path) -> None:
    """Events come while the recorder still runs, not at its end."""
    data = recorded("webm", speech())
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key, eventos=EVENTS)
        for start in range(0, len(data), 2_000):
            await client.send(data[start : start + 2_000])
            await asyncio.sleep(0.01)
        await client.wait_for("transcricao", 2)
        await client.finish()


async def test_container_resumed_without_its_header_a_new_head_begins_a_new_recording(tmp_path: Path) -> None:
    """A recorder that restarts in the same socket: the decoder begins anew, the clock goes on."""
    pcm = speech()
    data = recorded("webm", pcm)
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, eventos=EVENTS)
        for _ in range(2):
            for start in range(0, len(data), 5_000):
                await client.send(data[start : start + 5_000])
        await client.finish()
        found = await server.interactions(hello["sessao"])
        session = await server.live.store.session(hello["sessao"])
    assert session is not None
    assert abs(session.received_samples / 16_000 - 50.0) < 0.2
    assert found[-1].start_sample > 25 * 16_000
    assert not client.of("erro")


async def test_a_stream_that_lost_its_head_is_told_and_the_next_head_is_heard(tmp_path: Path) -> None:
    """Bytes from the middle of a recording cannot be decoded: `audio_invalido`, and the socket stays open."""
    data = recorded("webm", speech())
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, formato="webm", eventos=EVENTS)
        await client.send(data[20_000:30_000])
        assert (await client.wait_for("erro"))["codigo"] == "audio_invalido"
        for start in range(0, len(data), 5_000):
            await client.send(data[start : start + 5_000])
        await client.finish()
        assert len(await server.interactions(hello["sessao"])) >= 3


async def test_a_container_that_is_broken_is_told_and_nothing_hangs(tmp_path: Path) -> None:
    data = recorded("webm", speech())[:64] + bytes(range(256)) * 200
    async with running(tmp_path) as server, server.client() as client:
        await client.auth(server.key)
        await client.send(data)
        await client.say(comando="encerrar")
        assert await client.closed() == 1000
        assert client.of("erro")[0]["codigo"] == "audio_invalido"
        assert server.live.decoders.running == 0


async def test_decoders_are_limited_apart(tmp_path: Path) -> None:
    data = recorded("ogg", speech(3))
    async with running(tmp_path, limits={"decoders": 1}) as server:
        async with server.client() as one, server.client() as other, server.client() as pcm:
            await one.auth(server.key)
            await one.send(data)
            await asyncio.sleep(0.3)
            await other.auth(server.key)
            await other.send(data)
            assert await other.closed() == 4002
            await pcm.auth(server.key)
            await pcm.send(bytes(3200))
            await pcm.finish()
            await one.finish()


async def test_in_pcm_nothing_is_a_head(tmp_path: Path) -> None:
    pcm = speech(12)
    expected = offline(pcm + b"OggS\x00\x02" + bytes(26), LEVE)
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key)
        await client.send(pcm)
        await client.send(b"OggS\x00\x02" + bytes(26))
        await client.finish()
        found = await server.interactions(hello["sessao"])
    assert [item.text for item in found] == [words_of(segment.samples) for segment in expected]


def test_phones_and_safari_a_fragmented_mp4_is_told_by_its_ftyp() -> None:
    assert container_of(b"\x00\x00\x00\x1cftypiso5", whole=True) == "mp4"
    assert container_of(b"\x1a\x45\xdf\xa3" + bytes(40), whole=True) is None
    assert container_of(b"OggS\x00\x00" + bytes(40), whole=True) is None
    assert container_of(np.zeros(40, "<i2").tobytes(), whole=False) is None
