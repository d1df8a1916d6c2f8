"""What the server hears over `/ws` is what the offline commands hear, sample for sample."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from balto_cli.pipeline import PipelineConfig, Segment
from balto_cli.store.records import TranscriptState
from testes.doubles import words_of
from testes.gravacoes import ffmpeg
from testes.live import EVENTS, LEVE, Running, offline, pcm_of, random_chunks, running
from testes.shared import require_shared

BROWSER = ("-c:a", "libopus", "-b:a", "32k", "-compression_level", "0", "-f", "webm", "-live", "1", "pipe:1")
"""As a browser's recorder writes it."""


def recordings() -> list[Path]:
    """Synthetic dialogues at a counter, and real speech in eleven kinds of room."""
    return [*sorted(require_shared("speech").glob("balcao-*.flac")), *sorted(require_shared("vad-real").glob("*.flac"))]


async def hear(server: Running, data: bytes, seed: int, most: int, expected: Sequence[Segment], **auth: object) -> None:
    """One session: it is stored, told and transcribed as the offline run cuts it."""
    async with server.client() as client:
        hello = await client.auth(server.key, eventos=EVENTS, **auth)
        for chunk in random_chunks(data, seed, most):
            await client.send(chunk)
        await client.finish()
        stored = await server.interactions(hello["sessao"])
    assert [(item.start_sample, item.end_sample) for item in stored] == [
        (segment.start_sample, segment.end_sample) for segment in expected
    ]
    # The provider's answer depends on every sample that it was sent.
    assert [item.text for item in stored] == [words_of(segment.samples) for segment in expected]
    assert {item.state for item in stored} == ({TranscriptState.OK} if expected else set())
    told = client.of("segmento")
    assert [event["id_interacao"] for event in told] == [item.id for item in stored]
    assert [(event["inicio_s"], event["fim_s"]) for event in told] == [
        (round(segment.start_s, 2), round(segment.end_s, 2)) for segment in expected
    ]
    assert [event["corte"] for event in told] == [segment.cut for segment in expected]
    assert [event["texto"] for event in client.of("transcricao")] == [item.text for item in stored]
    seqs = [event["seq"] for event in client.events]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_pcm_in_random_chunks_gives_the_segments_of_every_file(tmp_path: Path) -> None:
    """From one byte to one second a message, all files side by side."""
    sounds = [pcm_of(path) for path in recordings()]
    expected = [offline(pcm, PipelineConfig()) for pcm in sounds]
    assert sum(map(len, expected)) > 80
    async with (
        running(tmp_path, config=PipelineConfig(), limits={"sessions_key": 50, "ending_s": 120}) as server,
        asyncio.TaskGroup() as group,
    ):
        for seed, (pcm, segments) in enumerate(zip(sounds, expected, strict=True)):
            said = {"formato": "pcm16"} if seed % 2 else {}
            group.create_task(hear(server, pcm, seed, 32_000, segments, **said))


async def test_webm_gives_the_segments_of_every_file_decoded_offline(tmp_path: Path) -> None:
    containers = [ffmpeg("-i", path, *BROWSER) for path in recordings()]
    expected = []
    for data in containers:
        (tmp_path / "gravado.webm").write_bytes(data)
        expected.append(offline(pcm_of(tmp_path / "gravado.webm"), PipelineConfig()))
    assert sum(map(len, expected)) > 80
    async with running(
        tmp_path / "dados", config=PipelineConfig(), limits={"sessions_key": 50, "ending_s": 120}
    ) as server:
        async with asyncio.TaskGroup() as group:
            for seed, (data, segments) in enumerate(zip(containers, expected, strict=True)):
                group.create_task(hear(server, data, seed, 16_000, segments))
        assert server.live.decoders.running == 0


async def test_the_light_profile_hears_the_same_too(tmp_path: Path) -> None:
    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")
    async with running(tmp_path) as server:
        await hear(server, pcm, 1, 32_000, offline(pcm, LEVE))


async def test_odd_byte_counts(tmp_path: Path) -> None:
    """The half sample of a message belongs to the next one; one that is left at the end is let go."""
    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[: 16_000 * 2 * 12]
    expected = offline(pcm, LEVE)
    async with running(tmp_path) as server, server.client() as client:
        hello = await client.auth(server.key, formato="pcm16")
        for start in range(0, len(pcm), 3_201):
            await client.send(pcm[start : start + 3_201])
        await client.send(b"\x7f")
        await client.finish()
        stored = await server.interactions(hello["sessao"])
    assert [item.text for item in stored] == [words_of(segment.samples) for segment in expected]


async def test_the_same_sound_at_another_rate_does_not_depend_on_its_chunks(tmp_path: Path) -> None:
    """48 kHz stereo, in chunks of any size: the segments are the same ones."""
    pcm = np.frombuffer(pcm_of(require_shared("speech") / "balcao-1.flac")[: 16_000 * 2 * 15], "<i2")
    stereo = np.repeat(np.repeat(pcm, 3)[:, None], 2, axis=1).astype("<i2").tobytes()
    found = []
    async with running(tmp_path) as server:
        for seed in (1, 2):
            async with server.client() as client:
                hello = await client.auth(server.key, formato="pcm16", taxa_hz=48_000, canais=2)
                for chunk in random_chunks(stereo, seed, most=90_000):
                    await client.send(chunk)
                await client.finish()
                stored = await server.interactions(hello["sessao"])
                session = await server.live.store.session(hello["sessao"])
                assert session is not None
                assert abs(session.received_samples - len(pcm)) <= 160
                found.append([(item.start_sample, item.end_sample, item.text) for item in stored])
    assert found[0] == found[1]
    assert len(found[0]) >= 2
