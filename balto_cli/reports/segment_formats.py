"""Tables of segments in the forms that people's tools read: a spreadsheet, a script, Audacity, a diarisation scorer."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from balto_cli.reports.cell_text import no_formula

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from balto_cli.pipeline.segmenter import CutKind

COLUMNS = ("Arquivo Original", "Nome do Segmento", "Início (s)", "Fim (s)", "Duração (s)")


class SegmentRow(NamedTuple):
    """One segment; the first fields are `COLUMNS`."""

    original: str
    name: str
    start_s: float
    end_s: float
    duration_s: float
    cut: CutKind
    snr_db: float | None

    def by_column(self) -> dict[str, str | float]:
        """The fields that people already script, under the names of their columns."""
        return dict(zip(COLUMNS, (self.original, self.name, self.start_s, self.end_s, self.duration_s), strict=True))


def csv_text(rows: Sequence[SegmentRow]) -> str:
    """`segmentos.csv`, decimal point; begins with the byte order mark by which a spreadsheet knows UTF-8."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in rows:
        times = (f"{time:.3f}" for time in (row.start_s, row.end_s, row.duration_s))
        table.writerow([*(no_formula(name, "./") for name in (row.original, row.name)), *times])
    return "\ufeff" + text.getvalue()


def json_text(folder: Path, rows: Sequence[SegmentRow], failed: Sequence[tuple[str, str]]) -> str:
    """`segmentos.json`: the table, why each segment ended, how clear it was, and the files that failed."""
    data: dict[str, Any] = {
        "pasta": str(folder),
        "segmentos": [
            row.by_column() | {"Corte": row.cut, "SNR (dB)": None if row.snr_db is None else round(row.snr_db, 1)}
            for row in rows
        ],
        "falhas": [{"arquivo": name, "motivo": reason} for name, reason in failed],
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def audacity_text(rows: Sequence[SegmentRow]) -> str:
    """A label track for Audacity (File, Import, Labels): begin, end and name, tab-separated."""
    return "".join(f"{row.start_s:.3f}\t{row.end_s:.3f}\t{_number(row.name)} {row.cut}\n" for row in rows)


def rttm_text(rows: Sequence[SegmentRow]) -> str:
    """Speech as NIST RTTM (Rich Transcription 2009, appendix A): one SPEAKER line a segment, no blanks in names."""
    return "".join(
        f"SPEAKER {'_'.join(row.original.split())} 1 {row.start_s:.3f} {row.duration_s:.3f} <NA> <NA> fala <NA> <NA>\n"
        for row in rows
    )


def _number(segment_name: str) -> str:
    """`seg_000` of `NAME_seg_000.wav`."""
    return "seg_" + segment_name.rpartition("_seg_")[2].partition(".")[0]
