"""AssemblyAI's synchronous API, as the SDK 1.8 reads it: one request, WAV or raw PCM up to 120 s.

Sure (the SDK's source, the public page of errors): paths, the parts `config` then `audio`, the header `X-AAI-Model`,
limits, statuses, the problem-details envelope. Unsure: the envelope of an empty account.
"""

from __future__ import annotations

import json
import struct
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from testes.simulador.exchange import Answer, Call, Desk, endpoint
from testes.simulador.sounds import Sound, TooLargeError, UnreadableError
from testes.simulador.texts import NoAudioError

_MAX_BYTES = 40_000_000
_MAX_S = 120.0
_MIN_S = 0.08
_MAX_KEYTERMS = 100
_MAX_KEYTERM_CHARACTERS = 8000
_MODELS = ("universal-3-5-pro",)


def _problem(status: int, title: str, detail: str) -> Answer:
    body = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return Answer(body, status, content_type="application/problem+json")


class AssemblyAISync:
    """The stand-in; its faults and errors go by the name `assemblyai`, its stage is `sincrona`."""

    name = "assemblyai"

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses, with and without `/v1`."""
        for base in ("/assemblyai-sync/v1", "/assemblyai-sync"):
            for path in ("/transcribe", "/transcribe/live", "/transcribe/stream"):
                yield web.post(base + path, endpoint(desk, self, "sincrona", self._transcribe))
            yield web.get(f"{base}/warm", endpoint(desk, self, "chave", self._warm))

    def headers(self) -> Mapping[str, str]:
        """None of interest."""
        return {}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        return {
            "401": _problem(401, "Unauthorized", "Missing or invalid API key"),
            "402": _problem(402, "Payment Required", "Your current account balance is negative. Please top up."),
            "429": _problem(429, "Too Many Requests", "Rate limit exceeded"),
            "500": _problem(500, "Inference Error", "Internal model error"),
            "503": _problem(503, "Capacity Exceeded", "Server is at its rate limit cap"),
        }[kind]

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()

    async def _warm(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        return Answer({"status": "ok"})

    async def _transcribe(self, call: Call) -> Answer:
        started_s = time.perf_counter()
        try:
            body = await call.read_multipart("audio", _MAX_BYTES)
            config = json.loads(body.one("config", "{}"))
            if not isinstance(config, dict):
                raise UnreadableError("config must be an object")
        except TooLargeError:
            raise call.refuse(_problem(413, "Audio Too Large", "file exceeds limit 40 MB")) from None
        except (UnreadableError, ValueError) as error:
            raise call.refuse(_problem(400, "Bad Request", str(error))) from None
        call.record.campos |= {"config": config}
        await call.admit(gives_text=True)
        sound = body.sound
        if sound is None:
            raise call.refuse(_problem(400, "Bad Request", "missing audio part"))
        self._check(call, config)
        raw, channels = self._format(call, sound, config)
        try:
            heard = await call.hear(sound, raw=raw, channels=channels, keyterms=config.get("keyterms_prompt") or [])
        except NoAudioError:
            raise call.refuse(_problem(400, "Bad Audio", "malformed audio")) from None
        finally:
            sound.close()
        heard = replace(heard, duration_s=_duration_s(sound, raw, channels))
        timed = bool(config.get("timestamps"))
        return Answer(
            {
                "text": heard.text,
                "words": [
                    {
                        "text": word.text,
                        "start": round(word.start_s * 1000) if timed else None,
                        "end": round(word.end_s * 1000) if timed else None,
                        "confidence": word.confidence,
                    }
                    for word in heard.words
                ],
                "confidence": heard.confidence,
                "audio_duration_ms": round(heard.duration_s * 1000),
                "session_id": str(uuid.uuid4()),
                "request_time_ms": round((time.perf_counter() - started_s) * 1000, 3),
            }
        )

    def _check(self, call: Call, config: dict[str, Any]) -> None:
        model = call.request.headers.get("X-AAI-Model")
        if model is not None and model not in _MODELS:
            raise call.refuse(_problem(400, "Bad Request", f"unknown model {model}"))
        terms = config.get("keyterms_prompt") or []
        if len(terms) > _MAX_KEYTERMS or sum(map(len, terms)) > _MAX_KEYTERM_CHARACTERS:
            raise call.refuse(_problem(400, "Bad Request", f"keyterms_prompt exceeds {_MAX_KEYTERMS} terms"))

    def _format(self, call: Call, sound: Sound, config: dict[str, Any]) -> tuple[bool, int]:
        """Whether the sound is raw PCM, and its channels. Raises `RefusedError`."""
        raw = sound.content_type == "audio/pcm"
        channels = int(config.get("channels") or 1)
        if raw and not (config.get("sample_rate") and config.get("channels")):
            raise call.refuse(_problem(400, "Bad Audio", "sample_rate and channels are required for PCM"))
        if raw and config["sample_rate"] != 16_000:
            raise call.refuse(_problem(415, "Unsupported Media Type", "this stand-in takes PCM at 16 kHz only"))
        if not raw and (sound.head[:4] != b"RIFF" or sound.head[8:12] != b"WAVE"):
            raise call.refuse(_problem(415, "Unsupported Media Type", "unsupported audio format"))
        duration_s = _duration_s(sound, raw, channels)
        if duration_s > _MAX_S:
            detail = f"audio duration {round(duration_s * 1000)} ms exceeds limit 120000 ms"
            raise call.refuse(_problem(413, "Audio Too Large", detail))
        if duration_s < _MIN_S:
            raise call.refuse(_problem(400, "Audio Too Short", "audio is shorter than 80 ms"))
        return raw, channels


def _duration_s(sound: Sound, raw: bool, channels: int) -> float:
    if raw:
        return sound.size / (2 * channels * 16_000)
    bytes_a_second = struct.unpack_from("<I", sound.head, 28)[0] if len(sound.head) >= 44 else 0
    return max(0, sound.size - 44) / bytes_a_second if bytes_a_second else 0.0
