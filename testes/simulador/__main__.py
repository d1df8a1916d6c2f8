"""`python -m testes.simulador --port 9100`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from testes.simulador.faults import KINDS
from testes.simulador.options import DEFAULT_REFERENCES, PROVIDERS, Options
from testes.simulador.references import load_references
from testes.simulador.server import Simulator


def _rate(text: str) -> tuple[str, float]:
    """`0.1`, or `elevenlabs=0.1`."""
    provider, _, number = text.rpartition("=")
    if provider and provider not in PROVIDERS:
        raise argparse.ArgumentTypeError(f"não há provedor “{provider}”: há {', '.join(PROVIDERS)}")
    value = float(number.replace(",", "."))
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a taxa vai de 0 a 1")
    return provider, value


def _latency(text: str) -> float | tuple[float, float]:
    """`200`, or `100-400`."""
    least, dash, most = text.partition("-")
    return (float(least), float(most)) if dash else float(least)


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(kind.strip() for kind in text.split(",") if kind.strip())
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise argparse.ArgumentTypeError(f"não há falha “{unknown[0]}”: há {', '.join(KINDS)}")
    return kinds


def parse(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Arguments of `Simulator`."""
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m testes.simulador", description="Simula os provedores.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100, help="0: qualquer porta livre")
    parser.add_argument("--texto", choices=("referencia", "hash", "motor"), default=default.texto)
    parser.add_argument(
        "--erros", type=_rate, action="append", metavar="TAXA", help="erro por palavra: 0.1 ou elevenlabs=0.05"
    )
    parser.add_argument("--semente", type=int, default=default.semente)
    parser.add_argument("--latencia-ms", type=_latency, default=default.latencia_ms, help="200, ou 100-400")
    parser.add_argument(
        "--falhas", type=_rate, action="append", metavar="TAXA", help="parte das chamadas que falha: 0.1 ou openai=0.2"
    )
    parser.add_argument("--tipos", type=_kinds, default=default.tipos, help=f"tipos de falha, de: {', '.join(KINDS)}")
    parser.add_argument("--referencias", type=Path, action="append", metavar="PASTA", help="áudios com texto")
    parser.add_argument("--lento-s", type=float, default=default.lento_s, help="duração da falha “lento”")
    parser.add_argument("--retry-after-s", type=int, default=default.retry_after_s)
    parser.add_argument("--consultas", type=int, default=default.consultas, help="consultas até um trabalho acabar")
    values = vars(parser.parse_args(arguments))
    values["erros"] = dict(values["erros"] or ())
    values["falhas"] = dict(values["falhas"] or ())
    values["referencias"] = tuple(folder.absolute() for folder in values["referencias"] or DEFAULT_REFERENCES)
    return values


async def serve(options: dict[str, Any]) -> None:
    """Serve until interrupted."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    if options["texto"] == "referencia":
        await asyncio.to_thread(load_references(options["referencias"]).prepare)
    async with Simulator(**options) as simulator:
        print(f"simulador em {simulator.address}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parse()))
