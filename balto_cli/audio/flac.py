"""Writes FLAC, PCM16 16 kHz mono, by the ffmpeg that imageio-ffmpeg brings: lossless at about half of a WAV's size."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import subprocess
import sys
from typing import TYPE_CHECKING

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm

_FED_SAMPLES = 512 * 1024


def write_flac(path: Path, samples: Pcm) -> None:
    """Write samples to `path`, replacing what is there. Raises OSError."""
    result = subprocess.run(
        _command(path),
        input=pcm_to_bytes(samples),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        # Its own session: Ctrl-C in the terminal is for Balto.
        start_new_session=sys.platform != "win32",
    )
    if result.returncode:
        raise _failure(path, result.stderr)


async def encode_flac(path: Path, samples: Pcm) -> None:
    """As `write_flac`, without holding up the event loop or copying the samples; cancelling ends the encoder."""
    process = await asyncio.create_subprocess_exec(
        *_command(path),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=sys.platform != "win32",
    )
    try:
        _, stderr = await asyncio.gather(_feed(process, samples), _read_all(process.stderr))
        if await process.wait():
            raise _failure(path, stderr)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _feed(process: asyncio.subprocess.Process, samples: Pcm) -> None:
    """Write all samples; an encoder that ends early says why on its standard error."""
    assert process.stdin is not None
    try:
        for start in range(0, samples.size, _FED_SAMPLES):
            process.stdin.write(pcm_to_bytes(samples[start : start + _FED_SAMPLES]))
            await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        pass


async def _read_all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream is not None else b""


def _command(path: Path) -> list[str]:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-loglevel", "error", "-y"]
    command += ["-protocol_whitelist", "pipe", "-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0"]
    return [*command, "-c:a", "flac", "-bitexact", "-f", "flac", f"file:{path.absolute()}"]


def _failure(path: Path, stderr: bytes) -> OSError:
    said = stderr.decode("utf-8", "replace")
    last = (said.strip().splitlines() or ["ffmpeg"])[-1]
    return OSError(errno.ENOSPC if "No space left" in said else None, last, str(path))
