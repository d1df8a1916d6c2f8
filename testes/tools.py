"""Programs that some tests need and that `make test` does not install: used where found, counted aloud where not."""

from __future__ import annotations

import shutil

import pytest


def require_tool(name: str) -> str:
    """Return the path of a program; where it is missing the test does not run, and is counted aloud."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"falta {name}: este teste só roda onde ele está instalado")
    return path
