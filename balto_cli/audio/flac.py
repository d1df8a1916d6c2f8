"""Writes FLAC, PCM16 16 kHz mono, by the ffmpeg that imageio-ffmpeg brings: lossless at about half of a WAV's size."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm


def write_flac(path: Path, samples: Pcm) -> None:
    """Write samples to `path`, replacing what is there. Raises OSError."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-loglevel", "error", "-y"]
    command += ["-protocol_whitelist", "pipe", "-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    command += ["-c:a", "flac", "-bitexact", "-f", "flac", f"file:{path.absolute()}"]
    result = subprocess.run(
        command,
        input=pcm_to_bytes(samples),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        # Its own session: Ctrl-C in the terminal is for Balto.
        start_new_session=sys.platform != "win32",
    )
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines() or ["ffmpeg"]
        if "No space left" in result.stderr.decode("utf-8", "replace"):
            raise OSError(errno.ENOSPC, said[-1], str(path))
        raise OSError(None, said[-1], str(path))
