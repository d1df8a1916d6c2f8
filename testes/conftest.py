"""What all tests share: the count, said aloud, of what could not run here."""

from __future__ import annotations

import re
from collections import Counter

import pytest

_MISSING = re.compile(r"falta (\S+?):")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which programs and recordings were missing, and how many tests did not run for it."""
    reasons = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    missing = Counter(found.group(1) for reason in reasons if (found := _MISSING.search(reason)))
    for name, count in sorted(missing.items()):
        terminalreporter.write_line(f"NÃO RODARAM AQUI: {count} testes que usam {name}", yellow=True)
