"""The folder of one run: `execucoes/DATA_HORA/` with its settings, responses and scores.

    execucoes/
      respostas/              answers of all runs, by content (`ResponseStore`)
      2026-11-03_101500/
        execucao.json         what was asked: inputs by content, pipeline, providers; when it began and ended
        arquivos.jsonl        every file with its segments and its reference, one line each
        respostas.jsonl       every answer of this run, one line each
        resultados.json       texts, states and scores, as in the workbooks

A run without an end is gone on with by the next command that asks the same: same audio, same pipeline, same providers.
One with an end is read back by `load_run`, from the first three files; the fourth is for people.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from balto_cli.errors import UsageError
from balto_cli.evaluation.stored_run import RunHeader, StoredRun, stored_run
from balto_cli.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from balto_cli.evaluation.results import Comparison, FileResult, Outcome

_MANIFEST = "execucao.json"
_FILES = "arquivos.jsonl"
_RESPONSES = "respostas.jsonl"
_RESULTS = "resultados.json"
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class RunFolder:
    """An unfinished run's folder and when the run began."""

    path: Path
    started_at: datetime
    resumed: bool
    manifest: Mapping[str, Any]

    def finish(
        self,
        header: RunHeader,
        files: Iterable[Mapping[str, Any]],
        responses: Iterable[Mapping[str, Any]],
        comparison: Comparison,
    ) -> None:
        """Write files, responses and results, then mark the run as ended as `header` says.

        Raises OSError; the run then stays unfinished.
        """
        write_atomically(self.path / _FILES, _lines(files))
        write_atomically(self.path / _RESPONSES, _lines(responses))
        write_atomically(self.path / _RESULTS, _results(comparison))
        ended = {
            **self.manifest,
            "formato": _FORMAT,
            "nomes": list(header.providers),
            "dolar": header.reais_per_dollar,
            "precos_usd_por_hora": dict(header.usd_per_hour),
            "versoes": dict(header.versions),
            "fim": header.ended_at.isoformat() if header.ended_at else None,
        }
        write_atomically(self.path / _MANIFEST, _readable(ended))


def load_run(path: Path) -> StoredRun:
    """Read a finished run from its folder.

    Raises `UsageError` for a folder that is no run, is unfinished, damaged, or of another version of Balto.
    """
    folder = path.parent if path.name == _MANIFEST else path
    if not folder.is_dir():
        raise UsageError(f"Não encontrei a execução {path}: confira o caminho.")
    if not (folder / _MANIFEST).is_file():
        raise UsageError(f"{folder} não é uma execução: falta {_MANIFEST}. Indique uma pasta de execucoes/.")
    manifest = read_manifest(folder)
    written = manifest.get("formato")
    if isinstance(written, int) and written > _FORMAT:
        raise UsageError(f"A execução {folder.name} é de um Balto mais novo: atualize o Balto para lê-la.")
    if manifest and not manifest.get("fim"):
        raise UsageError(f"A execução {folder.name} não terminou: o mesmo `balto compare` a continua.")
    if written == 1:
        raise UsageError(
            f"A execução {folder.name} é de um Balto antigo: repita o `balto compare`; as respostas guardadas servem."
        )
    try:
        return stored_run(
            _header(folder.name, manifest), _read_lines(folder / _FILES), _read_lines(folder / _RESPONSES)
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(
            f"A execução {folder.name} está danificada: repita o `balto compare`; as respostas guardadas servem."
        ) from None


def _header(name: str, manifest: Mapping[str, Any]) -> RunHeader:
    return RunHeader(
        name=name,
        started_at=datetime.fromisoformat(manifest["inicio"]),
        ended_at=datetime.fromisoformat(manifest["fim"]),
        settings=manifest["pedido"],
        providers=tuple(manifest["nomes"]),
        reais_per_dollar=manifest["dolar"],
        usd_per_hour=manifest["precos_usd_por_hora"],
        versions=manifest["versoes"],
    )


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _lines(values: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _results(comparison: Comparison) -> Iterator[str]:
    """One file a line, so that a long run is never held as text as a whole."""
    yield f'{{"provedores": {json.dumps(comparison.providers, ensure_ascii=False)},\n "arquivos": ['
    for number, file in enumerate(comparison.files):
        yield ("," if number else "") + "\n  " + json.dumps(_file_results(file), ensure_ascii=False)
    yield "\n]}\n"


def _file_results(file: FileResult) -> dict[str, Any]:
    return {
        "arquivo": file.name,
        "duracao_s": file.duration_s,
        "problema": file.problem,
        "observacoes": list(file.remarks),
        "referencia": file.reference,
        "originais": {name: _outcome(outcome) for name, outcome in file.outcomes.items()},
        "segmentos": [
            {
                "nome": segment.name,
                "inicio_s": segment.start_s,
                "fim_s": segment.end_s,
                "snr_db": segment.snr_db,
                "referencia": segment.reference,
                "provedores": {name: _outcome(outcome) for name, outcome in segment.outcomes.items()},
            }
            for segment in file.segments
        ],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    score = outcome.score
    return {
        "estado": str(outcome.state),
        "texto": outcome.text,
        "motivo": outcome.reason,
        "wer": score.wer if score else None,
        "palavras": score.reference_words if score else None,
        "erros": score.errors if score else None,
    }


def open_run(runs: Path, asked: Mapping[str, Any], inputs: Mapping[str, str], now: datetime) -> RunFolder:
    """Go on with the newest unfinished run that asked the same, or begin one. Raises OSError.

    `asked` is everything but the audio that decides the answers (pipeline, providers, parts); `inputs` gives the hash
    of each input by its name, which is noted but does not count: a renamed file is the same file.
    """
    same = json.dumps({**asked, "conteudos": sorted(inputs.values())}, sort_keys=True)
    key = hashlib.sha256(same.encode()).hexdigest()
    for folder in _newest_first(runs):
        manifest = read_manifest(folder)
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


def newest_run(runs: Path) -> Path | None:
    """The newest run in `execucoes/` that ended; None where none did."""
    return next((folder for folder in _newest_first(runs) if read_manifest(folder).get("fim")), None)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What was asked of a run, by the keys of `execucao.json`; nothing where it cannot be read."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _newest_first(runs: Path) -> list[Path]:
    return sorted(runs.glob("????-??-??_??????*"), reverse=True)


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
