"""Gladia: upload, job, questions.

Its API version 2 for recordings, after the official SDK (gladiaio-sdk 2.2) and the public documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from balto_cli.errors import Failure, ProviderError
from balto_cli.stt.answers import (
    WrongShapeError,
    as_object,
    duration,
    label,
    list_in,
    number,
    optional_text,
    ordered,
    parsed,
    probability,
    text_in,
    word,
)
from balto_cli.stt.base import Capabilities
from balto_cli.stt.body import multipart
from balto_cli.stt.jobs import Finished, JobTranscriber, job_id
from balto_cli.stt.keyterms import KeytermLimits, fitting
from balto_cli.stt.prices import usd_per_hour
from balto_cli.stt.remote import SHORT_CALL, Heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.stt.upload import Parcel

KEYTERMS = KeytermLimits(count=100, characters_each=100)
"""Gladia names no limit; it replaces words that sound alike, so a long list does harm."""


class Gladia(JobTranscriber):
    """A `Transcriber` by Gladia; it has no shorter way for segments."""

    option = "gladia"
    label = "Gladia"
    default_model = "solaria-1"
    default_address = "https://api.gladia.io"

    def _describe(self) -> Capabilities:
        return Capabilities(
            max_concurrency=3,
            containers=frozenset({"wav", "mp3", "ogg", "flac", "aac", "aiff", "matroska", "mov", "avi", "flv"}),
            max_upload_bytes=1_000_000_000,
            max_audio_s=135 * 60.0,
            keyterms=KEYTERMS.count,
            speakers=True,
            usd_per_hour=usd_per_hour(self.option, self._model),
        )

    def _headers(self) -> dict[str, str]:
        return {"x-gladia-key": self._key.get_secret_value()}

    async def _hear(self, parcel: Parcel, language: str, terms: Sequence[str]) -> Heard:
        return await self._by_job(parcel, language, fitting(terms, KEYTERMS))

    async def _upload(self, parcel: Parcel) -> str:
        content_type, body = multipart((), "audio", parcel)
        content = await self._post_audio("/v2/upload", body, {"content-type": content_type}, parcel.duration_s)
        return optional_text(parsed(content).get("audio_url")) or ""

    async def _start(self, audio_url: str, language: str, keyterms: Sequence[str]) -> str:
        request: dict[str, Any] = {
            "audio_url": audio_url,
            "model": self._model,
            "language_config": {"languages": [language], "code_switching": False},
            "diarization": self._speakers,
        }
        if keyterms:
            request["custom_vocabulary"] = True
            request["custom_vocabulary_config"] = {"vocabulary": list(keyterms)}
        content = await self._exchange("POST", f"{self._address}/v2/pre-recorded", SHORT_CALL, json=request)
        # The answer holds an address for the result, too; the key goes to no address but the one that was set.
        return f"/v2/pre-recorded/{job_id(parsed(content))}"

    def _finished(self, answer: dict[str, Any]) -> Finished | None:
        status = answer.get("status")
        if status in ("queued", "processing"):
            return None
        if status == "done":
            return Finished(answer)
        if status != "error":
            raise WrongShapeError
        code = number(answer.get("error_code")) or 500
        if 400 <= code < 500:
            failure = ProviderError(
                f"{self.label} não conseguiu ler este áudio: confira se o arquivo abre e tem som.", kind=Failure.AUDIO
            )
        else:
            failure = ProviderError(
                f"{self.label} não conseguiu transcrever: tente de novo mais tarde.",
                kind=Failure.SERVER,
                perhaps_billed=True,
            )
        return Finished(answer, failure)

    def _read(self, answer: dict[str, Any], parcel: Parcel, keyterms: Sequence[str]) -> Heard:
        result = as_object(answer.get("result"))
        transcription = as_object(result.get("transcription"))
        utterances = [as_object(utterance) for utterance in list_in(transcription, "utterances")]
        words = ordered(
            (
                word(
                    item,
                    "word",
                    confidence=probability(as_object(item).get("confidence")),
                    speaker=label(utterance.get("speaker")),
                )
                for utterance in utterances
                for item in list_in(utterance, "words")
            ),
            parcel.duration_s,
        )
        metadata = result.get("metadata")
        asked = answer.get("request_params")
        return Heard(
            text=text_in(transcription, "full_transcript"),
            words=words,
            model=(optional_text(asked.get("model")) if isinstance(asked, dict) else None) or self._model,
            raw=answer,
            usd_per_hour=usd_per_hour(self.option, self._model),
            duration_s=duration(metadata.get("billing_time")) if isinstance(metadata, dict) else None,
        )
