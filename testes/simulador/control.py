"""The tests' own door under `/_controle`: queue faults and answers, read the calls, start afresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aiohttp import web

from testes.simulador.chat import Chat
from testes.simulador.exchange import Desk
from testes.simulador.faults import UnknownFaultError


def routes(desk: Desk, chat: Chat, reset: Callable[[], None]) -> Iterator[web.RouteDef]:
    """The addresses."""

    async def queue_fault(request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            desk.faults.queue(
                asked["provedor"], asked["falha"], times=int(asked.get("vezes", 1)), stage=asked.get("etapa")
            )
        except (KeyError, UnknownFaultError) as error:
            return web.json_response({"erro": str(error)}, status=400)
        return web.json_response({"ok": True})

    async def script_chat(request: web.Request) -> web.Response:
        asked = await request.json()
        chat.script(asked["resposta"], provider=asked.get("provedor"), times=int(asked.get("vezes", 1)))
        return web.json_response({"ok": True})

    async def start_afresh(_: web.Request) -> web.Response:
        reset()
        return web.json_response({"ok": True})

    async def list_calls(_: web.Request) -> web.Response:
        return web.json_response(desk.calls.as_json())

    yield web.post("/_controle/falhas", queue_fault)
    yield web.post("/_controle/chat", script_chat)
    yield web.post("/_controle/reset", start_afresh)
    yield web.get("/_controle/chamadas", list_calls)
