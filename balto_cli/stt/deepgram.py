"""Deepgram: the audio is the body of one request, the options are its query.

POST /v1/listen as the official SDK (deepgram-sdk 7.17) sends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
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
from balto_cli.stt.body import Body
from balto_cli.stt.keyterms import KeytermLimits, fitting
from balto_cli.stt.prices import KEYTERMS_USD_PER_HOUR, usd_per_hour
from balto_cli.stt.remote import Heard, RemoteTranscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.stt.upload import Parcel

KEYTERMS = KeytermLimits(count=100, tokens_all=500)
_LANGUAGES = {"pt": "pt-BR"}


class Deepgram(RemoteTranscriber):
    """A `Transcriber` by Deepgram's endpoint for files; segments go as raw PCM."""

    option = "deepgram"
    label = "Deepgram"
    default_model = "nova-3"
    default_address = "https://api.deepgram.com"

    def _describe(self) -> Capabilities:
        return Capabilities(
            max_concurrency=20,
            containers=frozenset({"wav", "mp3", "ogg", "flac", "aac", "aiff", "amr", "matroska", "mov", "avi", "mpeg"}),
            max_upload_bytes=2_000_000_000,
            # Only Nova-3 takes phrases; the older parameter wants single words with weights.
            keyterms=KEYTERMS.count if self._model.startswith("nova-3") else 0,
            speakers=True,
            usd_per_hour=usd_per_hour(self.option, self._model),
            keyterms_usd_per_hour=KEYTERMS_USD_PER_HOUR[self.option],
        )

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Token {self._key.get_secret_value()}"}

    def _segment_as(self) -> Literal["pcm", "wav"]:
        return "pcm"

    async def _hear(self, parcel: Parcel, language: str, terms: Sequence[str]) -> Heard:
        keyterms = fitting(terms, KEYTERMS) if self.capabilities.keyterms else []
        query = [
            ("model", self._model),
            ("language", _LANGUAGES.get(language, language)),
            ("smart_format", "true"),
            # Keeps the audio out of Deepgram's training.
            ("mip_opt_out", "true"),
        ]
        if self._speakers:
            query.append(("diarize", "true"))
        if parcel.ending == "pcm":
            query += [("encoding", "linear16"), ("sample_rate", str(SAMPLE_RATE_HZ)), ("channels", "1")]
        query += [("keyterm", term) for term in keyterms]
        content_type = "application/octet-stream" if parcel.ending == "pcm" else parcel.media_type
        content = await self._post_audio(
            f"/v1/listen?{urlencode(query)}", Body(parcel), {"content-type": content_type}, parcel.duration_s
        )
        price = usd_per_hour(self.option, self._model, keyterms=bool(keyterms), speakers=self._speakers)
        return read(parsed(content), parcel.duration_s, self._model, price)


def read(answer: dict[str, Any], duration_s: float, model: str, price: float) -> Heard:
    """An answer for one channel. Raises `WrongShapeError`."""
    channels = list_in(as_object(answer.get("results")), "channels")
    alternatives = list_in(as_object(channels[0]), "alternatives") if channels else []
    if not alternatives:
        raise WrongShapeError
    best = as_object(alternatives[0])
    items = [as_object(item) for item in list_in(best, "words")]
    words = ordered(
        (
            word(
                item,
                "punctuated_word" if optional_text(item.get("punctuated_word")) else "word",
                confidence=probability(item.get("confidence")),
                speaker=label(item.get("speaker")),
            )
            for item in items
        ),
        duration_s,
    )
    found = answer.get("metadata")
    metadata: dict[str, Any] = found if isinstance(found, dict) else {}
    return Heard(
        text=text_in(best, "transcript"),
        words=words,
        model=_model_in(metadata) or model,
        raw=answer,
        usd_per_hour=price,
        duration_s=duration(metadata.get("duration")),
        confidence=probability(best.get("confidence")),
    )


def _model_in(metadata: dict[str, Any]) -> str | None:
    """The model's family as answered (`nova-3`); its own name is a long one with a date."""
    models = metadata.get("model_info")
    for found in models.values() if isinstance(models, dict) else ():
        if isinstance(found, dict) and (name := optional_text(found.get("arch")) or optional_text(found.get("name"))):
            return name
    return None
