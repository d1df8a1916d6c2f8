"""ElevenLabs Scribe: one form with the audio, one answer.

POST /v1/speech-to-text as the official SDK (elevenlabs 2.78) sends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from balto_cli.stt.answers import (
    as_object,
    duration,
    label,
    list_in,
    optional_text,
    ordered,
    parsed,
    probability_of_log,
    text_in,
    word,
)
from balto_cli.stt.base import Capabilities
from balto_cli.stt.body import multipart
from balto_cli.stt.keyterms import KeytermLimits, fitting
from balto_cli.stt.prices import KEYTERMS_USD_PER_HOUR, usd_per_hour
from balto_cli.stt.remote import Heard, RemoteTranscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.stt.upload import Parcel

MANY_KEYTERMS = 100
"""Above this a request is billed as at least `MANY_KEYTERMS_S`, so shorter audio gets no more."""
MANY_KEYTERMS_S = 20.0
KEYTERMS = KeytermLimits(count=1000, characters_each=49, words_each=5)
"""Of the SDK's documentation, which says both "at most 50" and elsewhere "less than 50" characters."""
_LANGUAGES = {"pt": "por"}


class ElevenLabs(RemoteTranscriber):
    """A `Transcriber` by ElevenLabs' batch endpoint; segments go as raw PCM, which it answers soonest."""

    option = "elevenlabs"
    label = "ElevenLabs"
    default_model = "scribe_v2"
    default_address = "https://api.elevenlabs.io"

    def _describe(self) -> Capabilities:
        return Capabilities(
            max_concurrency=8,
            containers=frozenset(
                {"wav", "mp3", "ogg", "flac", "aac", "aiff", "matroska", "mov", "avi", "flv", "mpeg", "asf"}
            ),
            max_upload_bytes=3_000_000_000,
            max_audio_s=10 * 3600.0,
            keyterms=KEYTERMS.count,
            speakers=True,
            usd_per_hour=usd_per_hour(self.option, self._model),
            keyterms_usd_per_hour=KEYTERMS_USD_PER_HOUR[self.option],
        )

    def _headers(self) -> dict[str, str]:
        return {"xi-api-key": self._key.get_secret_value()}

    def _segment_as(self) -> Literal["pcm", "wav"]:
        return "pcm"

    async def _hear(self, parcel: Parcel, language: str, terms: Sequence[str]) -> Heard:
        keyterms = fitting(terms, KEYTERMS)
        if parcel.duration_s < MANY_KEYTERMS_S:
            keyterms = keyterms[:MANY_KEYTERMS]
        fields = [
            ("model_id", self._model),
            ("language_code", _LANGUAGES.get(language, language)),
            ("timestamps_granularity", "word"),
            ("tag_audio_events", "false"),
            ("diarize", str(self._speakers).lower()),
        ]
        if parcel.ending == "pcm":
            fields.append(("file_format", "pcm_s16le_16"))
        fields += [("keyterms", term) for term in keyterms]
        content_type, body = multipart(fields, "file", parcel)
        content = await self._post_audio("/v1/speech-to-text", body, {"content-type": content_type}, parcel.duration_s)
        price = usd_per_hour(self.option, self._model, keyterms=bool(keyterms), speakers=self._speakers)
        return read(parsed(content), parcel.duration_s, self._model, price)


def read(answer: dict[str, Any], duration_s: float, model: str, price: float) -> Heard:
    """An answer of the batch endpoint. Raises `WrongShapeError`."""
    items = [as_object(item) for item in list_in(answer, "words")]
    words = ordered(
        (
            word(
                item,
                "text",
                confidence=probability_of_log(item.get("logprob")),
                speaker=label(item.get("speaker_id")),
            )
            for item in items
            # Spaces and noises are entries of their own.
            if item.get("type", "word") == "word"
        ),
        duration_s,
    )
    return Heard(
        text=text_in(answer, "text"),
        words=words,
        model=optional_text(answer.get("model_id")) or model,
        raw=answer,
        usd_per_hour=price,
        duration_s=duration(answer.get("audio_duration_secs")),
    )
