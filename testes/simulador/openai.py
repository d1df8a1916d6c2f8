"""OpenAI's transcriptions, as the SDK 3.57 reads them; its chat is in `chat`.

Sure (the SDK's models and errors, errors that people report): fields, formats, `{"error": {message, type, param,
code}}`, the 401, both kinds of 429, the refused format of `gpt-4o-transcribe`, the limit of 25 MiB. Models that are not
OpenAI's own are taken where their name has a `/`, as servers that speak this API spell theirs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from testes.simulador.chat import Chat, bearer, masked
from testes.simulador.exchange import Answer, Call, Desk, endpoint, without_punctuation
from testes.simulador.heard import Heard
from testes.simulador.sounds import Body, TooLargeError, UnreadableError
from testes.simulador.texts import NoAudioError

_MAX_BYTES = 26_214_400
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_MODELS = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
)
_ENDINGS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_CHAT_MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano")


def error(status: int, message: str, *, kind: str = "invalid_request_error", param: str | None = None,
          code: str | None = None) -> Answer:  # fmt: skip
    """An error as OpenAI words it."""
    return Answer({"error": {"message": message, "type": kind, "param": param, "code": code}}, status)


class OpenAI:
    """The stand-in."""

    name = "openai"

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses, with and without `/v1`."""
        for base in ("/openai/v1", "/openai"):
            yield web.post(f"{base}/audio/transcriptions", endpoint(desk, self, "transcrever", self._transcribe))
            yield web.post(f"{base}/chat/completions", endpoint(desk, self, "chat", self._complete))
            yield web.get(f"{base}/models", endpoint(desk, self, "chave", self._models))

    def headers(self) -> Mapping[str, str]:
        """As the real server names a request."""
        return {"x-request-id": f"req_{uuid.uuid4().hex}", "openai-processing-ms": "12", "openai-version": "2020-10-01"}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        return {
            "401": lambda: error(
                401,
                f"Incorrect API key provided: {masked(key, max(3, len(key) - 4))}. You can find your API key at"
                " https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
            ),
            "402": lambda: error(
                429,
                "You exceeded your current quota, please check your plan and billing details.",
                kind="insufficient_quota",
                code="insufficient_quota",
            ),
            "429": lambda: error(
                429,
                "Rate limit reached for requests. Please try again in 1s.",
                kind="requests",
                code="rate_limit_exceeded",
            ),
            "500": lambda: error(
                500, "The server had an error while processing your request. Sorry about that!", kind="server_error"
            ),
            "503": lambda: error(503, "The engine is currently overloaded, please try again later", kind="overloaded"),
        }[kind]()

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        return bearer(request)

    async def _models(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        rows = [
            {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "system"}
            for model in (*_MODELS, *_CHAT_MODELS)
        ]
        return Answer({"object": "list", "data": rows})

    async def _complete(self, call: Call) -> Answer:
        return await self._chat.complete(call, error=error)

    async def _transcribe(self, call: Call) -> Answer:
        try:
            body = await call.read_multipart("file", _MAX_BYTES)
        except TooLargeError:
            message = f"Maximum content size limit ({_MAX_BYTES}) exceeded"
            raise call.refuse(error(413, message, kind="server_error")) from None
        except UnreadableError as problem:
            raise call.refuse(error(400, f"Could not parse multipart form: {problem}")) from None
        await call.admit(gives_text=True)
        self._check(call, body)
        assert body.sound is not None
        try:
            heard = await call.hear(body.sound, keyterms=_expected(body))
        except NoAudioError:
            message = "Audio file might be corrupted or unsupported"
            raise call.refuse(error(400, message, param="file", code="invalid_value")) from None
        finally:
            body.sound.close()
        return _transcript(heard, body)

    def _check(self, call: Call, body: Body) -> None:
        """Raise `RefusedError` for what the real server does not take."""
        model, form = body.one("model"), body.one("response_format", "json")
        if not model:
            raise call.refuse(error(400, "you must provide a model parameter"))
        if model not in _MODELS and "/" not in model:
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise call.refuse(error(404, message, code="model_not_found"))
        if body.sound is None:
            raise call.refuse(error(400, "Missing required parameter: 'file'.", param="file"))
        if body.flag("stream"):
            raise call.refuse(error(400, "This stand-in does not stream.", param="stream"))
        ending = body.sound.filename.lower().rpartition(".")[2]
        if ending not in _ENDINGS:
            message = f"Unrecognized file format. Supported formats: {list(_ENDINGS)}"
            raise call.refuse(error(400, message, param="file", code="invalid_value"))
        allowed: tuple[str, ...] = _FORMATS
        if model.endswith("-diarize"):
            allowed = ("json", "text", "diarized_json")
        elif model.startswith("gpt-"):
            allowed = ("json", "text")
        elif model == "whisper-1":
            allowed = tuple(name for name in _FORMATS if name != "diarized_json")
        if form not in allowed:
            message = f"response_format '{form}' is not compatible with model '{model}'. Use 'json' or 'text' instead."
            raise call.refuse(error(400, message, param="response_format", code="unsupported_value"))
        if body.many("timestamp_granularities") and form != "verbose_json":
            message = "timestamp_granularities requires response_format 'verbose_json'."
            raise call.refuse(error(400, message, param="timestamp_granularities"))


def _expected(body: Body) -> list[str]:
    """Words that the request names: keywords, or a prompt."""
    return [*body.many("keywords"), *re.findall(r"\w+", body.one("prompt"))]


def _transcript(heard: Heard, body: Body) -> Answer:
    form, model = body.one("response_format", "json"), body.one("model")
    duration_s = round(heard.duration_s, 3)
    by_duration = {"type": "duration", "seconds": max(1, round(duration_s))}
    by_tokens = {
        "type": "tokens",
        "input_tokens": round(duration_s * 10),
        "output_tokens": len(heard.words) * 2,
        "total_tokens": round(duration_s * 10) + len(heard.words) * 2,
        "input_token_details": {"text_tokens": 0, "audio_tokens": round(duration_s * 10)},
    }
    usage = by_tokens if model.startswith("gpt-") else by_duration
    if form == "text":
        return Answer(heard.text + "\n", content_type="text/plain")
    if form in ("srt", "vtt"):
        return Answer(_subtitles(heard, form), content_type="text/plain")
    if form == "diarized_json":
        segments = [
            {
                "id": f"seg_{place}",
                "type": "transcript.text.segment",
                "start": turn[0].start_s,
                "end": turn[-1].end_s,
                "speaker": chr(ord("A") + turn[0].speaker),
                "text": " ".join(word.text for word in turn),
            }
            for place, turn in enumerate(heard.turns())
        ]
        return Answer({"task": "transcribe", "duration": duration_s, "text": heard.text, "segments": segments,
                       "usage": usage})  # fmt: skip
    answer: dict[str, Any] = {"text": heard.text, "usage": usage}
    if form == "json":
        return Answer(answer)
    wanted = body.many("timestamp_granularities") or ["segment"]
    answer |= {"task": "transcribe", "language": "portuguese", "duration": duration_s}
    if "word" in wanted:
        answer["words"] = [
            {"word": without_punctuation(word.text), "start": word.start_s, "end": word.end_s} for word in heard.words
        ]
    if "segment" in wanted:
        answer["segments"] = [
            {
                "id": place,
                "seek": 0,
                "start": turn[0].start_s,
                "end": turn[-1].end_s,
                "text": " " + " ".join(word.text for word in turn),
                "tokens": [50364],
                "temperature": 0.0,
                "avg_logprob": -0.2,
                "compression_ratio": 1.2,
                "no_speech_prob": 0.01,
            }
            for place, turn in enumerate(heard.turns())
        ]
    return Answer(answer)


def _subtitles(heard: Heard, form: str) -> str:
    mark = "," if form == "srt" else "."

    def clock(seconds: float) -> str:
        ms = round(seconds * 1000)
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"

    cues = [
        f"{place}\n{clock(turn[0].start_s)} --> {clock(turn[-1].end_s)}\n{' '.join(word.text for word in turn)}\n"
        for place, turn in enumerate(heard.turns(), 1)
    ]
    return ("WEBVTT\n\n" if form == "vtt" else "") + "\n".join(cues)
