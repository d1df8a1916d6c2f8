"""The sound of segments, small enough to travel inside a page: Opus, one stream a file, only what fits.

A file's segments stand in its stream one after another with a short silence between them, so that a thousand segments
cost one encoder. What is worth hearing most goes first; what does not fit is left out and said.
"""

from __future__ import annotations

import base64
import contextlib
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.decode import Decoder
from balto_cli.audio.encoder import write_encoded
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_from_bytes
from balto_cli.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.audio.pcm import Pcm

BITS_PER_S = 16_000
"""Speech of 8 kHz bandwidth stays clear, names of medicines included."""
_OVERHEAD = 1.06
"""Container and the rate's own swing over what the bits say."""
_BASE64 = 4 / 3
_GAP_S = 0.15


@dataclass(frozen=True, slots=True)
class Wanted:
    """A segment whose sound may travel."""

    file: str
    segment: str
    """"" for an original as a whole."""
    start_s: float
    end_s: float

    @property
    def bytes_estimated(self) -> float:
        """What it will take in the page."""
        return (self.end_s - self.start_s + _GAP_S) * BITS_PER_S / 8 * _OVERHEAD * _BASE64


@dataclass(frozen=True, slots=True)
class Sound:
    """The stream of one file."""

    index: int
    """Place of the file in the run."""
    base64: str


@dataclass(frozen=True, slots=True)
class EmbeddedAudio:
    """What goes into the page."""

    sounds: tuple[Sound, ...]
    starts: Mapping[tuple[str, str], float]
    """Seconds into its file's stream where each embedded segment begins, by file and segment."""
    note: str
    """What is in and what was left out, one sentence."""


def embed_audio(
    wanted: Sequence[Wanted], files: Sequence[str], paths: Mapping[str, str], most_bytes: float
) -> EmbeddedAudio:
    """Encode the segments of `wanted`, most important first, up to `most_bytes` of page.

    `files` are the run's files in order, `paths` where each recording is. A recording that cannot be read is left out.
    """
    chosen = _chosen([one for one in wanted if paths.get(one.file)], most_bytes)
    by_file: dict[str, list[Wanted]] = defaultdict(list)
    for one in chosen:
        by_file[one.file].append(one)
    sounds, starts = [], {}
    for index, file in enumerate(files):
        parts = sorted(by_file.get(file, ()), key=lambda one: one.start_s)
        if not parts:
            continue
        try:
            stream, begins = _stream(Path(paths[file]), parts)
            content = _opus(stream)
        except (AudioError, OSError):
            continue
        sounds.append(Sound(index, base64.b64encode(content).decode()))
        starts.update({(part.file, part.segment): start for part, start in zip(parts, begins, strict=True)})
    return EmbeddedAudio(tuple(sounds), starts, _note(wanted, starts, sounds, most_bytes))


def _chosen(wanted: Sequence[Wanted], most_bytes: float) -> list[Wanted]:
    """The first ones that fit; a long one that does not fit makes room for shorter ones after it."""
    chosen, left = [], most_bytes
    for one in wanted:
        if one.bytes_estimated <= left:
            left -= one.bytes_estimated
            chosen.append(one)
    return chosen


def _stream(path: Path, parts: Sequence[Wanted]) -> tuple[Pcm, list[float]]:
    """Sound of the parts, in order, and where each begins. Holds no more of the recording than the parts."""
    gap = np.zeros(int(_GAP_S * SAMPLE_RATE_HZ), np.int16)
    spans = [(round(part.start_s * SAMPLE_RATE_HZ), round(part.end_s * SAMPLE_RATE_HZ)) for part in parts]
    pieces: list[list[Pcm]] = [[] for _ in parts]
    at = 0
    for chunk in Decoder(path):
        samples = pcm_from_bytes(chunk)
        for (first, last), piece in zip(spans, pieces, strict=True):
            if first < at + len(samples) and last > at:
                piece.append(samples[max(0, first - at) : last - at])
        at += len(samples)
    begins, sound, length = [], [], 0
    for piece in pieces:
        begins.append(length / SAMPLE_RATE_HZ)
        for part in (*piece, gap):
            sound.append(part)
            length += len(part)
    return np.concatenate(sound), begins


def _opus(samples: Pcm) -> bytes:
    """WebM with Opus. In a file, since only there the encoder can go back and write the index that seeking needs."""
    form = ["-c:a", "libopus", "-b:a", str(BITS_PER_S), "-vbr", "constrained", "-application", "voip"]
    form += ["-frame_duration", "60", "-bitexact", "-f", "webm"]
    with tempfile.TemporaryDirectory(prefix="balto-") as folder:
        path = Path(folder) / "som.webm"
        write_encoded(path, samples, form)
        content = path.read_bytes()
        with contextlib.suppress(OSError):
            path.unlink()
    return content


def _note(
    wanted: Sequence[Wanted], starts: Mapping[tuple[str, str], float], sounds: Sequence[Sound], most_bytes: float
) -> str:
    size = f"{sum(len(sound.base64) for sound in sounds) / 1e6:.1f} MB".replace(".", ",")
    left = [one for one in wanted if (one.file, one.segment) not in starts]
    inside = (
        f"Esta página leva dentro de si o áudio de {len(starts)} trechos ({size}): são vozes de clientes, cuide de "
        "quem a recebe."
    )
    if not left:
        return inside
    minutes = f"{sum(one.end_s - one.start_s for one in left) / 60:.1f}".replace(".", ",")
    limit = f"{most_bytes / 1e6:.0f} MB"
    return (
        f"{inside} Ficaram fora {len(left)} trechos ({minutes} min), que não couberam em {limit} ou cuja gravação não "
        "foi achada."
    )
