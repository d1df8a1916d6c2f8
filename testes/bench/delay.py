"""How long after the last word a segment comes, with chunks of 100 ms as live use has them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, Segment, SpeechPipeline
from testes.bench.report import number, table
from testes.bench.vad import CHUNK_BYTES, Recording, load_set

EDGES_MS = (400, 500, 600, 700, 800, 950)
_SAME_S = 0.02


def segments_with_time(recording: Recording, config: PipelineConfig) -> list[tuple[Segment, float]]:
    """Each segment that came before the end of the audio, with the stream's time in seconds when it came."""
    pcm, pipeline = pcm_to_bytes(recording.samples), SpeechPipeline(config)
    came = []
    for start in range(0, len(pcm), CHUNK_BYTES):
        chunk = pcm[start : start + CHUNK_BYTES]
        now_s = (start + len(chunk)) / 2 / SAMPLE_RATE_HZ
        came += [(segment, now_s) for segment in pipeline.feed(chunk)]
    return came


def delays_ms(recording: Recording, config: PipelineConfig) -> list[float]:
    """From the labelled end of the last utterance of each segment to the segment; forced cuts are no end."""
    delays = []
    came = [(segment, now_s) for segment, now_s in segments_with_time(recording, config) if segment.cut == "pausa"]
    for utterance in recording.labels["utterances"]:
        over = [pair for pair in came if pair[0].start_s < utterance["end"] < pair[0].end_s + 0.3]
        if not over:
            continue
        segment, now_s = over[0]
        last_s = max(end for start, end in recording.labels["speech"] if start < segment.end_s)
        if abs(last_s - utterance["end"]) <= _SAME_S:
            delays.append(1000 * (now_s - last_s))
    return delays


def section() -> tuple[str, str]:
    config = PipelineConfig()
    measured = {
        name: np.array([delay for item in load_set(name) for delay in delays_ms(item, config)])
        for name in ("vad-real", "vad")
    }
    rows = [
        (
            f"`{name}`",
            str(len(values)),
            number(float(np.median(values))),
            number(float(np.percentile(values, 95))),
            *(f"{number(share)} %" for share in _shares(values)),
        )
        for name, values in measured.items()
    ]
    close = config.close_after_ms
    rows.append(("**Meta**", "", f"{close + 250}", f"{close + 550}", *[""] * (len(EDGES_MS) + 1)))
    bounds = [
        f"até {EDGES_MS[0]}",
        *(f"{a}–{b}" for a, b in pairwise(EDGES_MS)),
        f"> {EDGES_MS[-1]}",
    ]
    notes = (
        "Do fim rotulado da última fala do segmento até o pedaço de 100 ms que o entregou, em ms; a pausa de fecho é "
        f"de {close} ms. Segmentos que o fim do áudio fechou não contam."
    )
    head = ("Conjunto", "Segmentos", "Mediana", "p95", *bounds)
    return "Atraso", f"{table(head, rows)}\n\n{notes}"


def _shares(values: np.ndarray) -> Sequence[float]:
    counts = np.bincount(np.searchsorted(EDGES_MS, values), minlength=len(EDGES_MS) + 1)
    return (100 * counts / max(1, len(values))).tolist()
