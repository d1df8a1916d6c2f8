"""The labelled recordings, the pipeline over one of them, and the scoring script: what every measurement here needs.

The folder `DEFAULT_DATA` holds `score_vad.py` and the sets `vad` and `vad-real` (FLAC, labels.json). Scoring is the
folder's own script, run on spans of speech, whoever found them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, Segment, SpeechPipeline
from testes.shared import DATA as DEFAULT_DATA

if TYPE_CHECKING:
    from balto_cli.pipeline.detector import Detector

SETS = ("vad", "vad-real")
CHUNK_BYTES = SAMPLE_RATE_HZ // 10 * 2


class Spoken(Protocol):
    """Anything that says from when to when speech was found; a `Segment` does."""

    @property
    def start_s(self) -> float: ...

    @property
    def end_s(self) -> float: ...


class Span(NamedTuple):
    """Speech as a peer found it."""

    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Recording:
    """One file of a set; `labels` is its entry in labels.json (duration, speech, utterances; seconds)."""

    name: str
    samples: Pcm
    labels: dict[str, Any]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


def read_flac(path: Path) -> Pcm:
    """Samples of a recording; FLAC at 16 kHz mono comes out bit by bit."""
    return pcm_from_bytes(b"".join(Decoder(path)))


def load_set(name: str) -> list[Recording]:
    """All recordings of a set, in the order of its labels."""
    folder = DEFAULT_DATA / name
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return [Recording(file, read_flac(folder / f"{file}.flac"), entry) for file, entry in labels.items()]


def run_pipeline(samples: Pcm, config: PipelineConfig, detector: Detector | None = None) -> tuple[list[Segment], float]:
    """Segments of the recording in 100 ms chunks, and the CPU seconds they took."""
    pcm = pcm_to_bytes(samples)
    begun = time.process_time()
    pipeline = SpeechPipeline(config, detector)
    segments: list[Segment] = []
    for start in range(0, len(pcm), CHUNK_BYTES):
        segments += pipeline.feed(pcm[start : start + CHUNK_BYTES])
    segments += pipeline.flush()
    return segments, time.process_time() - begun


def score(data: Path, name: str, found: Mapping[str, Sequence[Spoken]]) -> dict[str, float]:
    """The scoring script's line for the whole set `name` of the folder `data`."""
    return _score(data / "score_vad.py", data / name, found)


def score_recordings(recordings: Sequence[Recording], found: Mapping[str, Sequence[Spoken]]) -> dict[str, float]:
    """The same line for recordings that no folder holds, such as a stream made of many."""
    with tempfile.TemporaryDirectory() as folder:
        labels = {recording.name: recording.labels for recording in recordings}
        (Path(folder) / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
        return _score(DEFAULT_DATA / "score_vad.py", Path(folder), found)


def _score(script: Path, labels: Path, found: Mapping[str, Sequence[Spoken]]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        for file, spans in found.items():
            pairs = [[float(span.start_s), float(span.end_s)] for span in spans]
            (Path(folder) / f"{file}.json").write_text(json.dumps(pairs), encoding="utf-8")
        command = [sys.executable, str(script), str(labels), folder]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    scores: dict[str, float] = json.loads(lines[-1])
    return scores
