"""`balto backup`: all that a server keeps, as of one moment, while it goes on.

The database is copied in one read, which holds nobody up. Sound comes second, and only that of segments which the
copied database still wants: the journal's files are held by hard links before and after the copy, since the server
deletes them as it likes, and what the copy does not know is left out, so that nothing erased meanwhile comes along.
Sound that no cut has stored yet, half a minute a session, is not copied: only the server that took it can go on with
it, and its client still has it.

Beside the backups lies the list of orders (erasures, keys revoked, accounts removed), made anew with each of them and
growing only: what puts an old backup back obeys them again.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from balto_cli import __version__
from balto_cli.errors import OutputError, UsageError
from balto_cli.files import os_reason, write_atomically
from balto_cli.server.backup_file import DATABASE, SEGMENTS, SETTINGS, BackupWriter, Manifest, read_files, read_manifest
from balto_cli.server.recorder import FOLDER as RECORDINGS
from balto_cli.server.shown_settings import settings_rows
from balto_cli.server.spool import Journal
from balto_cli.settings import data_folder
from balto_cli.store import snapshot
from balto_cli.store.database import default_address
from balto_cli.store.snapshot import Order
from balto_cli.suggestions.shelf import FOLDER as CATALOGUES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from balto_cli.settings import Settings

ACTION, SUBJECT = "copiar", "backup"
"""What the audit calls it."""
ORDERS_FILE = "balto-apagamentos.jsonl"
_LOCK_FILE = "backup.lock"
_WORK = ".backup-"
_FOLDERS = (RECORDINGS, CATALOGUES)


@dataclass(frozen=True, slots=True)
class Backup:
    """One that was written and verified."""

    path: Path
    manifest: Manifest
    bytes: int
    same_disk: bool
    """As the data: it is lost with them."""


def database_file(settings: Settings) -> Path:
    """Where the database is. Raises `UsageError` where it is PostgreSQL."""
    path = snapshot.sqlite_file(settings.database_url or default_address(data_folder(settings)))
    if path is None:
        raise UsageError(
            "O banco é PostgreSQL, que tem o seu próprio backup: use pg_dump e pg_restore, como em docs/operacao.md."
        )
    return path


def make_backup(settings: Settings, target: Path, actor: str) -> Backup:
    """Write one to a folder, or to a `.zip` of this name, and read it back. Raises `UsageError`, `OutputError`."""
    folder, database = data_folder(settings), _there(settings)
    at = datetime.now(UTC)
    path = target if target.suffix == ".zip" else target / f"balto-{at:%Y-%m-%d_%H%M%S}Z.zip"
    if path.exists():
        raise UsageError(f"{path} já existe: dê outro nome ao backup.")
    partial = path.with_name(f".{path.name}.parcial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _working(folder) as work:
            manifest = _write(settings, database, work, partial, at)
        read_files(partial, read_manifest(partial), None)
        partial.replace(path)
        write_orders(database, path.parent)
        same_disk = path.parent.stat().st_dev == folder.stat().st_dev
        size = path.stat().st_size
    except OSError as error:
        raise OutputError(f"Não consegui gravar o backup em {path.parent}: {os_reason(error)}.") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    snapshot.note_in(database, actor, ACTION, SUBJECT, {"arquivo": path.name, "bytes": size}, datetime.now(UTC))
    return Backup(path, manifest, size, same_disk)


def save_orders(settings: Settings, folder: Path) -> tuple[Path, int]:
    """Bring the list of orders in a folder up to date, alone: its path and its length. Raises as `make_backup`."""
    try:
        return write_orders(_there(settings), folder)
    except OSError as error:
        raise OutputError(f"Não consegui gravar a lista em {folder}: {os_reason(error)}.") from None


def write_orders(database: Path, folder: Path) -> tuple[Path, int]:
    """Add to the list in a folder what the audit knows and it does not. Raises OSError, `UsageError`, `OutputError`."""
    path = folder / ORDERS_FILE
    known = read_orders(path) if path.exists() else []
    lines = dict.fromkeys(order.as_line() for order in sorted([*known, *snapshot.orders_in(database)], key=_moment))
    write_atomically(path, (f"{line}\n" for line in lines))
    path.chmod(0o600)
    return path, len(lines)


def read_orders(path: Path) -> list[Order]:
    """Raises `UsageError` for what is no list of ours, `OutputError`."""
    try:
        return [Order.of_line(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise OutputError(f"Não consegui ler {path}: {os_reason(error)}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} não é a lista de apagamentos que o balto backup grava: dê outro arquivo.") from None


def _moment(order: Order) -> datetime:
    return order.at


def _there(settings: Settings) -> Path:
    database = database_file(settings)
    if not database.exists():
        raise UsageError(f"Não há banco em {database}: diga em BALTO_DATA a pasta que o servidor usa.")
    return database


def _write(settings: Settings, database: Path, work: Path, partial: Path, at: datetime) -> Manifest:
    """Raises OSError, `OutputError`."""
    folder, copy, held, sound = data_folder(settings), work / DATABASE, work / "seguros", work / "segmentos"
    held.mkdir()
    _hold(folder / SEGMENTS, held)
    snapshot.copy_database(database, copy)
    _hold(folder / SEGMENTS, held)
    snapshot.check_database(copy)
    _copy_sound(held, sound, snapshot.with_sound(copy))
    partial.unlink(missing_ok=True)
    writer = BackupWriter(partial)
    try:
        for name, path in ((DATABASE, copy), *((f"{SEGMENTS}/{one.name}", one) for one in sorted(sound.iterdir()))):
            with path.open("rb") as file:
                writer.add(name, file)
        for path in _files_of(folder, _FOLDERS):
            # One that is gone was erased, or grew old, since it was listed.
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                writer.add(path.relative_to(folder).as_posix(), file)
        writer.add(SETTINGS, io.BytesIO(_settings_json(settings)))
        schema, rows = snapshot.schema_of(copy) or "", snapshot.count_rows(copy)
        manifest = Manifest(__version__, at, schema, rows, writer.files)
        writer.close(manifest)
    finally:
        writer.abandon()
    return manifest


@contextlib.contextmanager
def _working(folder: Path) -> Iterator[Path]:
    """A folder beside the journals, where hard links reach. Raises `UsageError` while another backup is made."""
    try:
        with FileLock(folder / _LOCK_FILE).acquire(timeout=0):
            for left in folder.glob(f"{_WORK}*"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=_WORK, dir=folder, ignore_cleanup_errors=True) as work:
                yield Path(work)
    except Timeout:
        raise UsageError("Outro balto backup desta pasta está em curso: espere que termine.") from None


def _hold(source: Path, held: Path) -> None:
    """Keep the journal's files from going. Raises OSError."""
    for path in source.glob("*.diario"):
        kept = held / path.name
        if kept.exists():
            continue
        try:
            os.link(path, kept)
        except FileNotFoundError:
            continue
        except OSError:  # a file system without hard links
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(path, kept)


def _copy_sound(held: Path, target: Path, wanted: set[bytes]) -> None:
    """A journal of what is wanted alone. Raises OSError."""
    source, copy = Journal(held), Journal(target)
    for owner in source.owners():
        if owner in wanted:
            copy.append(owner, 0, source.read(owner, 0, source.end_of(owner, 0)))
            copy.write()
    copy.close()


def _files_of(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.endswith(".tmp"):
                yield path


def _settings_json(settings: Settings) -> bytes:
    plain = {row.name: row.value for row in settings_rows(settings) if row.value}
    return json.dumps(plain, ensure_ascii=False, indent=1).encode()
