"""Sessions that `balto serve --record` kept: what stands beside their sound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "sessao.json"
"""In each session's folder."""
_MAX_BYTES = 1 << 20


def recorded_settings(path: Path) -> dict[str, Any] | None:
    """Settings of the pipeline (as `PipelineConfig.as_dict`) that a recorded session was cut with.

    None for a recording that is no session's.
    """
    beside = path.parent / MANIFEST
    try:
        if not beside.is_file() or beside.stat().st_size > _MAX_BYTES:
            return None
        manifest = json.loads(beside.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    settings = manifest.get("pipeline") if isinstance(manifest, dict) else None
    return settings if isinstance(settings, dict) else None
