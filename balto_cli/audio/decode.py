"""Any container on disk, or standard input, to a stream of PCM16 16 kHz mono.

ffmpeg (the binary that imageio-ffmpeg brings) does the decoding; this module decides what it may see: one regular
file, one demuxer, no other protocol. Memory is constant whatever the length. What the decoder complained about is
kept in the report, and becomes a remark when it cost audio.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from balto_cli.audio.containers import HEAD_BYTES, Kind, identify, riff_share
from balto_cli.audio.downmix import Downmixer
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.errors import AudioError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

_READ_BYTES = 64 * 1024
_STALL_S = 60.0
"""ffmpeg that gives nothing for this long is stuck; the longest honest wait is a slow network disk."""
_MAX_COMPLAINTS = 50


@dataclass(frozen=True, slots=True)
class DecodeReport:
    """How decoding went; `remark` is the one line for a person, None when there is nothing to say."""

    container: str
    duration_s: float
    downmix: str
    complaints: tuple[str, ...]
    remark: str | None

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that a person should know: how channels were mixed, where there were several, and the remark."""
        return tuple(text for text in (None if self.downmix == "mono" else self.downmix, self.remark) if text)


def read_head(path: Path) -> bytes:
    """First `HEAD_BYTES` of a regular file.

    Raises `AudioError`; never opens a pipe or a device, which could wait for ever.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise AudioError("é uma pasta, não um arquivo de áudio")
        if not stat.S_ISREG(mode):
            raise AudioError(
                "não é um arquivo comum (é um dispositivo, fila ou soquete): copie o áudio para um arquivo"
            )
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise AudioError("o arquivo não existe ou sumiu: confira o caminho") from None
    except PermissionError:
        raise AudioError("sem permissão de leitura: ajuste as permissões do arquivo") from None
    except ValueError:
        raise AudioError("o nome do arquivo é inválido") from None
    except OSError as error:
        raise AudioError(f"o sistema não conseguiu ler o arquivo ({os_reason(error)})") from None


class Decoder:
    """Iterates over the PCM16LE mono bytes of one file; `report` is filled when the iteration ends.

    Raises `AudioError`, one sentence, when the file gives no audio at all. Leaving the loop early ends the process.
    """

    def __init__(self, path: Path, *, stall_s: float = _STALL_S) -> None:
        self._path = path
        self._stall_s = stall_s
        self._report: DecodeReport | None = None

    @property
    def report(self) -> DecodeReport:
        """What was decoded; only after the iteration has ended."""
        if self._report is None:
            raise RuntimeError("the report is there once every chunk was read")
        return self._report

    def __iter__(self) -> Iterator[bytes]:
        head = read_head(self._path)
        content = identify(head)
        if content.demuxer is None:
            raise AudioError(_refusal(content.kind))
        with _ffmpeg(self._path, content.demuxer) as process:
            complaints = _Complaints(process)
            header = WavHeader()
            downmixer: Downmixer | None = None
            decoded_bytes = 0
            while chunk := _read(process, self._stall_s):
                body = header.take(chunk)
                if downmixer is None and header.channels:
                    downmixer = Downmixer(header.channels)
                if downmixer and (mono := downmixer.feed(body)):
                    decoded_bytes += len(mono)
                    yield mono
            if downmixer and (mono := downmixer.flush()):
                decoded_bytes += len(mono)
                yield mono
            said = complaints.finish()
        duration_s = decoded_bytes / 2 / SAMPLE_RATE_HZ
        if downmixer is None or not decoded_bytes:
            raise AudioError(self._why_nothing(said))
        if (share := self._share(head)) < 1:
            said = replace(said, declared_s=duration_s / share)
        self._report = DecodeReport(
            content.demuxer, duration_s, downmixer.description, said.errors, said.remark(duration_s)
        )

    def _share(self, head: bytes) -> float:
        """How much of the file is there."""
        try:
            return riff_share(head, self._path.stat().st_size)
        except OSError:
            return 1.0

    def _why_nothing(self, said: _Said) -> str:
        if not self._path.exists():
            return "o arquivo sumiu durante a leitura"
        text = " ".join(said.errors)
        if "moov atom not found" in text:
            return "gravação incompleta: falta o índice do fim do arquivo (a gravação foi interrompida); grave de novo"
        if "matches no streams" in text:
            return "o arquivo não tem trilha de áudio"
        if said.declared_s == 0 or not said.errors:
            return "o arquivo não tem nenhuma amostra de áudio"
        return "o áudio está corrompido ou usa um formato que o decodificador não lê"


def _refusal(kind: Kind) -> str:
    if kind is Kind.EMPTY:
        return "o arquivo está vazio (0 bytes)"
    if kind is Kind.UNKNOWN:
        return "o conteúdo não é de nenhum formato de áudio conhecido"
    return f"o conteúdo não é áudio: é {kind.value}"


@contextlib.contextmanager
def _ffmpeg(path: Path, demuxer: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run ffmpeg as a child that reads only `path`, only as `demuxer`, and writes WAV with the file's own channels."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]
    command += ["-protocol_whitelist", "file", "-f", demuxer, "-i", f"file:{path.absolute()}"]
    command += ["-map", "0:a:0", "-ar", str(SAMPLE_RATE_HZ), "-c:a", "pcm_s16le", "-bitexact", "-f", "wav"]
    command += ["-protocol_whitelist", "pipe", "pipe:1"]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its own session: Ctrl-C in the terminal is for Balto, which then ends the child itself.
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise AudioError(f"o decodificador (ffmpeg) não pôde ser iniciado ({os_reason(error)})") from None
    with process:
        try:
            yield process
        finally:
            process.kill()


def _read(process: subprocess.Popen[bytes], stall_s: float) -> bytes:
    """Next bytes of the child, empty at the end. Raises `AudioError` when nothing comes for `stall_s`."""
    stalled = threading.Event()

    def give_up() -> None:
        stalled.set()
        process.kill()

    watchdog = threading.Timer(stall_s, give_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        assert process.stdout is not None
        chunk = process.stdout.read(_READ_BYTES)
    finally:
        watchdog.cancel()
    if stalled.is_set():
        raise AudioError(f"o decodificador não entregou nada em {stall_s:.0f} s e foi interrompido")
    return chunk


class WavHeader:
    """Takes the WAV header off the child's output and reads the number of channels from it (RIFF, fmt chunk)."""

    def __init__(self) -> None:
        self.channels = 0
        self._head = b""

    def take(self, chunk: bytes) -> bytes:
        """Return what of `chunk` is sound."""
        if self.channels:
            return chunk
        self._head += chunk
        data = self._head.find(b"data")
        if data < 0 or len(self._head) < data + 8:
            return b""
        self.channels = int.from_bytes(self._head[22:24], "little")
        return self._head[data + 8 :]


