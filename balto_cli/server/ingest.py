"""Whatever a client sends, as PCM16 16 kHz mono: PCM resampled as a stream, containers by one ffmpeg a connection.

What a stream is, is told by its first bytes, unless the client said so. PCM is worked on in blocks of 10 ms of the
client's rate, so that the result does not depend on how it was cut into messages. A container is decoded as the
offline commands decode it; ffmpeg sees one pipe and one demuxer, and no other protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soxr  # type: ignore[import-untyped]

from balto_cli.audio.decode import WavHeader
from balto_cli.audio.downmix import Downmixer
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.server.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_LOG = logger("balto.audio")

HEAD_BYTES = 12
"""How much tells a container from PCM."""
_EBML_HEAD_BYTES = 64
_FIRST_PAGE = 0x02
_READ_BYTES = 32_768
_LAST_WORDS = 20
_DRAIN_S = 5.0
"""How long ffmpeg has for what it was given when a recording ends."""
_NO_ROOM_S = 0.05
_DEMUXERS = {"webm": "matroska", "ogg": "ogg", "wav": "wav", "mp4": "mov"}


class Decoders:
    """Counts the ffmpeg processes of a server."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.running = 0

    @property
    def is_full(self) -> bool:
        """Whether no further one may be started."""
        return self.running >= self._most


class TooManyDecoders(Exception):  # noqa: N818 - read as a state of the server
    """No further ffmpeg may be started."""


def container_of(head: bytes, *, whole: bool) -> str | None:
    """The container that begins here (`webm`, `ogg`, `wav`, `mp4`); None for none.

    `head` are the first bytes of the stream, or of a message. With `whole` it must be a head beyond doubt: EBML with a
    DocType, Ogg's first page.
    """
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if not whole or b"\x42\x82" in head[:_EBML_HEAD_BYTES] else None
    if head.startswith(b"OggS"):
        return "ogg" if not whole or (len(head) > 5 and head[5] & _FIRST_PAGE) else None
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    return "mp4" if head[4:8] == b"ftyp" else None


class Source(Protocol):
    """One kind of audio on its way in."""

    async def feed(self, data: bytes) -> None:
        """Take the next bytes."""

    async def finish(self) -> None:
        """No more comes: hand over what is left. Ends within seconds."""


class Intake:
    """The audio of one connection."""

    def __init__(
        self,
        audio_format: str,
        rate_hz: int,
        channels: int,
        decoders: Decoders,
        on_pcm: Callable[[bytes], None],
        on_broken: Callable[[], None],
        has_room: Callable[[], bool],
        record: Callable[[str], Callable[[bytes], None] | None],
    ) -> None:
        """`on_pcm` is given whole samples; `on_broken` is told of a recording that cannot be decoded.

        A decoder is read from while there is room. `record` is told of each container that begins, and may give what
        takes its bytes as they come.
        """
        self._format = audio_format
        self._rate_hz, self._channels = rate_hz, channels
        self._decoders = decoders
        self._on_pcm = on_pcm
        self._on_broken = on_broken
        self._has_room = has_room
        self._record = record
        self._source: Source | None = None
        self._held = b""

    @property
    def is_pcm(self) -> bool:
        """Whether the stream has turned out to be PCM."""
        return isinstance(self._source, PcmSource)

    async def feed(self, message: bytes) -> None:
        """Take one message. Raises `TooManyDecoders`."""
        if isinstance(self._source, PcmSource):
            await self._source.feed(message)
            return
        if self._source is not None and (container := container_of(message, whole=True)):
            await self._source.finish()
            self._source = None
            self._source = await self._decoder(container)
            await self._source.feed(message)
            return
        if self._source is not None:
            await self._source.feed(message)
            return
        self._held += message
        if self._format == "pcm16" or len(self._held) >= HEAD_BYTES:
            await self._begin()

    async def finish(self) -> None:
        """The connection ends: everything that came is handed over when this returns."""
        if self._source is None and self._held and self._format in ("auto", "pcm16"):
            self._source = self._pcm()
            await self._source.feed(self._held)
        if self._source is not None:
            await self._source.finish()

    async def _begin(self) -> None:
        held, self._held = self._held, b""
        if self._format == "pcm16":
            self._source = self._pcm()
        elif container := container_of(held, whole=False):
            self._source = await self._decoder(container)
        elif self._format == "auto":
            self._source = self._pcm()
        else:
            # Not what was said, and no head: a recording that begins later may be one.
            self._source = _Nothing()
            self._on_broken()
        await self._source.feed(held)

    def _pcm(self) -> PcmSource:
        return PcmSource(self._rate_hz, self._channels, self._on_pcm)

    async def _decoder(self, container: str) -> Source:
        if self._decoders.is_full:
            raise TooManyDecoders
        decoder = Decoder(
            container, self._decoders, self._on_pcm, self._on_broken, self._has_room, self._record(container)
        )
        await decoder.start()
        return decoder


