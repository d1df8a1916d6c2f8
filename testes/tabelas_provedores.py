"""The tables of `docs/provedores.md`, made from the clients themselves."""

from __future__ import annotations

from pydantic import SecretStr

from balto_cli.settings import Access, key_variable
from balto_cli.stt import prices
from balto_cli.stt.http import HttpPool
from balto_cli.stt.registry import REMOTE, remote_class
from balto_cli.stt.remote import RemoteTranscriber

Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]


def providers() -> Rows:
    """Who each provider is and what it takes: header and rows."""
    header = ("Nome", "Chave e endereço", "Endereço padrão", "Modelo padrão", "Maior áudio", "Mais longo", "Termos",
              "Diz quem fala", "Pedidos ao mesmo tempo")  # fmt: skip
    rows = []
    for name in REMOTE:
        provider = _provider(name)
        limits = provider.capabilities
        rows.append(
            (
                f"`{name}`",
                f"`{key_variable(name)}`, `{name.upper()}_BASE_URL`",
                f"`{provider.default_address}`",
                f"`{provider.default_model}`",
                "–" if limits.max_upload_bytes is None else f"{limits.max_upload_bytes / 1e6:.0f} MB",
                "–" if limits.max_audio_s is None else f"{limits.max_audio_s / 60:.0f} min",
                str(limits.keyterms or "–"),
                "sim" if limits.speakers else "não",
                str(limits.max_concurrency),
            )
        )
    return header, rows


def forms() -> Rows:
    """How a segment travels, and which containers as the file's own bytes."""
    rows = []
    for name in REMOTE:
        provider = _provider(name)
        endings = provider._endings()
        only = f" (só {', '.join(f'.{ending}' for ending in sorted(endings))})" if endings else ""
        containers = ", ".join(f"`{container}`" for container in sorted(provider.capabilities.containers))
        rows.append((provider.label, provider._segment_as(), containers + only))
    return ("Provedor", "Trecho", "Contêineres que vão com os próprios bytes"), rows


def price_list() -> Rows:
    """The price of an hour in both currencies, with the date of the table."""
    header = (
        "Provedor",
        "Modelo",
        f"US$ por hora ({prices.PRICES_DATE})",
        f"R$ por hora (dólar a {_comma(prices.REAIS_PER_DOLLAR, 2)})",
        "Com termos",
        "Com quem fala",
    )
    rows = []
    for name in REMOTE:
        for model, price in prices.USD_PER_HOUR[name].items():
            unsure = " (incerto)" if (name, model) in prices.UNSURE else ""
            rows.append(
                (
                    remote_class(name).label,
                    "endereço síncrono" if model == prices.SYNC else f"`{model}`",
                    _comma(price, 3) + unsure,
                    _comma(prices.cost_brl(3600, price), 2),
                    _added(prices.usd_per_hour(name, model, keyterms=True) - price),
                    _added(prices.usd_per_hour(name, model, speakers=True) - price),
                )
            )
    return header, rows


def _provider(name: str) -> RemoteTranscriber:
    return remote_class(name)(Access(key=SecretStr("nenhuma")), pool=HttpPool())


def _added(usd: float) -> str:
    return f"+ US$ {_comma(usd, 3)}" if usd > 1e-9 else "–"


def _comma(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace(".", ",")
