"""Who is calling: the address behind proxies that are believed, and whether it is this very machine."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Address

    from aiohttp import web

_FORWARDING = ("forwarded", "via")
_UNKNOWN = "desconhecido"
_IPV6_SITE_BITS = 64
"""One subscriber has all addresses of a /64, so that is what tries are counted by."""

Networks = tuple[IPv4Network | IPv6Network, ...]


def client_address(request: web.BaseRequest, proxies: Networks) -> str:
    """The TCP peer or, if that is a proxy of `proxies`, the last address in X-Forwarded-For that none of them is.

    An IPv6 address stands for its /64.
    """
    peer = _read(request.remote or "")
    chain = [part for header in request.headers.getall("X-Forwarded-For", ()) for part in header.split(",")]
    return _site(_nearest_stranger(peer, chain, proxies))


def is_loopback(request: web.BaseRequest) -> bool:
    """Whether a program on this machine calls itself: a loopback peer, and no proxy on the way that says so."""
    peer = _read(request.remote or "")
    forwarded = any(name.lower() in _FORWARDING or name.lower().startswith("x-forwarded-") for name in request.headers)
    return peer is not None and peer.is_loopback and not forwarded


def is_https(request: web.BaseRequest, proxies: Networks) -> bool:
    """Whether the caller's way to us, or to a proxy of `proxies`, is encrypted."""
    if request.secure:
        return True
    peer = _read(request.remote or "")
    protocol = request.headers.get("X-Forwarded-Proto", "").split(",")[-1].strip().lower()
    return _trusted(peer, proxies) and protocol == "https"


def _nearest_stranger(
    peer: IPv4Address | IPv6Address | None, chain: Sequence[str], proxies: Networks
) -> IPv4Address | IPv6Address | None:
    nearest = peer
    for part in reversed(chain):
        if not _trusted(nearest, proxies):
            return nearest
        before = _read(part.strip())
        if before is None:
            return nearest
        nearest = before
    return nearest


def _trusted(address: IPv4Address | IPv6Address | None, proxies: Networks) -> bool:
    return address is not None and any(address in network for network in proxies)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _site(address: IPv4Address | IPv6Address | None) -> str:
    if address is None:
        return _UNKNOWN
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(IPv6Network((address, _IPV6_SITE_BITS), strict=False))
    return str(address)
