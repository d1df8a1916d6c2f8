"""The providers' own SDKs, pointed at the stand-ins and driven in one way; what they take is checked by their types.

Two of them (ElevenLabs, Deepgram) and OpenAI's build their answers without looking at them, so the raw JSON is put
through the same types once more, this time with validation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import assemblyai
import elevenlabs
import httpx
import openai
from assemblyai.types import TranscriptError
from deepgram import DeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from deepgram.types.listen_v1response import ListenV1Response
from elevenlabs.types.speech_to_text_chunk_response_model import SpeechToTextChunkResponseModel
from openai.types.audio import TranscriptionVerbose

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import pcm_from_bytes
from testes.gravacoes import LIMPO_1, wav_bytes
from testes.simulador.server import Simulator

TERMS = ["dipirona", "Novalgina"]
PATIENCE_S = 20.0
_CLOSERS: list[Callable[[], None]] = []


def close_clients() -> None:
    """Close the connections of all clients that were made here: the SDKs keep them alive and close none."""
    while _CLOSERS:
        _CLOSERS.pop()()


@dataclass(frozen=True)
class Judged:
    """An answer that an SDK took, with times in seconds."""

    text: str
    words: list[tuple[str, float, float]]
    duration_s: float
    speakers: set[Any]


class Hear(Protocol):
    def __call__(self, simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> Judged: ...


class Capture:
    """Keeps the last JSON answer, which the lenient SDKs are then made to take seriously."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self.data: Any = None
        self.patience_s = patience_s
        self.client = httpx.Client(timeout=patience_s, event_hooks={"response": [self._keep]}, trust_env=False)
        _CLOSERS.append(self.client.close)

    def _keep(self, response: httpx.Response) -> None:
        response.read()
        try:
            self.data = response.json()
        except ValueError:
            self.data = None


def elevenlabs_client(simulator: Simulator, key: str, capture: Capture) -> elevenlabs.ElevenLabs:
    return elevenlabs.ElevenLabs(
        base_url=simulator.url("elevenlabs"), api_key=key, timeout=capture.patience_s, httpx_client=capture.client
    )


