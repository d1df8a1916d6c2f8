"""A whole file as one value: where its own bytes are, and the sound that was decoded of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, Union

from balto_cli.audio.pcm import Pcm

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """An original: whoever takes its container may read the file, everyone else takes the samples."""

    path: Path
    container: str
    """The decoder's name for it, as `audio.containers` tells: `wav`, `mp3`, `matroska`, `ogg`, `mov`."""
    samples: Pcm


Audio: TypeAlias = Union[Pcm, Recording]  # noqa: UP007 - an array type does not take `|` at run time
"""What is transcribed: a piece of sound (a segment), or a whole file."""


def samples_of(audio: Audio) -> Pcm:
    """The sound itself, PCM16 16 kHz mono."""
    return audio.samples if isinstance(audio, Recording) else audio
