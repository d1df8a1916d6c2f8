"""Hears one file: decoded once, for the whole and for its segments, by the same pipeline as everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.audio.decode import Decoder, DecodeReport
from balto_cli.audio.pcm import Pcm, pcm_from_bytes
from balto_cli.pipeline import PipelineConfig, Segment, segment_stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound of one file."""

    samples: Pcm
    """The whole file; empty unless it was asked for."""
    segments: tuple[Segment, ...]
    """Empty unless they were asked for."""
    report: DecodeReport


def hear(path: Path, config: PipelineConfig, *, whole: bool, cut: bool) -> Heard:
    """Decode a file, keep its samples if `whole`, and run the pipeline over it if `cut`. Raises `AudioError`."""
    decoder = Decoder(path)
    kept = bytearray()

    def chunks() -> Iterator[bytes]:
        for chunk in decoder:
            if whole:
                kept.extend(chunk)
            yield chunk

    if cut:
        segments = tuple(segment_stream(chunks(), config))
    else:
        segments = ()
        for _ in chunks():
            pass
    return Heard(pcm_from_bytes(kept), segments, decoder.report)
