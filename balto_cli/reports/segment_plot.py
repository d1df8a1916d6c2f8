"""Gathers what is to be drawn of a recording, page by page, while it is cut.

Memory holds one page and the longest segment, whatever the length of the recording. How a page looks is in
`segment_figure`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Self

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_from_bytes
from balto_cli.reports.segment_page import Page

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from balto_cli.pipeline import PipelineConfig, Segment
    from balto_cli.pipeline.listener import HeardHop

PAGE_SAMPLES = 60 * SAMPLE_RATE_HZ
LAST_PAGE_SAMPLES = 90 * SAMPLE_RATE_HZ
"""What is left over may be this long, so that no page holds a second or two."""


class Plotter:
    """Watches a stream and draws it: `NAME.png`, then `NAME_pag_001.png` and so on."""

    def __init__(self, stem: Path, title: str, config: PipelineConfig) -> None:
        """`stem` is the pictures' path without ending; its folder is made where it is missing."""
        self._stem = stem
        self._title = title
        self._config = config
        self._number = 0
        self._start = 0
        self._sound = bytearray()
        self._hops: list[HeardHop] = []
        self._segments: list[Segment] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Draw what is left; after a failure nothing."""
        if kind is None:
            if self._sound:
                self._draw(len(self._sound) // 2)
            self._remove_leftovers()

    def sound(self, chunk: bytes) -> None:
        """See `Watcher.sound`. All that came of earlier chunks is known by now, so a full page is drawn here."""
        if self._page_is_settled():
            self._draw(PAGE_SAMPLES)
        self._sound += chunk

    def hop(self, hop: HeardHop) -> None:
        """See `Watcher.hop`."""
        self._hops.append(hop)

    def segment(self, segment: Segment) -> None:
        """See `Watcher.segment`."""
        self._segments.append(segment)

    def _page_is_settled(self) -> bool:
        """Whether no later segment can reach into the page."""
        if len(self._sound) // 2 <= LAST_PAGE_SAMPLES:
            return False
        page_end = self._start + PAGE_SAMPLES
        cut_after = bool(self._segments) and self._segments[-1].end_sample >= page_end
        return cut_after or (not self._hops[-1].is_open and self._hops[-1].start_sample >= page_end)

    def _draw(self, samples: int) -> None:
        # Of its cache of fonts, which it builds once or cannot write, nobody needs to hear.
        logging.getLogger("matplotlib").setLevel(logging.ERROR)
        from balto_cli.reports.segment_figure import save_page

        end = self._start + samples
        page = Page(
            number=self._number,
            start=self._start,
            sound=pcm_from_bytes(bytes(self._sound[: 2 * samples])),
            hops=tuple(hop for hop in self._hops if hop.start_sample < end),
            segments=tuple(segment for segment in self._segments if segment.start_sample < end),
        )
        path = self._path(self._number)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_page(page, path, self._title, self._config)
        del self._sound[: 2 * samples]
        self._start, self._number = end, self._number + 1
        self._hops = [hop for hop in self._hops if hop.start_sample + hop.samples > end]
        self._segments = [segment for segment in self._segments if segment.end_sample > end]

    def _path(self, number: int) -> Path:
        suffix = f"_pag_{number:03d}.png" if number else ".png"
        return self._stem.with_name(self._stem.name + suffix)

    def _remove_leftovers(self) -> None:
        """A longer recording of the same name would leave pages that belong to none."""
        number = max(1, self._number)
        while (leftover := self._path(number)).exists():
            leftover.unlink()
            number += 1
