"""What one provider has and others have not, as its own SDK meets it at the stand-in."""

from __future__ import annotations

import io
import re
from typing import Any

import assemblyai
import numpy as np
import openai
import pydantic
import pytest
from assemblyai.types import SyncTranscriptError, TranscriptError
from deepgram.core.api_error import ApiError as DeepgramError
from deepgram.types.listen_v1response import ListenV1Response
from elevenlabs.core.api_error import ApiError as ElevenLabsError
from elevenlabs.types.speech_to_text_chunk_response_model import SpeechToTextChunkResponseModel
from openai.types.audio import Transcription, TranscriptionDiarized

from testes.gravacoes import LIMPO_1, wav_bytes
from testes.simulador import Simulator
from testes.simulador.sdks import (
    Capture,
    assemblyai_client,
    assemblyai_hears,
    deepgram_client,
    elevenlabs_client,
    openai_client,
    whole_wav,
)

# What the SDKs themselves use of older pydantic and websockets is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EXPECTED = LIMPO_1.with_suffix(".txt").read_text("utf-8").split()


def _said(error: Exception) -> str:
    return error.response.text if isinstance(error, openai.APIStatusError) else str(error)


def _plain(words: list[str]) -> list[str]:
    return [re.sub(r"[^\w,]|,$", "", word.lower()) for word in words]


@pytest.mark.parametrize("stage", ["upload", "criar", "consulta"])
def test_assemblyai_fails_at_the_stage_that_was_asked_for(simulator: Simulator, stage: str) -> None:
    simulator.fail("assemblyai", "500", stage=stage)

    with pytest.raises(TranscriptError, match="Server error"):
        assemblyai_hears(simulator, "good-key")

    assert [call.etapa for call in simulator.calls][-1] == stage


def test_a_job_of_assemblyai_can_end_in_an_error(simulator: Simulator) -> None:
    simulator.fail("assemblyai", "erro-do-trabalho")

    with pytest.raises(TranscriptError, match="developers have been alerted"):
        assemblyai_hears(simulator, "good-key")


def test_assemblyai_ends_a_job_of_something_that_is_not_audio(simulator: Simulator) -> None:
    client = assemblyai_client(simulator, "good-key")

    answer = assemblyai.Transcriber(client=client).transcribe(io.BytesIO(b"not a sound" * 50))

    assert answer.status == assemblyai.TranscriptStatus.error
    assert "does not appear to contain audio" in (answer.error or "")


def test_assemblyai_forgets_a_deleted_transcript(simulator: Simulator) -> None:
    client = assemblyai_client(simulator, "good-key")
    answer = assemblyai.Transcriber(client=client).transcribe(str(LIMPO_1))

    deleted = assemblyai.api.delete_transcript(client.http_client, answer.id or "")

    assert deleted.text == "Deleted by user."
    assert deleted.words is None


def _silence(seconds: float) -> bytes:
    return wav_bytes(np.zeros(round(16_000 * seconds), np.int16))


@pytest.mark.parametrize(("seconds", "status", "code"), [(121, 413, "audio_too_large"), (0.05, 400, "audio_too_short")])
def test_assemblyai_sync_takes_from_80_ms_to_120_s(
    simulator: Simulator, seconds: float, status: int, code: str
) -> None:
    with pytest.raises(SyncTranscriptError) as caught:
        assemblyai.SyncTranscriber(client=assemblyai_client(simulator, "good-key")).transcribe(_silence(seconds))

    assert (caught.value.status_code, caught.value.error_code) == (status, code)


def test_assemblyai_sync_takes_raw_pcm_and_leaves_times_out_unless_asked(simulator: Simulator) -> None:
    config = assemblyai.SyncTranscriptionConfig(sample_rate=16_000, channels=1)
    transcriber = assemblyai.SyncTranscriber(client=assemblyai_client(simulator, "good-key"))

    answer = transcriber.transcribe(whole_wav()[44:], config=config)

    assert answer.text.split() == EXPECTED
    assert {word.start for word in answer.words} == {None}


@pytest.mark.parametrize(
    "terms",
    [["x"] * 1001, ["x" * 51], ["um dois três quatro cinco seis"], ["um {dois}"]],
    ids=["many", "long", "words", "signs"],
)
def test_elevenlabs_refuses_keyterms_over_its_limits(simulator: Simulator, terms: list[str]) -> None:
    capture = Capture()
    client = elevenlabs_client(simulator, "good-key", capture)

    with pytest.raises(ElevenLabsError) as caught:
        client.speech_to_text.convert(model_id="scribe_v2", file=LIMPO_1.read_bytes(), keyterms=terms)

    assert caught.value.status_code == 400
    assert caught.value.body["detail"]["param"] == "keyterms"


