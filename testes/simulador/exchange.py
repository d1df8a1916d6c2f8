"""One request from its first byte to its answer: what all stand-ins share."""

from __future__ import annotations

import asyncio
import functools
import json
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from aiohttp import web

from testes.simulador import bodies
from testes.simulador.calls import CallLog, CallRecord
from testes.simulador.faults import HEADER, KINDS, REFUSALS, FaultDesk, draw
from testes.simulador.heard import Heard, plain, repeated
from testes.simulador.options import GOOD_KEY, Options
from testes.simulador.sounds import Body, Sound
from testes.simulador.texts import TextSource

_TRICKLES = 10
_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and a body that is written as JSON unless it is text."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encode(self) -> bytes:
        """The body's bytes."""
        if isinstance(self.body, str) and self.content_type != "application/json":
            return self.body.encode()
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


class RefusedError(Exception):
    """The stand-in refuses a request by the provider's own rules."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Dialect(Protocol):
    """How one provider says no."""

    name: str

    def key(self, request: web.Request) -> str:
        """The key that a request carries, empty for none."""

    def refusal(self, kind: str, key: str) -> Answer:
        """The answer to a fault `401`, `402`, `429`, `500` or `503`; some providers repeat part of the key."""

    def headers(self) -> Mapping[str, str]:
        """Headers of every answer."""


@dataclass(slots=True)
class Desk:
    """What the stand-ins of one process share."""

    options: Options
    texts: TextSource
    faults: FaultDesk
    calls: CallLog
    closing: asyncio.Event


class Call:
    """One request at one stand-in."""

    def __init__(self, request: web.Request, desk: Desk, dialect: Dialect, record: CallRecord) -> None:
        self.request = request
        self.desk = desk
        self.dialect = dialect
        self.record = record
        self.fault: str | None = None
        self._sound: Sound | None = None

    @property
    def origin(self) -> str:
        """Address under which the client reached this server."""
        return f"{self.request.scheme}://{self.request.host}"

    def refuse(self, answer: Answer) -> RefusedError:
        """To be raised."""
        return RefusedError(answer)

    async def read_multipart(self, part: str, limit: int) -> Body:
        """See `bodies.read_multipart`."""
        keep = self.desk.texts.needs_sound
        return self._noted(await bodies.read_multipart(self.request, part=part, limit=limit, keep=keep))

    async def read_raw(self, limit: int) -> Body:
        """See `bodies.read_raw`."""
        return self._noted(await bodies.read_raw(self.request, limit=limit, keep=self.desk.texts.needs_sound))

    async def read_json(self) -> Body:
        """See `bodies.read_json`."""
        return self._noted(await bodies.read_json(self.request))

    def _noted(self, body: Body) -> Body:
        self.record.campos |= {name: _single(values) for name, values in body.fields.items()}
        if isinstance(body.data, dict):
            self.record.campos |= body.data
        if body.sound is not None:
            self._sound = body.sound
            self.record.conteudo = body.sound.sha256
            self.record.bytes = body.sound.size
        return body

    def let_go(self) -> None:
        """Drop the sound of a request that is not answered by its handler."""
        if self._sound is not None:
            self._sound.close()

    async def admit(
        self, *, gives_text: bool = False, ends_job: bool = False, rolls: int = 1, content: str = ""
    ) -> None:
        """Check the key, then the faults that come before any work. Raises `RefusedError`.

        `content` says what the request is about where it carries no audio itself.
        """
        if self.dialect.key(self.request) != GOOD_KEY:
            raise self.refuse(self._refusal("401"))
        self.record.conteudo = self.record.conteudo or content
        asked = self.request.headers.get(HEADER)
        if asked is not None and asked not in KINDS:
            raise self.refuse(Answer({"erro": f"Não há falha “{asked}”: há {', '.join(KINDS)}."}, 400))
        self.fault = self.desk.faults.take(
            self.record.provedor,
            self.record.etapa,
            self.record.conteudo,
            asked=asked,
            gives_text=gives_text,
            ends_job=ends_job,
            rolls=rolls,
        )
        self.record.falha = self.fault
        if self.fault == "trava":
            await self.desk.closing.wait()
        if self.fault in REFUSALS:
            raise self.refuse(self._refusal(self.fault))

    def _refusal(self, kind: str) -> Answer:
        if kind == "502-html":
            return Answer(_GATEWAY_PAGE, 502, content_type="text/html")
        if kind == "429-retry-after":
            answer = self._refusal("429")
            return replace(answer, headers={**answer.headers, "Retry-After": str(self.desk.options.retry_after_s)})
        return self.dialect.refusal(kind, self.dialect.key(self.request))

    async def hear(
        self, sound: Sound, *, raw: bool = False, channels: int = 1, keyterms: Collection[str] = ()
    ) -> Heard:
        """The text for this request, after the wait that was set. Raises `NoAudioError`."""
        sure = {plain(word) for term in keyterms for word in term.split()}
        heard = await self.desk.texts.hear(sound, self.record.provedor, raw=raw, channels=channels, sure=sure)
        await self.wait(sound.sha256)
        return self.spoilt(heard)

    def spoilt(self, heard: Heard) -> Heard:
        """The text, as the fault of this request has it."""
        if self.fault == "vazio":
            return replace(heard, words=())
        return repeated(heard) if self.fault == "repetido" else heard

    async def wait(self, content: str) -> None:
        """The set latency."""
        if latency_s := self.latency_s(content):
            await asyncio.sleep(latency_s)

    def latency_s(self, content: str) -> float:
        """The set latency for some content."""
        latency = self.desk.options.latencia_ms
        if isinstance(latency, tuple):
            least, most = latency
            latency = least + (most - least) * draw("latência", self.desk.options.semente, content)
        return latency / 1000


Handler = Callable[[Call], Awaitable[Answer]]


def endpoint(
    desk: Desk, dialect: Dialect, stage: str, handler: Handler
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Make an aiohttp handler of a stand-in's own."""

    async def handle(request: web.Request) -> web.StreamResponse:
        record = desk.calls.open(
            CallRecord(
                dialect.name, stage, request.method, request.path, time.monotonic(), tipo_conteudo=request.content_type
            )
        )
        record.campos |= {name: _single(request.query.getall(name)) for name in request.query}
        call = Call(request, desk, dialect, record)
        try:
            try:
                answer = await _handled(handler, call)
                record.resultado = "ok" if call.fault is None else "falha"
            except RefusedError as refused:
                answer = refused.answer
                record.resultado = "recusada" if call.fault is None else "falha"
            record.estado = answer.status
            return await _deliver(call, answer)
        except (asyncio.CancelledError, ConnectionError):
            record.resultado = "falha" if call.fault in ("trava", "lento", "reset") else "desconectado"
            raise
        finally:
            desk.calls.close(record)

    return handle


