"""One stretch of speech, cut and ready for a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.segmenter import CutKind


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Speech from `start_sample` up to `end_sample` of the stream."""

    index: int
    """0 for the stream's first segment."""
    start_sample: int
    """On the 10 ms grid."""
    end_sample: int
    """On the 10 ms grid, or the true end of the audio."""
    samples: Pcm
    """What the provider hears, shape (end_sample - start_sample,)."""
    cut: CutKind
    """`pausa`; `limite`: the longest length, the next segment may go on at once; `fim`: the end of the audio."""
    snr_db: float | None
    """Speech over noise in the raw sound, 100 Hz to 7 kHz; None if no noise was ever heard."""

    @property
    def start_s(self) -> float:
        """Begin in seconds of the stream."""
        return self.start_sample / SAMPLE_RATE_HZ

    @property
    def end_s(self) -> float:
        """End in seconds of the stream."""
        return self.end_sample / SAMPLE_RATE_HZ

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.end_sample - self.start_sample) / SAMPLE_RATE_HZ
