"""The folder of one run: `execucoes/DATA_HORA/` with its settings, responses and scores.

    execucoes/
      respostas/              answers of all runs, by content (`ResponseStore`)
      2026-11-03_101500/
        execucao.json         what was asked: inputs by content, pipeline, providers; when it began and ended
        respostas.jsonl       every answer of this run, one line each
        resultados.json       texts, states and scores, as in the workbooks

A run without an end is gone on with by the next command that asks the same: same audio, same pipeline, same providers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from balto_cli.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MANIFEST = "execucao.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RunFolder:
    """An unfinished run's folder and when the run began."""

    path: Path
    started_at: datetime
    resumed: bool
    manifest: Mapping[str, Any]

    def finish(self, responses: Iterable[Mapping[str, Any]], results: Mapping[str, Any], ended_at: datetime) -> None:
        """Write responses and results, then mark the run as ended. Raises OSError; the run then stays unfinished."""
        lines = "".join(json.dumps(response, ensure_ascii=False) + "\n" for response in responses)
        write_atomically(self.path / "respostas.jsonl", lines)
        write_atomically(self.path / "resultados.json", _readable(results))
        write_atomically(self.path / _MANIFEST, _readable({**self.manifest, "fim": ended_at.isoformat()}))


def open_run(runs: Path, asked: Mapping[str, Any], inputs: Mapping[str, str], now: datetime) -> RunFolder:
    """Go on with the newest unfinished run that asked the same, or begin one. Raises OSError.

    `asked` is everything but the audio that decides the answers (pipeline, providers, parts); `inputs` gives the hash
    of each input by its name, which is noted but does not count: a renamed file is the same file.
    """
    same = json.dumps({**asked, "conteudos": sorted(inputs.values())}, sort_keys=True)
    key = hashlib.sha256(same.encode()).hexdigest()
    for folder in sorted(runs.glob("????-??-??_??????*"), reverse=True):
        manifest = _read_manifest(folder)
        if manifest.get("chave") == key and "fim" not in manifest:
            return RunFolder(folder, datetime.fromisoformat(manifest["inicio"]), True, manifest)
    manifest = {
        "formato": _FORMAT,
        "chave": key,
        "inicio": now.isoformat(),
        "pedido": dict(asked),
        "entradas": dict(inputs),
    }
    folder = _new_folder(runs, now)
    write_atomically(folder / _MANIFEST, _readable(manifest))
    return RunFolder(folder, now, False, manifest)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _new_folder(runs: Path, now: datetime) -> Path:
    """A folder named by the local time, with a number where two runs begin in one second."""
    name = now.strftime("%Y-%m-%d_%H%M%S")
    runs.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = runs / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(runs / name)


def _readable(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