async def _handled(handler: Handler, call: Call) -> Answer:
    try:
        return await handler(call)
    except BaseException:
        call.let_go()
        raise


async def _deliver(call: Call, answer: Answer) -> web.StreamResponse:
    headers = {**call.dialect.headers(), **answer.headers}
    if call.fault == "forma-errada" and answer.status < 300:
        answer = replace(answer, body={"transcricao": {"linhas": [{"palavra": 1}]}, "versao": [0]})
    data = answer.encode()
    if call.fault == "json-truncado":
        data = data[: len(data) // 2]
    if call.fault not in ("lento", "reset"):
        return web.Response(body=data, status=answer.status, headers=headers, content_type=answer.content_type)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_type = answer.content_type
    response.content_length = len(data)
    await response.prepare(call.request)
    if call.fault == "reset":
        await response.write(data[: len(data) // 2])
        if call.request.transport is not None:
            call.request.transport.abort()
        raise ConnectionResetError
    step = -(-len(data) // _TRICKLES) or 1
    for begin in range(0, len(data), step):
        await asyncio.sleep(call.desk.options.lento_s / _TRICKLES)
        await response.write(data[begin : begin + step])
    await response.write_eof()
    return response


def _single(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else _shared(tuple(values))


@functools.lru_cache(maxsize=64)
def _shared(values: tuple[str, ...]) -> tuple[str, ...]:
    """The same long list of keyterms comes with every call: it is kept once."""
    return values


def without_punctuation(word: str) -> str:
    """A word as recognisers list it beside its punctuated form."""
    return re.sub(r"^\W+|\W+$", "", word).lower() or word
