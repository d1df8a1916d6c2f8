"""Running `balto` as a process whose providers are the stand-ins, or none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from testes.simulador.options import ROOT
from testes.simulador.process import Running

PROVIDERS = ("elevenlabs", "assemblyai", "deepgram", "gladia", "openai")
"""Those that transcribe over the network, as on the command line."""


def environment(server: Running | None) -> dict[str, str]:
    """This process's environment with the stand-ins, or without any provider."""
    bare = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    return {**bare, **(server.env if server else {}), "PYTHONPATH": str(ROOT)}


def balto(
    server: Running | None, *arguments: str | Path, cwd: Path | None = None, stdin: bytes | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "balto_cli", *map(str, arguments)],
        capture_output=True, check=False, cwd=cwd, input=stdin, env={**environment(server), **env},
    )  # fmt: skip


def asking(*providers: str) -> list[str]:
    """`--provider` for each."""
    return [part for provider in providers for part in ("--provider", provider)]
