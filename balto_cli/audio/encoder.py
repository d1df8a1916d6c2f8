"""Writes PCM16 16 kHz mono in another form, by the ffmpeg that imageio-ffmpeg brings."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm


def write_encoded(path: Path, samples: Pcm, form: Sequence[str]) -> None:
    """Write samples to `path`, replacing what is there; `form`: ffmpeg's options for codec and container.

    Raises OSError.
    """
    result = subprocess.run(
        encoder_command(path, form),
        input=pcm_to_bytes(samples),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        # Its own session: Ctrl-C in the terminal is for Balto.
        start_new_session=sys.platform != "win32",
    )
    if result.returncode:
        raise encoder_failure(path, result.stderr)


def encoder_command(path: Path, form: Sequence[str]) -> list[str]:
    """The command that reads PCM from its standard input and writes `path`."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-loglevel", "error", "-y"]
    command += ["-protocol_whitelist", "pipe", "-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    return [*command, *form, f"file:{path.absolute()}"]


def encoder_failure(path: Path, stderr: bytes) -> OSError:
    """What the encoder said last, as the error that the file system would have raised."""
    said = stderr.decode("utf-8", "replace")
    last = (said.strip().splitlines() or ["ffmpeg"])[-1]
    return OSError(errno.ENOSPC if "No space left" in said else None, last, str(path))
