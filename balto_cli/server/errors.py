"""What a refused request is answered: a status, a word for programs, a sentence for people."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import web

from balto_cli.errors import AudioError, BaltoError, Failure, ProviderError
from balto_cli.store.failure import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.typedefs import Handler

_LOG = logging.getLogger("balto.rest")

_OF_HTTP = {
    400: ("pedido_invalido", "O pedido não é HTTP válido."),
    404: ("nao_encontrado", "Este endereço não existe neste servidor."),
    405: ("metodo_invalido", "Este endereço não aceita este método."),
    413: ("corpo_grande", "O corpo do pedido é grande demais."),
    415: ("tipo_invalido", "O tipo do corpo não é o que este endereço aceita."),
}
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class RestError(Exception):
    """A request that is refused; `message` is Portuguese and holds nothing that came with the request."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


def too_many(retry_after_s: int, message: str) -> RestError:
    """429."""
    return RestError(429, "muitas_tentativas", message, {"Retry-After": str(max(1, retry_after_s))})


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a REST handler raises into `{"erro": {"codigo", "mensagem"}}`."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = _answer(as_refusal(error))
    except ConnectionError:
        raise  # the caller is gone: no fault, and nobody to answer
    except Exception as error:
        response = _answer(as_refusal(error))
    if not response.prepared:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response


def as_refusal(error: Exception) -> RestError:
    """What a caller is told of an error: its own words where it has some, never a traceback; the log gets the rest."""
    if isinstance(error, RestError):
        return error
    if isinstance(error, web.HTTPException):
        code, message = _OF_HTTP.get(error.status, ("pedido_recusado", "O pedido foi recusado."))
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return RestError(error.status, code, message, allowed)
    if isinstance(error, StoreUnavailable):
        return RestError(503, "indisponivel", "O banco de dados não respondeu: tente de novo.", {"Retry-After": "5"})
    if isinstance(error, AudioError):
        return RestError(422, "audio_invalido", f"Não deu para ler o áudio: {error}.")
    if isinstance(error, ProviderError):
        return _of_provider(error)
    if isinstance(error, BaltoError):
        return RestError(422, "pedido_recusado", str(error))
    if isinstance(error, OSError):
        _LOG.error("disk: %s", type(error).__name__)
        return RestError(503, "indisponivel", "O disco do servidor não aceitou o pedido.", {"Retry-After": "30"})
    # The message of an unexpected error may hold what was said: its kind and place are enough.
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    _LOG.error("unexpected %s at %s", type(error).__name__, place)
    return RestError(500, "interno", "Erro interno do servidor.")


def _of_provider(error: ProviderError) -> RestError:
    if error.kind in (Failure.AUDIO, Failure.LIMIT):
        return RestError(422, "audio_invalido", str(error))
    if error.kind is Failure.RATE:
        return too_many(round(error.retry_after_s or 5), str(error))
    return RestError(503, "provedor", str(error), {"Retry-After": "30"})


def _answer(refusal: RestError) -> web.Response:
    body = {"erro": {"codigo": refusal.code, "mensagem": str(refusal)}}
    return web.json_response(body, status=refusal.status, headers=refusal.headers)
