"""Deepgram, pre-recorded transcription, as the SDK 7.17 reads it.

Sure (the SDK's models, the public page of errors): path, query, answer, `err_code` and `err_msg` of 400, 401, 402 and
429. Unsure: the bodies of 500 and 503, and the limits of keyterms (500 tokens, counted here as words).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from testes.simulador.exchange import Answer, Call, Desk, endpoint, without_punctuation
from testes.simulador.heard import Heard, SpokenWord
from testes.simulador.sounds import TooLargeError
from testes.simulador.texts import NoAudioError

_MAX_BYTES = 2_000_000_000
_MAX_KEYTERM_TOKENS = 500
_MODEL_ID = "3b3aabe4-608a-46ac-9585-7960a25daf1a"


def _error(status: int, code: str, message: str) -> Answer:
    return Answer({"err_code": code, "err_msg": message, "request_id": str(uuid.uuid4())}, status)


class Deepgram:
    """The stand-in."""

    name = "deepgram"

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses."""
        yield web.post("/deepgram/v1/listen", endpoint(desk, self, "transcrever", self._listen))
        yield web.get("/deepgram/v1/projects", endpoint(desk, self, "chave", self._projects))
        yield web.get("/deepgram/v1/auth/token", endpoint(desk, self, "chave", self._token))

    def headers(self) -> Mapping[str, str]:
        """As the real server names a request."""
        return {"dg-request-id": str(uuid.uuid4())}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        return {
            "401": lambda: _error(401, "INVALID_AUTH", "Invalid credentials."),
            "402": lambda: _error(
                402,
                "ASR_PAYMENT_REQUIRED",
                "Project does not have enough credits for an ASR request and does not have an overage agreement.",
            ),
            "429": lambda: _error(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
            "500": lambda: _error(500, "INTERNAL_SERVER_ERROR", "An internal error occurred."),
            "503": lambda: _error(503, "SERVICE_UNAVAILABLE", "Service is temporarily unavailable."),
        }[kind]()

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return key.strip() if scheme.lower() in ("token", "bearer") else ""

    async def _projects(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        return Answer({"projects": [{"project_id": str(uuid.UUID(int=1)), "name": "simulador"}]})

    async def _token(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        return Answer({"api_key_id": str(uuid.UUID(int=2)), "scopes": ["usage:write"]})

    async def _listen(self, call: Call) -> Answer:
        query = call.request.query
        try:
            body = await call.read_raw(_MAX_BYTES)
        except TooLargeError:
            raise call.refuse(_error(413, "PAYLOAD_TOO_LARGE", "Payload exceeds the 2 GB limit.")) from None
        await call.admit(gives_text=True)
        terms = query.getall("keyterm", [])
        model = query.get("model", "nova-3")
        if model.split("-")[0] not in ("nova", "enhanced", "base", "whisper"):
            raise call.refuse(_error(400, "Bad Request", "Bad Request: No such model/language/tier combination found."))
        if terms and not model.startswith("nova-3"):
            raise call.refuse(_error(400, "Bad Request", "Bad Request: keyterm is only supported by Nova-3."))
        if query.getall("keywords", []) and model.startswith("nova-3"):
            raise call.refuse(_error(400, "Bad Request", "Bad Request: keywords are not supported by Nova-3."))
        if sum(len(term.split()) for term in terms) > _MAX_KEYTERM_TOKENS:
            raise call.refuse(_error(400, "Bad Request", "Bad Request: Keyterm limit exceeded."))
        corrupt = _error(400, "Bad Request", "Bad Request: failed to process audio: corrupt or unsupported data")
        if call.request.content_type == "application/json":
            raise call.refuse(_error(400, "REMOTE_CONTENT_ERROR", "This stand-in fetches nothing."))
        assert body.sound is not None
        channels = int(query.get("channels", "1")) if query.get("channels", "1").isdigit() else 0
        raw = query.get("encoding") == "linear16"
        try:
            if raw and (query.get("sample_rate") != "16000" or channels not in (1, 2)):
                raise call.refuse(corrupt)
            heard = await call.hear(body.sound, raw=raw, channels=channels, keyterms=terms)
        except NoAudioError:
            raise call.refuse(corrupt) from None
        finally:
            body.sound.close()
        return Answer(self._transcript(call, heard, body.sound.sha256))

    def _transcript(self, call: Call, heard: Heard, sha256: str) -> dict[str, Any]:
        query = call.request.query
        formatted = "true" in (query.get("smart_format"), query.get("punctuate"))
        diarize = query.get("diarize") == "true" or "diarize_model" in query

        def text_of(words: tuple[SpokenWord, ...]) -> str:
            return " ".join(word.text if formatted else without_punctuation(word.text) for word in words)

        def row(word: SpokenWord) -> dict[str, Any]:
            listed: dict[str, Any] = {
                "word": without_punctuation(word.text),
                "start": word.start_s,
                "end": word.end_s,
                "confidence": word.confidence,
            }
            if diarize:
                listed |= {"speaker": word.speaker, "speaker_confidence": 0.8}
            return listed | ({"punctuated_word": word.text} if formatted else {})

        alternative = {
            "transcript": text_of(heard.words),
            "confidence": heard.confidence,
            "words": [row(word) for word in heard.words],
        }
        results: dict[str, Any] = {"channels": [{"alternatives": [alternative]}]}
        if query.get("utterances") == "true":
            results["utterances"] = [
                {
                    "start": turn[0].start_s,
                    "end": turn[-1].end_s,
                    "confidence": heard.confidence,
                    "channel": 0,
                    "transcript": text_of(turn),
                    "words": [row(word) for word in turn],
                    "id": str(uuid.uuid4()),
                }
                | ({"speaker": turn[0].speaker} if diarize else {})
                for turn in heard.turns()
            ]
        model = query.get("model", "nova-3")
        return {
            "metadata": {
                "transaction_key": "deprecated",
                "request_id": str(uuid.uuid4()),
                "sha256": sha256,
                "created": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "duration": round(heard.duration_s, 6),
                "channels": 1,
                "models": [_MODEL_ID],
                "model_info": {_MODEL_ID: {"name": f"general-{model}", "version": "2025-07-31.0", "arch": model}},
            },
            "results": results,
        }
