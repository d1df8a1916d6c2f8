"""The practice recordings of `../shared/data`: read where they are, counted aloud where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"
MISSING: list[str] = []
"""What was asked for and is not there, once for every test that asked."""


def require_shared(name: str) -> Path:
    """A folder of `../shared/data`; without it the test does not run, and is counted in `MISSING`."""
    path = DATA / name
    if not path.exists():
        MISSING.append(f"../shared/data/{name}")
        pytest.skip(f"falta ../shared/data/{name}: este teste só roda onde o conjunto está")
    return path
