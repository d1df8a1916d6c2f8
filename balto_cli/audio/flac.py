"""Writes FLAC, PCM16 16 kHz mono, by the ffmpeg that imageio-ffmpeg brings: lossless at about half of a WAV's size."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from balto_cli.audio.encoder import encoder_command, encoder_failure, write_encoded
from balto_cli.audio.pcm import pcm_to_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm

_FORM = ("-c:a", "flac", "-bitexact", "-f", "flac")
_FED_SAMPLES = 512 * 1024


def write_flac(path: Path, samples: Pcm) -> None:
    """Write samples to `path`, replacing what is there. Raises OSError."""
    write_encoded(path, samples, _FORM)


async def encode_flac(path: Path, samples: Pcm) -> None:
    """As `write_flac`, without holding up the event loop or copying the samples; cancelling ends the encoder."""
    process = await asyncio.create_subprocess_exec(
        *encoder_command(path, _FORM),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=sys.platform != "win32",
    )
    try:
        _, stderr = await asyncio.gather(_feed(process, samples), _read_all(process.stderr))
        if await process.wait():
            raise encoder_failure(path, stderr)
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
