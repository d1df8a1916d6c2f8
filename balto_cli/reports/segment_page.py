"""A stretch of a recording with all that the pipeline thought of it: what a picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline import Segment
    from balto_cli.pipeline.listener import HeardHop


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A stretch of a recording with all that was thought of it."""

    number: int
    """0 for the first."""
    start: int
    """Sample of the recording that `sound` begins with."""
    sound: Pcm
    hops: tuple[HeardHop, ...]
    segments: tuple[Segment, ...]
    """Those that touch the page, in order."""

    @property
    def end(self) -> int:
        """Sample after the last one."""
        return self.start + len(self.sound)

    def provider_hears(self) -> Pcm:
        """The segments as they are sent, at their places, silence between them."""
        heard = np.zeros(len(self.sound), np.int16)
        for segment in self.segments:
            begin, end = max(segment.start_sample, self.start), min(segment.end_sample, self.end)
            heard[begin - self.start : end - self.start] = segment.samples[
                begin - segment.start_sample : end - segment.start_sample
            ]
        return heard
