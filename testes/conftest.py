"""What all tests share: how many run at once, properties without a clock, and the count of what could not run here."""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest
from hypothesis import settings

# A busy machine takes any time for an example.
settings.register_profile("balto", settings(), deadline=None)
settings.load_profile("balto")

_MISSING = re.compile(r"falta (\S+?):")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests that start programs or speak over sockets wait for much of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which programs and recordings were missing, and how many tests did not run for it."""
    reasons = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    missing = Counter(found.group(1) for reason in reasons if (found := _MISSING.search(reason)))
    for name, count in sorted(missing.items()):
        terminalreporter.write_line(f"NÃO RODARAM AQUI: {count} testes que usam {name}", yellow=True)
