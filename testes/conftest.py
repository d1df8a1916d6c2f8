"""What all tests share: a cache of weights for the session, and the count of what could not run here."""

from __future__ import annotations

from collections import Counter

import pytest

from testes import shared, tools


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud which programs and recordings were missing, and how many tests did not run for it."""
    for name, count in sorted(Counter([*tools.MISSING, *shared.MISSING]).items()):
        terminalreporter.write_line(f"NÃO RODARAM AQUI: {count} testes que usam {name}", yellow=True)
