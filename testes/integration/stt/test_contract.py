"""One contract for all providers: the remote ones against their stand-ins, the local engine, the tests' own double."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import numpy as np
import pytest

from balto_cli.audio.flac import write_flac
from balto_cli.audio.recording import Recording
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt import assemblyai, gladia, jobs, openai_compatible, remote
from balto_cli.stt.http import Timeouts
from balto_cli.stt.registry import REMOTE
from testes.integration.stt.providers import ALL, GOOD_KEY, original, provider_at, segment
from testes.simulador import Simulator
from testes.sockets import free_port, held_at

TERMS = ("dipirona", "amoxicilina 500 mg", "Neosaldina")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(lento_s=0.4) as running:
        yield running


@pytest.fixture(scope="module")
def recording() -> Recording:
    return original()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Time-outs that a test can wait for where one is meant; a busy machine causes no others."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    scale = 1.0 if params.get("fault", "trava") == "trava" else 20.0
    short = Timeouts(connect_s=scale, write_s=scale, read_s=0.8 * scale, total_s=2.0 * scale)
    for module in (remote, openai_compatible):
        monkeypatch.setattr(module, "timeouts_for", lambda duration_s, upload_bytes: short)
    for module in (jobs, assemblyai, gladia):
        monkeypatch.setattr(module, "SHORT_CALL", short)
    monkeypatch.setattr(jobs, "FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(jobs, "MAX_WAIT_S", 0.1)


@pytest.mark.parametrize("form", ["trecho", "arquivo"])
@pytest.mark.parametrize("name", ALL)
async def test_a_segment_and_a_file_become_a_transcript(
    name: str, form: str, simulator: Simulator, recording: Recording
) -> None:
    audio = recording if form == "arquivo" else segment(recording)
    duration_s = (recording.samples if form == "arquivo" else segment(recording)).size / 16_000
    async with provider_at(simulator, name) as provider:
        transcript = await provider.transcribe(audio, terms=TERMS)

    assert transcript.text.strip() == transcript.text != ""
    assert len(transcript.words) > 2
    starts = [word.start_s for word in transcript.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start_s <= word.end_s <= duration_s for word in transcript.words)
    assert all(word.confidence is None or 0 <= word.confidence <= 1 for word in transcript.words)
    assert transcript.confidence is None or 0 <= transcript.confidence <= 1
    assert transcript.words[-1].end_s > duration_s / 4, "times are not in seconds"
    assert (transcript.language, transcript.attempts, transcript.lost_brl) == ("pt", 1, 0.0)
    assert transcript.model
    assert transcript.latency_s >= 0
    assert (transcript.cost_brl > 0) == (provider.capabilities.usd_per_hour > 0)
    assert json.loads(json.dumps(transcript.raw, allow_nan=False)) == transcript.raw
    assert bool(transcript.raw) == (name != "falso")


@pytest.mark.parametrize("name", ALL)
async def test_who_a_provider_is_stays_the_same_and_holds_no_key(name: str, simulator: Simulator) -> None:
    async with provider_at(simulator, name) as one, provider_at(simulator, name, key="outra-chave") as other:
        assert one.identity == other.identity
        assert json.loads(json.dumps(one.identity)) == one.identity
        said = f"{one.identity} {one!r} {vars(one)} {one.name} {one.capabilities}"
        assert GOOD_KEY not in said
        assert {"provider", "model"} <= one.identity.keys()


@pytest.mark.parametrize("name", ALL)
async def test_what_is_too_short_for_a_word_is_empty_and_not_sent(name: str, simulator: Simulator) -> None:
    if name == "falso":
        return
    async with provider_at(simulator, name) as provider:
        for samples in (0, 1, 1599):
            transcript = await provider.transcribe(np.ones(samples, dtype=np.int16))
            assert (transcript.text, transcript.words, transcript.cost_brl) == ("", (), 0.0)
    assert not len(simulator.calls)


@pytest.mark.parametrize("name", ALL)
def test_a_provider_lives_through_several_event_loops_and_leaves_nothing_open(name: str, recording: Recording) -> None:
    async def ask() -> str:
        async with Simulator(port=port) as simulator, provider_at(simulator, name) as provider:
            providers.append(provider)
            # The same object, in a loop of its own each time, as commands use it.
            text = (await providers[0].transcribe(segment(recording))).text
            await providers[0].aclose()
            await providers[0].aclose()
            return text

    providers: list[object] = []  # type: ignore[no-untyped-def]
    port = free_port()
    gc.collect()  # what earlier tests left is not this provider's
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        texts = {asyncio.run(ask()) for _ in range(2)}
        gc.collect()
    assert len(texts) == 1
    assert not held_at(port)
    assert not [str(one.message) for one in said if issubclass(one.category, ResourceWarning)]


@pytest.mark.parametrize("name", ALL)
async def test_a_cancelled_call_leaves_nothing_running(name: str, simulator: Simulator, recording: Recording) -> None:
    async with provider_at(simulator, name) as provider:
        before = asyncio.all_tasks()
        if name in REMOTE:
            simulator.fail(name, "trava")
        elif name == "falso":
            provider.delay_s = 9.0  # type: ignore[attr-defined]
        call = asyncio.create_task(provider.transcribe(recording))
        while name in REMOTE and not simulator.calls.in_flight[name]:  # noqa: ASYNC110 - the stand-in tells nobody
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not call.done()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.sleep(0.1)
        # The stand-in runs in this loop, too, and lets go of a connection that has gone.
        left = {
            task
            for task in asyncio.all_tasks() - before
            if "simulador" not in repr(task) and "aiohttp/web" not in repr(task)
        }
        assert not left
        assert not simulator.calls.in_flight[name]
        if name != "local":
            again = await provider.transcribe(segment(recording)) if name != "falso" else None
            assert again is None or again.text


@pytest.mark.parametrize("name", ["assemblyai", "gladia"])
async def test_a_job_whose_caller_gives_up_is_deleted(name: str, simulator: Simulator, recording: Recording) -> None:
    async with provider_at(simulator, name) as provider:
        simulator.fail(name, "trava", stage="consulta")
        call = asyncio.create_task(provider.transcribe(recording))
        while not simulator.calls.of(name, "consulta"):  # noqa: ASYNC110 - the stand-in tells nobody
            await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait({call}, timeout=2)
        assert call.cancelled()
    assert len(simulator.calls.of(name, "apagar")) == 1


REFUSED = {
    "401": (Failure.KEY, False),
    "402": (Failure.QUOTA, False),
    "429": (Failure.RATE, False),
    "429-retry-after": (Failure.RATE, False),
    "500": (Failure.SERVER, True),
    "502-html": (Failure.SERVER, True),
    "503": (Failure.SERVER, True),
    "trava": (Failure.TIMEOUT, True),
    "reset": (Failure.NETWORK, True),
    "json-truncado": (Failure.ANSWER, True),
    "forma-errada": (Failure.ANSWER, True),
}
STEPS = {"assemblyai": ("upload", "criar", "consulta"), "gladia": ("upload", "criar", "consulta")}


def _places() -> Iterator[tuple[str, str, str | None]]:
    for name in REMOTE:
        for fault in REFUSED:
            if name != "gladia":
                yield name, fault, "sincrona" if name == "assemblyai" else None
            for step in STEPS.get(name, ()):
                yield name, fault, step


@pytest.mark.parametrize(("name", "fault", "step"), list(_places()))
@pytest.mark.usefixtures("impatient")
async def test_each_fault_has_its_kind_and_says_whether_it_may_be_billed(
    name: str, fault: str, step: str | None, simulator: Simulator, recording: Recording
) -> None:
    kind, perhaps_billed = REFUSED[fault]
    if step == "upload":
        perhaps_billed = False
    elif step == "consulta":
        perhaps_billed = True
    simulator.fail(name, fault, times=20, stage=step)
    by_job = step in STEPS.get(name, ())
    async with provider_at(simulator, name) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(recording if by_job else segment(recording))
    error = caught.value
    allowed = {kind, Failure.NETWORK} if fault == "json-truncado" else {kind}
    assert error.kind in allowed
    assert error.perhaps_billed == perhaps_billed
    assert error.retry_after_s == (1.0 if fault == "429-retry-after" else None)
    assert provider.name in str(error)
    assert str(error).endswith(".")
    assert error.__cause__ is None
    assert error.__context__ is None
    if fault == "401":
        assert f"{name.upper()}_API_KEY" in str(error)


@pytest.mark.parametrize("name", REMOTE)
async def test_a_wrong_key_is_refused_in_the_providers_own_way(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name, key="bad-key") as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(segment(recording))
    assert (caught.value.kind, caught.value.perhaps_billed) == (Failure.KEY, False)


@pytest.mark.parametrize("name", REMOTE)
async def test_silence_is_an_empty_transcript_and_a_slow_answer_an_answer(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name) as provider:
        simulator.fail(name, "vazio")
        empty = await provider.transcribe(segment(recording))
        assert (empty.text, empty.words) == ("", ())
        simulator.fail(name, "lento")
        assert (await provider.transcribe(segment(recording))).text


@pytest.mark.parametrize("name", ["assemblyai", "gladia"])
async def test_a_question_that_fails_is_asked_again_and_the_job_is_not_started_anew(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name) as provider:
        for fault in ("500", "reset", "json-truncado"):
            simulator.fail(name, fault, stage="consulta")
        assert (await provider.transcribe(recording)).text
    assert len(simulator.calls.of(name, "criar")) == 1


@pytest.mark.parametrize("name", ["assemblyai", "gladia"])
async def test_a_job_that_the_provider_gives_up_is_a_failure(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    simulator.fail(name, "erro-do-trabalho")
    async with provider_at(simulator, name) as provider:
        with pytest.raises(ProviderError) as caught:
            await provider.transcribe(recording)
    assert caught.value.kind in (Failure.SERVER, Failure.AUDIO)
    assert len(simulator.calls.of(name, "apagar")) == 1


@pytest.mark.parametrize("name", ["assemblyai", "gladia"])
async def test_what_was_heard_is_deleted_at_the_provider_and_the_answer_says_whether_it_was(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name) as provider:
        assert (await provider.transcribe(recording)).raw["balto"] == {"apagado": True}
        simulator.fail(name, "500", stage="apagar")
        kept = await provider.transcribe(recording)
    assert kept.raw["balto"] == {"apagado": False}
    assert kept.text


async def test_deepgram_is_told_to_keep_the_audio_out_of_its_training(
    simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, "deepgram") as provider:
        await provider.transcribe(segment(recording))
    assert simulator.calls.of("deepgram")[0].campos["mip_opt_out"] == "true"


LANGUAGES = {
    "elevenlabs": ("transcrever", lambda fields: fields["language_code"], "por"),
    "assemblyai": ("sincrona", lambda fields: fields["config"]["language_codes"], ["pt"]),
    "deepgram": ("transcrever", lambda fields: fields["language"], "pt-BR"),
    "gladia": ("criar", lambda fields: fields["language_config"]["languages"], ["pt"]),
    "openai": ("transcrever", lambda fields: fields["language"], "pt"),
}
KEYTERMS = {
    "elevenlabs": lambda fields: fields["keyterms"],
    "assemblyai": lambda fields: fields["config"]["keyterms_prompt"],
    "deepgram": lambda fields: fields["keyterm"],
    "gladia": lambda fields: fields["custom_vocabulary_config"]["vocabulary"],
    "openai": lambda fields: fields["prompt"].removeprefix("Medicamentos: ").removesuffix(".").split(", "),
}


@pytest.mark.parametrize("name", REMOTE)
async def test_portuguese_and_terms_reach_the_wire(name: str, simulator: Simulator, recording: Recording) -> None:
    async with provider_at(simulator, name) as provider:
        await provider.transcribe(segment(recording), terms=TERMS)
    step, language, spelling = LANGUAGES[name]
    (call,) = simulator.calls.of(name, step)
    assert language(call.campos) == spelling
    assert tuple(KEYTERMS[name](call.campos)) == TERMS


@pytest.mark.parametrize("name", REMOTE)
async def test_of_too_many_terms_the_first_are_sent(name: str, simulator: Simulator, recording: Recording) -> None:
    terms = [f"medicamento{number} de nome bem comprido" for number in range(3000)]
    async with provider_at(simulator, name) as provider:
        await provider.transcribe(segment(recording), terms=terms)
    (call,) = simulator.calls.of(name, LANGUAGES[name][0])
    sent = list(KEYTERMS[name](call.campos))
    assert 3 <= len(sent) <= provider.capabilities.keyterms
    assert sent == terms[: len(sent)]


async def test_short_audio_gets_no_more_terms_at_elevenlabs_than_are_billed_by_the_second(
    simulator: Simulator, recording: Recording
) -> None:
    terms = [f"nome{number}" for number in range(500)]
    async with provider_at(simulator, "elevenlabs") as provider:
        await provider.transcribe(segment(recording), terms=terms)
        await provider.transcribe(recording, terms=terms)
    short, long = simulator.calls.of("elevenlabs")
    assert (len(short.campos["keyterms"]), len(long.campos["keyterms"])) == (100, 500)


UPLOADED = {"assemblyai": "upload", "gladia": "upload"}


@pytest.mark.parametrize("name", REMOTE)
async def test_an_original_travels_as_the_files_own_bytes(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name) as provider:
        transcript = await provider.transcribe(recording)
    assert transcript.sent_as == "arquivo wav"
    (call,) = simulator.calls.of(name, UPLOADED.get(name, "transcrever"))
    assert call.conteudo == hashlib.sha256(recording.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", REMOTE)
async def test_what_a_provider_does_not_take_travels_as_flac_of_the_decoded_sound(
    name: str, simulator: Simulator, recording: Recording, tmp_path
) -> None:
    write_flac(tmp_path / "esperado.flac", recording.samples)
    async with provider_at(simulator, name) as provider:
        transcript = await provider.transcribe(replace(recording, container="tta"))
    assert transcript.sent_as == "flac"
    (call,) = simulator.calls.of(name, UPLOADED.get(name, "transcrever"))
    assert call.conteudo == hashlib.sha256((tmp_path / "esperado.flac").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "sent_as", "extra_bytes"),
    [
        ("elevenlabs", "pcm", 0),
        ("assemblyai", "pcm", 0),
        ("deepgram", "pcm", 0),
        ("gladia", "wav", 44),
        ("openai", "wav", 44),
    ],
)
async def test_a_segment_travels_as_it_is(
    name: str, sent_as: str, extra_bytes: int, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name) as provider:
        transcript = await provider.transcribe(segment(recording))
    assert transcript.sent_as == sent_as
    sent = simulator.calls.of(name)[0]
    assert sent.bytes == segment(recording).size * 2 + extra_bytes


async def test_a_piece_over_the_limit_of_the_synchronous_endpoint_goes_by_a_job_and_says_so(
    recording: Recording,
) -> None:
    long = np.tile(recording.samples, 5)[: 121 * 16_000]
    async with Simulator(texto="hash") as simulator, provider_at(simulator, "assemblyai") as provider:
        by_job = await provider.transcribe(long)
        at_once = await provider.transcribe(long[: 120 * 16_000])
    assert (by_job.sent_as, "apagado" in by_job.raw["balto"]) == ("flac", True)
    assert (at_once.sent_as, at_once.raw["balto"]) == ("pcm", {"caminho": "síncrono"})


async def test_with_only_the_jobs_address_set_no_audio_goes_to_another_host(
    simulator: Simulator, recording: Recording
) -> None:
    from pydantic import SecretStr

    from balto_cli.settings import Access
    from balto_cli.stt.http import HttpPool

    access = Access(key=SecretStr(GOOD_KEY), base_url=simulator.url("assemblyai"))
    provider = assemblyai.AssemblyAI(access, pool=HttpPool())
    transcript = await provider.transcribe(segment(recording))
    await provider.aclose()
    assert (transcript.sent_as, "apagado" in transcript.raw["balto"]) == ("wav", True)


@pytest.mark.parametrize("name", ["elevenlabs", "assemblyai", "deepgram", "gladia"])
async def test_speakers_are_asked_for_and_told(name: str, simulator: Simulator, recording: Recording) -> None:
    async with provider_at(simulator, name, speakers=True) as told, provider_at(simulator, name) as untold:
        transcript = await told.transcribe(recording)
        assert told.identity != untold.identity
        assert all(word.speaker is None for word in (await untold.transcribe(recording)).words)
    assert all(word.speaker for word in transcript.words)


@pytest.mark.parametrize("name", REMOTE)
async def test_audio_over_the_limit_is_a_state_with_its_reason_and_is_not_sent(
    name: str, simulator: Simulator, recording: Recording
) -> None:
    async with provider_at(simulator, name) as provider:
        smaller = replace(provider.capabilities, max_upload_bytes=1000)
        provider._capabilities = smaller  # type: ignore[attr-defined]
        with pytest.raises(ProviderError, match=r"aceita até 0,0 MB") as caught:
            await provider.transcribe(recording)
        assert (caught.value.kind, caught.value.perhaps_billed) == (Failure.LIMIT, False)
        provider._capabilities = replace(smaller, max_audio_s=60.0)  # type: ignore[attr-defined]
        with pytest.raises(ProviderError, match=r"até 1 min.*este tem 2 min") as caught:
            await provider.transcribe(np.zeros(120 * 16_000, dtype=np.int16))
        assert caught.value.kind == Failure.LIMIT
    assert not len(simulator.calls)
