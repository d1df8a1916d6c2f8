"""How many bytes a stream's state takes: the largest of all checkpoints over the sets."""

from __future__ import annotations

from dataclasses import replace

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from testes.bench.report import table
from testes.bench.streams import joined
from testes.bench.vad import CHUNK_BYTES, SETS, Recording, load_set

TARGET_BYTES = 16 * 1024


def checkpoint_sizes(recording: Recording, config: PipelineConfig) -> list[int]:
    """Size in bytes of every checkpoint of the stream."""
    pcm, pipeline = pcm_to_bytes(recording.samples), SpeechPipeline(config)
    sizes: list[int] = []
    last = None
    for start in range(0, len(pcm), CHUNK_BYTES):
        pipeline.feed(pcm[start : start + CHUNK_BYTES])
        if pipeline.checkpoint is not None and pipeline.checkpoint is not last:
            last = pipeline.checkpoint
            sizes.append(len(last.data))
    return sizes


def section() -> tuple[str, str]:
    stream = joined([item for name in SETS for item in load_set(name)])
    rows = []
    configs = {
        "padrão": PipelineConfig(),
        "`leve`": PipelineConfig.leve(),
    }
    for label, config in configs.items():
        sizes = checkpoint_sizes(stream, replace(config, reduction=0.0))
        rows.append((label, str(len(sizes)), str(max(sizes)), str(min(sizes))))
    rows.append(("**Meta**", "", f"{TARGET_BYTES}", ""))
    return "Estado de um fluxo", table(("Perfil", "Pontos de retomada", "Maior (bytes)", "Menor (bytes)"), rows) + (
        "\n\nOs dois conjuntos como um só fluxo."
    )
