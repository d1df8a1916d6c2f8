"""Transcripts of many recordings on one page: each in the style that was asked for, in order of the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from balto_cli.reports.transcript_formats import as_json, as_srt, as_tsv, as_vtt, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from balto_cli.reports.transcript_cues import Reading

Style = Literal["txt", "json", "srt", "vtt", "tsv"]


class Page:
    """Standard output: recordings come in any order and leave in that of the files."""

    def __init__(self, style: Style, show: Callable[[str], None], *, alone: bool) -> None:
        """`alone`: one recording by one provider, which needs no heading and no list."""
        self._style, self._show, self._alone = style, show, alone
        self._waiting: dict[int, Sequence[Reading]] = {}
        self._next = 0
        self._shown = 0

    def put(self, number: int, readings: Sequence[Reading]) -> None:
        """Take a recording's readings; show what is next in order."""
        self._waiting[number] = readings
        while (ready := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            if self._style == "json" and not self._alone:
                self._add(rendered(ready, "json"), before="[\n", between=",\n")
            elif any(not reading.reason for reading in ready) or self._style == "json":
                heading = "" if self._alone else ready[0].file
                self._add(rendered(ready, self._style, heading=heading, header=not self._shown), between="\n\n")

    def end(self) -> None:
        """Show what ends the page."""
        if self._style == "json" and not self._alone:
            self._show("\n]\n" if self._shown else "[]\n")
        elif self._shown and self._style != "tsv":
            self._show("\n")

    def _add(self, text: str, *, before: str = "", between: str) -> None:
        if self._style == "tsv":
            self._show(text)
        else:
            self._show((between if self._shown else before) + text.rstrip("\n"))
        self._shown += 1


def rendered(readings: Sequence[Reading], style: Style, *, heading: str = "", header: bool = True) -> str:
    """One recording in one style; subtitles take one reading."""
    if style == "json":
        return ",\n".join(as_json(reading) for reading in readings)
    if style == "tsv":
        return as_tsv(readings, header=header)
    if style == "srt":
        return as_srt(readings[0])
    if style == "vtt":
        return as_vtt(readings[0])
    return side_by_side(readings, heading)
