"""What travels to a provider: raw PCM or WAV for a segment, a file's own bytes from disk, else FLAC.

Files are streamed, so memory does not grow with them. The name that is sent says the format and nothing of the person.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from balto_cli.audio.flac import encode_flac
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes
from balto_cli.audio.recording import Recording, samples_of
from balto_cli.audio.wav import wav_header
from balto_cli.errors import Failure, ProviderError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from balto_cli.audio.pcm import Pcm
    from balto_cli.audio.recording import Audio
    from balto_cli.stt.base import Capabilities

SEGMENT_S = 120.0
"""Sound up to this length goes as it is, which needs no encoder; longer sound goes as FLAC, half as large."""

MEDIA_TYPES = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "webm": "audio/webm",
    "mkv": "video/x-matroska",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "amr": "audio/amr",
    "asf": "video/x-ms-asf",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "mpeg": "video/mpeg",
}
"""Media type by ending, for every format that is sent."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Audio as it is sent."""

    sent_as: str
    """As in `Transcript.sent_as`."""
    ending: str
    """A key of `MEDIA_TYPES`; `audio.ENDING` is the name that the provider sees."""
    size: int
    """In bytes."""
    duration_s: float
    data: bytes | None = None
    path: Path | None = None
    """Where the bytes are if they are not in `data`."""

    @property
    def media_type(self) -> str:
        """Of the audio."""
        return MEDIA_TYPES[self.ending]

    @property
    def filename(self) -> str:
        """A name with the right ending."""
        return f"audio.{self.ending}"


@contextlib.asynccontextmanager
async def packed(
    audio: Audio,
    capabilities: Capabilities,
    name: str,
    *,
    segment_as: Literal["pcm", "wav"],
    endings: frozenset[str] | None = None,
) -> AsyncIterator[Parcel]:
    """`audio` as the provider `name` takes it, with whatever temporary file that needs.

    `endings` are the formats that it takes of those in its containers, where it does not take all. Raises
    `ProviderError` of kind limit for what is larger than it takes in any form, audio for a file that cannot be read.
    """
    samples = samples_of(audio)
    duration_s = samples.size / SAMPLE_RATE_HZ
    own = _own_bytes(audio, capabilities, name, endings) if isinstance(audio, Recording) else None
    if own is not None:
        yield own
        return
    if duration_s <= SEGMENT_S and not isinstance(audio, Recording):
        data = pcm_to_bytes(samples)
        if segment_as == "wav":
            data = wav_header(len(data)) + data
        yield Parcel(segment_as, segment_as, len(data), duration_s, data=data)
        return
    with tempfile.TemporaryDirectory(prefix="balto-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "audio.flac"
        size = await _encoded(path, samples, name)
        if _over(size, capabilities):
            raise too_large(name, size, capabilities)
        yield Parcel("flac", "flac", size, duration_s, path=path)


async def _encoded(path: Path, samples: Pcm, name: str) -> int:
    """Write `path` and return its size in bytes."""
    try:
        await encode_flac(path, samples)
        return os.stat(path).st_size  # noqa: PTH116 - a file that was just written
    except OSError as error:
        reason = os_reason(error)
    raise ProviderError(
        f"O FLAC para {name} não pôde ser gravado na pasta temporária ({reason}): libere espaço ou mude TMPDIR.",
        kind=Failure.AUDIO,
    )


def _own_bytes(
    recording: Recording, capabilities: Capabilities, name: str, endings: frozenset[str] | None
) -> Parcel | None:
    """The file itself, where the provider takes it; None where it must be encoded."""
    if recording.container not in capabilities.containers:
        return None
    try:
        with recording.path.open("rb") as file:
            head = file.read(64)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        reason = os_reason(error)
    else:
        ending = ending_of(recording.container, head)
        if ending not in MEDIA_TYPES or (endings is not None and ending not in endings) or _over(size, capabilities):
            return None
        duration_s = recording.samples.size / SAMPLE_RATE_HZ
        return Parcel(f"arquivo {recording.container}", ending, size, duration_s, path=recording.path)
    raise ProviderError(
        f"O arquivo não pôde ser lido para ir a {name} ({reason}): confira se ele ainda está no lugar.",
        kind=Failure.AUDIO,
    )


def ending_of(container: str, head: bytes) -> str:
    """The usual ending of a file, from its container and first 64 bytes: one container holds several formats."""
    if container == "matroska":
        return "webm" if b"webm" in head else "mkv"
    if container == "mov":
        brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
        if brand.startswith((b"M4A", b"M4B")):
            return "m4a"
        return "3gp" if brand.startswith(b"3g") else "mov" if brand == b"qt  " else "mp4"
    return container


def too_large(name: str, size: int, capabilities: Capabilities) -> ProviderError:
    """The refusal of `size` bytes, before anything is sent."""
    return ProviderError(
        f"{name} aceita até {_megabytes(capabilities.max_upload_bytes or 0)} por áudio, e este tem "
        f"{_megabytes(size)}: divida a gravação ou transcreva por segmentos.",
        kind=Failure.LIMIT,
    )


def too_long(name: str, duration_s: float, max_s: float) -> ProviderError:
    """The refusal of `duration_s` of sound, before anything is sent."""
    return ProviderError(
        f"{name} aceita até {max_s / 60:.0f} min por áudio, e este tem {duration_s / 60:.0f} min: divida a gravação "
        "ou transcreva por segmentos.",
        kind=Failure.LIMIT,
    )


def _over(size: int, capabilities: Capabilities) -> bool:
    return capabilities.max_upload_bytes is not None and size > capabilities.max_upload_bytes


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB".replace(".", ",")
