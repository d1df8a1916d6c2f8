"""Chat completions of OpenAI and whoever speaks its API: scripted answers, else the least that a schema allows."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from testes.simulador.exchange import Answer, Call
from testes.simulador.sounds import UnreadableError

_CHARACTERS_A_TOKEN = 4


def bearer(request: web.Request) -> str:
    """The key of a request, empty for none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def masked(key: str, stars: int) -> str:
    """A key as the real servers repeat it: its ends, the rest starred."""
    return f"{key[:2]}{'*' * stars}{key[-2:]}" if len(key) > 4 else "*" * stars


@dataclass(slots=True)
class _Scripted:
    answer: Any
    provider: str | None
    times: int


class Chat:
    """The queue of answers, shared by all stand-ins that chat."""

    def __init__(self) -> None:
        self._queue: deque[_Scripted] = deque()

    def script(self, answer: Any, *, provider: str | None = None, times: int = 1) -> None:
        """Give this answer next: a text as it is, anything else as JSON."""
        self._queue.append(_Scripted(answer, provider, times))

    def reset(self) -> None:
        """Forget what is queued."""
        self._queue.clear()

    async def complete(self, call: Call, *, error: Callable[..., Answer]) -> Answer:
        """Answer one request; `error` words a refusal."""
        try:
            request = (await call.read_json()).data
        except UnreadableError:
            raise call.refuse(error(400, "We could not parse the JSON body of your request.")) from None
        content = json.dumps(request, sort_keys=True)
        await call.admit(gives_text=True, content=hashlib.sha256(content.encode()).hexdigest())
        if not isinstance(request, dict) or not request.get("messages"):
            raise call.refuse(error(400, "Missing required parameter: 'messages'.", param="messages"))
        if not request.get("model"):
            raise call.refuse(error(400, "you must provide a model parameter"))
        if request.get("stream"):
            raise call.refuse(error(400, "This stand-in does not stream.", param="stream"))
        await call.wait(content)
        text = self._next(call.record.provedor, request)
        if call.fault == "vazio":
            text = ""
        elif call.fault == "repetido":
            text += text
        return Answer(_completion(request, text))

    def _next(self, provider: str, request: dict[str, Any]) -> str:
        for scripted in self._queue:
            if scripted.provider in (None, provider):
                scripted.times -= 1
                if scripted.times <= 0:
                    self._queue.remove(scripted)
                answer = scripted.answer
                return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        form = request.get("response_format") or {}
        if form.get("type") == "json_schema":
            schema = form.get("json_schema", {}).get("schema", {})
            return json.dumps(least_value(schema, schema), ensure_ascii=False)
        return "{}" if form.get("type") == "json_object" else "ok"


def _completion(request: dict[str, Any], text: str) -> dict[str, Any]:
    prompt = sum(len(json.dumps(message, ensure_ascii=False)) for message in request["messages"])
    prompt_tokens, answer_tokens = prompt // _CHARACTERS_A_TOKEN + 1, len(text) // _CHARACTERS_A_TOKEN + 1
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "system_fingerprint": "fp_simulador",
    }


def least_value(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """The smallest value that a JSON schema (as structured outputs allow it) accepts."""
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step] if step else target
        return least_value(target, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            options = schema[choice]
            nothing = next((option for option in options if option.get("type") == "null"), options[0])
            return least_value(nothing, root)
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else ("null" if "null" in kinds else kinds[0])
    if kind == "object":
        names = schema.get("required", [])
        return {name: least_value(schema.get("properties", {}).get(name, {}), root) for name in names}
    if kind == "array":
        return [least_value(schema.get("items", {}), root) for _ in range(schema.get("minItems", 0))]
    if kind == "string":
        return "x" * schema.get("minLength", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    return False if kind == "boolean" else None
