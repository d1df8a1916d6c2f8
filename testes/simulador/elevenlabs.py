"""ElevenLabs, batch transcription, as the SDK 2.78 reads it.

Sure (the SDK's models and docstrings, the public help pages, errors that people report): fields of request and
answer, limits of keyterms, `detail.status` of 401 (`invalid_api_key`, `quota_exceeded`: an empty account is a 401
too) and 429. Unsure: the wording of the other errors, and whether a broken keyterm is a 400 or a 422.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from testes.simulador.exchange import Answer, Call, Desk, endpoint
from testes.simulador.heard import Heard
from testes.simulador.sounds import Body, TooLargeError, UnreadableError
from testes.simulador.texts import NoAudioError

_MAX_BYTES = 3_000_000_000
_MAX_KEYTERMS = 1000
_MAX_KEYTERM_CHARACTERS = 50
_MAX_KEYTERM_WORDS = 5
_FORBIDDEN_CHARACTERS = set("<>{}[]\\")
_MODELS = ("scribe_v1", "scribe_v2", "scribe_v2_medical", "scribe_v3")
_MIN_BYTES_PCM = 3200


def _error(status: int, kind: str, code: str, message: str, param: str | None = None) -> Answer:
    detail = {"type": kind, "code": code, "message": message, "status": code, "request_id": uuid.uuid4().hex}
    return Answer({"detail": detail | ({"param": param} if param else {})}, status)


class ElevenLabs:
    """The stand-in."""

    name = "elevenlabs"

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses."""
        base = "/elevenlabs/v1"
        yield web.post(f"{base}/speech-to-text", endpoint(desk, self, "transcrever", self._convert))
        yield web.get(f"{base}/user", endpoint(desk, self, "chave", self._user))
        yield web.get(f"{base}/models", endpoint(desk, self, "chave", self._models))

    def headers(self) -> Mapping[str, str]:
        """As the real server names a request."""
        return {"request-id": uuid.uuid4().hex, "x-trace-id": uuid.uuid4().hex}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        return {
            "401": lambda: _error(401, "authentication_error", "invalid_api_key", "Invalid API key"),
            "402": lambda: _error(
                401,
                "authentication_error",
                "quota_exceeded",
                "This request exceeds your quota of 10000. You have 0 credits remaining, while 91 credits are required"
                " for this request.",
            ),
            "429": lambda: _error(
                429,
                "rate_limit_error",
                "too_many_concurrent_requests",
                "Too many concurrent requests. Your current subscription is associated with a maximum of 10 concurrent"
                " requests (running in parallel).",
            ),
            "500": lambda: _error(500, "internal_error", "internal_server_error", "Internal Server Error"),
            "503": lambda: _error(503, "service_unavailable", "system_busy", "The system is busy"),
        }[kind]()

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        return request.headers.get("xi-api-key", "")

    async def _user(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        return Answer({"user_id": "simulador", "subscription": {"tier": "creator", "status": "active"}})

    async def _models(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        return Answer([{"model_id": model, "name": model} for model in _MODELS])

    async def _convert(self, call: Call) -> Answer:
        try:
            body = await call.read_multipart("file", _MAX_BYTES)
        except TooLargeError:
            raise call.refuse(_error(413, "validation_error", "file_too_large", "File size exceeds 3GB")) from None
        except UnreadableError as error:
            raise call.refuse(_error(400, "validation_error", "invalid_parameters", str(error))) from None
        await call.admit(gives_text=True)
        self._check(call, body)
        assert body.sound is not None
        raw = body.one("file_format", "other") == "pcm_s16le_16"
        try:
            if raw and body.sound.size < _MIN_BYTES_PCM:
                raise call.refuse(_error(400, "validation_error", "audio_too_short", "Audio is too short.", "file"))
            heard = await call.hear(body.sound, raw=raw, keyterms=body.many("keyterms"))
        except NoAudioError:
            message = "File upload is corrupted. Please ensure it is playable audio."
            raise call.refuse(_error(400, "validation_error", "invalid_content", message, "file")) from None
        finally:
            body.sound.close()
        return Answer(_transcript(heard, body))

    def _check(self, call: Call, body: Body) -> None:
        """Raise `RefusedError` for what the real server does not take."""

        def bad(param: str, message: str) -> Exception:
            return call.refuse(_error(400, "validation_error", "invalid_parameters", message, param))

        if body.one("model_id") not in _MODELS:
            message = f"'{body.one('model_id')}' is not a valid model_id. Only {', '.join(_MODELS)} are supported."
            raise call.refuse(_error(400, "validation_error", "invalid_model_id", message, "model_id"))
        if body.one("cloud_storage_url") or body.one("source_url"):
            raise bad("source_url", "This stand-in fetches nothing.")
        if body.flag("webhook"):
            raise bad("webhook", "No webhook is configured.")
        if body.sound is None:
            raise bad("file", "Exactly one of file or cloud_storage_url must be provided.")
        if body.one("file_format", "other") not in ("other", "pcm_s16le_16"):
            raise bad("file_format", "Input should be 'pcm_s16le_16' or 'other'")
        if body.one("timestamps_granularity", "word") not in ("none", "word", "character"):
            raise bad("timestamps_granularity", "Input should be 'none', 'word' or 'character'")
        terms = body.many("keyterms")
        if len(terms) > _MAX_KEYTERMS:
            raise bad("keyterms", f"The number of keyterms cannot exceed {_MAX_KEYTERMS}.")
        for term in terms:
            if len(term) > _MAX_KEYTERM_CHARACTERS:
                raise bad("keyterms", f"The length of each keyterm must be at most {_MAX_KEYTERM_CHARACTERS}.")
            if len(term.split()) > _MAX_KEYTERM_WORDS or not term.strip():
                raise bad("keyterms", f"Keyterms can contain at most {_MAX_KEYTERM_WORDS} words.")
            if _FORBIDDEN_CHARACTERS & set(term):
                raise bad("keyterms", "A keyterm has a character that is not supported.")
        if (speakers := body.one("num_speakers")) and not (speakers.isdigit() and 1 <= int(speakers) <= 32):
            raise bad("num_speakers", "Input should be between 1 and 32")


def _transcript(heard: Heard, body: Body) -> dict[str, Any]:
    diarize = body.flag("diarize")
    language = body.one("language_code")
    answer: dict[str, Any] = {
        "language_code": {"pt": "por"}.get(language, language or "por"),
        "language_probability": 1.0 if language else 0.97,
        "text": heard.text,
        "words": [],
        "transcription_id": uuid.uuid4().hex,
        "audio_duration_secs": round(heard.duration_s, 3),
    }
    if body.one("timestamps_granularity", "word") == "none":
        return answer
    words = answer["words"]
    for word in heard.words:
        speaker = {"speaker_id": f"speaker_{word.speaker}" if diarize else None}
        if words:
            words.append(
                {"text": " ", "start": words[-1]["end"], "end": word.start_s, "type": "spacing", "logprob": 0.0}
                | speaker
            )
        words.append(
            {
                "text": word.text,
                "start": word.start_s,
                "end": word.end_s,
                "type": "word",
                "logprob": round(math.log(word.confidence), 4),
            }
            | speaker
        )
    return answer
