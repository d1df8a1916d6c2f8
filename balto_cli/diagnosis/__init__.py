"""What `balto doctor` looks at: keys, programs, weights, folders, network; each says what was found and what to do.

Looking changes nothing and costs nothing: no file stays, no provider is asked for anything that it bills.
"""

from __future__ import annotations

from balto_cli.diagnosis.check import Check, State
from balto_cli.diagnosis.examination import examine

__all__ = ["Check", "State", "examine"]