class PcmSource:
    """PCM16LE of some rate and one or two channels."""

    def __init__(self, rate_hz: int, channels: int, on_pcm: Callable[[bytes], None]) -> None:
        self._on_pcm = on_pcm
        self._rest = b""
        self._plain = rate_hz == SAMPLE_RATE_HZ and channels == 1
        self._channels = channels
        self._block_bytes = rate_hz // 100 * channels * 2
        self._resampler = (
            None if rate_hz == SAMPLE_RATE_HZ else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, channels, "float32")
        )
        self._downmixer = Downmixer(channels) if channels > 1 else None

    async def feed(self, data: bytes) -> None:
        """Hand over all that is whole; the rest waits for the next message."""
        data = self._rest + data if self._rest else data
        step = 2 if self._plain else self._block_bytes
        whole = len(data) // step * step
        self._rest = data[whole:]
        if not whole:
            return
        if self._plain:
            self._on_pcm(data[:whole])
            return
        for start in range(0, whole, step):
            self._convert(data[start : start + step], last=False)
            if start % (step * 100) == 0:
                await asyncio.sleep(0)

    async def finish(self) -> None:
        """Hand over what the filters hold; half a sample is let go."""
        if self._plain:
            return
        frame = 2 * self._channels
        self._convert(self._rest[: len(self._rest) // frame * frame], last=True)
        if self._downmixer and (pcm := self._downmixer.flush()):
            self._on_pcm(pcm)

    def _convert(self, block: bytes, *, last: bool) -> None:
        samples: NDArray[np.int16] = np.frombuffer(block, "<i2")
        if self._channels > 1:
            samples = samples.reshape(-1, self._channels)
        if self._resampler is not None:
            moved = self._resampler.resample_chunk(samples.astype(np.float32), last=last)
            samples = np.clip(np.rint(moved), -32768, 32767).astype("<i2")
        pcm = samples.tobytes()
        if self._downmixer:
            pcm = self._downmixer.feed(pcm)
        if pcm:
            self._on_pcm(pcm)


class Decoder:
    """One recording in a container, decoded as it comes by one ffmpeg."""

    def __init__(
        self,
        container: str,
        decoders: Decoders,
        on_pcm: Callable[[bytes], None],
        on_broken: Callable[[], None],
        has_room: Callable[[], bool],
        keep: Callable[[bytes], None] | None,
    ) -> None:
        self._container = container
        self._keep = keep
        self._decoders = decoders
        self._on_pcm = on_pcm
        self._on_broken = on_broken
        self._has_room = has_room
        self._half = b""
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._said: deque[str] = deque(maxlen=_LAST_WORDS)
        self._decoded = False
        self._finishing = False
        self._broken = False

    async def start(self) -> None:
        """Start the process. A machine that cannot start one says so as a broken recording."""
        self._decoders.running += 1
        try:
            self._process = await asyncio.create_subprocess_exec(
                *_command(_DEMUXERS[self._container]),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # Its own session: a signal for the server is not for what still has a tail to give.
                start_new_session=sys.platform != "win32",
            )
        except (OSError, RuntimeError) as error:
            # `RuntimeError`: there is no ffmpeg for this machine.
            _LOG.error("ffmpeg_nao_inicia", erro=type(error).__name__)
            self._report_broken()
            return
        finally:
            if self._process is None:
                self._decoders.running -= 1
        self._readers = [asyncio.create_task(self._read()), asyncio.create_task(self._listen())]

    async def feed(self, data: bytes) -> None:
        """Give it more; waits while it has enough to do."""
        if self._keep is not None:
            self._keep(data)
        if self._process is None or self._broken:
            return
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(data)
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            self._report_broken()

    async def finish(self) -> None:
        """Close its input and take its tail; it is killed if that takes too long."""
        if self._process is None:
            return
        self._finishing = True
        stdin = self._process.stdin
        assert stdin is not None
        with contextlib.suppress(OSError):
            stdin.close()
        try:
            await asyncio.wait(self._readers, timeout=_DRAIN_S)
        finally:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            for reader in self._readers:
                reader.cancel()
            await asyncio.gather(*self._readers, return_exceptions=True)
            await self._process.wait()
            self._process = None
            self._decoders.running -= 1
        if not self._decoded and not self._broken:
            self._report_broken()

    async def _read(self) -> None:
        assert self._process is not None
        stdout = self._process.stdout
        assert stdout is not None
        header = WavHeader()
        downmixer: Downmixer | None = None
        while chunk := await stdout.read(_READ_BYTES):
            body = header.take(chunk)
            if downmixer is None and header.channels:
                downmixer = Downmixer(header.channels)
            if downmixer:
                self._give(downmixer.feed(body))
            while not self._has_room() and not self._finishing:  # noqa: ASYNC110 - room is made in another thread
                await asyncio.sleep(_NO_ROOM_S)
        if downmixer:
            self._give(downmixer.flush())
        if not self._finishing:
            self._report_broken()

    def _give(self, pcm: bytes) -> None:
        """A pipe may end a read in the middle of a sample."""
        pcm = self._half + pcm
        whole = len(pcm) // 2 * 2
        self._half = pcm[whole:]
        if whole:
            self._decoded = True
            self._on_pcm(pcm[:whole])

    async def _listen(self) -> None:
        """Read what it complains about, so that it never waits for a reader."""
        assert self._process is not None
        stderr = self._process.stderr
        assert stderr is not None
        while line := await stderr.read(4096):
            self._said.append(line.decode("utf-8", "replace").strip()[:500])

    def _report_broken(self) -> None:
        if not self._broken:
            self._broken = True
            _LOG.info("recording_broken", container=self._container, ffmpeg=list(self._said)[-3:])
            self._on_broken()


class _Nothing:
    """Audio that cannot be heard, until a head comes."""

    async def feed(self, data: bytes) -> None:
        """Pass over."""

    async def finish(self) -> None:
        """Nothing is left."""


def _command(demuxer: str) -> list[str]:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-loglevel", "level+error"]
    # Little is looked at before decoding begins; `nobuffer` would throw away what was looked at.
    command += ["-protocol_whitelist", "pipe", "-analyzeduration", "0", "-probesize", "4096", "-threads", "1"]
    if demuxer == "wav":
        command += ["-ignore_length", "1"]
    command += ["-f", demuxer, "-i", "pipe:0", "-map", "0:a:0", "-ar", str(SAMPLE_RATE_HZ)]
    return [*command, "-c:a", "pcm_s16le", "-bitexact", "-flush_packets", "1", "-f", "wav", "pipe:1"]
