"""Checks of the machine as a server's: its data folder, how fast the disk confirms, open files, clock, proxies."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from balto_cli.diagnosis.check import Check, State
from balto_cli.diagnosis.machine import check_folder, nearest
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.settings import Settings

_OTHERS = 0o077
_SYNCS = 15
_SYNC_BYTES = 4096
_SLOW_SYNC_MS = 30.0
"""Sound is confirmed, and the database commits, when the disk has said so; at 30 ms still 33 groups a second."""
_DESCRIPTORS_DECODER = 3
_DECODERS = 64
_DESCRIPTORS_OTHER = 256
"""Database, journals, providers, the panel."""
_BRAZIL = frozenset(timedelta(hours=hours) for hours in (-2, -3, -4, -5))
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock before this one is wrong."""
_NTP_LIMIT_S = 5.0
_WIDE_V4, _WIDE_V6 = 8, 32


def check_data_folder(folder: Path) -> Check:
    """Whether the server can write where it keeps everything, and whether other users of the machine can look in."""
    name = "pasta de dados"
    check = check_folder(name, folder, "dê permissão a quem roda o servidor, ou outra pasta em BALTO_DATA")
    if check.state is State.OK and sys.platform != "win32" and folder.exists() and folder.stat().st_mode & _OTHERS:
        return Check(name, State.WARNING, f"outros usuários desta máquina entram em {folder}", f"chmod 700 {folder}")
    return check


def check_sync(folder: Path) -> Check:
    """How long the disk takes to confirm 4 KB: the median of a few times, in a file without a name."""
    name = "disco: confirmação"
    took_ms = []
    try:
        with tempfile.TemporaryFile(dir=nearest(folder)) as file:
            for _ in range(_SYNCS):
                file.write(bytes(_SYNC_BYTES))
                file.flush()
                begun_s = time.perf_counter()
                os.fsync(file.fileno())
                took_ms.append(1000 * (time.perf_counter() - begun_s))
    except OSError as error:
        return Check(name, State.WARNING, f"não deu para medir ({os_reason(error)})", "confira a pasta de dados")
    median = statistics.median(took_ms)
    found = f"fsync de 4 KB em {median:.1f} ms (mediana de {_SYNCS})".replace(".", ",", 1)
    if median > _SLOW_SYNC_MS:
        return Check(name, State.WARNING, found, "com muitos balcões, use um disco SSD local")
    return Check(name, State.OK, found)


def check_open_files(settings: Settings) -> Check:
    """Whether the sessions of the settings fit under the limit of open files."""
    name = "arquivos abertos"
    if sys.platform == "win32":
        return Check(name, State.OK, "sem limite por processo neste sistema")
    import resource

    needed = settings.max_sessions + _DECODERS * _DESCRIPTORS_DECODER + _DESCRIPTORS_OTHER
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit in (-1, resource.RLIM_INFINITY):
        return Check(name, State.OK, "sem limite")
    found = f"limite de {limit}, {settings.max_sessions} sessões usam até {needed}"
    if limit < needed:
        todo = f"ulimit -n {max(8192, needed)}; no systemd, LimitNOFILE (a unidade de deploy/ já o tem)"
        return Check(name, State.WARNING, found, todo)
    return Check(name, State.OK, found)


def check_clock(now: datetime) -> Check:
    """Whether the time can be right, and in which zone people read it; `now` is aware, in the machine's zone."""
    name = "relógio"
    zone = f"{now:%d/%m/%Y %H:%M}, {now.tzname()}"
    if now < _BUILT:
        return Check(name, State.FAILED, f"{zone}: está atrasado", "timedatectl set-ntp true, ou acerte-o")
    synchronized = _is_synchronized()
    if synchronized is False:
        return Check(name, State.WARNING, f"{zone}, sem acerto pela rede", "timedatectl set-ntp true")
    if now.utcoffset() not in _BRAZIL:
        return Check(name, State.WARNING, f"{zone}: o painel mostra as horas assim", "TZ=America/Sao_Paulo, ou a sua")
    return Check(name, State.OK, f"{zone}{', acertado pela rede' if synchronized else ''}")


def _is_synchronized() -> bool | None:
    """Whether the machine sets its clock by the network; None where nobody knows."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    try:
        ended = subprocess.run(
            [program, "show", "--property=NTPSynchronized", "--value"],
            capture_output=True,
            check=True,
            timeout=_NTP_LIMIT_S,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(ended.stdout.strip())


def check_proxy_trust(settings: Settings) -> Check:
    """Whether those whose headers are believed can be the proxy in front of us, and whether there should be one."""
    name = "proxy reverso"
    given = ", ".join(str(network) for network in settings.proxies)
    wide = [
        network for network in settings.proxies if network.prefixlen < (_WIDE_V4 if network.version == 4 else _WIDE_V6)
    ]
    if wide:
        todo = "diga em BALTO_PROXIES só o endereço do proxy, como 127.0.0.1"
        return Check(name, State.FAILED, f"{wide[0]}: qualquer um diria de que endereço vem", todo)
    outside = [network for network in settings.proxies if network.is_global]
    if outside:
        return Check(name, State.WARNING, f"{outside[0]} é da internet", "confirme que só o seu proxy está aí")
    if settings.proxies:
        return Check(name, State.OK, f"acredita em {given}")
    if is_own(settings.host):
        return Check(name, State.OK, "nenhum; o servidor só ouve esta máquina")
    todo = "ponha Caddy ou nginx na frente (deploy/), com HOST=127.0.0.1 e BALTO_PROXIES=127.0.0.1"
    return Check(name, State.WARNING, f"nenhum, e HOST={settings.host} ouve a rede: sem HTTPS", todo)


def is_own(host: str) -> bool:
    """Whether an address is this machine's alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
