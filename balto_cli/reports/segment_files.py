"""Segments on disk for people and scripts: `NAME_seg_000.wav` and one table, `segmentos.csv`."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from balto_cli.audio.decode import Decoder
from balto_cli.audio.inputs import InputFile, segment_name
from balto_cli.audio.wav import write_wav
from balto_cli.errors import AudioError, OutputError
from balto_cli.files import os_reason, write_atomically
from balto_cli.pipeline import PipelineConfig, Segment, segment_stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from balto_cli.evaluation.progress import Progress

TABLE = "segmentos.csv"
COLUMNS = ("Arquivo Original", "Nome do Segmento", "Início (s)", "Fim (s)", "Duração (s)")
_FORMULA_HEADS = ("=", "+", "-", "@")


@dataclass(slots=True)
class WrittenSegments:
    """What `balto segment` left in its folder."""

    folder: Path
    rows: list[tuple[str, str, float, float, float]] = field(default_factory=list)
    """As in the table."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """File and reason."""
    remarks: list[tuple[str, str]] = field(default_factory=list)
    files: int = 0

    @property
    def problems(self) -> list[str]:
        """One line for each file that failed or is worth a remark."""
        return [f"{name}: {reason}" for name, reason in (*self.failed, *self.remarks)]

    @property
    def summary(self) -> str:
        """What a person reads at the end."""
        spoken_s = sum(row[4] for row in self.rows)
        return (
            f"{len(self.rows)} segmentos ({spoken_s:.1f} s de fala)".replace(".", ",")
            + f" de {self.files - len(self.failed)} gravações em {self.folder} (tabela: {TABLE})."
            + (f" {len(self.failed)} com problema." if self.failed else "")
        )

    def as_json(self) -> str:
        """The table and the failures, for a machine."""
        data: dict[str, Any] = {
            "pasta": str(self.folder),
            "segmentos": [dict(zip(COLUMNS, row, strict=True)) for row in self.rows],
            "falhas": [{"arquivo": name, "motivo": reason} for name, reason in self.failed],
        }
        return json.dumps(data, ensure_ascii=False, indent=1)


def write_segments(
    files: Sequence[InputFile], folder: Path, config: PipelineConfig, progress: Progress
) -> WrittenSegments:
    """Cut every file into `folder`, as a stream: memory does not grow with a file's length.

    Raises `OutputError` when the folder cannot be written. Segments of an earlier, longer cut of the same file are
    removed.
    """
    written = WrittenSegments(folder, files=len(files))
    progress.begin(len(files))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            _write_one(file, config, written)
            progress.advance(1, file.name)
        # A spreadsheet takes the byte order mark as the sign of UTF-8.
        write_atomically(folder / TABLE, "\ufeff" + _table(written.rows))
    except OSError as error:
        raise OutputError(
            f"Não consegui gravar em {folder}: {os_reason(error)}. Escolha outra pasta com --output."
        ) from None
    return written


def _write_one(file: InputFile, config: PipelineConfig, written: WrittenSegments) -> None:
    decoder = Decoder(file.path)
    count = 0
    try:
        for segment in segment_stream(decoder, config):
            written.rows.append(_write_segment(file, segment, written.folder))
            count += 1
    except AudioError as error:
        written.failed.append((file.name, str(error)))
        return
    _remove_leftovers(file, count, written.folder)
    remarks = [decoder.report.downmix] if decoder.report.downmix != "mono" else []
    remarks += [decoder.report.remark] if decoder.report.remark else []
    remarks += [] if count else ["nenhuma fala encontrada"]
    if remarks:
        written.remarks.append((file.name, "; ".join(remarks)))


def _write_segment(file: InputFile, segment: Segment, folder: Path) -> tuple[str, str, float, float, float]:
    name = segment_name(file.stem, segment.index)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, segment.samples)
    return file.name, name, round(segment.start_s, 3), round(segment.end_s, 3), round(segment.duration_s, 3)


def _remove_leftovers(file: InputFile, count: int, folder: Path) -> None:
    """An earlier cut with more segments would leave files that belong to no row."""
    while (leftover := folder / segment_name(file.stem, count)).exists():
        leftover.unlink()
        count += 1


def _table(rows: Sequence[tuple[str, str, float, float, float]]) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for original, name, *times in rows:
        table.writerow([_no_formula(original), _no_formula(name), *(f"{time:.3f}" for time in times)])
    return text.getvalue()


def _no_formula(name: str) -> str:
    """A name that a spreadsheet would take for a formula, as the same path spelt harmlessly."""
    return f"./{name}" if name.startswith(_FORMULA_HEADS) else name
