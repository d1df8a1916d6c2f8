"""What `balto doctor` looks at of a server: its database, its secret, how long its disk lasts, its last backup.

Looking changes nothing: a database that is not there is not made, and none is migrated.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from balto_cli.diagnosis import Check, State
from balto_cli.diagnosis.check import from_error
from balto_cli.diagnosis.host import is_own
from balto_cli.diagnosis.machine import nearest
from balto_cli.errors import BaltoError
from balto_cli.server.backup import ACTION
from balto_cli.server.folder_lock import is_locked
from balto_cli.server.secrets import MIN_LENGTH, is_weak
from balto_cli.settings import data_folder
from balto_cli.store import audit, snapshot
from balto_cli.store.audit import AuditFilter
from balto_cli.store.database import default_address, looking
from balto_cli.store.migrating import revisions
from balto_cli.store.tables import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from balto_cli.settings import Settings

_RESERVE_BYTES = 256 << 20
"""Under it the server takes no session."""
_OUTAGE_BYTES_H = 25_400_000
"""What a counter's speech takes an hour while no provider answers, with its rows (docs/ao-vivo.md)."""
_LASTS_H = 24.0
"""After so long what waits for a provider is given up, so no more is needed."""
_BACKUP_DAYS = 2


def examine_server(settings: Settings, now: datetime) -> Iterator[Check]:
    """All of them; `now` is aware."""
    yield _check_secret(settings)
    try:
        file = snapshot.sqlite_file(settings.database_url or default_address(data_folder(settings)))
    except BaltoError as error:
        yield from_error("banco de dados", State.FAILED, error)
        yield _check_room(settings, 0)
        return
    if file is not None and not file.exists():
        yield Check("banco de dados", State.OK, f"{file} (será criado por balto serve)")
        yield _check_room(settings, 0)
        return
    counters = 0
    try:
        with looking(settings.database_url or default_address(data_folder(settings))) as connection:
            yield _check_schema(connection, "SQLite" if file else "PostgreSQL", used=is_locked(data_folder(settings)))
            if revisions(connection)[0]:
                counters = int(connection.scalar(select(func.count()).select_from(COUNTERS)) or 0)
                yield _check_backup(connection, now, lite=file is not None)
    except BaltoError as error:
        yield from_error("banco de dados", State.FAILED, error)
    yield _check_room(settings, counters)


def _check_secret(settings: Settings) -> Check:
    name = "ADMIN_SECRET"
    if settings.admin_secret is None:
        return Check(name, State.OK, "não definida: vale o segredo sorteado no primeiro início")
    if not is_weak(settings.admin_secret.get_secret_value()):
        return Check(name, State.OK, "definida")
    todo = f"use {MIN_LENGTH} caracteres ou mais, sem palavra comum, ou deixe sem ela"
    # Behind a proxy on the same machine a caller is no loopback, so that it is refused there too.
    exposed = not is_own(settings.host) or bool(settings.proxies)
    return Check(name, State.FAILED if exposed else State.WARNING, "fácil demais: só vale nesta máquina", todo)


def _check_schema(connection: Connection, engine: str, *, used: bool) -> Check:
    """Raises `UsageError` for a database of a newer Balto."""
    name = "banco de dados"
    found, newest = revisions(connection)
    use = ", em uso por um balto serve" if used else ""
    if found is None:
        return Check(name, State.OK, f"{engine}, vazio (balto serve cria as tabelas)")
    if found != newest:
        todo = "faça um balto backup; o próximo balto serve atualiza as tabelas"
        return Check(name, State.WARNING, f"{engine}, esquema {found}; este Balto usa o {newest}{use}", todo)
    return Check(name, State.OK, f"{engine}, esquema {found}{use}")


def _check_backup(connection: Connection, now: datetime, *, lite: bool) -> Check:
    name = "último backup"
    if not lite:
        return Check(name, State.OK, "o do PostgreSQL se faz com pg_dump (docs/operacao.md)")
    entries, _ = audit.search(connection, AuditFilter(action=ACTION), 1, None)
    if not entries:
        return Check(name, State.WARNING, "nenhum", "balto backup PASTA, todo dia (docs/operacao.md)")
    age = now - entries[0].at
    hours = age / timedelta(hours=1)
    told = f"há {hours:.0f} h" if hours < 48 else f"há {age.days} dias"
    if age > timedelta(days=_BACKUP_DAYS):
        return Check(name, State.WARNING, told, "veja por que o timer não roda: systemctl list-timers")
    return Check(name, State.OK, told)


def _check_room(settings: Settings, counters: int) -> Check:
    """How many hours the disk lasts at the worst moment: all counters talk and no provider answers."""
    name = "disco do servidor"
    folder = nearest(data_folder(settings))
    try:
        free = shutil.disk_usage(folder).free - _RESERVE_BYTES
    except OSError:
        return Check(name, State.WARNING, "não deu para saber quanto há livre", "confira o espaço em BALTO_DATA")
    if free <= 0:
        return Check(name, State.FAILED, f"menos de 256 MB livres em {folder}", "libere espaço: não entram sessões")
    counters = max(1, counters)
    hours = free / (counters * _OUTAGE_BYTES_H)
    amount = f"{counters} {'balcão' if counters == 1 else 'balcões'}"
    lasts = f"{hours:.0f} h" if hours < 1000 else "mais de 1000 h"
    found = f"com os provedores fora do ar, cabem {lasts} de {amount}"
    if hours < _LASTS_H:
        return Check(name, State.WARNING, found, "libere espaço: o que espera fica até 24 h")
    kept_h = settings.retencao_audio_horas
    if kept_h * counters * _OUTAGE_BYTES_H > free:
        todo = "diminua BALTO_RETENCAO_AUDIO_HORAS, ou aumente o disco"
        return Check(name, State.WARNING, f"{kept_h:g} h de áudio guardado de {amount} não cabem", todo)
    return Check(name, State.OK, found)
