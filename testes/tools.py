"""Programs that some tests need and that `make test` does not install: used where found, counted aloud where not."""

from __future__ import annotations

import shutil

import pytest

MISSING: list[str] = []
"""Programs that were asked for and not found, once for every test that asked."""


def require_tool(name: str) -> str:
    """Return the path of a program; where it is missing the test does not run, and is counted in `MISSING`."""
    path = shutil.which(name)
    if path is None:
        MISSING.append(name)
        pytest.skip(f"falta {name}: este teste só roda onde ele está instalado")
    return path