def test_elevenlabs_takes_raw_pcm(simulator: Simulator) -> None:
    capture = Capture()
    client = elevenlabs_client(simulator, "good-key", capture)

    client.speech_to_text.convert(model_id="scribe_v2", file=whole_wav()[44:], file_format="pcm_s16le_16")

    answer = SpeechToTextChunkResponseModel.model_validate(capture.data)
    assert answer.text.split() == EXPECTED
    assert {word.speaker_id for word in answer.words} == {None}


def test_deepgram_takes_raw_pcm_and_refuses_what_is_not_audio(simulator: Simulator) -> None:
    capture = Capture()
    media = deepgram_client(simulator, "good-key", capture).listen.v1.media

    with pytest.raises(DeepgramError) as caught:
        media.transcribe_file(request=b"not a sound" * 50, request_options={"max_retries": 0})
    media.transcribe_file(
        request=whole_wav()[44:],
        encoding="linear16",
        request_options={"max_retries": 0, "additional_query_parameters": {"sample_rate": "16000", "channels": "1"}},
    )

    assert caught.value.status_code == 400
    assert "corrupt or unsupported data" in str(caught.value.body)
    answer = ListenV1Response.model_validate(capture.data)
    assert answer.results.channels[0].alternatives
    words = answer.results.channels[0].alternatives[0].transcript or ""
    assert _plain(words.split()) == _plain(EXPECTED)


def test_openai_s_models_have_the_formats_that_they_have(simulator: Simulator) -> None:
    transcriptions = openai_client(simulator, "good-key").audio.transcriptions

    short = transcriptions.create(model="gpt-4o-transcribe", file=LIMPO_1)
    raw = transcriptions.with_raw_response.create(
        model="gpt-4o-transcribe-diarize", file=LIMPO_1, response_format="diarized_json", chunking_strategy="auto"
    )
    text = transcriptions.create(model="whisper-1", file=LIMPO_1, response_format="text")

    assert Transcription.model_validate(short.to_dict()).text.split() == EXPECTED
    told = TranscriptionDiarized.model_validate(raw.http_response.json())
    assert [segment.speaker for segment in told.segments] == ["A", "B"] * 3 + ["A"]
    assert str(text).split() == EXPECTED
    with pytest.raises(openai.BadRequestError, match="not compatible"):
        transcriptions.create(model="gpt-4o-transcribe", file=LIMPO_1, response_format="verbose_json")
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        transcriptions.create(model="whisper-9", file=LIMPO_1)
    with pytest.raises(openai.BadRequestError, match="corrupted"):
        transcriptions.create(model="whisper-1", file=("fala.wav", b"not a sound" * 50))
    with pytest.raises(openai.APIStatusError, match="Maximum content size"):
        transcriptions.create(model="whisper-1", file=("fala.wav", bytes(26_500_000)))


class Suggestion(pydantic.BaseModel):
    """What a structured answer may look like."""

    produto: str
    itens: list[str]
    nota: int
    motivo: str | None


@pytest.mark.parametrize("provider", ["openai", "xai"])
def test_chat_answers_by_the_schema_or_by_the_script(simulator: Simulator, provider: str) -> None:
    client = openai_client(simulator, "good-key", provider)
    question: dict[str, Any] = {
        "model": "gpt-4o" if provider == "openai" else "grok-4",
        "messages": [{"role": "user", "content": "Tem dipirona?"}],
        "response_format": Suggestion,
    }

    least = client.chat.completions.parse(**question)
    simulator.chat.script({"produto": "dipirona", "itens": ["a"], "nota": 2, "motivo": "dor"})
    scripted = client.chat.completions.parse(**question)
    simulator.chat.script("isto não é JSON")
    with pytest.raises(pydantic.ValidationError):
        client.chat.completions.parse(**question)

    assert least.choices[0].message.parsed == Suggestion(produto="", itens=[], nota=0, motivo=None)
    assert scripted.choices[0].message.parsed == Suggestion(produto="dipirona", itens=["a"], nota=2, motivo="dor")
    assert scripted.usage is not None
    assert scripted.usage.total_tokens == scripted.usage.prompt_tokens + scripted.usage.completion_tokens > 0


def test_xai_refuses_a_bad_key_with_a_400_that_shows_the_key_s_ends(simulator: Simulator) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        openai_client(simulator, "bad-key", "xai").models.list()

    assert "Incorrect API key provided: ba***ey." in _said(caught.value)


@pytest.mark.parametrize("provider", ["openai", "xai"])
def test_a_good_key_lists_models(simulator: Simulator, provider: str) -> None:
    assert [model.id for model in openai_client(simulator, "good-key", provider).models.list()]


def test_the_other_sdks_can_check_a_key_without_audio(simulator: Simulator) -> None:
    capture = Capture()
    lab = elevenlabs_client(simulator, "good-key", capture)

    assert lab.models.list()
    assert deepgram_client(simulator, "good-key", capture).manage.v1.projects.list().projects
    assert assemblyai.Transcriber(client=assemblyai_client(simulator, "good-key")).list_transcripts() is not None
    with pytest.raises(DeepgramError):
        deepgram_client(simulator, "bad-key", capture).manage.v1.projects.list()
