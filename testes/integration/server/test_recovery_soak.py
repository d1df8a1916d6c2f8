"""A short soak: drops, frozen sockets, garbage, provider faults and kills, and nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

from testes.shared import require_shared
from testes.soak import soak


async def test_after_chaos_every_segment_is_there_once(tmp_path: Path) -> None:
    require_shared("speech")
    outcome = await soak(tmp_path, 30.0, 6, seed=7)
    assert outcome.kills >= 1
    assert outcome.segments > 20
    assert outcome.is_clean, outcome
    assert max(outcome.descriptors) < 200
