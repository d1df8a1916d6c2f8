"""`/api/test/…`: try the same pipeline, providers and suggestions on one recording or text, without a session."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from aiohttp import web

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes, pcm_to_bytes
from balto_cli.audio.recording import Recording
from balto_cli.audio.wav import wav_header
from balto_cli.pipeline import segment_stream
from balto_cli.server.bodies import Analisar, read_json
from balto_cli.server.context import CONTEXT
from balto_cli.server.errors import RestError
from balto_cli.server.uploads import FOLDER, clear, received

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from balto_cli.pipeline import PipelineConfig, Segment
    from balto_cli.stt.base import Transcript

MAX_AUDIO_S = 20 * 60
"""Longer recordings are work for `balto compare`, not for a request that a person waits for."""
_MODEL_S = 1.5
"""What a model has at a counter once a transcript of the usual second is there."""


async def clear_uploads(app: web.Application) -> None:
    """At the start: nothing that was uploaded outlives the server that took it."""
    await clear(app[CONTEXT].data_folder / FOLDER)


async def segmentar(request: web.Request) -> web.Response:
    """The segments of a recording, as WAV in base64."""
    context = request.app[CONTEXT]
    await context.gate.anyone(request)
    async with received(request, context.data_folder / FOLDER) as upload:
        body = await context.bench.run(partial(_segments_json, upload.path, context.config))
    return web.Response(body=body, content_type="application/json")


async def transcrever(request: web.Request) -> web.Response:
    """What a provider hears in a recording."""
    context = request.app[CONTEXT]
    caller = await context.gate.anyone(request)
    async with received(request, context.data_folder / FOLDER) as upload:
        asked = upload.fields.get("provider", "").strip()
        provider = context.providers.get(asked.lower()) if asked else context.transcriber
        if provider is None:
            raise RestError(
                422, "campo_invalido", f"Este servidor não tem esse provedor: tem {', '.join(context.providers)}."
            )
        recording = await context.bench.run(partial(_recording, upload.path))
        await context.store.audit(
            caller.actor, "testar", "transcrever", {"segundos": _seconds(recording.samples)}, context.now()
        )
        transcript = await provider.transcribe(recording)
    return web.json_response(_transcript(transcript, _seconds(recording.samples)))


async def analisar(request: web.Request) -> web.Response:
    """What would be suggested on a text, a turn a line: to a key by its client's catalogue, else by Balto's own."""
    context = request.app[CONTEXT]
    caller = await context.gate.anyone(request)
    asked = await read_json(request, Analisar)
    turns = [line.strip() for line in asked.texto.splitlines() if line.strip()]
    whose = caller.holder or caller.account
    client_id = whose.client_id if whose else None
    answer = await context.suggester.decide(client_id, turns, budget_s=_MODEL_S)
    return web.json_response(
        {"acao": answer.action, "categoria": answer.category, "motivo": answer.reason, "mensagem": answer.wire()}
    )


def _decoded(path: Path, given_up: threading.Event) -> Iterator[bytes]:
    """The PCM of a file, as long as somebody waits for it and it is not too long."""
    left = MAX_AUDIO_S * SAMPLE_RATE_HZ * 2
    for chunk in Decoder(path):
        left -= len(chunk)
        if left < 0:
            raise RestError(413, "audio_longo", f"A gravação passa de {MAX_AUDIO_S // 60} minutos.")
        if given_up.is_set():
            return
        yield chunk


def _recording(path: Path, given_up: threading.Event) -> Recording:
    from balto_cli.audio.containers import identify
    from balto_cli.audio.decode import read_head

    container = identify(read_head(path)).demuxer or ""
    return Recording(path, container, pcm_from_bytes(b"".join(_decoded(path, given_up))))


def _segments_json(path: Path, config: PipelineConfig, given_up: threading.Event) -> bytes:
    segments = [_segment(segment) for segment in segment_stream(_decoded(path, given_up), config)]
    return json.dumps({"segments": segments, "total_segments": len(segments)}).encode()


def _segment(segment: Segment) -> dict[str, Any]:
    pcm = pcm_to_bytes(segment.samples)
    data = wav_header(len(pcm)) + pcm
    return {
        "size_bytes": len(data),
        "duration_sec": round(segment.duration_s, 2),
        "audio_base64": base64.b64encode(data).decode(),
        "inicio_s": segment.start_s,
        "fim_s": segment.end_s,
        "corte": segment.cut,
    }


def _transcript(transcript: Transcript, duration_s: float) -> dict[str, Any]:
    words = [
        {"texto": word.text, "inicio_s": word.start_s, "fim_s": word.end_s, "confianca": word.confidence}
        for word in transcript.words
    ]
    return {
        "texto": transcript.text,
        "palavras": words,
        "provedor": transcript.provider,
        "modelo": transcript.model,
        "duracao_s": duration_s,
        "latencia_s": round(transcript.latency_s, 3),
        "custo_brl": transcript.cost_brl,
    }


def _seconds(samples: Pcm) -> float:
    return round(np.size(samples) / SAMPLE_RATE_HZ, 2)
