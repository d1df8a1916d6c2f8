"""Runs of `balto compare` as the panel sees them: found in the folders they are kept in, and never outside of these.

A run is named by its shelf and its folder's name, both held against what is there; no path comes from a request.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from balto_cli.evaluation.run_folder import read_manifest
from balto_cli.evaluation.session import RESPONSES, RUNS
from balto_cli.reports.page_delivery import PAGE
from balto_cli.reports.workbooks import ORIGINALS, SEGMENTS
from balto_cli.server.export import XLSX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from balto_cli.store.records import Erased

OUTPUT = "planilhas"
"""Folder of runs, in the data folder for those that the panel starts, in the current one for those of a person."""
MADE = "painel"
"""In a run's folder: what the panel had made of it."""
SUMMARY = "resumo.json"
FILES: Mapping[str, tuple[str, str]] = {
    "relatorio": (PAGE, "text/html"),
    "originais": (f"{ORIGINALS}.xlsx", XLSX),
    "segmentos": (f"{SEGMENTS}.xlsx", XLSX),
}
"""What of a run is given out, by the name in its address."""
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}_\d{6}(_\d{1,3})?")
_MOST = 200


@dataclass(frozen=True, slots=True)
class JudgedProvider:
    """How a provider did in a run."""

    name: str
    wer: float | None
    low: float | None
    high: float | None
    medicine_wrong: float | None
    """Share of medicine names that it got wrong."""
    latency_p95_s: float | None
    brl_per_hour: float | None


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run."""

    shelf: str
    """`painel` or `pasta`."""
    name: str
    folder: Path
    started_at: datetime | None
    ended: bool
    inputs: int
    asked: tuple[str, ...]
    """Providers."""
    verdict: str
    """"" where the panel has made no report of it yet."""
    providers: tuple[JudgedProvider, ...]
    files: frozenset[str]
    """Those of `FILES` that are there."""

    @property
    def address(self) -> str:
        """Of its page."""
        return f"/admin/comparativos/{self.shelf}/{self.name}"


class RunsShelf:
    """The folders that runs are looked for in. All methods read the disk: not for the event loop."""

    def __init__(self, data_folder: Path, here: Path) -> None:
        """`here` is the current folder, where a person's `balto compare` writes unless told otherwise."""
        self.output = data_folder / OUTPUT
        self._shelves = {"painel": self.output / RUNS, "pasta": here / OUTPUT / RUNS}
        if self._shelves["pasta"].resolve() == self._shelves["painel"].resolve():
            del self._shelves["pasta"]

    def entries(self) -> list[RunEntry]:
        """The newest first."""
        return [_entry(shelf, folder) for shelf, folder in self._newest()]

    def newest_judged(self) -> RunEntry | None:
        """The newest one with a report; None where none has."""
        reported = (_entry(*place) for place in self._newest() if (place[1] / MADE / SUMMARY).is_file())
        return next((entry for entry in reported if entry.providers), None)

    def _newest(self) -> list[tuple[str, Path]]:
        """Shelf and folder of each, the newest first."""
        found = [
            (folder.name, shelf, folder)
            for shelf, runs in self._shelves.items()
            if runs.is_dir()
            for folder in runs.iterdir()
            if _NAME.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
        ]
        return [(shelf, folder) for _, shelf, folder in sorted(found, reverse=True)[:_MOST]]

    def find(self, shelf: str, name: str) -> RunEntry | None:
        """One; None for whatever is not in its shelf."""
        runs = self._shelves.get(shelf)
        if runs is None or not _NAME.fullmatch(name):
            return None
        folder = runs / name
        return _entry(shelf, folder) if folder.is_dir() and not folder.is_symlink() else None

    def forget(self, erased: Erased) -> None:
        """Delete what was made of sessions that are erased, in whole or in part: their words stand all over it.

        Only runs that the panel started know sessions; a person's folder is theirs. Raises OSError.
        """
        sessions = {*erased.sessions, *(part.session_id for part in erased.parts)}
        sessions |= {segment.session_id for segment in erased.segments}
        runs = self._shelves["painel"]
        if not runs.is_dir():
            return
        endings = tuple(f"_{session[:8]}.wav" for session in sessions)
        used = [
            folder
            for folder in runs.iterdir()
            if _NAME.fullmatch(folder.name)
            and any(str(name).endswith(endings) for name in _dict(read_manifest(folder).get("entradas")))
        ]
        if used:
            # Answers are kept by content and workbooks by output folder, whichever run they are of.
            for folder in (*used, self.output / RESPONSES):
                if folder.is_dir():
                    shutil.rmtree(folder)
            for name, _ in FILES.values():
                (self.output / name).unlink(missing_ok=True)

    def file(self, entry: RunEntry, kind: str) -> Path | None:
        """A file of a run that may be given out."""
        if kind not in entry.files:
            return None
        path = entry.folder / MADE / FILES[kind][0]
        return path if path.resolve().is_relative_to(entry.folder.resolve()) else None


RUNS_SHELF: web.AppKey[RunsShelf] = web.AppKey("runs_shelf", RunsShelf)


def _entry(shelf: str, folder: Path) -> RunEntry:
    manifest = read_manifest(folder)
    summary = _summary(folder)
    report = _dict(next(iter(_list(summary.get("execucoes"))), None))
    parts = _dict(report.get("partes"))
    part = _dict(parts.get("segmentos") or parts.get("originais"))
    asked = _list(manifest.get("nomes")) or [
        one.get("provider") for one in _list(_dict(manifest.get("pedido")).get("provedores")) if isinstance(one, dict)
    ]
    made = folder / MADE
    return RunEntry(
        shelf=shelf,
        name=folder.name,
        folder=folder,
        started_at=_moment(manifest.get("inicio")),
        ended=bool(manifest.get("fim")),
        inputs=len(_dict(manifest.get("entradas"))),
        asked=tuple(str(name) for name in asked if name),
        verdict=str(report.get("veredito") or ""),
        providers=tuple(_provider(one) for one in _list(part.get("provedores")) if isinstance(one, dict)),
        files=frozenset(kind for kind, (name, _) in FILES.items() if (made / name).is_file()),
    )


def _provider(one: Mapping[str, Any]) -> JudgedProvider:
    low, high = [*_list(one.get("wer_intervalo")), None, None][:2]
    p95 = _dict(_dict(one.get("latencia_s")).get("p95"))
    return JudgedProvider(
        name=str(one.get("provedor", "")),
        wer=one.get("wer"),
        low=low,
        high=high,
        medicine_wrong=one.get("erros_medicamento"),
        latency_p95_s=p95.get("valor"),
        brl_per_hour=one.get("brl_por_hora"),
    )


def _summary(folder: Path) -> dict[str, Any]:
    try:
        value = json.loads((folder / MADE / SUMMARY).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
