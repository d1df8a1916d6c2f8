"""Transcripts as text: for people, players, spreadsheets and scripts. Each function renders; none writes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from balto_cli.reports.cell_text import no_formula
from balto_cli.reports.transcript_cues import cues, turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.reports.transcript_cues import Reading

TABLE_COLUMNS = ("Arquivo Original", "Provedor", "Início (s)", "Fim (s)", "Falante", "Texto")


def as_txt(reading: Reading) -> str:
    """The words: one paragraph, a line for each segment, or a line for each turn where speakers are told apart."""
    if reading.speakers and (spoken := turns(reading)):
        return "\n".join(f"{speaker}: {text}" if speaker else text for speaker, text in spoken)
    lines = (part.transcript.text.strip() for part in reading.passages)
    return "\n".join(line for line in lines if line)


def side_by_side(readings: Sequence[Reading], heading: str = "") -> str:
    """One recording as several providers heard it, a block each, or the words alone where there is one; as txt."""
    said = [reading for reading in readings if not reading.reason]
    blocks = [f"-- {reading.provider} --\n{as_txt(reading)}" for reading in said]
    if len(readings) == 1:
        blocks = [as_txt(reading) for reading in said]
    text = "\n\n".join(blocks)
    return f"== {heading} ==\n{text}" if heading and said else text


def as_json(reading: Reading) -> str:
    """Everything known of the reading but the provider's raw answer; a failure is a state with its reason."""
    return json.dumps(_as_dict(reading), ensure_ascii=False, indent=1)


def as_srt(reading: Reading) -> str:
    """SubRip, which knows neither headings nor escapes."""
    return "\n".join(
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n"
        f"{_unmarked(f'{cue.speaker}: {cue.text}' if cue.speaker else cue.text)}\n"
        for number, cue in enumerate(cues(reading), start=1)
    )


def as_vtt(reading: Reading) -> str:
    """WebVTT (W3C), with the file's name as a note and speakers as voices."""
    blocks = [
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n"
        f"{f'<v {cue.speaker}>' if cue.speaker else ''}{_escaped(cue.text)}\n"
        for cue in cues(reading)
    ]
    # In a note, too, the arrow and an empty line have a meaning.
    note = " ".join(reading.file.split()).replace("-->", "→")
    return "\n".join(["WEBVTT\n", f"NOTE {note}\n", *blocks])


def as_tsv(readings: Sequence[Reading], *, header: bool) -> str:
    """One row a cue, tab-separated; seconds of the recording, decimal point."""
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    if header:
        table.writerow(TABLE_COLUMNS)
    for reading in readings:
        for cue in cues(reading):
            times = (f"{time:.3f}" for time in (cue.start_s, cue.end_s))
            table.writerow(
                [no_formula(reading.file, "./"), reading.provider, *times, cue.speaker, no_formula(cue.text, "'")]
            )
    return text.getvalue()


def _as_dict(reading: Reading) -> dict[str, Any]:
    data: dict[str, Any] = {"arquivo": reading.file, "provider": reading.provider}
    if reading.reason:
        return {**data, "estado": "falha", "motivo": reading.reason}
    data["estado"] = "vazia" if reading.empty else "ok"
    transcripts = [part.transcript for part in reading.passages]
    if len(transcripts) == 1 and not reading.in_segments:
        known = asdict(transcripts[0])
        del known["raw"], known["provider"]
        return {**data, **known}
    data |= {
        "model": transcripts[0].model if transcripts else "",
        "text": " ".join(one.text.strip() for one in transcripts if one.text.strip()),
        "cost_brl": sum(one.cost_brl for one in transcripts),
        "lost_brl": sum(one.lost_brl for one in transcripts),
        "attempts": sum(one.attempts for one in transcripts),
        "segments": [
            {
                "start_s": part.start_s,
                "end_s": part.end_s,
                "text": part.transcript.text,
                "confidence": part.transcript.confidence,
                "latency_s": part.transcript.latency_s,
            }
            for part in reading.passages
        ],
        "words": [asdict(word) for one in transcripts for word in one.words],
    }
    return data


def _unmarked(text: str) -> str:
    """Without what would end a cue or open a tag, for a format that has no escapes."""
    return text.replace("-->", "→").replace("<", "‹").replace(">", "›")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, decimal: str) -> str:
    total_ms = round(seconds * 1000)
    hours, minutes = total_ms // 3_600_000, total_ms // 60_000 % 60
    return f"{hours:02d}:{minutes:02d}:{total_ms // 1000 % 60:02d}{decimal}{total_ms % 1000:03d}"
