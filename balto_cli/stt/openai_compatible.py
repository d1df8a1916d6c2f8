"""OpenAI's transcriptions, and those of every server that speaks its API, by the official `openai` package.

The package builds and signs the request; the answer is taken as it came, since checking it by the package's models
costs more CPU than everything else.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, cast

from balto_cli.stt.answers import (
    as_object,
    duration,
    label,
    list_in,
    number,
    optional_text,
    ordered,
    parsed,
    text_in,
    word,
)
from balto_cli.stt.base import Capabilities
from balto_cli.stt.body import Body
from balto_cli.stt.failures import refused
from balto_cli.stt.http import guarded, phases, timeouts_for
from balto_cli.stt.keyterms import KeytermLimits, fitting
from balto_cli.stt.prices import USD_PER_HOUR, usd_per_hour
from balto_cli.stt.remote import Heard, RemoteTranscriber

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from balto_cli.settings import Access
    from balto_cli.stt.upload import Parcel

DIARIZE_MODEL = "gpt-4o-transcribe-diarize"
KEYWORDS_MODEL = "gpt-transcribe"
"""The model that takes terms as such; others take a text that goes before, those that diarize nothing."""
KEYWORDS = KeytermLimits(count=100, characters_each=100)
"""OpenAI names no limit."""
PROMPT = KeytermLimits(count=100, characters_all=450)
"""Whisper reads the last 224 tokens of its prompt; names of medicines take up to one token for two letters."""
PROMPT_BEFORE = "Medicamentos: "


class OpenAICompatible(RemoteTranscriber):
    """A `Transcriber` by POST /audio/transcriptions."""

    option = "openai"
    label = "OpenAI"
    default_model = "whisper-1"
    default_address = "https://api.openai.com/v1"

    def __init__(self, access: Access, **options: Any) -> None:
        """As `RemoteTranscriber`."""
        super().__init__(access, **options)
        self._made: tuple[object, Any] | None = None

    def _describe(self) -> Capabilities:
        own = self._address == self.default_address
        return Capabilities(
            max_concurrency=10,
            containers=frozenset({"wav", "mp3", "flac", "ogg", "matroska", "mov"}),
            max_upload_bytes=25 * 1024 * 1024,
            max_audio_s=1500.0 if self._model.startswith("gpt-4o") else None,
            keyterms=0 if self._model == DIARIZE_MODEL else KEYWORDS.count,
            speakers=self._model == DIARIZE_MODEL,
            # Another server's own models have no price here.
            usd_per_hour=usd_per_hour(self.option, self._model)
            if own or self._model in USD_PER_HOUR[self.option]
            else 0.0,
        )

    def _headers(self) -> dict[str, str]:
        return {}

    def _endings(self) -> frozenset[str]:
        return frozenset({"wav", "mp3", "flac", "ogg", "webm", "m4a", "mp4"})

    async def _hear(self, parcel: Parcel, language: str, terms: Sequence[str]) -> Heard:
        body = Body(parcel)
        fields = self._fields(language, terms)
        timeouts = timeouts_for(parcel.duration_s, body.size)
        package = await self._package()

        async def send() -> httpx.Response:
            import httpx
            import openai

            try:
                async with body.as_file() as file:
                    response: httpx.Response = await package.post(
                        "/audio/transcriptions",
                        cast_to=httpx.Response,
                        body=fields,
                        files={"file": (parcel.filename, file, parcel.media_type)},
                        options={"headers": {"Content-Type": "multipart/form-data"}, "timeout": phases(timeouts)},
                    )
            except openai.APIStatusError as error:
                return cast("httpx.Response", error.response)
            except openai.APIConnectionError as error:
                # What the library below said is what tells the failures apart.
                failure = error.__cause__ or error
            else:
                return response
            raise failure

        response = await guarded(send, self._peer, timeouts, body)
        if not response.is_success:
            raise refused(self._peer, response.status_code, response.headers, response.content)
        return read(parsed(response.content), parcel.duration_s, self._model, self.capabilities.usd_per_hour)

    async def _ready(self) -> None:
        await self._package()

    async def _package(self) -> Any:
        """The package around the shared connections; retries are the business of whoever wraps this."""
        client = await self._pool.client(self)
        if self._made is None or self._made[0] is not client:
            # Importing the package takes most of a second, which the event loop cannot spare.
            AsyncOpenAI = (await asyncio.to_thread(importlib.import_module, "openai")).AsyncOpenAI  # noqa: N806
            # The package takes httpx's clients as well as those that its types name.
            around: Any = client
            self._made = (
                client,
                AsyncOpenAI(
                    api_key=self._key.get_secret_value(), base_url=self._address, http_client=around, max_retries=0
                ),
            )
        return self._made[1]

    def _fields(self, language: str, terms: Sequence[str]) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": self._model, "language": language}
        if self._model == DIARIZE_MODEL:
            return {**fields, "response_format": "diarized_json", "chunking_strategy": "auto"}
        if self._model.startswith("gpt-"):
            fields["response_format"] = "json"
        else:
            fields |= {"response_format": "verbose_json", "timestamp_granularities": ["word"], "temperature": 0}
        if self._model == KEYWORDS_MODEL:
            keywords = fitting(terms, KEYWORDS)
            return {**fields, "keywords": keywords} if keywords else fields
        prompt = ", ".join(fitting(terms, PROMPT))
        return {**fields, "prompt": f"{PROMPT_BEFORE}{prompt}."} if prompt else fields


def read(answer: dict[str, Any], duration_s: float, model: str, price: float) -> Heard:
    """An answer in `json`, `verbose_json` or `diarized_json`. Raises `WrongShapeError`.

    Words come with times from Whisper alone; a diarized answer has stretches of speech, whose words share their times.
    """
    items = [as_object(item) for item in list_in(answer, "words")]
    found = [word(item, "word") for item in items]
    if not found:
        found = [
            entry
            for segment in list_in(answer, "segments")
            if "speaker" in as_object(segment)
            for entry in _spread(segment)
        ]
    usage = answer.get("usage")
    billed_s = duration(usage.get("seconds")) if isinstance(usage, dict) else None
    return Heard(
        text=text_in(answer, "text"),
        words=ordered(found, duration_s),
        model=optional_text(answer.get("model")) or model,
        raw=answer,
        usd_per_hour=price,
        duration_s=billed_s if billed_s is not None else duration(answer.get("duration")),
    )


def _spread(segment: dict[str, Any]) -> list[tuple[str, float | None, float | None, float | None, str | None]]:
    """The words of a stretch of speech, each with an equal share of its time."""
    said = (optional_text(segment.get("text")) or "").split()
    start_s, end_s = number(segment.get("start")), number(segment.get("end"))
    if not said or start_s is None or end_s is None:
        return [(text, None, None, None, label(segment.get("speaker"))) for text in said]
    step_s = max(0.0, end_s - start_s) / len(said)
    return [
        (text, start_s + step_s * place, start_s + step_s * (place + 1), None, label(segment.get("speaker")))
        for place, text in enumerate(said)
    ]
