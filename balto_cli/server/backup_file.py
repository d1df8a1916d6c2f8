"""A backup as a file: a ZIP whose `manifesto.json` names every other file with its length and SHA-256.

    manifesto.json           format, version of Balto, moment, schema, rows of each table, files
    balto.db                 the database, deflated
    spool/segmentos/…        sound of segments that wait for a transcript or are kept, as a journal
    gravacoes/…              recorded sessions
    catalogos/…              what clients sell and have signed for
    configuracao.json        settings as a person may see them: of secrets only that they were set

Keys are in the database as hashes alone; what was said is there in plain, so the file is 0600 and is to be kept as the
data folder is.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Self

from balto_cli.errors import OutputError, UsageError
from balto_cli.files import os_reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 1
MANIFEST = "manifesto.json"
DATABASE = "balto.db"
SEGMENTS = "spool/segmentos"
SETTINGS = "configuracao.json"
_DEFLATED = (".db", ".json", ".csv")
"""Sound hardly shrinks (0.93), and would take most of the time."""
_LEVEL = 1
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file inside."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    version: str
    """Of Balto."""
    copied_at: datetime
    """Nothing that came later than its end is inside; aware, UTC."""
    schema: str
    rows: Mapping[str, int]
    files: Mapping[str, Entry]

    def as_json(self) -> str:
        """See `of_json`."""
        plain = {
            "formato": FORMAT,
            "balto": self.version,
            "copiado_utc": self.copied_at.isoformat(),
            "esquema": self.schema,
            "contagens": dict(self.rows),
            "arquivos": {name: asdict(entry) for name, entry in self.files.items()},
        }
        return json.dumps(plain, ensure_ascii=False, indent=1)

    @classmethod
    def of_json(cls, text: bytes) -> Self:
        """Raises `ValueError`, `KeyError`, `TypeError` for anything else."""
        plain = json.loads(text)
        if plain["formato"] != FORMAT:
            raise ValueError(plain["formato"])
        return cls(
            str(plain["balto"]),
            datetime.fromisoformat(plain["copiado_utc"]),
            str(plain["esquema"]),
            {str(name): int(count) for name, count in plain["contagens"].items()},
            {
                _inside(name): Entry(int(entry["bytes"]), str(entry["sha256"]))
                for name, entry in plain["arquivos"].items()
            },
        )


def _inside(name: str) -> str:
    """Raises `ValueError` for a name that leads out of the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or str(path) != name:
        raise ValueError(name)
    return name


class BackupWriter:
    """Writes one; what it is given is hashed on its way in. Raises OSError."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", compresslevel=_LEVEL)
        self.files: dict[str, Entry] = {}

    def add(self, name: str, source: IO[bytes]) -> None:
        """A file, as long as it is at the moment of reading."""
        self._zip.compression = zipfile.ZIP_DEFLATED if name.endswith(_DEFLATED) else zipfile.ZIP_STORED
        with self._zip.open(name, "w", force_zip64=True) as target:
            self.files[name] = _copy(source, target)

    def close(self, manifest: Manifest) -> None:
        """Add the manifest; return when all is on disk."""
        self._zip.writestr(MANIFEST, manifest.as_json())
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Let go of a file that is not finished."""
        self._file.close()


def read_manifest(path: Path) -> Manifest:
    """Raises `UsageError` for a file that is no backup of this version's format, `OutputError`."""
    try:
        with zipfile.ZipFile(path) as archive:
            return Manifest.of_json(archive.read(MANIFEST))
    except OSError as error:
        raise OutputError(f"Não consegui ler {path}: {os_reason(error)}.") from None
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        raise UsageError(
            f"{path} não é um backup que este Balto conheça, ou está cortado: use outro, ou um Balto mais novo."
        ) from None


def read_files(path: Path, manifest: Manifest, target: Path | None) -> None:
    """Read every file and hold it against the manifest; with `target` keep them there.

    Raises `OutputError` where one is missing, is too much or has changed, and where the disk takes no more.
    """
    damaged = OutputError(f"O backup {path} está danificado (SHA-256): use outro.")
    try:
        with zipfile.ZipFile(path) as archive:
            if sorted(archive.namelist()) != sorted([*manifest.files, MANIFEST]):
                raise damaged
            for name, entry in manifest.files.items():
                with archive.open(name) as source:
                    if target is None:
                        found = _copy(source, None)
                    else:
                        place = target / name
                        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                        with open(place, "xb", opener=_private) as file:
                            found = _copy(source, file)
                            file.flush()
                            os.fsync(file.fileno())
                if found != entry:
                    raise damaged
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, UnicodeError):
        raise damaged from None
    except OSError as error:
        raise OutputError(f"Não consegui ler o backup {path}: {os_reason(error)}.") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _copy(source: IO[bytes], target: IO[bytes] | None) -> Entry:
    digest, length = hashlib.sha256(), 0
    while piece := source.read(_PIECE_BYTES):
        digest.update(piece)
        length += len(piece)
        if target is not None:
            target.write(piece)
    return Entry(length, digest.hexdigest())
