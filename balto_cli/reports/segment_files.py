"""Segments on disk for people and scripts: `NAME_seg_000.wav`, one table, and what else was asked for beside them."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

from balto_cli.audio.decode import Decoder
from balto_cli.audio.flac import write_flac
from balto_cli.audio.inputs import InputFile, segment_name
from balto_cli.audio.wav import write_wav
from balto_cli.errors import AudioError
from balto_cli.evaluation.verdicts import counted
from balto_cli.files import folder_refused, write_atomically
from balto_cli.pipeline import PipelineConfig, Segment, segment_stream
from balto_cli.reports.processes import run_each
from balto_cli.reports.segment_explain import Explainer, Explanation
from balto_cli.reports.segment_formats import SegmentRow, audacity_text, csv_text, json_text, rttm_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from balto_cli.evaluation.progress import Progress
    from balto_cli.pipeline.listener import HeardHop

TABLE = "segmentos.csv"
JSON_TABLE = "segmentos.json"
AUDIO_SUFFIXES = (".wav", ".flac")

_DIED = "o processo que o lia morreu, talvez por falta de memória: tente este arquivo sozinho"

AudioFormat = Literal["wav", "flac"]
TableFormat = Literal["csv", "json", "audacity", "rttm"]


@dataclass(frozen=True, slots=True)
class SegmentOptions:
    """What is written of each recording."""

    audio: AudioFormat = "wav"
    tables: tuple[TableFormat, ...] = ("csv",)
    """`segmentos.csv` is always written; `json`: `segmentos.json`, `audacity`: `NAME_rotulos.txt`, `rttm`: `NAME.rttm`.
    """
    plot: bool = False
    """`NAME.png`, and `NAME_pag_001.png` … for what a long recording has beyond the first page."""
    explain_s: tuple[float, ...] = ()
    """Moments to explain, in seconds of each recording."""


class Watcher(Protocol):
    """Looks over the pipeline's shoulder at one recording."""

    def sound(self, chunk: bytes) -> None:
        """Raw PCM16LE, before the pipeline hears it."""

    def hop(self, hop: HeardHop) -> None:
        """What the stages thought of the next hop."""

    def segment(self, segment: Segment) -> None:
        """A segment was cut."""


@dataclass(slots=True)
class FileResult:
    """What came of one recording."""

    rows: list[SegmentRow] = field(default_factory=list)
    failure: str | None = None
    remark: str | None = None
    explanations: list[Explanation] = field(default_factory=list)


