"""Stand-ins of the speech and language providers, judged by the providers' own SDKs.

`python -m testes.simulador --port 9100` serves them all; tests use `Simulator` in their own process, or
`process.running` for a process of its own.
"""

from __future__ import annotations

from testes.simulador.server import Simulator

__all__ = ["Simulator"]
