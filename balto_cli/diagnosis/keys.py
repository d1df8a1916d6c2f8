"""Checks of the providers' keys: which are set, and which work, by a request that costs nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.diagnosis.check import Check, State, from_error
from balto_cli.errors import Failure, ProviderError
from balto_cli.settings import KEYED_PROVIDERS, key_variable
from balto_cli.stt.failures import Peer, refused
from balto_cli.stt.http import HttpPool, Timeouts, guarded, phases

if TYPE_CHECKING:
    import httpx

    from balto_cli.settings import Settings

LIMIT_S = 3.0
"""For each provider; all are asked at once."""
_TIMEOUTS = Timeouts(connect_s=LIMIT_S, write_s=LIMIT_S, read_s=LIMIT_S, total_s=LIMIT_S)


class LimitedKeyError(ProviderError):
    """The provider knows the key, which may not see what was asked for; it may do for transcribing."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that a provider answers to whoever has a key, and does not bill."""

    label: str
    address: str
    """Where the settings name no other."""
    path: str
    header: str
    scheme: str = ""
    """What stands before the key."""


PROBES = {
    "elevenlabs": Probe("ElevenLabs", "https://api.elevenlabs.io", "/v1/user", "xi-api-key"),
    "assemblyai": Probe("AssemblyAI", "https://api.assemblyai.com", "/v2/transcript?limit=1", "authorization"),
    "deepgram": Probe("Deepgram", "https://api.deepgram.com", "/v1/projects", "authorization", "Token "),
    "gladia": Probe("Gladia", "https://api.gladia.io", "/v2/pre-recorded?limit=1", "x-gladia-key"),
    "openai": Probe("OpenAI", "https://api.openai.com/v1", "/models", "authorization", "Bearer "),
    "xai": Probe("xAI", "https://api.x.ai/v1", "/models", "authorization", "Bearer "),
}
"""By the names of `KEYED_PROVIDERS`."""


def check_keys(settings: Settings, *, network: bool) -> list[Check]:
    """One check a provider; with `network` each key that is set is tried, all at once."""
    # Not asyncio.run: that would wait for look-ups of names which hang far beyond the limit.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(_check_all(settings, network=network))
    finally:
        loop.close()


async def _check_all(settings: Settings, *, network: bool) -> list[Check]:
    pool = HttpPool()
    user = object()
    try:
        client = await pool.client(user) if network else None
        return list(await asyncio.gather(*(_check(provider, settings, client) for provider in KEYED_PROVIDERS)))
    finally:
        await pool.release(user)


async def _check(provider: str, settings: Settings, client: httpx.AsyncClient | None) -> Check:
    probe, variable, access = PROBES[provider], key_variable(provider), settings.access(provider)
    name = f"chave {probe.label}"
    wanted = any(asked.strip().lower().partition(":")[0] == provider for asked in settings.providers)
    if access.key is None:
        if wanted:
            return Check(name, State.FAILED, "falta, e BALTO_PROVIDERS pede o provedor", f"defina {variable}")
        return Check(name, State.OK, f"não definida: o provedor fica de fora (para usá-lo, {variable})")
    key = access.key.get_secret_value()
    if not key.isascii() or not key.isprintable() or set(key) & set(" \"'"):
        return Check(name, State.FAILED, f"{variable} tem espaço, aspas ou acento", "copie a chave de novo")
    if client is None:
        return Check(name, State.OK, "definida, não conferida (--sem-rede)")
    try:
        await _ask(provider, probe, access.base_url, key, client)
    except ProviderError as error:
        return _judge(name, error, wanted=wanted)
    other = " no endereço alternativo" if access.base_url else ""
    return Check(name, State.OK, f"definida, aceita{other}")


async def _ask(provider: str, probe: Probe, base_url: str | None, key: str, client: httpx.AsyncClient) -> None:
    """Ask once. Raises `ProviderError`."""
    peer = Peer(probe.label, key_variable(provider), f"{provider.upper()}_BASE_URL", provider, "")
    url = (base_url or probe.address).rstrip("/") + probe.path

    async def send() -> httpx.Response:
        request = client.build_request(
            "GET", url, headers={probe.header: probe.scheme + key}, timeout=phases(_TIMEOUTS)
        )
        return await client.send(request)

    response = await guarded(send, peer, _TIMEOUTS)
    if response.is_success:
        return
    said = response.content[:4096].lower()
    if response.status_code in (401, 403) and any(sign in said for sign in (b"permission", b"scope")):
        raise LimitedKeyError(
            "definida e aceita, com direitos limitados: confira na conta se ela pode transcrever (aqui não se gasta "
            "para provar)",
            kind=Failure.KEY,
        )
    # xAI calls a wrong key a bad request.
    status = 401 if response.status_code == 400 and b"api key" in said else response.status_code
    raise refused(peer, status, response.headers, response.content)


def _judge(name: str, error: ProviderError, *, wanted: bool) -> Check:
    if isinstance(error, LimitedKeyError):
        return from_error(name, State.WARNING, error)
    if error.kind in (Failure.KEY, Failure.QUOTA):
        return from_error(name, State.FAILED, error)
    unsure = from_error(name, State.FAILED if wanted else State.WARNING, error)
    return Check(name, unsure.state, f"definida, não deu para conferir: {unsure.found}", unsure.todo)
