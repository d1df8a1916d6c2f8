"""Samples in, segments out: the one module that decides what Balto hears, offline and live."""

from __future__ import annotations

from balto_cli.pipeline.config import PipelineConfig
from balto_cli.pipeline.segment import Segment
from balto_cli.pipeline.speech_pipeline import SpeechPipeline, segment_stream

__all__ = ["PipelineConfig", "Segment", "SpeechPipeline", "segment_stream"]