@dataclass(slots=True)
class WrittenSegments:
    """What `balto segment` left in its folder."""

    folder: Path
    rows: list[SegmentRow] = field(default_factory=list)
    """In order of file and time."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """File and reason."""
    remarks: list[tuple[str, str]] = field(default_factory=list)
    explanations: list[tuple[str, Explanation]] = field(default_factory=list)
    files: int = 0

    @property
    def problems(self) -> list[str]:
        """One line for each file that failed or is worth a remark."""
        return [f"{name}: {reason}" for name, reason in (*self.failed, *self.remarks)]

    @property
    def summary(self) -> str:
        """What a person reads at the end."""
        spoken_s = sum(row.duration_s for row in self.rows)
        recordings = counted(self.files - len(self.failed), "gravação", "gravações")
        return (
            f"{counted(len(self.rows), 'segmento')} ({_seconds(spoken_s)} de fala)"
            + f" de {recordings} em {self.folder} (tabela: {TABLE})."
            + (f" {len(self.failed)} com problema." if self.failed else "")
        )

    @property
    def explained(self) -> str:
        """The explanations that were asked for, a paragraph each; empty if none."""
        return "\n\n".join(
            "\n  ".join((f"{name} em {_seconds(explanation.at_s)}", *explanation.lines))
            for name, explanation in self.explanations
        )

    def as_json(self) -> str:
        """The table, the failures and the explanations if there are any, for a machine."""
        data: dict[str, Any] = {
            "pasta": str(self.folder),
            "segmentos": [row.by_column() for row in self.rows],
            "falhas": [{"arquivo": name, "motivo": reason} for name, reason in self.failed],
        }
        if self.explanations:
            data["explicacoes"] = [{"arquivo": name} | explanation.as_dict() for name, explanation in self.explanations]
        return json.dumps(data, ensure_ascii=False, indent=1)


def write_segments(
    files: Sequence[InputFile],
    folder: Path,
    config: PipelineConfig,
    progress: Progress,
    options: SegmentOptions | None = None,
    *,
    workers: int = 1,
) -> WrittenSegments:
    """Cut every file into `folder`, as a stream: memory does not grow with a file's length.

    With several `workers` the files are shared out over as many processes; rows and remarks stay in order of file.
    Raises `OutputError` when the folder cannot be written. What an earlier cut of the same file left and this one does
    not have is removed.
    """
    options = options or SegmentOptions()
    results = [FileResult() for _ in files]
    progress.begin(len(files))
    task = partial(_write_file, folder=folder, config=config, options=options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(run_each(task, files, workers)) as finished:
            for index, result in finished:
                results[index] = result or FileResult(failure=_DIED)
                progress.advance(1, files[index].name)
        written = _gathered(files, folder, results)
        write_atomically(folder / TABLE, csv_text(written.rows))
        if "json" in options.tables:
            write_atomically(folder / JSON_TABLE, json_text(folder, written.rows, written.failed))
    except OSError as error:
        raise folder_refused(folder, error) from None
    return written


def _gathered(files: Sequence[InputFile], folder: Path, results: Sequence[FileResult]) -> WrittenSegments:
    written = WrittenSegments(folder, files=len(files))
    for file, result in zip(files, results, strict=True):
        written.rows += result.rows
        written.explanations += [(file.name, explanation) for explanation in result.explanations]
        if result.failure is not None:
            written.failed.append((file.name, result.failure))
        if result.remark is not None:
            written.remarks.append((file.name, result.remark))
    return written


def _write_file(file: InputFile, *, folder: Path, config: PipelineConfig, options: SegmentOptions) -> FileResult:
    """Cut one file. Raises OSError when something cannot be written."""
    decoder = Decoder(file.path)
    result = FileResult()
    explainers = [Explainer(at_s, config) for at_s in options.explain_s]
    watchers: list[Watcher] = [*explainers]
    with contextlib.ExitStack() as stack:
        if options.plot:
            from balto_cli.reports.segment_plot import Plotter

            watchers.append(stack.enter_context(Plotter(folder / file.stem, file.name, config)))
        try:
            for segment in _cut(decoder, config, watchers):
                result.rows.append(_write_segment(file, segment, folder, options.audio))
        except AudioError as error:
            result.failure = str(error)
            return result
    result.explanations = [explainer.explain() for explainer in explainers]
    _write_tables(file, result.rows, folder, options.tables)
    _remove_leftovers(file, len(result.rows), folder, options.audio)
    remarks = list(decoder.report.remarks)
    remarks += [] if result.rows else ["nenhuma fala encontrada"]
    result.remark = "; ".join(remarks) or None
    return result


def _cut(decoder: Decoder, config: PipelineConfig, watchers: Sequence[Watcher]) -> Iterator[Segment]:
    """The segments of a recording, with everyone told who watches."""
    if not watchers:
        yield from segment_stream(decoder, config)
        return

    def chunks() -> Iterator[bytes]:
        for chunk in decoder:
            for watcher in watchers:
                watcher.sound(chunk)
            yield chunk

    def listen(hop: HeardHop) -> None:
        for watcher in watchers:
            watcher.hop(hop)

    for segment in segment_stream(chunks(), config, listen):
        for watcher in watchers:
            watcher.segment(segment)
        yield segment


def _write_segment(file: InputFile, segment: Segment, folder: Path, audio: AudioFormat) -> SegmentRow:
    name = _audio_name(file, segment.index, f".{audio}")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (write_wav if audio == "wav" else write_flac)(path, segment.samples)
    return SegmentRow(
        original=file.name,
        name=name,
        start_s=round(segment.start_s, 3),
        end_s=round(segment.end_s, 3),
        duration_s=round(segment.duration_s, 3),
        cut=segment.cut,
        snr_db=segment.snr_db,
    )


def _write_tables(file: InputFile, rows: Sequence[SegmentRow], folder: Path, tables: Sequence[TableFormat]) -> None:
    # Not `NAME.txt`: beside the recordings that would be the reference of what was said.
    if "audacity" in tables:
        write_atomically(folder / f"{file.stem}_rotulos.txt", audacity_text(rows))
    if "rttm" in tables:
        write_atomically(folder / f"{file.stem}.rttm", rttm_text(rows))


def _audio_name(file: InputFile, index: int, suffix: str) -> str:
    return segment_name(file.stem, index).removesuffix(".wav") + suffix


def _remove_leftovers(file: InputFile, count: int, folder: Path, audio: AudioFormat) -> None:
    """An earlier cut with more segments, or in the other format, would leave files that belong to no row."""
    for suffix in AUDIO_SUFFIXES:
        index = count if suffix == f".{audio}" else 0
        while (leftover := folder / _audio_name(file, index, suffix)).exists():
            leftover.unlink()
            index += 1


def _seconds(value: float) -> str:
    return f"{value:.1f} s".replace(".", ",")
