"""Checks of what a person set: `.env`, variables, the profile, the proxy, certificates."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from balto_cli.diagnosis.check import Check, State, from_error
from balto_cli.errors import UsageError
from balto_cli.files import os_reason
from balto_cli.profile import LEVE, load_profile
from balto_cli.settings import unknown_names
from balto_cli.stt.http import trusted_certificates

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_OTHERS_MAY_READ = 0o044


def check_env_file(path: Path) -> Check:
    """Whether `.env` can be read, and by whom else."""
    name = "arquivo .env"
    try:
        if not path.exists():
            return Check(name, State.OK, "não há nesta pasta; vale o ambiente")
        path.read_text("utf-8")
        mode = path.stat().st_mode
    except UnicodeDecodeError:
        return Check(name, State.FAILED, "não é texto UTF-8", "salve-o como UTF-8")
    except OSError as error:
        return Check(name, State.FAILED, f"não pôde ser lido ({os_reason(error)})", "dê permissão de leitura")
    if sys.platform != "win32" and mode & _OTHERS_MAY_READ:
        return Check(name, State.WARNING, "outros usuários desta máquina podem lê-lo", "chmod 600 .env")
    return Check(name, State.OK, "lido")


def check_names() -> Iterator[Check]:
    """Names that begin with `BALTO_` and mean nothing."""
    for variable in unknown_names():
        yield Check("variáveis", State.WARNING, f"{variable} não significa nada para o Balto", "confira a grafia")


def check_profile(choice: str | None) -> Check:
    """Whether the profile of BALTO_PERFIL can be used."""
    name = "perfil"
    if not choice:
        return Check(name, State.OK, "o padrão (BALTO_PERFIL não está definida)")
    try:
        load_profile(choice)
    except UsageError as error:
        return from_error(name, State.FAILED, error)
    return Check(name, State.OK, "leve" if choice == LEVE else f"{choice} é válido")


def check_proxies() -> Check:
    """Which proxy requests go through; never its user or password."""
    name = "proxy"
    found = {variable: os.environ.get(variable) or os.environ.get(variable.lower()) for variable in _PROXIES}
    shown = []
    for variable, address in found.items():
        if not address:
            continue
        try:
            parts = urlsplit(address if "://" in address else f"http://{address}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if host is None:
            return Check(
                name, State.FAILED, f"{variable} não é um endereço", f"use {variable}=http://proxy.empresa:3128"
            )
        shown.append(f"{variable}: {host}{f':{port}' if port else ''}")
    return Check(name, State.OK, "; ".join(shown) or "nenhum")


def check_certificates() -> Check:
    """Whether the certificates that connections are checked by can be loaded."""
    name = "certificados"
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        given = os.environ.get(variable)
        if given and not Path(given).exists():
            return Check(name, State.FAILED, f"{variable} aponta para {given}, que não existe", "corrija o caminho")
    try:
        trusted_certificates()
    except (ssl.SSLError, OSError):
        return Check(
            name, State.FAILED, "SSL_CERT_FILE ou SSL_CERT_DIR não tem um certificado válido", "use um arquivo PEM"
        )
    extra = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    return Check(name, State.OK, f"os do sistema e {extra}" if extra else "os do sistema")
