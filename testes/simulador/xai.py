"""xAI's chat, which speaks OpenAI's API.

Sure (errors that people report): a wrong key is a 400 with `{"code", "error"}` that repeats the key's ends. Unsure: the
bodies of an empty account (403 here), 429, 500 and 503.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from testes.simulador.chat import Chat, bearer, masked
from testes.simulador.exchange import Answer, Call, Desk, endpoint

_MODELS = ("grok-4", "grok-4-fast", "grok-4-fast-non-reasoning", "grok-4-1-fast", "grok-4-1-fast-non-reasoning")


def _error(status: int, message: str, **_: Any) -> Answer:
    code = {
        400: "Client specified an invalid argument",
        403: "The caller does not have permission to execute the specified operation",
        429: "Some resource has been exhausted",
        503: "The service is currently unavailable",
    }.get(status, "Internal error")
    return Answer({"code": code, "error": message}, status)


class XAI:
    """The stand-in."""

    name = "xai"

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self, desk: Desk) -> Iterator[web.RouteDef]:
        """Its addresses, with and without `/v1`."""
        for base in ("/xai/v1", "/xai"):
            yield web.post(f"{base}/chat/completions", endpoint(desk, self, "chat", self._complete))
            yield web.get(f"{base}/models", endpoint(desk, self, "chave", self._models))

    def headers(self) -> Mapping[str, str]:
        """As the real server names a request."""
        return {"x-request-id": str(uuid.uuid4())}

    def refusal(self, kind: str, key: str) -> Answer:
        """See `Dialect`."""
        return {
            "401": _error(
                400,
                f"Incorrect API key provided: {masked(key, 3)}. You can obtain an API key from https://console.x.ai.",
            ),
            "402": _error(403, "Your team has used all available credits."),
            "429": _error(429, "Too many requests for this model."),
            "500": _error(500, "Internal server error."),
            "503": _error(503, "Service temporarily unavailable."),
        }[kind]

    def key(self, request: web.Request) -> str:
        """See `Dialect`."""
        return bearer(request)

    async def _models(self, call: Call) -> Answer:
        await call.admit(rolls=0)
        rows = [{"id": model, "object": "model", "created": 1_750_000_000, "owned_by": "xai"} for model in _MODELS]
        return Answer({"object": "list", "data": rows})

    async def _complete(self, call: Call) -> Answer:
        return await self._chat.complete(call, error=_error)
