"""How well the pipeline finds speech, on recordings whose speech is labelled.

`python -m testes.bench.vad [PASTA]`: PASTA holds `score_vad.py` and the sets `vad` and `vad-real` (FLAC, labels.json).
Prints F1, whole utterances, clipped speech, false speech and CPU for each set. Scoring is the
folder's own script, run on the segments that the pipeline gives for 100 ms chunks.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, Segment, SpeechPipeline

if TYPE_CHECKING:
    from balto_cli.pipeline.detector import Detector

SETS = ("vad", "vad-real")
CHUNK_BYTES = SAMPLE_RATE_HZ // 10 * 2
DEFAULT_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class SetResult:
    """Scores of one set; `cpu_detect_ms` leaves noise reduction out, both are CPU ms an audio second."""

    name: str
    f1: float
    whole_percent: float
    clip_p95_ms: float
    false_s_per_h: float
    cpu_detect_ms: float
    cpu_total_ms: float


def read_flac(path: Path) -> Pcm:
    """Samples of a recording; FLAC at 16 kHz mono comes out bit by bit."""
    return pcm_from_bytes(b"".join(Decoder(path)))


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


def score(data: Path, name: str, segments: dict[str, list[Segment]]) -> dict[str, float]:
    """The scoring script's line for the whole set."""
    with tempfile.TemporaryDirectory() as folder:
        for file, found in segments.items():
            pairs = [[segment.start_s, segment.end_s] for segment in found]
            (Path(folder) / f"{file}.json").write_text(json.dumps(pairs), encoding="utf-8")
        command = [sys.executable, str(data / "score_vad.py"), str(data / name), folder]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(lines[-1])


def bench_set(data: Path, name: str, config: PipelineConfig) -> SetResult:
    recordings = {path.stem: read_flac(path) for path in sorted((data / name).glob("*.flac"))}
    audio_s = sum(len(samples) for samples in recordings.values()) / SAMPLE_RATE_HZ
    raw = replace(config, reduction=0.0)
    detect_s = sum(run_pipeline(samples, raw)[1] for samples in recordings.values())
    segments: dict[str, list[Segment]] = {}
    total_s = 0.0
    for file, samples in recordings.items():
        segments[file], cpu_s = run_pipeline(samples, config)
        total_s += cpu_s
    scores = score(data, name, segments)
    return SetResult(
        name=name,
        f1=scores["f1"],
        whole_percent=100 * scores["hit_rate"],
        clip_p95_ms=scores["clipped_ms_p95"],
        false_s_per_h=scores["false_s_per_h"],
        cpu_detect_ms=1000 * detect_s / audio_s,
        cpu_total_ms=1000 * total_s / audio_s,
    )


def main(arguments: list[str]) -> None:
    data = Path(arguments[0]) if arguments else DEFAULT_DATA
    config = PipelineConfig()
    run_pipeline(read_flac(next((data / SETS[0]).glob("*.flac"))), config)  # imports are no part of the price
    print("| conjunto | F1 | inteiras % | corte p95 ms | falsa s/h | CPU detecção ms/s | CPU total ms/s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in SETS:
        row = bench_set(data, name, config)
        print(
            f"| `{row.name}` | {row.f1:.3f} | {row.whole_percent:.0f} | {row.clip_p95_ms:.0f} "
            f"| {row.false_s_per_h:.0f} | {row.cpu_detect_ms:.2f} | {row.cpu_total_ms:.2f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
