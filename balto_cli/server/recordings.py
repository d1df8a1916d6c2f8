"""Sessions kept as folders that `balto compare` reads: the sound as it was heard, and what is known of it.

    gravacoes/                                  0700
      2026-11-26_191500_<session>/              0700
        2026-11-26_191500_1a2b3c4d.wav          0600, PCM16 16 kHz mono, sample 0 is that of the session
        sessao.json                             0600, counter, format, pipeline settings, what was erased; no keys
        .original/001.webm                      0600, containers as they came, one file a recorder

The WAV holds what the pipeline heard, over sockets and restarts, so that the same pipeline finds the same segments in
it. Sound is written at its own place, so that a stretch that is missing is silence and the clock stays right.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from balto_cli import __version__
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.wav import HEADER_BYTES, wav_header
from balto_cli.evaluation.recorded import MANIFEST
from balto_cli.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from balto_cli.store.records import SessionRecord

_FORMAT = 1
_ORIGINALS = ".original"
_ZEROS = bytes(1 << 20)


class RecordedSession:
    """One session's folder. What reads or writes raises OSError."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest
        self._sound = folder / str(manifest["som"])

    @classmethod
    def create(cls, root: Path, record: SessionRecord) -> Self:
        """A folder for a session that begins. Raises OSError."""
        stamp = record.started_at.astimezone().strftime("%Y-%m-%d_%H%M%S")
        folder = root / f"{stamp}_{record.id}"
        root.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        manifest = {
            "formato": _FORMAT,
            "som": f"{stamp}_{record.id[:8]}.wav",
            "sessao": record.id,
            "balcao_id": record.counter_id,
            "inicio_utc": record.started_at.isoformat(),
            "formato_audio": record.audio_format,
            "taxa_hz": record.rate_hz,
            "canais": record.channels,
            "programa": record.client_name,
            "pipeline": dict(record.settings),
            "balto": __version__,
            "fim_utc": None,
            "motivo": None,
            "parou": None,
            "apagado_s": [],
        }
        session = cls(folder, manifest)
        try:
            session.keep_manifest()
            session.write(0, b"")
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return session

    @classmethod
    def find(cls, root: Path, session_id: str) -> Self | None:
        """The folder of a session; None where there is none that can be read."""
        return next((found for folder in root.glob(f"*_{session_id}") if (found := cls.read(folder))), None)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """A folder as a process before left it; None where it is no session's."""
        try:
            manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            return cls(folder, manifest) if isinstance(manifest, dict) else None
        except (OSError, ValueError, KeyError):
            return None

    @property
    def id(self) -> str:
        """Of the session."""
        return str(self.manifest["sessao"])

    @property
    def last_written(self) -> datetime:
        """When its sound last grew. Raises OSError."""
        return datetime.fromtimestamp(self._sound.stat().st_mtime, UTC)

    @property
    def silent_until(self) -> int:
        """Sample up to which all was erased."""
        until_s = 0.0
        for since_s, end_s in sorted(self.manifest["apagado_s"]):
            until_s = max(until_s, end_s) if since_s <= until_s else until_s
        return round(until_s * SAMPLE_RATE_HZ)

    @property
    def samples(self) -> int:
        """How far the sound reaches."""
        return max(0, self._sound.stat().st_size - HEADER_BYTES) // 2

    def keep_manifest(self) -> None:
        """Write what is known of the session."""
        path = self.folder / MANIFEST
        write_atomically(path, json.dumps(self.manifest, ensure_ascii=False, indent=1) + "\n")
        path.chmod(0o600)

    def write(self, start: int, pcm: bytes) -> None:
        """Sound from sample `start` on. What the disk did not take whole is taken away again."""
        file = _open(self._sound, os.O_RDWR)
        try:
            end = max(self.samples, start + len(pcm) // 2)
            try:
                _write_at(file, HEADER_BYTES + 2 * start, pcm)
                _write_at(file, 0, wav_header(2 * end))
            except OSError:
                os.ftruncate(file, HEADER_BYTES + 2 * start)
                _write_at(file, 0, wav_header(2 * start))
                raise
        finally:
            os.close(file)

    def truncate(self, samples: int) -> None:
        """Forget sound from sample `samples` on, which will come again."""
        file = _open(self._sound, os.O_RDWR)
        try:
            os.ftruncate(file, HEADER_BYTES + 2 * samples)
            _write_at(file, 0, wav_header(2 * samples))
        finally:
            os.close(file)

    def new_original(self) -> int:
        """Number of the next container."""
        folder = self.folder / _ORIGINALS
        return 1 + max((int(path.stem) for path in folder.glob("*") if path.stem.isdigit()), default=0)

    def append_original(self, number: int, container: str, data: bytes) -> None:
        """More bytes of a container, as they came."""
        folder = self.folder / _ORIGINALS
        folder.mkdir(mode=0o700, exist_ok=True)
        file = _open(folder / f"{number:03d}.{container}", os.O_WRONLY | os.O_APPEND)
        try:
            _write_at(file, None, data)
        finally:
            os.close(file)

    def erase(self, start: int, end: int | None) -> None:
        """Make a stretch silence, for good; with no `end` as far as it goes.

        A container cannot be silenced in part, so all of them go.
        """
        end = self.samples if end is None else min(end, self.samples)
        if start < end:
            file = _open(self._sound, os.O_RDWR)
            try:
                for place in range(2 * start, 2 * end, len(_ZEROS)):
                    _write_at(file, HEADER_BYTES + place, _ZEROS[: 2 * end - place])
                os.fsync(file)
            finally:
                os.close(file)
            self._note_erased(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)
            self.keep_manifest()
        if (self.folder / _ORIGINALS).exists():
            shutil.rmtree(self.folder / _ORIGINALS)

    def _note_erased(self, start_s: float, end_s: float) -> None:
        spans = self.manifest["apagado_s"]
        if spans and spans[-1][0] <= start_s <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], end_s)
        else:
            spans.append([start_s, end_s])

    def delete(self) -> None:
        """All of it."""
        shutil.rmtree(self.folder)

    def end(self, at: datetime, reason: str) -> None:
        """The session has ended."""
        self.manifest |= {"fim_utc": at.isoformat(), "motivo": reason}
        self.keep_manifest()


def recorded_sessions(root: Path) -> Iterator[RecordedSession]:
    """All that are kept, oldest first."""
    if root.is_dir():
        for folder in sorted(root.iterdir()):
            if session := RecordedSession.read(folder):
                yield session


def _open(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)


def _write_at(file: int, place: int | None, data: bytes) -> None:
    """Write all of it, at a place or where the file stands."""
    if place is not None:
        os.lseek(file, place, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
