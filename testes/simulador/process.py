"""The stand-ins in a process of their own, for tests that start commands."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from testes.simulador.options import ROOT
from testes.simulador.server import BASE_PATHS, environment

_FIRST_WORDS = "simulador em "


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs."""

    address: str
    pid: int

    @property
    def env(self) -> dict[str, str]:
        """Good keys and base URLs of all providers."""
        return environment(self.address)

    def url(self, provider: str) -> str:
        """The base URL that stands for a provider's own."""
        return self.address + BASE_PATHS[provider]

    def fail(self, provider: str, kind: str, *, times: int = 1, stage: str | None = None) -> None:
        """Let the next requests of a provider fail."""
        self._ask("falhas", {"provedor": provider, "falha": kind, "vezes": times, "etapa": stage})

    def script_chat(self, answer: Any, *, provider: str | None = None, times: int = 1) -> None:
        """Give this answer to the next chat."""
        self._ask("chat", {"resposta": answer, "provedor": provider, "vezes": times})

    def reset(self) -> None:
        """Forget calls, queued faults and scripted answers."""
        self._ask("reset", {})

    def calls(self, provider: str | None = None, stage: str | None = None) -> list[dict[str, Any]]:
        """Requests that came, as `calls.CallRecord` names their fields."""
        rows: list[dict[str, Any]] = self._ask("chamadas", None)["chamadas"]
        return [row for row in rows if provider in (None, row["provedor"]) and stage in (None, row["etapa"])]

    def _ask(self, what: str, data: dict[str, Any] | None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(
            f"{self.address}/_controle/{what}", data=body, headers={"Content-Type": "application/json"}
        )
        # Without the environment's proxies: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            return json.load(response)


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Run `python -m testes.simulador` with some arguments on a free port."""
    command = [sys.executable, "-m", "testes.simulador", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(_FIRST_WORDS):
                raise RuntimeError("the stand-ins did not start")
            yield Running(line.removeprefix(_FIRST_WORDS).strip(), process.pid)
        finally:
            process.terminate()
