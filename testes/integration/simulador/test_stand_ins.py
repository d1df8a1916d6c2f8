"""What the stand-ins promise to everyone who tests against them."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import jiwer
import numpy as np
import pytest

from balto_cli.audio.decode import Decoder
from balto_cli.audio.flac import write_flac
from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import Pcm, pcm_from_bytes, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, segment_stream
from balto_cli.stt.base import Transcript, Word
from testes.gravacoes import ENTRADA, FALA, LIMPO_1, LIMPO_2, wav_bytes
from testes.simulador import Simulator
from testes.simulador.faults import HEADER, KINDS
from testes.simulador.heard import plain
from testes.simulador.process import running
from testes.simulador.texts import TextSource

STEREO_MP3 = ENTRADA / "balcao-03_20261103101855.mp3"
QUERY = {"model": "nova-3", "language": "pt-BR", "smart_format": "true"}
RAW = QUERY | {"encoding": "linear16", "sample_rate": "16000", "channels": "1"}


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


def words_of(path: Path) -> list[str]:
    return path.with_suffix(".txt").read_text("utf-8").split()


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def samples_of(path: Path) -> Pcm:
    return pcm_from_bytes(b"".join(Decoder(path)))


def flac_bytes(samples: Pcm, folder: Path) -> bytes:
    write_flac(folder / "a.flac", samples)
    return (folder / "a.flac").read_bytes()


async def ask(
    web: aiohttp.ClientSession, simulator: Simulator, data: bytes, query: dict[str, Any] | None = None, **headers: str
) -> tuple[int, Any]:
    """One question to Deepgram's stand-in, whose protocol is the shortest: status and answer."""
    headers = {"Authorization": "Token good-key", "Content-Type": "application/octet-stream"} | headers
    async with web.post(
        simulator.url("deepgram") + "/v1/listen", params=query or QUERY, data=data, headers=headers
    ) as response:
        return response.status, await response.json(content_type=None)


async def text_of(web: aiohttp.ClientSession, simulator: Simulator, data: bytes, query: Any = None) -> str:
    status, answer = await ask(web, simulator, data, query)
    assert status == 200, answer
    return str(answer["results"]["channels"][0]["alternatives"][0]["transcript"])


@pytest.mark.parametrize("path", [FALA, LIMPO_2], ids=lambda path: path.suffix)
async def test_the_same_sound_is_known_in_every_dress(web: aiohttp.ClientSession, tmp_path: Path, path: Path) -> None:
    samples = samples_of(path)
    async with Simulator() as simulator:
        texts = [
            await text_of(web, simulator, bytes_of(path)),
            await text_of(web, simulator, wav_bytes(samples)),
            await text_of(web, simulator, flac_bytes(samples, tmp_path)),
            await text_of(web, simulator, pcm_to_bytes(samples), RAW),
        ]

    assert [text.split() for text in texts] == [words_of(path)] * 4


@pytest.mark.parametrize("path", [LIMPO_1, FALA, STEREO_MP3], ids=lambda path: path.suffix)
async def test_segments_share_out_the_words_of_their_file(web: aiohttp.ClientSession, path: Path) -> None:
    segments = list(segment_stream(Decoder(path), PipelineConfig()))

    async with Simulator() as simulator:
        texts = [await text_of(web, simulator, pcm_to_bytes(segment.samples), RAW) for segment in segments]

    assert len(segments) > 1
    assert " ".join(texts).split() == words_of(path)


async def test_a_cut_off_the_grid_with_other_noise_is_still_found(web: aiohttp.ClientSession) -> None:
    """Another profile cuts elsewhere and reduces otherwise."""
    samples = samples_of(FALA)
    segments = list(segment_stream(Decoder(FALA), PipelineConfig(reduction=1.0, pre_roll_ms=100)))
    noise = np.random.default_rng(3).normal(0, 20, segments[0].samples.size)

    async with Simulator() as simulator:
        text = await text_of(web, simulator, pcm_to_bytes((segments[0].samples + noise).astype(np.int16)), RAW)
        nothing = await text_of(web, simulator, pcm_to_bytes(samples[:8000]), RAW)

    first = " ".join(words_of(FALA))
    assert text
    assert first.startswith(text)
    assert nothing == ""


async def test_hash_words_come_at_once_and_differ_by_sound(web: aiohttp.ClientSession) -> None:
    one, other = (wav_bytes(np.full(1600, level, np.int16)) for level in (1, 2))

    async with Simulator(texto="hash") as simulator:
        texts = [await text_of(web, simulator, data) for data in (one, other, one)]

    assert texts[0] == texts[2] != texts[1]
    assert len(texts[0].split()) == 8