def elevenlabs_hears(simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> Judged:
    capture = Capture(patience_s)
    client = elevenlabs_client(simulator, key, capture)
    with LIMPO_1.open("rb") as file:
        client.speech_to_text.convert(
            model_id="scribe_v2",
            file=file,
            language_code="por",
            timestamps_granularity="word",
            tag_audio_events=False,
            diarize=True,
            num_speakers=2,
            keyterms=TERMS,
            no_verbatim=True,
            seed=1,
            temperature=0.0,
            enable_logging=False,
            request_options={"max_retries": 0},
        )
    answer = SpeechToTextChunkResponseModel.model_validate(capture.data)
    spoken = [word for word in answer.words if word.type == "word"]
    assert "".join(word.text for word in answer.words) == answer.text
    assert all(word.logprob <= 0 for word in answer.words)
    assert answer.language_code == "por"
    return Judged(
        answer.text,
        [(word.text, word.start, word.end) for word in spoken],  # type: ignore[misc]
        answer.audio_duration_secs or 0.0,
        {word.speaker_id for word in spoken},
    )


def assemblyai_client(simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> assemblyai.Client:
    settings = assemblyai.Settings(
        api_key=key,
        base_url=simulator.url("assemblyai"),
        sync_base_url=simulator.url("assemblyai-sync"),
        http_timeout=patience_s,
        sync_live_http_timeout=patience_s,
        polling_interval=0.01,
    )
    client = assemblyai.Client(settings=settings)
    _CLOSERS.append(client.http_client.close)
    return client


def assemblyai_hears(simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> Judged:
    config = assemblyai.TranscriptionConfig(
        language_code="pt", speech_models=["universal-3-pro"], keyterms_prompt=TERMS, speaker_labels=True
    )
    client = assemblyai_client(simulator, key, patience_s)
    try:
        answer = assemblyai.Transcriber(client=client).transcribe(str(LIMPO_1), config=config)
    except TranscriptError as error:
        # The SDK keeps the headers elsewhere.
        error.headers = dict(client.last_response.headers) if client.last_response else {}  # type: ignore[attr-defined]
        raise
    if answer.status == assemblyai.TranscriptStatus.error:
        raise TranscriptError(answer.error or "")
    assert answer.words is not None
    assert answer.utterances is not None
    assert " ".join(utterance.text for utterance in answer.utterances) == answer.text
    return Judged(
        answer.text or "",
        [(word.text, word.start / 1000, word.end / 1000) for word in answer.words],
        answer.audio_duration or 0.0,
        {word.speaker for word in answer.words},
    )


def whole_wav() -> bytes:
    return wav_bytes(pcm_from_bytes(b"".join(Decoder(LIMPO_1))))


def assemblyai_sync_hears(simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> Judged:
    config = assemblyai.SyncTranscriptionConfig(language_codes=["pt"], keyterms_prompt=TERMS, timestamps=True)
    client = assemblyai_client(simulator, key, patience_s)
    answer = assemblyai.SyncTranscriber(client=client).transcribe(whole_wav(), config=config)
    return Judged(
        answer.text,
        [(word.text, (word.start or 0) / 1000, (word.end or 0) / 1000) for word in answer.words],
        answer.audio_duration_ms / 1000,
        {"?", "!"},
    )


def deepgram_client(simulator: Simulator, key: str, capture: Capture) -> DeepgramClient:
    base = simulator.url("deepgram")
    environment = DeepgramClientEnvironment(base=base, production=base, agent=base, agent_rest=base)
    return DeepgramClient(api_key=key, environment=environment, httpx_client=capture.client)


def deepgram_hears(simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> Judged:
    capture = Capture(patience_s)
    deepgram_client(simulator, key, capture).listen.v1.media.transcribe_file(
        request=LIMPO_1.read_bytes(),
        model="nova-3",
        language="pt-BR",
        smart_format=True,
        diarize=True,
        utterances=True,
        keyterm=TERMS,
        mip_opt_out=True,
        request_options={"max_retries": 0},
    )
    answer = ListenV1Response.model_validate(capture.data)
    (channel,) = answer.results.channels
    assert channel.alternatives
    (best,) = channel.alternatives
    assert best.words is not None
    assert answer.results.utterances is not None
    assert " ".join(part.transcript or "" for part in answer.results.utterances) == best.transcript
    words = [(word.punctuated_word, word.start or 0.0, word.end or 0.0) for word in best.words]  # type: ignore[attr-defined]
    return Judged(best.transcript or "", words, answer.metadata.duration, {word.speaker for word in best.words})


def openai_client(
    simulator: Simulator, key: str, provider: str = "openai", patience_s: float = PATIENCE_S
) -> openai.OpenAI:
    client = openai.OpenAI(base_url=simulator.url(provider), api_key=key, max_retries=0, timeout=patience_s)
    _CLOSERS.append(client.close)
    return client


def openai_hears(simulator: Simulator, key: str, patience_s: float = PATIENCE_S) -> Judged:
    raw = openai_client(simulator, key, patience_s=patience_s).audio.transcriptions.with_raw_response.create(
        model="whisper-1",
        file=LIMPO_1,
        language="pt",
        prompt=", ".join(TERMS),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        temperature=0,
    )
    answer = TranscriptionVerbose.model_validate(raw.http_response.json())
    assert isinstance(raw.parse(), TranscriptionVerbose)
    assert answer.words is not None
    assert answer.segments is not None
    assert "".join(segment.text for segment in answer.segments).strip() == answer.text
    words = [(word.word, word.start, word.end) for word in answer.words]
    return Judged(answer.text, words, answer.duration, {segment.id % 2 for segment in answer.segments} | {0, 1})


JUDGES: dict[str, Hear] = {
    "elevenlabs": elevenlabs_hears,
    "assemblyai": assemblyai_hears,
    "assemblyai-sync": assemblyai_sync_hears,
    "deepgram": deepgram_hears,
    "openai": openai_hears,
}
