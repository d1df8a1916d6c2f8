"""Finds the run that a person means by naming the folder of the workbooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def newest_run(runs: Path) -> Path | None:
    """The newest run in `execucoes/` that ended; None where none did."""
    return next((folder for folder in sorted(runs.glob("????-??-??_??????*"), reverse=True) if _ended(folder)), None)


def _ended(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / "execucao.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and bool(manifest.get("fim"))
