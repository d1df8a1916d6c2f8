"""Erasing reaches all that was kept, also of a session that goes on; a restart brings nothing back, or in twice."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_to_bytes
from balto_cli.pipeline import Segment, SpeechPipeline
from balto_cli.store.records import Interaction, Scope
from testes.doubles import FakeTranscriber, words_of
from testes.live import EVENTS, LEVE, Client, Running, offline, pcm_of, running, until
from testes.shared import require_shared

CHOPPED = replace(LEVE, max_length_s=2.0, cut_search_s=0.5)
"""Cuts at the limit all the time, behind which there is no checkpoint until the next pause."""


@cache
def sound() -> bytes:
    return pcm_of(require_shared("speech") / "balcao-1.flac")


def cut_up_to(pcm: bytes) -> tuple[list[Segment], int]:
    """What is cut of a stream that has not ended, and where its last checkpoint is."""
    pipeline = SpeechPipeline(CHOPPED)
    segments = pipeline.feed(pcm)
    return segments, pipeline.checkpoint.position if pipeline.checkpoint else 0


@cache
def with_a_long_turn(pcm: bytes, *, behind_a_pause: bool) -> bytes:
    """Sound that ends within a turn of which at least two segments were cut at the limit since the last checkpoint."""
    for one, other in itertools.pairwise(offline(pcm, CHOPPED)):
        if one.cut == other.cut == "limite":
            begin = 0 if behind_a_pause else max(0, one.start_sample - SAMPLE_RATE_HZ // 2)
            piece = pcm[2 * begin : 2 * (other.end_sample + SAMPLE_RATE_HZ // 2)]
            segments, checkpoint = cut_up_to(piece)
            last = [segment for segment in segments if segment.start_sample >= checkpoint]
            if len(last) >= 2 and (checkpoint > 0) == behind_a_pause and {one.cut for one in last} == {"limite"}:
                return piece
    raise AssertionError("no turn is that long")


async def said(server: Running, client: Client, pcm: bytes, **fields: Any) -> str:
    """Say it, wait until all of it is heard and stored; the session."""
    hello = await client.auth(server.key, formato="pcm16", eventos=EVENTS, **fields)
    for position in range(0, len(pcm), 500_000):
        await client.send(pcm[position : position + 500_000])
    session = server.live.sessions.sessions[hello["sessao"]]
    await until(lambda: session.received == len(pcm) // 2)
    await until(lambda: session.heard == session.received and not session.unstored)
    return session.id


async def when(server: Running, session: str, sample: int) -> datetime:
    record = await server.live.store.session(session)
    assert record is not None
    return record.started_at + timedelta(seconds=sample / SAMPLE_RATE_HZ)


async def ended(server: Running, session: str) -> list[Interaction]:
    """What is stored of a session that ends by itself."""
    await until(lambda: session not in server.live.sessions.sessions)
    return await server.interactions(session)


def assert_once(found: list[Interaction]) -> None:
    assert len({one.index for one in found}) == len(found)
    assert all(one.end_sample <= other.start_sample for one, other in itertools.pairwise(found))


@pytest.mark.parametrize("behind_a_pause", [False, True])
async def test_other_settings_behind_a_cut_at_the_limit_store_nothing_twice(
    tmp_path: Path, *, behind_a_pause: bool
) -> None:
    piece = with_a_long_turn(sound(), behind_a_pause=behind_a_pause)
    segments, _ = cut_up_to(piece)
    async with running(tmp_path, config=CHOPPED) as server, server.client() as client:
        key = server.key
        session = await said(server, client, piece)
        before = await server.interactions(session)
        assert [one.end_sample for one in before] == [segment.end_sample for segment in segments]
    async with running(tmp_path, key=key) as server:
        found = await ended(server, session)
        assert [one.id for one in found[: len(before)]] == [one.id for one in before]
        assert_once(found)
        assert found[-1].cut == "queda"
        assert found[-1].start_sample >= before[-1].end_sample
        await until_texts(server, session)
        async with server.client() as client:
            assert (await client.auth(key, sessao=session))["retomada"] is False


async def test_the_same_settings_behind_a_cut_at_the_limit_go_on_to_the_bit(tmp_path: Path) -> None:
    whole = sound()
    piece = with_a_long_turn(whole, behind_a_pause=True)
    rest = whole[len(piece) : len(piece) + 400_000]
    expected = offline(piece + rest, CHOPPED)
    async with running(tmp_path, config=CHOPPED) as server, server.client() as client:
        key = server.key
        session = await said(server, client, piece)
    async with running(tmp_path, config=CHOPPED, key=key) as server, server.client() as client:
        again = await client.auth(key, formato="pcm16", sessao=session)
        assert again["recebido_amostras"] == len(piece) // 2
        await client.send(rest)
        await client.finish()
        found = await server.interactions(session)
    assert [(one.start_sample, one.end_sample) for one in found] == [
        (segment.start_sample, segment.end_sample) for segment in expected
    ]
    assert [one.text for one in found] == [words_of(segment.samples) for segment in expected]


async def until_texts(server: Running, session: str) -> list[Interaction]:
    async with asyncio.timeout(20):
        while True:
            found = await server.interactions(session)
            if all(one.text for one in found):
                return found
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_stretch_that_was_erased_does_not_come_back(tmp_path: Path, *, restarts: bool) -> None:
    """Neither from the spool by a restart before the next checkpoint, nor by what the pipeline still holds."""
    whole = sound()
    piece = with_a_long_turn(whole, behind_a_pause=True)
    segments, checkpoint = cut_up_to(piece)
    gone = segments[-2]
    assert gone.start_sample >= checkpoint
    kept = [segment for segment in segments if segment is not gone]
    rest = whole[len(piece) : len(piece) + 400_000]
    async with running(tmp_path, config=CHOPPED) as server:
        key = server.key
        async with server.client() as client:
            session = await said(server, client, piece)
            await until_texts(server, session)
            scope = Scope(
                session_id=session,
                since=await when(server, session, gone.start_sample),
                until=await when(server, session, gone.end_sample),
            )
            count = await server.live.store.erase(scope, "admin", server.live.now())
            assert (count.sessions, count.segments) == (0, 1)
            if not restarts:
                await client.send(rest)
                await client.finish()
                found = await server.interactions(session)
                expected = [one for one in offline(piece + rest, CHOPPED) if one.start_sample != gone.start_sample]
                assert [one.text for one in found] == [words_of(segment.samples) for segment in expected]
    if restarts:
        async with running(tmp_path, config=CHOPPED, key=key) as server:
            await ended(server, session)
            found = await until_texts(server, session)
            texts = [words_of(segment.samples) for segment in kept]
            assert [one.text for one in found[: len(kept)]] == texts
            assert found[-1].cut == "queda"
    assert_once(found)
    assert not any(one.start_sample < gone.end_sample and one.end_sample > gone.start_sample for one in found)
    assert_nothing_left(tmp_path, [gone], piece)


@pytest.mark.parametrize("restarts", [False, True])
async def test_speech_that_went_on_in_the_erased_stretch_is_never_stored(tmp_path: Path, *, restarts: bool) -> None:
    whole = sound()
    piece = with_a_long_turn(whole, behind_a_pause=True)
    segments, _ = cut_up_to(piece)
    open_since = segments[-1].end_sample
    rest = whole[len(piece) : len(piece) + 400_000]
    later = [one for one in offline(piece + rest, CHOPPED) if one.start_sample >= len(piece) // 2]
    async with running(tmp_path, config=CHOPPED) as server:
        key = server.key
        async with server.client() as client:
            session = await said(server, client, piece)
            scope = Scope(
                session_id=session,
                since=await when(server, session, open_since),
                until=await when(server, session, len(whole)),
            )
            await server.live.store.erase(scope, "admin", server.live.now())
            if not restarts:
                await client.send(rest)
                await client.finish()
                found = await server.interactions(session)
                assert [one.start_sample for one in found] == [
                    one.start_sample for one in [*segments, *later] if one.start_sample != open_since
                ]
    if restarts:
        async with running(tmp_path, config=CHOPPED, key=key) as server:
            found = await ended(server, session)
            assert [one.end_sample for one in found] == [segment.end_sample for segment in segments]


async def test_what_waits_behind_an_erased_segment_is_told(tmp_path: Path) -> None:
    """A segment that will never have its transcript holds nobody back."""
    pcm = sound()
    first, *others = offline(pcm[:1_500_000], LEVE)[:4]
    server_answers = asyncio.Event()

    class Slow(FakeTranscriber):
        async def transcribe(self, audio: Any, **options: Any) -> Any:
            if words_of(audio) == words_of(first.samples):
                await server_answers.wait()
            return await super().transcribe(audio, **options)

    async with running(tmp_path, provider=Slow(max_concurrency=16)) as server, server.client() as client:
        session = await said(server, client, pcm[:1_500_000])
        assert not client.of("transcricao")
        scope = Scope(
            since=await when(server, session, first.start_sample), until=await when(server, session, first.end_sample)
        )
        assert (await server.live.store.erase(scope, "admin", server.live.now())).segments == 1
        server_answers.set()
        await client.wait_for("transcricao", len(others), timeout_s=15)
        assert [event["texto"] for event in client.of("transcricao")][: len(others)] == [
            words_of(segment.samples) for segment in others
        ]
        assert first.start_sample not in [one.start_sample for one in await server.interactions(session)]


def assert_nothing_left(folder: Path, segments: list[Segment], pcm: bytes) -> None:
    """No file of the server holds their words or their sound, raw or as the provider was to hear it."""
    secrets: list[bytes] = []
    for segment in segments:
        middle = segment.start_sample + len(segment.samples) // 2
        heard: Pcm = segment.samples[len(segment.samples) // 2 :][:200]
        secrets += [words_of(segment.samples).encode(), pcm_to_bytes(heard), pcm[2 * middle : 2 * middle + 400]]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        assert not any(secret in data for secret in secrets), path.name


@pytest.mark.parametrize("by", ["sessao", "balcao", "periodo"])
async def test_nothing_of_what_was_erased_is_left_in_the_folder(tmp_path: Path, by: str) -> None:
    """Database, spool of sound and of segments: the live path keeps nothing else, no provider's answer either."""
    pcm, other_pcm = sound()[:1_000_000], sound()[1_000_000:1_300_000]
    segments = offline(pcm, LEVE)
    async with running(tmp_path) as server, server.client() as client, server.client() as other:
        session = await said(server, client, pcm)
        # Somebody else's sound keeps the files of the spool.
        await said(server, other, other_pcm)
        await client.finish()
        record = await server.live.store.session(session)
        assert record is not None
        scopes: dict[str, Callable[[], Scope]] = {
            "sessao": lambda: Scope(session_id=session),
            "balcao": lambda: Scope(counter_id=record.counter_id),
            "periodo": lambda: Scope(since=record.started_at, until=server.live.now() + timedelta(days=1)),
        }
        count = await server.live.store.erase(scopes[by](), "admin", server.live.now())
        assert count.segments >= len(segments)
        await client.closed()
    assert_nothing_left(tmp_path, segments, pcm)
