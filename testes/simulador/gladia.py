"""Gladia, upload, pre-recorded job and polling, from its public documentation; no SDK has judged it.

Sure (documentation): paths, `x-gladia-key`, `audio_url` and `audio_metadata`, 201 with `id` and `result_url`, the
states `queued`, `processing`, `done`, `error`, the result's shape, seconds as units, the blank before a listed word
that is not the first of its utterance. Unsure: the envelope of errors
(`statusCode`, `message`, `path`, `request_id`, `timestamp`), which status an empty account gets (402 here), whether an
unreadable file is refused at the upload (400 here) or ends the job, 202 for a deletion, the limit of the vocabulary.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from testes.simulador.exchange import Answer, Call, Desk, endpoint
from testes.simulador.heard import Heard, plain
from testes.simulador.jobs import Job, JobStore
from testes.simulador.sounds import TooLargeError, UnreadableError
from testes.simulador.texts import NoAudioError

_MAX_BYTES = 1_000_000_000
_MAX_VOCABULARY = 10_000


def _error(status: int, message: str) -> Answer:
    return Answer(
        {
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "path": "/v2",
            "request_id": _request_id(),
            "statusCode": status,
            "message": message,
        },
        status,
    )


def _request_id() -> str:
    return f"G-{uuid.uuid4().hex[:8]}"


class Gladia:
    """The stand-in."""

    name = "gladia"

    def __init__(self) -> None:
        self._store = JobStore()

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses; `/v2/transcription` is the older name of `/v2/pre-recorded`."""
        yield web.post("/gladia/v2/upload", endpoint(desk, self, "upload", self._upload))
        for base in ("/gladia/v2/pre-recorded", "/gladia/v2/transcription"):
            yield web.post(base, endpoint(desk, self, "criar", self._create))
            yield web.get(base, endpoint(desk, self, "chave", self._list))
            yield web.get(f"{base}/{{id}}", endpoint(desk, self, "consulta", self._get))
            yield web.delete(f"{base}/{{id}}", endpoint(desk, self, "apagar", self._delete))

    def close(self) -> None:
        """Let what is kept go."""
        self._store.close()

    def headers(self) -> Mapping[str, str]:
        """None of interest."""
        return {}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        status, message = {
            "401": (401, "gladia key not found"),
            "402": (402, "You have reached the limit of your plan"),
            "429": (429, "Too Many Requests"),
            "500": (500, "Internal server error"),
            "503": (503, "Service Unavailable"),
        }[kind]
        return _error(status, message)

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        return request.headers.get("x-gladia-key", "")

    async def _upload(self, call: Call) -> Answer:
        try:
            body = await call.read_multipart("audio", _MAX_BYTES)
        except TooLargeError:
            raise call.refuse(_error(413, "File too large")) from None
        except UnreadableError as error:
            raise call.refuse(_error(400, str(error))) from None
        await call.admit(rolls=3)
        if body.sound is None:
            raise call.refuse(_error(400, "audio is required"))
        try:
            heard = await call.desk.texts.hear(body.sound, self.name)
        except NoAudioError:
            raise call.refuse(_error(400, "The file is not a valid audio or video file")) from None
        finally:
            body.sound.close()
        name = self._store.keep_upload(body.sound)
        filename = body.sound.filename or "audio"
        return Answer(
            {
                "audio_url": f"{call.origin}/gladia/file/{name}",
                "audio_metadata": {
                    "id": name,
                    "filename": filename,
                    "source": None,
                    "extension": filename.rpartition(".")[2],
                    "size": body.sound.size,
                    "audio_duration": round(heard.duration_s, 6),
                    "number_of_channels": 1,
                },
            }
        )

    async def _create(self, call: Call) -> Answer:
        try:
            request = (await call.read_json()).data
        except UnreadableError:
            raise call.refuse(_error(400, "Invalid JSON")) from None
        request = request if isinstance(request, dict) else {}
        sound = self._store.upload(str(request.get("audio_url", "")))
        content = sound.sha256 if sound else ""
        await call.admit(rolls=3, content=content)
        if not request.get("audio_url"):
            raise call.refuse(_error(400, "audio_url is required"))
        terms = _vocabulary(request)
        if len(terms) > _MAX_VOCABULARY:
            raise call.refuse(_error(400, f"custom_vocabulary must contain at most {_MAX_VOCABULARY} elements"))
        heard: Heard | None = None
        if sound is not None:
            sure = {plain(word) for term in terms for word in term.split()}
            heard = await call.desk.texts.hear(sound, self.name, sure=sure)
        job = Job(
            id=str(uuid.uuid4()),
            request=request,
            content=content,
            heard=heard,
            error=None if heard else "The audio could not be downloaded",
            ready_at_s=time.monotonic() + call.latency_s(content),
            polls_left=call.desk.options.consultas,
        )
        self._store.keep_job(job)
        return Answer({"id": job.id, "result_url": f"{call.origin}/gladia/v2/pre-recorded/{job.id}"}, 201)

    async def _get(self, call: Call) -> Answer:
        job = self._store.job(call.request.match_info["id"])
        await call.admit(
            gives_text=job is not None,
            ends_job=True,
            rolls=3 if job is not None and not job.polled else 0,
            content=job.content if job else "",
        )
        if job is None:
            raise call.refuse(_error(404, "Transcription not found"))
        if call.fault == "erro-do-trabalho":
            job.error, job.heard, job.polls_left = "Internal error", None, 0
        state = job.poll()
        if call.fault in ("vazio", "repetido") and job.heard is not None:
            job.heard = call.spoilt(job.heard)
        if state != "ended":
            return Answer(_as_json(job, state))
        return Answer(_as_json(job, "error" if job.heard is None else "done"))

    async def _list(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        address = str(call.request.url)
        items = [_as_json(job, "error" if job.heard is None else "done") for job in self._store.jobs(20)]
        return Answer({"first": address, "current": address, "next": None, "items": items})

    async def _delete(self, call: Call) -> Answer:
        job = self._store.job(call.request.match_info["id"])
        await call.admit(rolls=0, content=job.content if job else "")
        if job is None:
            raise call.refuse(_error(404, "Transcription not found"))
        self._store.forget(job.id)
        return Answer("", 202, content_type="text/plain")


def _vocabulary(request: dict[str, Any]) -> list[str]:
    """Terms of `custom_vocabulary_config`, each a text or an object with a `value`, or of the older plain list."""
    plain_list = request.get("custom_vocabulary")
    config = request.get("custom_vocabulary_config") or {}
    entries = config.get("vocabulary") or (plain_list if isinstance(plain_list, list) else [])
    return [entry["value"] if isinstance(entry, dict) else str(entry) for entry in entries]


def _as_json(job: Job, status: str) -> dict[str, Any]:
    created = datetime.fromtimestamp(job.created_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    done = status == "done" and job.heard is not None
    return {
        "id": job.id,
        "request_id": f"G-{job.id[:8]}",
        "version": 2,
        "kind": "pre-recorded",
        "created_at": created,
        "status": status,
        "completed_at": created if status in ("done", "error") else None,
        "custom_metadata": None,
        "error_code": 500 if status == "error" else None,
        "file": {
            "id": str(job.request.get("audio_url", "")).rpartition("/")[2],
            "filename": "audio",
            "source": None,
            "audio_duration": job.heard.duration_s if job.heard else None,
            "number_of_channels": 1,
        },
        "request_params": job.request,
        "result": _result(job.heard, job.request) if done and job.heard is not None else None,
    }


def _result(heard: Heard, request: dict[str, Any]) -> dict[str, Any]:
    languages = (request.get("language_config") or {}).get("languages") or ["pt"]
    utterances = []
    for turn in heard.turns():
        utterance: dict[str, Any] = {
            "text": " ".join(word.text for word in turn),
            "language": languages[0],
            "start": turn[0].start_s,
            "end": turn[-1].end_s,
            "confidence": heard.confidence,
            "channel": 0,
            "words": [
                {
                    "word": f" {word.text}" if place else word.text,
                    "start": word.start_s,
                    "end": word.end_s,
                    "confidence": word.confidence,
                }
                for place, word in enumerate(turn)
            ],
        }
        if request.get("diarization"):
            utterance["speaker"] = turn[0].speaker
        utterances.append(utterance)
    return {
        "metadata": {
            "audio_duration": round(heard.duration_s, 6),
            "number_of_distinct_channels": 1,
            "billing_time": round(heard.duration_s, 6),
            "transcription_time": 1.0,
        },
        "transcription": {"full_transcript": heard.text, "languages": languages, "utterances": utterances},
    }
