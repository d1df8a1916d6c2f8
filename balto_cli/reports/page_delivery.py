"""The HTML page of a run, written where people look for it, with its recordings linked or taken along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.files import folder_refused, write_atomically
from balto_cli.reports.audio_embed import Wanted, embed_audio
from balto_cli.reports.audio_link import link_audio
from balto_cli.reports.html import html_page

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.evaluation.findings import Analysis
    from balto_cli.reports.html import Since

PAGE = "Relatorio.html"
AUDIO_BYTES = 25_000_000
"""What the sound of a page may take: a mail still carries it, and it holds some two and a half hours of speech."""


def write_page(analysis: Analysis, folder: Path, *, audio_bytes: int | None = None, since: Since | None = None) -> Path:
    """Write `Relatorio.html` into `folder`, replacing an older one, and return its path.

    With `audio_bytes` the sound of segments goes inside, up to that size; without, recordings are linked where they
    are. Raises `OutputError`.
    """
    path = folder / PAGE
    names = [file.name for file in analysis.comparison.files]
    links = {name: link_audio(analysis.audio.get(name), folder) for name in names}
    embedded = None
    if audio_bytes is not None:
        embedded = embed_audio(_by_importance(analysis), names, analysis.audio, audio_bytes)
    try:
        write_atomically(path, html_page(analysis, links, embedded=embedded, since=since))
    except OSError as error:
        raise folder_refused(folder, error) from None
    return path


def _by_importance(analysis: Analysis) -> list[Wanted]:
    """Utterances with a medicine error first, then those where providers are furthest apart, then in order."""
    part = analysis.main_part
    wrong = {(one.file, one.segment) for one in part.medicine}
    apart = {(one.file, one.segment): one.rate for one in part.disagreements}
    wanted = [
        Wanted(file.name, segment.name, segment.start_s, segment.end_s)
        for file in analysis.comparison.files
        for segment in file.segments
    ]
    return sorted(
        wanted or [Wanted(file.name, "", 0.0, file.duration_s or 0.0) for file in analysis.comparison.files],
        key=lambda one: ((one.file, one.segment) not in wrong, -apart.get((one.file, one.segment), 0.0)),
    )