async def test_unknown_sound_gets_hash_words_where_no_weights_are(
    web: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BALTO_WHISPER", raising=False)
    monkeypatch.setattr("testes.simulador.texts.cache_folder", lambda: tmp_path)
    noise = np.random.default_rng(7).normal(0, 1000, 48_000).astype(np.int16)

    async with Simulator() as simulator:
        text = await text_of(web, simulator, wav_bytes(noise))

    assert len(text.split()) == 8


class OneWord:
    """Stands for the local engine."""

    async def transcribe(self, samples: Pcm) -> Transcript:
        return Transcript("ouvi", (Word("ouvi", 0.1, samples.size / 16_000),), "pt", "Local", "base", 0.0)


async def test_the_local_engine_hears_even_known_sound_where_it_is_asked_for(
    web: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def engine(_: TextSource) -> OneWord:
        return OneWord()

    monkeypatch.setattr(TextSource, "_local_engine", engine)

    async with Simulator(texto="motor") as simulator:
        status, answer = await ask(web, simulator, FALA.read_bytes())

    assert status == 200
    (word,) = answer["results"]["channels"][0]["alternatives"][0]["words"]
    assert (word["word"], word["start"]) == ("ouvi", 0.1)
    assert word["end"] == pytest.approx(answer["metadata"]["duration"]) == pytest.approx(31.3, abs=0.1)


@pytest.mark.parametrize("rate", [0.1, 0.3])
async def test_errors_come_at_their_rate_and_the_same_every_time(web: aiohttp.ClientSession, rate: float) -> None:
    files = [file.path for file in find_inputs([ENTRADA]).files]

    async def all_texts(**options: Any) -> list[str]:
        async with Simulator(**options) as simulator:
            return [await text_of(web, simulator, path.read_bytes()) for path in files]

    once = await all_texts(erros={"deepgram": rate})
    again = await all_texts(erros=rate)
    other = await all_texts(erros=rate, semente=1)

    references = [" ".join(words_of(path)) for path in files]
    assert jiwer.wer(references, once) == pytest.approx(rate, abs=0.05)
    assert once == again != other


async def test_keyterms_are_never_wrong_and_medicines_are_confused(web: aiohttp.ClientSession) -> None:
    async with Simulator(erros=1.0) as simulator:
        without = await text_of(web, simulator, LIMPO_1.read_bytes())
        known = await text_of(web, simulator, LIMPO_1.read_bytes(), [*QUERY.items(), ("keyterm", "dipirona")])

    assert "dipirona" not in without.split()
    assert "dipirona" in known.split()
    confused = Counter()
    for seed in range(6):
        async with Simulator(erros=1.0, semente=seed) as simulator:
            confused.update(plain(word) for word in (await text_of(web, simulator, LIMPO_1.read_bytes())).split())
    assert confused["diperona"] + confused["pirona"] > 0


async def test_seeded_faults_have_their_share_and_repeat(web: aiohttp.ClientSession) -> None:
    sounds = [wav_bytes(np.full(160, level, np.int16)) for level in range(300)]

    async def outcomes() -> list[tuple[int, int]]:
        async with Simulator(texto="hash", falhas={"deepgram": 0.2}, tipos=("500", "429", "503")) as simulator:
            first = [(await ask(web, simulator, sound))[0] for sound in sounds]
            return list(zip(first, [(await ask(web, simulator, sound))[0] for sound in sounds], strict=True))

    once, again = await outcomes(), await outcomes()

    assert once == again
    first = Counter(status for status, _ in once)
    assert first[200] / 300 == pytest.approx(0.8, abs=0.07)
    assert set(first) == {200, 500, 429, 503}
    # A second try of the same sound has its own luck.
    assert any(one == 500 and two == 200 for one, two in once)


async def test_a_fault_can_be_asked_for_by_a_header(web: aiohttp.ClientSession) -> None:
    async with Simulator(texto="hash") as simulator:
        refused, _ = await ask(web, simulator, wav_bytes(np.ones(160)), **{HEADER: "402"})
        misspelt, why = await ask(web, simulator, wav_bytes(np.ones(160)), **{HEADER: "403"})
        after, _ = await ask(web, simulator, wav_bytes(np.ones(160)))

    assert (refused, misspelt, after) == (402, 400, 200)
    assert all(kind in why["erro"] for kind in KINDS)


async def test_faults_and_calls_over_the_control_door(web: aiohttp.ClientSession) -> None:
    async with Simulator(texto="hash") as simulator:

        async def control(path: str, data: Any) -> int:
            async with web.post(f"{simulator.address}/_controle/{path}", json=data) as response:
                return response.status

        assert await control("falhas", {"provedor": "deepgram", "falha": "500", "vezes": 2}) == 200
        assert await control("falhas", {"provedor": "deepgram", "falha": "nenhuma"}) == 400
        statuses = [(await ask(web, simulator, wav_bytes(np.ones(160)), RAW))[0] for _ in range(3)]
        async with web.get(f"{simulator.address}/_controle/chamadas") as response:
            report = await response.json()
        assert await control("reset", {}) == 200

        assert statuses == [500, 500, 200]
        calls = report["chamadas"]
        assert [call["resultado"] for call in calls] == ["falha", "falha", "ok"]
        assert {call["conteudo"] for call in calls} == {calls[0]["conteudo"]}
        assert calls[0]["campos"]["language"] == "pt-BR"
        assert calls[0]["bytes"] == 364
        assert "good-key" not in json.dumps(report)
        assert not len(simulator.calls)


async def test_a_client_that_leaves_a_hanging_server_leaves_nothing_behind(web: aiohttp.ClientSession) -> None:
    async with Simulator(texto="hash") as simulator:
        simulator.fail("deepgram", "trava", times=5)
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(web, simulator, wav_bytes(np.ones(160))), 0.1)
        for _ in range(50):
            if not simulator.calls.in_flight["deepgram"]:
                break
            await asyncio.sleep(0.02)

        assert simulator.calls.in_flight["deepgram"] == 0
        assert [call.resultado for call in simulator.calls] == ["falha"] * 5


async def test_hundreds_of_calls_wait_side_by_side() -> None:
    sound = wav_bytes(np.ones(16_000))
    async with (
        Simulator(texto="hash", latencia_ms=(300, 400)) as simulator,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=300)) as web,
    ):
        answers = await asyncio.gather(*(ask(web, simulator, sound) for _ in range(300)))

        assert {status for status, _ in answers} == {200}
        assert simulator.calls.most_in_flight["deepgram"] > 100


