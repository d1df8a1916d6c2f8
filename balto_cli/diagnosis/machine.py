"""Checks of the machine: Python, programs, packages, folders, disk, port."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli import __version__
from balto_cli.diagnosis.check import Check, State
from balto_cli.files import os_reason
from balto_cli.pipeline.silero_net import DISTRIBUTION, WEIGHTS_FILE, WEIGHTS_SHA256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OLDEST, NEWEST = (3, 11), (3, 14)
"""Versions of Python that Balto is made for."""
PORT = 8765
"""Of the live server."""
SCARCE_BYTES = 2 << 30
TOO_LITTLE_BYTES = 200 << 20
_REINSTALL = 'instale de novo: pip install --force-reinstall -e ".[local]"'
_DECODER_LIMIT_S = 10.0


def check_python() -> Check:
    """Whether this is a Python that Balto is made for."""
    found = f"Python {platform.python_version()}, Balto {__version__}, {platform.system()} {platform.machine()}"
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return Check("python", State.OK, found)
    return Check("python", State.FAILED, found, "use Python 3.11 a 3.14")


def check_decoder() -> Check:
    """Whether ffmpeg runs."""
    name = "ffmpeg"
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
        ended = subprocess.run(
            [program, "-version"], capture_output=True, check=True, timeout=_DECODER_LIMIT_S, stdin=subprocess.DEVNULL
        )
    except ImportError:
        return Check(name, State.FAILED, "falta o pacote imageio-ffmpeg", _REINSTALL)
    except (OSError, RuntimeError, subprocess.SubprocessError):
        return Check(
            name, State.FAILED, "não roda: nenhum áudio pode ser lido", "defina IMAGEIO_FFMPEG_EXE com um que rode"
        )
    words = ended.stdout.decode("utf-8", "replace").split()
    version = words[2] if len(words) > 2 else "?"
    return Check(name, State.OK, f"versão {version} ({program})")


def check_speech_detection() -> Iterator[Check]:
    """Whether the cheap gate runs, and whether the net's weights are the ones that Balto was measured with."""
    try:
        webrtcvad = importlib.import_module("webrtcvad")
        webrtcvad.Vad(3).is_speech(bytes(960), 16_000)
    except Exception as error:
        yield Check("webrtcvad", State.FAILED, f"não roda ({type(error).__name__})", _REINSTALL)
    else:
        yield Check("webrtcvad", State.OK, "roda")
    name = "rede do Silero"
    try:
        distribution = importlib.metadata.distribution(DISTRIBUTION)
        content = Path(str(distribution.locate_file(WEIGHTS_FILE))).read_bytes()
    except (importlib.metadata.PackageNotFoundError, OSError):
        yield Check(name, State.FAILED, f"faltam os pesos do pacote {DISTRIBUTION}", _REINSTALL)
        return
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        yield Check(name, State.FAILED, "os pesos não são os esperados (SHA-256)", _REINSTALL)
    else:
        yield Check(name, State.OK, f"pesos conferidos ({DISTRIBUTION} {distribution.version})")


def nearest(folder: Path) -> Path:
    """A folder, or the nearest one above it that is there."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return there


def check_folder(name: str, folder: Path, todo: str) -> Check:
    """Whether a folder, or the nearest one above it that is there, can be written."""
    try:
        with tempfile.TemporaryFile(dir=nearest(folder)):
            pass
    except OSError as error:
        return Check(name, State.FAILED, f"{folder.absolute()} não pode ser gravada ({os_reason(error)})", todo)
    return Check(name, State.OK, f"{folder.absolute()}{'' if folder.exists() else ' (será criada)'}")


def check_temporary_folder() -> Check:
    """Whether there is a folder for what is needed for a moment."""
    try:
        folder = Path(tempfile.gettempdir())
    except OSError:
        return Check("pasta temporária", State.FAILED, "nenhuma pode ser gravada", "defina TMPDIR com uma que possa")
    return check_folder("pasta temporária", folder, "defina TMPDIR com uma que possa")


def check_disk(folders: Sequence[Path]) -> Check:
    """How much room there is on the disks of some folders."""
    least: tuple[int, Path] | None = None
    for folder in folders:
        there = nearest(folder)
        try:
            free = shutil.disk_usage(there).free
        except OSError:
            continue
        if least is None or free < least[0]:
            least = free, there
    if least is None:
        return Check("disco", State.WARNING, "não deu para saber quanto há livre", "confira o espaço em disco")
    found = f"{least[0] / 2**30:.1f} GB livres em {least[1]}".replace(".", ",", 1)
    if least[0] < TOO_LITTLE_BYTES:
        return Check("disco", State.FAILED, found, "libere espaço: as respostas não caberiam")
    if least[0] < SCARCE_BYTES:
        return Check("disco", State.WARNING, found, "libere espaço antes de uma comparação grande")
    return Check("disco", State.OK, found)


def check_port(port: int = PORT) -> Check:
    """Whether the server's port is free on this machine."""
    name = f"porta {port}"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":
            # A connection that has just ended does not keep a server from starting.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            todo = "se não for o próprio balto serve, diga outra em PORT ou --port"
            return Check(name, State.WARNING, "ocupada por outro programa", todo)
    return Check(name, State.OK, "livre")
