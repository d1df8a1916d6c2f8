"""`balto restore`: a backup put back into a data folder, whole or not at all, and obedient to what was ordered since.

Everything happens in a folder inside the data folder (one that is a mount cannot be renamed), and is moved to its
place when it is verified, migrated and has obeyed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from balto_cli.errors import OutputError, UsageError
from balto_cli.server.backup import ORDERS_FILE, SUBJECT, database_file, read_orders
from balto_cli.server.backup_file import DATABASE, SEGMENTS, SETTINGS, read_files, read_manifest
from balto_cli.server.folder_lock import LOCK_FILE, lock_folder, refused
from balto_cli.server.recorder import FOLDER as RECORDINGS
from balto_cli.server.recorder import Recorder
from balto_cli.server.spool import EVERYTHING, Journal
from balto_cli.settings import data_folder
from balto_cli.store import accounts, snapshot
from balto_cli.store.database import default_address
from balto_cli.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from balto_cli.server.backup_file import Manifest
    from balto_cli.settings import Settings
    from balto_cli.store.records import Erased
    from balto_cli.store.snapshot import Order

_WORK = ".restauro-"
_ASIDE = "antes-"
_OURS = (LOCK_FILE, "backup.lock", "lost+found", ORDERS_FILE)
"""What may lie in a folder that counts as empty."""
_DATABASE_PARTS = ("", "-wal", "-shm")
_UNFINISHED = timedelta(hours=1)
"""An erasure that was ordered so long before a copy may not have been done when it was made."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back."""

    manifest: Manifest
    folder: Path
    aside: Path | None
    """Where what was there before lies."""
    orders: int
    """Obeyed again."""
    erased: int
    """Segments that went by them."""
    known_until: datetime | None
    """Of the newest list of orders; None where there was none, so that later ones are not known."""


def restore_backup(
    settings: Settings, path: Path, *, replace_all: bool, orders_from: Path | None, actor: str
) -> Restored:
    """Put a backup into the folder of the settings. Raises `UsageError`, `OutputError`, `StoreUnavailable`."""
    folder, database = data_folder(settings), database_file(settings)
    manifest = read_manifest(path)
    with lock_folder(folder):
        held = _held(folder, database)
        if held and not replace_all:
            raise UsageError(
                f"{folder} já tem dados ({held[0].name}): com --substituir eles são postos de lado, ou dê outra pasta "
                "em BALTO_DATA."
            )
        orders, known_until = _gather(path, database if database.exists() else None, orders_from)
        try:
            for left in folder.glob(f"{_WORK}*"):
                shutil.rmtree(left)
            work = Path(tempfile.mkdtemp(prefix=_WORK, dir=folder))
            try:
                read_files(path, manifest, work)
                _verify(work / DATABASE, path, manifest)
                obeyed = [_bounded(order, manifest.copied_at) for order in orders if _matters(order, manifest)]
                erased = asyncio.run(_obey(work, obeyed, manifest, actor))
                aside = _set_aside(folder, held) if held else None
                _move_in(work, folder, database)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        except OSError as error:
            raise refused(folder, error) from None
    return Restored(manifest, folder, aside, len(obeyed), erased, known_until)


def _held(folder: Path, database: Path) -> list[Path]:
    found = [
        one for one in sorted(folder.iterdir()) if one.name not in _OURS and not one.name.startswith((_ASIDE, "."))
    ]
    elsewhere = database.exists() and database.resolve().parent != folder.resolve()
    return [*found, database] if elsewhere else found


def _gather(path: Path, database: Path | None, orders_from: Path | None) -> tuple[list[Order], datetime | None]:
    """All orders that are known here, each once, oldest first; and until when."""
    found: dict[str, Order] = {}
    known_until: datetime | None = None
    lists = [orders_from] if orders_from else []
    beside = path.absolute().parent / ORDERS_FILE
    if beside.exists():
        lists.append(beside)
    for one in lists:
        found |= {order.as_line(): order for order in read_orders(one)}
        written = datetime.fromtimestamp(one.stat().st_mtime, UTC)
        known_until = max(written, known_until or written)
    if database is not None:
        # A database that is damaged is why there is a restore at all.
        with contextlib.suppress(OutputError):
            found |= {order.as_line(): order for order in snapshot.orders_in(database)}
            known_until = datetime.now(UTC)
    return sorted(found.values(), key=lambda order: order.at), known_until


def _matters(order: Order, manifest: Manifest) -> bool:
    return order.at >= manifest.copied_at - _UNFINISHED


def _bounded(order: Order, copied_at: datetime) -> Order:
    """An erasure from before the copy takes nothing that was said after it was ordered."""
    if order.action != "apagar" or order.at >= copied_at or order.detail.get("sessao") or order.detail.get("ate"):
        return order
    return replace(order, detail={**order.detail, "ate": order.at.isoformat()})


def _verify(database: Path, path: Path, manifest: Manifest) -> None:
    snapshot.check_database(database)
    if snapshot.count_rows(database) != manifest.rows or (snapshot.schema_of(database) or "") != manifest.schema:
        raise OutputError(f"O banco dentro de {path} não tem o que o manifesto diz: use outro backup.")


async def _obey(work: Path, orders: Iterable[Order], manifest: Manifest, actor: str) -> int:
    """Migrate, and do again what was ordered; how many segments went. Raises OSError, `UsageError`."""
    journal = Journal(work / SEGMENTS)
    recorder = Recorder(work / RECORDINGS, _now, active=False)

    async def forget(erased: Erased) -> None:
        await journal.erase({UUID(segment.id).bytes: [EVERYTHING] for segment in erased.segments})

    store = await Store.open(default_address(work))
    try:
        store.on_erasure(forget)
        store.on_erasure(recorder.forget)
        await store.write(snapshot.end_panel_sessions)
        segments = done = 0
        for order in orders:
            if scope := order.scope:
                segments += (await store.erase(scope, actor, _now())).segments
            elif order.subject == "chave":
                await store.revoke_key(str(order.detail.get("chave")), order.at)
            else:
                await store.write(accounts.remove, str(order.detail.get("conta")), order.at)
            done += 1
        detail = {"copiado": manifest.copied_at.isoformat(), "ordens": done, "segmentos": segments}
        await store.audit(actor, "restaurar", SUBJECT, detail, _now())
    finally:
        await store.close()
        journal.close()
    return segments


def _set_aside(folder: Path, held: list[Path]) -> Path:
    aside = folder / f"{_ASIDE}{_now():%Y-%m-%d_%H%M%S}Z"
    aside.mkdir(mode=0o700)
    for one in held:
        for part in _DATABASE_PARTS if one.parent != folder else ("",):
            there = one.with_name(one.name + part)
            if there.exists():
                shutil.move(there, aside / there.name)
    return aside


def _move_in(work: Path, folder: Path, database: Path) -> None:
    """The database comes last: a folder without it does not look restored."""
    (work / SETTINGS).replace(folder / SETTINGS)
    for one in sorted(work.iterdir()):
        if not one.name.startswith(DATABASE):
            one.rename(folder / one.name)
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for part in reversed(_DATABASE_PARTS):
        if (work / (DATABASE + part)).exists():
            shutil.move(work / (DATABASE + part), database.with_name(database.name + part))


def _now() -> datetime:
    return datetime.now(UTC)