async def test_gladia_uploads_starts_polls_and_deletes(web: aiohttp.ClientSession) -> None:
    async with Simulator() as simulator:
        base = simulator.url("gladia") + "/v2"
        headers = {"x-gladia-key": "good-key"}
        form = aiohttp.FormData()
        form.add_field("audio", LIMPO_1.read_bytes(), filename=LIMPO_1.name)
        async with web.post(f"{base}/upload", data=form, headers=headers) as response:
            upload = await response.json()
        order = {
            "audio_url": upload["audio_url"],
            "language_config": {"languages": ["pt"], "code_switching": False},
            "custom_vocabulary": True,
            "custom_vocabulary_config": {"vocabulary": [{"value": "dipirona"}, "Novalgina"]},
            "diarization": True,
        }
        async with web.post(f"{base}/pre-recorded", json=order, headers=headers) as response:
            assert response.status == 201
            job = await response.json()
        states = []
        while not states or states[-1] in ("queued", "processing"):
            async with web.get(job["result_url"], headers=headers) as response:
                answer = await response.json()
            states.append(answer["status"])
        async with web.delete(job["result_url"], headers=headers) as response:
            assert response.status == 202
        async with web.get(job["result_url"], headers=headers) as response:
            assert response.status == 404
        async with web.get(f"{base}/pre-recorded", headers={"x-gladia-key": "bad-key"}) as response:
            assert response.status == 401

    assert states == ["processing", "done"]
    heard = answer["result"]["transcription"]
    assert heard["full_transcript"].split() == words_of(LIMPO_1)
    assert ["".join(word["word"] for word in turn["words"]) for turn in heard["utterances"]] == [
        turn["text"] for turn in heard["utterances"]
    ]
    assert [turn["speaker"] for turn in heard["utterances"]] == [0, 1, 0, 1, 0, 1, 0]
    assert answer["result"]["metadata"]["audio_duration"] == pytest.approx(25.94, abs=0.05)


@pytest.mark.parametrize("stage", ["upload", "criar", "consulta"])
async def test_gladia_fails_at_the_stage_that_was_asked_for(web: aiohttp.ClientSession, stage: str) -> None:
    async with Simulator(texto="hash") as simulator:
        simulator.fail("gladia", "500", stage=stage)
        base = simulator.url("gladia") + "/v2"
        headers = {"x-gladia-key": "good-key"}
        form = aiohttp.FormData()
        form.add_field("audio", LIMPO_1.read_bytes(), filename="a.webm")
        statuses = []
        async with web.post(f"{base}/upload", data=form, headers=headers) as response:
            statuses.append(response.status)
            upload = await response.json()
        async with web.post(
            f"{base}/pre-recorded", json={"audio_url": upload.get("audio_url", "x")}, headers=headers
        ) as response:
            statuses.append(response.status)
            job = await response.json()
        async with web.get(f"{base}/pre-recorded/{job.get('id', 'x')}", headers=headers) as response:
            statuses.append(response.status)

    assert statuses.index(500) == ["upload", "criar", "consulta"].index(stage)


def test_the_command_serves_and_says_where(tmp_path: Path) -> None:
    with running("--texto", "hash", "--latencia-ms", "1-5", "--erros", "elevenlabs=0,05", "--falhas", "0.1") as server:
        assert server.env["OPENAI_BASE_URL"] == f"{server.address}/openai/v1"
        assert set(server.env.values()) >= {"good-key"}
        request = urllib.request.Request(
            server.url("openai") + "/models", headers={"Authorization": f"Bearer {server.env['OPENAI_API_KEY']}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            assert json.load(response)["data"]
        assert [call["etapa"] for call in server.calls("openai")] == ["chave"]
        server.fail("openai", "500")
        with pytest.raises(urllib.error.HTTPError, match="500"):
            opener.open(request, timeout=10)
        server.reset()
        assert server.calls() == []
