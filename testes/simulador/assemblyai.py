"""AssemblyAI, upload, transcript and polling, as the SDK 1.8 reads it.

Sure (the SDK's models, the public guide to errors): paths, fields, units (milliseconds; the duration in whole
seconds), the states, `{"error": …}`, the sentences of 401, of an empty account (a 400) and of an unknown id, and that
an unreadable file ends the job, not the request. Unsure: the 429's body, what a deleted transcript still shows, and the
limits of `keyterms_prompt`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from testes.simulador.exchange import Answer, Call, Desk, endpoint
from testes.simulador.heard import Heard, SpokenWord, plain
from testes.simulador.jobs import Job, JobStore
from testes.simulador.sounds import TooLargeError, UnreadableError
from testes.simulador.texts import NoAudioError

_MAX_UPLOAD_BYTES = 2_200_000_000
_MAX_KEYTERMS = 1000
_MAX_KEYTERM_WORDS = 6
_MODELS = ("universal-3-5-pro", "universal-3-pro", "universal-2", "universal", "slam-1", "best", "nano")
_NOT_AUDIO = "Transcoding failed. File does not appear to contain audio. File type is application/octet-stream (data)."


def _error(status: int, message: str) -> Answer:
    return Answer({"error": message}, status)


class AssemblyAI:
    """The stand-in."""

    name = "assemblyai"

    def __init__(self) -> None:
        self._store = JobStore()

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses."""
        base = "/assemblyai/v2"
        yield web.post(f"{base}/upload", endpoint(desk, self, "upload", self._upload))
        yield web.post(f"{base}/transcript", endpoint(desk, self, "criar", self._create))
        yield web.get(f"{base}/transcript", endpoint(desk, self, "chave", self._list))
        yield web.get(f"{base}/transcript/{{id}}", endpoint(desk, self, "consulta", self._get))
        yield web.delete(f"{base}/transcript/{{id}}", endpoint(desk, self, "apagar", self._delete))

    def close(self) -> None:
        """Let what is kept go."""
        self._store.close()

    def headers(self) -> Mapping[str, str]:
        """None of interest."""
        return {}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        return {
            "401": _error(401, "Authentication error, API token missing/invalid."),
            "402": _error(400, "Your current account balance is negative. Please top up to continue using the API."),
            "429": _error(429, "Too Many Requests"),
            "500": _error(500, "Server error, developers have been alerted."),
            "503": _error(503, "Service unavailable"),
        }[kind]

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()

    async def _upload(self, call: Call) -> Answer:
        try:
            body = await call.read_raw(_MAX_UPLOAD_BYTES)
        except TooLargeError:
            raise call.refuse(_error(413, "Upload exceeds the 2.2GB limit")) from None
        await call.admit(rolls=3)
        assert body.sound is not None
        if not body.sound.size:
            raise call.refuse(_error(422, "Upload failed, please try again. If you continue to have issues please reach"
                                          " out to support@assemblyai.com"))  # fmt: skip
        return Answer({"upload_url": f"{call.origin}/assemblyai/upload/{self._store.keep_upload(body.sound)}"})

    async def _create(self, call: Call) -> Answer:
        try:
            request = (await call.read_json()).data
        except UnreadableError:
            raise call.refuse(_error(400, "Invalid JSON")) from None
        request = request if isinstance(request, dict) else {}
        url = str(request.get("audio_url", ""))
        sound = self._store.upload(url)
        content = sound.sha256 if sound else ""
        await call.admit(rolls=3, content=content)
        if not url:
            raise call.refuse(_error(400, "audio_url is required"))
        models = request.get("speech_models") or [request.get("speech_model") or "universal-3-5-pro"]
        if unknown := [model for model in models if model not in _MODELS]:
            raise call.refuse(_error(400, f'"speech_models" contains an invalid model: {unknown[0]}'))
        terms = request.get("keyterms_prompt") or []
        if len(terms) > _MAX_KEYTERMS or any(len(term.split()) > _MAX_KEYTERM_WORDS for term in terms):
            message = f"keyterms_prompt may hold {_MAX_KEYTERMS} terms of {_MAX_KEYTERM_WORDS} words"
            raise call.refuse(_error(400, message))
        heard: Heard | None = None
        error = None
        if sound is None:
            error = f"Download error, unable to download {url}. Please make sure the file exists."
        else:
            try:
                sure = {plain(word) for term in terms for word in term.split()}
                heard = await call.desk.texts.hear(sound, self.name, sure=sure)
            except NoAudioError:
                error = _NOT_AUDIO
            sound.close()
        job = Job(
            id=str(uuid.uuid4()),
            request=request | {"speech_models": models},
            content=content,
            heard=heard,
            error=error,
            ready_at_s=time.monotonic() + call.latency_s(content),
            polls_left=call.desk.options.consultas,
        )
        self._store.keep_job(job)
        return Answer(_as_json(job, "queued", None))

    def _job(self, call: Call) -> Job | None:
        return self._store.job(call.request.match_info["id"])

    async def _get(self, call: Call) -> Answer:
        job = self._job(call)
        first = job is not None and not job.polled
        await call.admit(
            gives_text=job is not None,
            ends_job=True,
            rolls=3 if first else 0,
            content=job.content if job else "",
        )
        if job is None:
            raise call.refuse(_error(400, "Transcript lookup error, transcript id not found"))
        if job.deleted:
            return Answer(_as_json(job, "completed", None))
        if call.fault == "erro-do-trabalho":
            job.error, job.heard, job.polls_left = "Server error, developers have been alerted.", None, 0
        state = job.poll()
        if call.fault in ("vazio", "repetido") and job.heard is not None:
            job.heard = call.spoilt(job.heard)
        if state != "ended":
            return Answer(_as_json(job, state, None))
        return Answer(_as_json(job, "error" if job.heard is None else "completed", job.heard))

    async def _list(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        jobs = self._store.jobs(int(call.request.query.get("limit", "10")))
        return Answer(
            {
                "page_details": {
                    "limit": 10,
                    "result_count": len(jobs),
                    "current_url": str(call.request.url),
                    "prev_url": None,
                    "next_url": None,
                },
                "transcripts": [
                    {
                        "id": job.id,
                        "resource_url": f"{call.origin}/assemblyai/v2/transcript/{job.id}",
                        "status": "error" if job.heard is None else "completed",
                        "created": "2026-01-01T00:00:00",
                        "completed": "2026-01-01T00:00:01",
                        "audio_url": str(job.request.get("audio_url")),
                        "error": job.error,
                    }
                    for job in jobs
                ],
            }
        )

    async def _delete(self, call: Call) -> Answer:
        job = self._job(call)
        await call.admit(rolls=0, content=job.content if job else "")
        if job is None:
            raise call.refuse(_error(400, "Transcript lookup error, transcript id not found"))
        job.deleted, job.heard = True, None
        job.request = {"audio_url": "http://deleted_by_user"}
        return Answer(_as_json(job, "completed", None))


def _as_json(job: Job, status: str, heard: Heard | None) -> dict[str, Any]:
    request = job.request
    models = request.get("speech_models") or []
    answer: dict[str, Any] = {
        "id": job.id,
        "status": status,
        "audio_url": request.get("audio_url"),
        "language_code": request.get("language_code", "en_us"),
        "punctuate": request.get("punctuate", True),
        "format_text": request.get("format_text", True),
        "speaker_labels": bool(request.get("speaker_labels")),
        "speech_models": models,
        "keyterms_prompt": request.get("keyterms_prompt") or [],
        "text": "Deleted by user." if job.deleted else None,
        "words": None,
        "utterances": None,
        "confidence": None,
        "audio_duration": None,
        "error": job.error if status == "error" else None,
    }
    if heard is None:
        return answer
    labels = bool(request.get("speaker_labels"))
    return answer | {
        "text": heard.text,
        "words": [_word(word, labels) for word in heard.words],
        "utterances": [
            {
                "speaker": _letter(turn[0].speaker),
                "text": " ".join(word.text for word in turn),
                "start": _ms(turn[0].start_s),
                "end": _ms(turn[-1].end_s),
                "confidence": heard.confidence,
                "words": [_word(word, labels) for word in turn],
            }
            for turn in heard.turns()
        ]
        if labels
        else None,
        "confidence": heard.confidence,
        "audio_duration": round(heard.duration_s),
        "speech_model_used": models[0] if models else "universal-3-5-pro",
    }


def _word(word: SpokenWord, labels: bool) -> dict[str, Any]:
    return {
        "text": word.text,
        "start": _ms(word.start_s),
        "end": _ms(word.end_s),
        "confidence": word.confidence,
        "speaker": _letter(word.speaker) if labels else None,
    }


def _letter(speaker: int) -> str:
    return chr(ord("A") + speaker)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