_DURATION = re.compile(r"^\s*Duration: (?:(\d+):(\d\d):(\d\d(?:\.\d+)?)|N/A)")
_AUDIO_TRACK = re.compile(r"^\s*Stream #0:\d+.*: Audio:")
_LEVEL = re.compile(r"^((?:\[[^\]]*@[^\]]*\] )*)\[(\w+)\] ?")
_AUDIO_DAMAGE = re.compile(r"\[(?:aist#|in#|ogg|matroska|mov|flac|wav|asf|caf|avi|mpegts)")
"""Who complains when audio is lost: its decoder or the container; a cover picture may be broken without harm."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What ffmpeg told of one file on its standard error."""

    declared_s: float | None
    """Length that the container declares; None where it declares none or it was only estimated."""
    audio_tracks: int
    errors: tuple[str, ...]
    damages: int
    """How many of the errors cost audio."""

    def remark(self, duration_s: float) -> str | None:
        """One line when audio was lost or left out, else None."""
        remarks = []
        missing_s = (self.declared_s or 0.0) - duration_s
        if missing_s > max(0.5, 0.01 * duration_s):
            remarks.append(
                f"arquivo truncado: declara {_seconds(duration_s + missing_s)}, só {_seconds(duration_s)} foram lidos"
            )
        elif self.damages:
            times = "vez" if self.damages == 1 else "vezes"
            remarks.append(f"trechos danificados: o decodificador reclamou {self.damages} {times}")
        if self.audio_tracks > 1:
            remarks.append(f"{self.audio_tracks} trilhas de áudio: só a primeira foi usada")
        return "; ".join(remarks) or None


def _seconds(value: float) -> str:
    return f"{value:.1f} s".replace(".", ",")


class _Complaints:
    """Reads the child's standard error in a thread, keeping the first errors only."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        self._stream: IO[bytes] = process.stderr
        self._declared_s: float | None = None
        self._estimated = False
        self._audio_tracks = 0
        self._in_input = True
        self._errors: list[str] = []
        self._damages = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> _Said:
        """Wait for the child's last words."""
        self._thread.join()
        return _Said(
            None if self._estimated else self._declared_s, self._audio_tracks, tuple(self._errors), self._damages
        )

    def _run(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            while line := self._stream.readline(4096):
                self._take(line.decode("utf-8", "replace").rstrip())

    def _take(self, line: str) -> None:
        level = _LEVEL.match(line)
        text = line[level.end() :] if level else line
        if level and level.group(2) in ("error", "fatal", "panic"):
            self._damages += bool(_AUDIO_DAMAGE.match(level.group(1)))
            if len(self._errors) < _MAX_COMPLAINTS:
                self._errors.append(text)
        elif "Estimating duration from bitrate" in text:
            self._estimated = True
        elif text.startswith("Output #0"):
            self._in_input = False
        elif self._in_input and _AUDIO_TRACK.match(text):
            self._audio_tracks += 1
        elif (found := _DURATION.match(text)) and found.group(1):
            self._declared_s = int(found.group(1)) * 3600 + int(found.group(2)) * 60 + float(found.group(3))


@contextlib.contextmanager
def spooled_stdin(stream: IO[bytes], *, stall_s: float = _STALL_S) -> Iterator[Path]:
    """Standard input as a file of its own, gone afterwards: some containers (m4a) cannot be read from a pipe.

    Raises `AudioError` when nothing comes for `stall_s`, so that a forgotten pipe does not wait for ever.
    """
    with tempfile.TemporaryDirectory(prefix="balto-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "entrada"
        progress = threading.Event()
        failure: list[OSError] = []

        def copy() -> None:
            try:
                with path.open("wb") as file:
                    while chunk := os.read(stream.fileno(), _READ_BYTES):
                        file.write(chunk)
                        progress.set()
            except OSError as error:
                failure.append(error)

        copier = threading.Thread(target=copy, daemon=True)
        copier.start()
        while copier.is_alive():
            copier.join(timeout=stall_s)
            if copier.is_alive() and not progress.is_set():
                raise AudioError(f"nada chegou pela entrada padrão em {stall_s:.0f} s: confira o comando antes do |")
            progress.clear()
        if failure:
            raise AudioError(f"a entrada padrão não pôde ser guardada em disco ({os_reason(failure[0])})")
        yield path
