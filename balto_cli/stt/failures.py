"""What failed at a provider, from the library's exception or from the provider's refusal, in one sentence.

Nothing that a provider sent is ever quoted but a short code: its text may echo the key or what was said.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from balto_cli.errors import Failure, ProviderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from balto_cli.stt.body import Body

MAX_RETRY_AFTER_S = 3600.0
"""A provider that asks for more is asking to be left alone; nobody waits longer in one run."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,47}")
_KEYLIKE = re.compile(r"[0-9]{3}|sk-|key-", re.I)


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom a request goes to, in the words that the person knows."""

    name: str
    """`ElevenLabs`."""
    key_variable: str
    address_variable: str
    option: str
    """As on the command line: `elevenlabs`."""
    model: str


def broken(peer: Peer, error: BaseException, body: Body | None = None) -> ProviderError:
    """The failure of a request that got no whole answer.

    It may have been billed if the body had left this machine whole.
    """
    import aiohttp
    import httpx

    sent = body is None or body.sent
    if body is not None and body.unreadable:
        return ProviderError(
            f"O arquivo mudou ou sumiu enquanto ia para {peer.name}: confira-o e tente de novo.", kind=Failure.AUDIO
        )
    chain = list(_chain(error))

    def is_one_of(*kinds: type[BaseException]) -> bool:
        return any(isinstance(link, kinds) for link in chain)

    if is_one_of(ssl.SSLCertVerificationError):
        return ProviderError(
            f"O certificado de {peer.name} não é de confiança nesta máquina: em rede de empresa, aponte SSL_CERT_FILE "
            "para o certificado dela.",
            kind=Failure.NETWORK,
        )
    if is_one_of(aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError, httpx.ProxyError):
        return ProviderError(
            f"O proxy da rede não deixou chegar a {peer.name}: confira HTTPS_PROXY, com usuário e senha.",
            kind=Failure.NETWORK,
        )
    if is_one_of(aiohttp.ConnectionTimeoutError):
        return ProviderError(
            f"A conexão com {peer.name} não abriu a tempo: confira a internet e o proxy.", kind=Failure.TIMEOUT
        )
    if is_one_of(aiohttp.ClientConnectorError) or type(error) is httpx.ConnectError:
        return ProviderError(
            f"Não consegui conectar a {peer.name}: confira a internet, o proxy e {peer.address_variable}.",
            kind=Failure.NETWORK,
        )
    if is_one_of(aiohttp.InvalidURL, httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError):
        return ProviderError(
            f"O endereço de {peer.name} ou do proxy não serve: confira {peer.address_variable} e HTTPS_PROXY (http).",
            kind=Failure.REQUEST,
        )
    if is_one_of(aiohttp.ServerTimeoutError, TimeoutError) or (
        len(chain) == 1 and isinstance(error, httpx.TimeoutException)
    ):
        if not sent:
            return ProviderError(f"O envio para {peer.name} parou no meio: confira a internet.", kind=Failure.TIMEOUT)
        return ProviderError(
            f"{peer.name} não respondeu a tempo: tente de novo mais tarde.", kind=Failure.TIMEOUT, perhaps_billed=True
        )
    if is_one_of(aiohttp.ClientResponseError, httpx.DecodingError, httpx.RemoteProtocolError):
        return wrong_answer(peer)
    return ProviderError(
        f"A conexão com {peer.name} caiu antes da resposta: tente de novo.",
        kind=Failure.NETWORK,
        perhaps_billed=sent,
    )


def wrong_answer(peer: Peer) -> ProviderError:
    """An answer that does not parse or has another shape."""
    return ProviderError(
        f"{peer.name} respondeu em um formato que o Balto não entende: confira {peer.address_variable} ou atualize o "
        "Balto.",
        kind=Failure.ANSWER,
        perhaps_billed=True,
    )


def refused(peer: Peer, status: int, headers: Mapping[str, str], content: bytes) -> ProviderError:
    """The failure behind an HTTP status that is no success."""
    code, said = _said(content)
    wait_s = retry_after_s(headers)
    if status == 402 or (400 <= status < 500 and _means(said, code, _QUOTA)):
        return ProviderError(
            f"{peer.name} está sem saldo ou com pagamento pendente: ponha créditos na conta.",
            kind=Failure.QUOTA,
            retry_after_s=wait_s,
        )
    if status == 401:
        return ProviderError(
            f"{peer.name} recusou a chave: confira {peer.key_variable} no ambiente ou no arquivo .env.",
            kind=Failure.KEY,
        )
    if status == 403:
        return ProviderError(
            f"{peer.name} não dá este direito à chave: confira {peer.key_variable} e as permissões dela na conta.",
            kind=Failure.KEY,
        )
    if status == 429:
        return ProviderError(
            f"{peer.name} pede para esperar: são pedidos demais para a conta.",
            kind=Failure.RATE,
            retry_after_s=wait_s,
        )
    if status == 413 or (status == 400 and _means(said, code, _TOO_LARGE)):
        return ProviderError(
            f"{peer.name} não aceita um áudio deste tamanho: divida a gravação ou transcreva por segmentos.",
            kind=Failure.LIMIT,
        )
    if status == 415 or (status in (400, 422) and _means(said, code, _AUDIO)):
        return ProviderError(
            f"{peer.name} não conseguiu ler este áudio: confira se o arquivo abre e tem som.", kind=Failure.AUDIO
        )
    if status in (408, 425):
        return ProviderError(
            f"{peer.name} desistiu de esperar pelo áudio (HTTP {status}): tente de novo.",
            kind=Failure.TIMEOUT,
            retry_after_s=wait_s,
        )
    if status >= 500:
        return ProviderError(
            f"{peer.name} falhou do lado dele (HTTP {status}): tente de novo mais tarde.",
            kind=Failure.SERVER,
            perhaps_billed=True,
            retry_after_s=wait_s,
        )
    if 300 <= status < 400:
        return ProviderError(
            f"O endereço de {peer.name} desvia para outro (HTTP {status}): confira {peer.address_variable} e a rede.",
            kind=Failure.REQUEST,
        )
    if status in (400, 404, 422) and _means(said, code, _MODEL):
        return ProviderError(
            f"{peer.name} não conhece o modelo “{peer.model}”: escolha outro com --provider {peer.option}:MODELO.",
            kind=Failure.REQUEST,
        )
    what = f"HTTP {status}, {code}" if code else f"HTTP {status}"
    return ProviderError(
        f"{peer.name} recusou o pedido ({what}): confira o modelo, as opções e {peer.address_variable}.",
        kind=Failure.REQUEST,
    )


def retry_after_s(headers: Mapping[str, str], now_s: float | None = None) -> float | None:
    """What `Retry-After` asks for (RFC 9110, 10.2.3): seconds or a date; None without one or where it means nothing."""
    asked = headers.get("retry-after", "").strip()
    if not asked:
        return None
    try:
        wait_s = float(asked)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(asked).timestamp() - (time.time() if now_s is None else now_s)
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(0.0, wait_s), MAX_RETRY_AFTER_S) if wait_s == wait_s else None


_QUOTA = (
    "quota_exceeded",
    "insufficient_quota",
    "insufficient_funds",
    "insufficient_credits",
    "payment_required",
    "asr_payment_required",
    "account balance",
    "exceeded your current quota",
    "top up",
    "out of credits",
    "usage limit",
)
_TOO_LARGE = ("audio_too_large", "file_too_large", "audio too large", "too_large", "maximum content size")
_AUDIO = (
    "bad_audio",
    "audio_too_short",
    "invalid_audio",
    "invalid_file",
    "invalid file format",
    "unsupported_media_type",
    "corrupt or unsupported",
    "failed to process audio",
    "could not be decoded",
    "could not decode",
    "unsupported_format",
    "audio file",
    "file is corrupted",
    "invalid_content",
)
_MODEL = ("model_not_found", "no such model", "invalid model", "unknown model", "does not exist", "model_id")


def means_audio(said: str) -> bool:
    """Whether a job's reason is the audio itself."""
    lowered = said.lower()
    signs = (*_AUDIO, "audio duration", "no audio", "does not contain audio", "transcod", "file type", "unsupported")
    return any(sign in lowered for sign in signs)


def _means(said: str, code: str, signs: tuple[str, ...]) -> bool:
    lowered = f"{code.lower().replace(' ', '_')} {code.lower()} {said.lower()}"
    return any(sign in lowered for sign in signs)


def _said(content: bytes) -> tuple[str, str]:
    """The code that the provider gives its refusal, if it looks like one, and all its text for matching only."""
    said = content[:4096].decode("utf-8", "replace")
    try:
        answer = json.loads(content[:65536])
    except (ValueError, RecursionError):
        return "", "" if said.lstrip().startswith("<") else said
    for candidate in _candidates(answer):
        if isinstance(candidate, str) and _CODE.fullmatch(candidate) and not _KEYLIKE.search(candidate):
            return candidate, said
    return "", said


def _candidates(answer: Any) -> Iterator[Any]:
    """Where providers put the code of a refusal."""
    if not isinstance(answer, dict):
        return
    for inner in (answer.get("detail"), answer.get("error"), answer):
        if isinstance(inner, dict):
            for name in ("code", "status", "error_code", "err_code", "category", "type", "title"):
                yield inner.get(name)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        # httpx-aiohttp calls a dropped connection a ConnectTimeout; the cause says what it was.
        link = link.__cause__ or getattr(link, "os_error", None)
