"""The practice recordings of `../shared/data`: read where they are, counted aloud where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"


def require_shared(name: str) -> Path:
    """A folder of `../shared/data`; without it the test does not run, and is counted aloud."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"falta ../shared/data/{name}: este teste só roda onde o conjunto está")
    return path
