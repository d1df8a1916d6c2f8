"""Short answers ("sim", "não"): the first 250 ms of real utterances, faded, in real noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm
from balto_cli.pipeline import PipelineConfig
from testes.bench.report import table
from testes.bench.vad import Recording, Span, Spoken, load_set, run_pipeline

ANSWER_S = 0.25
COUNT = 16
SEEDS = range(4)
SNRS_DB = (15, 5)
QUIET_FILES = ("natural", "fan-snr20", "far-snr20", "turns-snr15", "phone-snr18")
"""Where an utterance's first syllable can be cut without much of another noise."""

_NOISE_RMS = 300.0
_PERIOD_S = 4.0
_FADE_IN, _FADE_OUT = 160, 480
_NEAR_S = 0.3


def utterance_starts(recordings: Sequence[Recording]) -> list[Pcm]:
    """The first `ANSWER_S` of each near utterance of the quiet files."""
    by_name = {item.name: item for item in recordings}
    cuts = []
    for name in QUIET_FILES:
        for utterance in by_name[name].labels["utterances"]:
            if utterance.get("talker", "near") == "near":
                start = int(utterance["start"] * SAMPLE_RATE_HZ)
                cuts.append(by_name[name].samples[start : start + int(ANSWER_S * SAMPLE_RATE_HZ)])
    return cuts


def dialogue(cuts: Sequence[Pcm], noise: Pcm, snr_db: float, seed: int) -> tuple[Pcm, list[Span]]:
    """`COUNT` of the cuts, one every 4 s, in noise `snr_db` under them; and where they are."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(cuts))[:COUNT]
    length = int((COUNT * _PERIOD_S + 4) * SAMPLE_RATE_HZ)
    offset = int(random.integers(0, len(noise) - length)) if len(noise) > length else 0
    mixture = np.resize(np.roll(noise.astype(float), -offset), length)
    mixture *= _NOISE_RMS / np.sqrt(np.mean(mixture**2))
    spans = []
    for index, which in enumerate(chosen.tolist()):
        cut = cuts[which].astype(float)
        cut[:_FADE_IN] *= np.linspace(0, 1, _FADE_IN)
        cut[-_FADE_OUT:] *= np.linspace(1, 0, _FADE_OUT)
        cut *= _NOISE_RMS * 10 ** (snr_db / 20) / np.sqrt(np.mean(cut**2))
        start = int((3 + _PERIOD_S * index + random.uniform(0, 0.5)) * SAMPLE_RATE_HZ)
        mixture[start : start + len(cut)] += cut
        spans.append(Span(start / SAMPLE_RATE_HZ, (start + len(cut)) / SAMPLE_RATE_HZ))
    return np.clip(mixture, -32768, 32767).astype(np.int16), spans


def count_found(answers: Sequence[Spoken], segments: Sequence[Spoken]) -> tuple[int, int]:
    """How many answers lie in a segment, and how many segments are near no answer."""
    found = sum(any(s.start_s < a.end_s and s.end_s > a.start_s for s in segments) for a in answers)
    false = sum(
        all(s.start_s >= a.end_s + _NEAR_S or s.end_s <= a.start_s - _NEAR_S for a in answers) for s in segments
    )
    return found, false


def section() -> tuple[str, str]:
    recordings = load_set("vad-real")
    cuts = utterance_starts(recordings)
    noise = next(item.samples for item in recordings if item.name == "noise-only")
    rows = []
    configs = {
        "padrão": PipelineConfig(),
        "`leve`": PipelineConfig.leve(),
    }
    for label, config in configs.items():
        for snr_db in SNRS_DB:
            counts = []
            for seed in SEEDS:
                samples, answers = dialogue(cuts, noise, snr_db, seed)
                counts.append(count_found(answers, run_pipeline(samples, config)[0]))
            found = [count[0] for count in counts]
            false = sum(count[1] for count in counts)
            rows.append(
                (label, f"{snr_db} dB", f"{sum(found)} de {COUNT * len(SEEDS)}", ", ".join(map(str, found)), str(false))
            )
    rows.append(("**Meta**", "15 dB; 5 dB", "todas; 14 de 16", "", ""))
    head = ("Perfil", "Sobre o ruído", "Achadas", f"De {COUNT}, por sorteio", "Segmentos longe de qualquer resposta")
    notes = (
        f"Os primeiros {round(1000 * ANSWER_S)} ms de falas reais (de {len(cuts)} possíveis), com entrada e saída "
        f"suaves, no ruído real de `noise-only`, que tem eventos seus: {COUNT} cortes em {len(SEEDS)} sorteios."
    )
    return "Respostas curtas", f"{table(head, rows)}\n\n{notes}"
