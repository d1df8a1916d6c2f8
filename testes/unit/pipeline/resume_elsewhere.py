"""Goes on from checkpoints in a process of its own, as a restarted server does.

`python -m testes.unit.pipeline.resume_elsewhere`: on standard input JSON with `config` (fields), `pcm` (base64),
`chunk_bytes` and `checkpoints` (position, data in base64); on standard output a list for each checkpoint, one digest a
segment.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Sequence

from balto_cli.pipeline import PipelineConfig, Segment, SpeechPipeline
from balto_cli.pipeline.checkpoint import Checkpoint
from testes.unit.pipeline.sounds import as_values


def digests(segments: Sequence[Segment]) -> list[str]:
    """Everything that a segment is, one digest each."""
    return [hashlib.sha256(repr(values).encode()).hexdigest() for values in as_values(list(segments))]


def go_on(config: PipelineConfig, checkpoint: Checkpoint, pcm: bytes, chunk_bytes: int) -> list[Segment]:
    """All segments after the checkpoint; `pcm` is the whole stream."""
    pipeline = SpeechPipeline.resume(config, checkpoint)
    segments: list[Segment] = []
    for start in range(2 * checkpoint.position, len(pcm), chunk_bytes):
        segments += pipeline.feed(pcm[start : start + chunk_bytes])
    return segments + pipeline.flush()


def main() -> None:
    order = json.load(sys.stdin)
    config, pcm = PipelineConfig(**order["config"]), base64.b64decode(order["pcm"])
    checkpoints = [Checkpoint(position, base64.b64decode(data)) for position, data in order["checkpoints"]]
    json.dump([digests(go_on(config, item, pcm, order["chunk_bytes"])) for item in checkpoints], sys.stdout)


if __name__ == "__main__":
    main()
