"""AssemblyAI: its synchronous endpoint for segments, a job for everything that this does not take.

Both as the official SDK (assemblyai 1.8) speaks them. `raw` says which of the two answered.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.answers import (
    WrongShapeError,
    as_object,
    duration,
    label,
    list_in,
    optional_text,
    ordered,
    parsed,
    probability,
    text_in,
    word,
)
from balto_cli.stt.base import Capabilities
from balto_cli.stt.body import Body, multipart
from balto_cli.stt.failures import means_audio
from balto_cli.stt.jobs import Finished, JobTranscriber, job_id
from balto_cli.stt.keyterms import KeytermLimits, fitting
from balto_cli.stt.prices import KEYTERMS_USD_PER_HOUR, SYNC, usd_per_hour
from balto_cli.stt.remote import SHORT_CALL, Heard, checked
from balto_cli.stt.upload import SEGMENT_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.settings import Access
    from balto_cli.stt.upload import Parcel

SYNC_MODEL = "universal-3-5-pro"
"""The one model of the synchronous endpoint."""
SYNC_ADDRESS = "https://sync.assemblyai.com"
SYNC_MAX_S = 120.0
SYNC_KEYTERMS = KeytermLimits(count=100, characters_all=8000)
KEYTERMS = KeytermLimits(count=1000, words_each=6)
UNIVERSAL_2_KEYTERMS = KeytermLimits(count=200, words_each=6)


class AssemblyAI(JobTranscriber):
    """A `Transcriber` by AssemblyAI."""

    option = "assemblyai"
    label = "AssemblyAI"
    default_model = SYNC_MODEL
    default_address = "https://api.assemblyai.com"

    def __init__(self, access: Access, *, sync_address: str | None = None, **options: Any) -> None:
        """As `RemoteTranscriber`; the synchronous endpoint is another host, by default AssemblyAI's own.

        With another address for the API and none for the synchronous endpoint, all goes by jobs: whoever set a proxy
        or a stand-in does not want audio to go elsewhere.
        """
        if sync_address is None and access.base_url is None:
            sync_address = SYNC_ADDRESS
        self._sync_address = checked(sync_address, "ASSEMBLYAI_SYNC_BASE_URL") if sync_address else None
        super().__init__(access, **options)

    def _describe(self) -> Capabilities:
        return Capabilities(
            max_concurrency=10,
            containers=frozenset(
                {"wav", "mp3", "ogg", "flac", "aac", "aiff", "amr", "matroska", "mov", "avi", "flv", "mpeg", "asf"}
            ),
            max_upload_bytes=2_200_000_000,
            max_audio_s=10 * 3600.0,
            keyterms=self._keyterm_limits().count,
            speakers=True,
            # A segment costs the price of the synchronous endpoint, a file that of its model: the higher one.
            usd_per_hour=max(
                usd_per_hour(self.option, self._model, speakers=self._speakers),
                usd_per_hour(self.option, SYNC) if self._synchronous else 0.0,
            ),
            keyterms_usd_per_hour=KEYTERMS_USD_PER_HOUR[self.option],
        )

    def _keyterm_limits(self) -> KeytermLimits:
        return UNIVERSAL_2_KEYTERMS if self._model == "universal-2" else KEYTERMS

    def _headers(self) -> dict[str, str]:
        return {"authorization": self._key.get_secret_value()}

    def _options(self) -> dict[str, str]:
        return {"segments": "sync" if self._synchronous else "job"}

    @property
    def _synchronous(self) -> bool:
        """Whether segments go to the synchronous endpoint, which has one model and tells no speakers apart."""
        return self._sync_address is not None and self._model == SYNC_MODEL and not self._speakers

    def _segment_as(self) -> Literal["pcm", "wav"]:
        return "pcm" if self._synchronous else "wav"

    async def _hear(self, parcel: Parcel, language: str, terms: Sequence[str]) -> Heard:
        if parcel.ending == "pcm" and parcel.duration_s <= min(SYNC_MAX_S, SEGMENT_S):
            return await self._at_once(parcel, language, fitting(terms, SYNC_KEYTERMS))
        return await self._by_job(parcel, language, fitting(terms, self._keyterm_limits()))

    async def _at_once(self, parcel: Parcel, language: str, keyterms: list[str]) -> Heard:
        """One request to the synchronous endpoint: the configuration first, then the sound."""
        config: dict[str, Any] = {
            "language_codes": [language],
            "sample_rate": SAMPLE_RATE_HZ,
            "channels": 1,
            "timestamps": True,
        }
        if keyterms:
            config["keyterms_prompt"] = keyterms
        content_type, body = multipart([("config", json.dumps(config))], "audio", parcel, json_fields=("config",))
        content = await self._post_audio(
            "/v1/transcribe",
            body,
            {"content-type": content_type, "x-aai-model": SYNC_MODEL},
            parcel.duration_s,
            address=self._sync_address,
        )
        answer = parsed(content)
        heard = _heard(
            answer,
            parcel.duration_s,
            model=SYNC_MODEL,
            price=usd_per_hour(self.option, SYNC, keyterms=bool(keyterms)),
            billed_s=duration(answer.get("audio_duration_ms"), 0.001),
        )
        heard.raw["balto"] = {"caminho": "síncrono"}
        return heard

    async def _upload(self, parcel: Parcel) -> str:
        content = await self._post_audio(
            "/v2/upload", Body(parcel), {"content-type": "application/octet-stream"}, parcel.duration_s
        )
        return optional_text(parsed(content).get("upload_url")) or ""

    async def _start(self, audio_url: str, language: str, keyterms: Sequence[str]) -> str:
        request: dict[str, Any] = {
            "audio_url": audio_url,
            "language_code": language,
            "speech_models": [self._model],
        }
        if self._speakers:
            request["speaker_labels"] = True
        if keyterms:
            request["keyterms_prompt"] = list(keyterms)
        content = await self._exchange("POST", f"{self._address}/v2/transcript", SHORT_CALL, json=request)
        return f"/v2/transcript/{job_id(parsed(content))}"

    def _finished(self, answer: dict[str, Any]) -> Finished | None:
        status = answer.get("status")
        if status in ("queued", "processing"):
            return None
        if status == "completed":
            return Finished(answer)
        if status != "error":
            raise WrongShapeError
        if means_audio(str(answer.get("error"))):
            failure = ProviderError(
                f"{self.label} não conseguiu ler este áudio: confira se o arquivo abre e tem som.", kind=Failure.AUDIO
            )
        else:
            # Failed transcripts are not charged (AssemblyAI, "How does pricing work?").
            failure = ProviderError(
                f"{self.label} não conseguiu transcrever: tente de novo mais tarde.", kind=Failure.SERVER
            )
        return Finished(answer, failure)

    def _read(self, answer: dict[str, Any], parcel: Parcel, keyterms: Sequence[str]) -> Heard:
        return _heard(
            answer,
            parcel.duration_s,
            model=optional_text(answer.get("speech_model_used")) or self._model,
            price=usd_per_hour(self.option, self._model, keyterms=bool(keyterms), speakers=self._speakers),
            billed_s=duration(answer.get("audio_duration")),
        )


def _heard(answer: dict[str, Any], duration_s: float, *, model: str, price: float, billed_s: float | None) -> Heard:
    """What both endpoints answer alike; times are in milliseconds."""
    items = [as_object(item) for item in list_in(answer, "words")]
    words = ordered(
        (
            word(
                item,
                "text",
                scale=0.001,
                confidence=probability(item.get("confidence")),
                speaker=label(item.get("speaker")),
            )
            for item in items
        ),
        duration_s,
    )
    return Heard(
        text=text_in(answer, "text"),
        words=words,
        model=model,
        raw=answer,
        usd_per_hour=price,
        duration_s=billed_s,
        confidence=probability(answer.get("confidence")),
    )
