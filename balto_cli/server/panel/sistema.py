"""Sistema: whether all is well, which versions run, what is set, how full the disk is, what waits."""

from __future__ import annotations

import asyncio
import platform
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli import __version__
from balto_cli.errors import BaltoError
from balto_cli.server import backup
from balto_cli.server.context import CONTEXT
from balto_cli.server.live import LIVE
from balto_cli.server.panel.page import OPERATOR, render, require
from balto_cli.server.shown_settings import settings_rows
from balto_cli.store import audit, holdings
from balto_cli.store.audit import AuditFilter
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import Backlog
from balto_cli.stt.resilience.stack import breakers_of

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

    from balto_cli.store.records import AuditEntry

PATH = "/admin/sistema"


@dataclass(frozen=True, slots=True)
class Disk:
    """Of the data folder."""

    folder: Path
    free_bytes: int
    total_bytes: int

    @property
    def used_percent(self) -> int:
        """0 to 100."""
        return round(100 * (1 - self.free_bytes / self.total_bytes)) if self.total_bytes else 100


@dataclass(frozen=True, slots=True)
class SuggesterState:
    """Of what decides on suggestions."""

    versions: tuple[tuple[str, str], ...]
    review: str
    """What pharmacists signed, in a line; or why it cannot be told."""
    waits: bool
    """For a signature, or to be mended."""


def add_routes(app: web.Application) -> None:
    """Add it."""
    app.router.add_get(PATH, overview)


async def overview(request: web.Request) -> web.Response:
    """All of it, also while the database does not answer: then more than ever."""
    require(request, OPERATOR)
    context, live = request.app[CONTEXT], request.app[LIVE]
    problems = list(await context.problems())
    facts: holdings.DatabaseFacts | None = None
    backlog = Backlog(0, None)
    backups: list[AuditEntry] = []
    try:
        await context.store.ping()
        facts = await context.store.read(holdings.database_facts)
        backlog = await context.store.backlog()
        backups, _ = await context.store.read(audit.search, AuditFilter(action=backup.ACTION), 1, None)
    except StoreUnavailable as error:
        problems.append(str(error))
    suggester = await _suggester(request)
    return render(
        request,
        "sistema.html.jinja",
        problemas=problems,
        versoes=[
            ("Balto", __version__),
            *suggester.versions,
            ("Python", platform.python_version()),
            ("Banco de dados", f"{facts.engine}, esquema {facts.schema}" if facts else "não respondeu"),
            ("Sistema", f"{platform.system()} {platform.release()} ({platform.machine()})"),
        ],
        sugestao=suggester,
        sessoes=live.sessions.sockets,
        abertas=len(live.sessions.sessions),
        pedidos=live.transcription.queued,
        espera=backlog,
        espera_s=(context.now() - backlog.oldest_at).total_seconds() if backlog.oldest_at else None,
        gravacoes=context.store.queued_writes,
        decodificadores=live.decoders.running,
        disjuntores=[(one.name, one.is_open) for one in breakers_of(context.transcriber)],
        disco=await asyncio.to_thread(_disk, context.data_folder),
        banco_bytes=facts.size_bytes if facts else None,
        audio_bytes=live.spool.disk_bytes,
        copia=backups[0] if backups else None,
        configuracao=settings_rows(context.settings),
    )


async def _suggester(request: web.Request) -> SuggesterState:
    suggester = request.app[CONTEXT].suggester
    try:
        engine, _ = await suggester.rules(None, ())
        review = await suggester.review(None)
    except BaltoError as error:
        return SuggesterState((), str(error), waits=True)
    versions = (("Catálogo", engine.versions["catalogo"]), ("Regras", engine.versions["regras"]))
    unsigned = len(review.unsigned_products) + len(review.unsigned_rules) + len(review.outdated)
    return SuggesterState(versions, review.summary(), waits=unsigned > 0)


def _disk(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(folder, usage.free, usage.total)
