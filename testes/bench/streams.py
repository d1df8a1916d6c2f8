"""Sets as one endless stream, in both orders, and a looped day: what was heard before must spoil nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from balto_cli.pipeline import PipelineConfig
from testes.bench.report import score_cells, table
from testes.bench.vad import Recording, Span, load_set, run_pipeline, score_recordings

HOUR_S = 3600
HOURS = 6
"""Of a looped day: with two of them a drift could not be told from the chance of where blocks fall in each round."""
CONFIG = PipelineConfig(reduction=0.0)


def joined(recordings: Sequence[Recording]) -> Recording:
    """All recordings one after the other, with their labels shifted."""
    speech: list[list[float]] = []
    utterances: list[dict[str, Any]] = []
    offset_s = 0.0
    for recording in recordings:
        speech += [[start + offset_s, end + offset_s] for start, end in recording.labels["speech"]]
        utterances += [
            {**item, "start": item["start"] + offset_s, "end": item["end"] + offset_s}
            for item in recording.labels["utterances"]
        ]
        offset_s += recording.duration_s
    labels = {"duration": offset_s, "speech": speech, "utterances": utterances}
    return Recording("fluxo", np.concatenate([item.samples for item in recordings]), labels)


def measure(recordings: Sequence[Recording]) -> dict[str, float]:
    stream = joined(recordings)
    return score_recordings([stream], {stream.name: run_pipeline(stream.samples, CONFIG)[0]})


def measure_day(recordings: Sequence[Recording]) -> list[dict[str, float]]:
    """Scores of each hour of one stream: the set again and again, an hour ending where a round does."""
    rounds = round(HOUR_S / sum(item.duration_s for item in recordings))
    hour = joined(list(recordings) * rounds)
    segments = run_pipeline(np.concatenate([hour.samples] * HOURS), CONFIG)[0]
    scores = []
    for begin_s in (number * hour.duration_s for number in range(HOURS)):
        spans = [
            Span(max(0.0, item.start_s - begin_s), min(hour.duration_s, item.end_s - begin_s))
            for item in segments
            if item.end_s > begin_s and item.start_s < begin_s + hour.duration_s
        ]
        scores.append(score_recordings([hour], {hour.name: spans}))
    return scores


def section() -> tuple[str, str]:
    rows = []
    for name in ("vad-real", "vad"):
        recordings = load_set(name)
        rows.append((f"`{name}`, ordem dos arquivos", score_cells(measure(recordings))))
        rows.append((f"`{name}`, ordem inversa", score_cells(measure(recordings[::-1]))))
    real = load_set("vad-real")
    rows += [
        (f"`vad-real` repetido: {hour}ª hora", score_cells(scores)) for hour, scores in enumerate(measure_day(real), 1)
    ]
    rows.append(("**Meta** (`vad-real`, as duas ordens)", "0,985 / 96 %; a 2ª hora não pior que a 1ª"))
    minutes = round(sum(item.duration_s for item in real) * round(HOUR_S / sum(i.duration_s for i in real)) / 60)
    notes = (
        "Um só fluxo do começo ao fim, nunca limpo entre as gravações. O dia repetido é `vad-real` sem parar por "
        f"{HOURS} “horas” de {minutes} min (um número inteiro de voltas), e cada uma é pontuada à parte. Uma fala a "
        "mais ou a menos em 564 vale 0,2 ponto: de hora em hora muda onde os blocos de 96 ms caem em cada volta."
    )
    return "Um fluxo sem fim", f"{table(('Fluxo', 'F1 / inteiras / corte p95 / falsa'), rows)}\n\n{notes}"
