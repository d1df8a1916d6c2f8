"""Wrong words of the local engine on whole files and on segments, raw and reduced, over all practice speech.

Errors over words by group, with 95 % intervals from a bootstrap over files (the words of a file depend on each other).
Nothing is cached: the run takes a good part of an hour on two cores.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm
from balto_cli.evaluation import score_pair
from balto_cli.pipeline import PipelineConfig
from balto_cli.pipeline.reduction import reduce_noise
from balto_cli.pipeline.spectral_gate import NoiseProfile
from balto_cli.settings import Settings, cache_folder
from balto_cli.stt.base import Transcriber
from balto_cli.stt.registry import build
from testes.bench.report import number, table
from testes.bench.vad import DEFAULT_DATA, Recording, load_set, read_flac, run_pipeline

GROUPS = ("limpa e curta", "balcão sintético", "balcão real")
VARIANTS = ("arquivo inteiro, cru", "arquivo inteiro, redução", "segmentos, crus", "segmentos, redução (padrão)")
RESAMPLES = 4000
WORST_FILES = 6
_QUIET_STEP = SAMPLE_RATE_HZ // 100


@dataclass(frozen=True, eq=False)
class Text:
    """A recording with what was said in it."""

    name: str
    group: str
    samples: Pcm
    reference: str


@dataclass(frozen=True)
class Counts:
    """Of one file: words said, and errors by variant, in the order of `VARIANTS`."""

    name: str
    group: str
    words: int
    errors: tuple[int, ...]


def practice_speech() -> list[Text]:
    """Every recording of the practice data that has a reference text."""
    texts = []
    for folder in ("speech", "speech-real"):
        for path in sorted((DEFAULT_DATA / folder).glob("*.flac")):
            group = GROUPS[1] if path.stem.startswith("balcao") else GROUPS[0]
            reference = path.with_suffix(".txt").read_text(encoding="utf-8")
            texts.append(Text(path.stem, group, read_flac(path), reference))
    for name, group in (("vad", GROUPS[1]), ("vad-real", GROUPS[2])):
        # Where the text of some utterance is not known, what the engine rightly hears would count as invented.
        spoken = [item for item in load_set(name) if item.labels["utterances"] and _is_known(item)]
        texts += [Text(item.name, group, item.samples, _said(item)) for item in spoken]
    return texts


def variants(samples: Pcm, config: PipelineConfig) -> list[list[Pcm]]:
    """What the engine is given, piece by piece, in the order of `VARIANTS`."""
    raw = run_pipeline(samples, replace(config, reduction=0.0))[0]
    sent = run_pipeline(samples, config)[0]
    return [
        [samples],
        [_reduced_whole(samples, config.reduction)],
        [segment.samples for segment in raw],
        [segment.samples for segment in sent],
    ]


async def transcribe(engine: Transcriber, pieces: Sequence[Pcm]) -> str:
    return " ".join([(await engine.transcribe(piece)).text for piece in pieces])


async def count_errors(texts: Sequence[Text], engine: Transcriber, config: PipelineConfig) -> list[Counts]:
    counted = []
    for position, text in enumerate(texts, 1):
        scores = [
            score_pair(text.reference, await transcribe(engine, pieces)) for pieces in variants(text.samples, config)
        ]
        errors = tuple(score.errors for score in scores)
        counted.append(Counts(text.name, text.group, scores[0].reference_words, errors))
        print(
            f"{position} de {len(texts)}: {text.name}, {scores[0].reference_words} palavras, erros {errors}",
            file=sys.stderr,
        )
    return counted


def interval(files: Sequence[Counts], variant: int, against: int | None = None) -> tuple[float, float]:
    """95 % interval of the error rate (%) of a variant, or of its difference to another one in points."""
    words = np.array([item.words for item in files])
    errors = np.array([item.errors[variant] - (item.errors[against] if against is not None else 0) for item in files])
    drawn = np.random.default_rng(0).integers(0, len(files), (RESAMPLES, len(files)))
    rates = 100 * errors[drawn].sum(axis=1) / words[drawn].sum(axis=1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return float(low), float(high)


def section() -> tuple[str, str]:
    config = PipelineConfig()
    texts = practice_speech()
    engine = build(
        ["local"], settings=Settings(), cache_dir=cache_folder(), say=lambda text: print(text, file=sys.stderr)
    )[0]
    return "Palavras", tables(asyncio.run(count_errors(texts, engine, config)), engine.identity, config)


def tables(counted: Sequence[Counts], identity: Mapping[str, str], config: PipelineConfig) -> str:
    """Rates by group, differences to the whole raw file, and the files where segments lose most."""
    columns = {group: [item for item in counted if item.group == group] for group in GROUPS} | {"tudo": counted}
    head = ("Palavras erradas, %", *(f"{name} ({_words(files)} palavras)" for name, files in columns.items()))
    rates = [(label, *(_rate(files, index) for files in columns.values())) for index, label in enumerate(VARIANTS)]
    steps = [
        (label, *(_rate(files, index, 0) for files in columns.values()))
        for index, label in enumerate(VARIANTS)
        if index
    ]
    notes = (
        f"{len(counted)} arquivos; motor {identity['engine']}, modelo {identity['model']} ({identity['compute_type']}, "
        f"feixe {identity['beam_size']}), redução {number(config.reduction, 1)}. No arquivo inteiro o perfil do ruído "
        "é o do segundo mais quieto; nos segmentos, o que o detector aprendeu das pausas. Intervalos de 95 % por "
        "reamostragem de arquivos. Meta: segmentos como enviados não piores que o arquivo inteiro cru em tudo, "
        "melhores no balcão sintético, no máximo 2 pontos piores no real. `phone-snr18` fica de fora: cinco de suas "
        "falas não têm texto."
    )
    worst = sorted(counted, key=lambda item: item.errors[0] - item.errors[-1])[:WORST_FILES]
    files = [(f"`{item.name}`", item.group, str(item.words), *map(str, item.errors)) for item in worst]
    return "\n\n".join(
        [
            table(head, rates),
            "Diferença para o arquivo inteiro cru, em pontos:",
            table(head, steps),
            notes,
            "Onde os segmentos mais perdem, em erros:",
            table(("Arquivo", "Grupo", "Palavras", *VARIANTS), files),
        ]
    )


def _is_known(recording: Recording) -> bool:
    return all(utterance["text"] for utterance in recording.labels["utterances"])


def _said(recording: Recording) -> str:
    utterances = sorted(recording.labels["utterances"], key=lambda utterance: utterance["start"])
    return " ".join(utterance["text"] for utterance in utterances)


def _words(files: Sequence[Counts]) -> int:
    return sum(item.words for item in files)


def _rate(files: Sequence[Counts], variant: int, against: int | None = None) -> str:
    errors = sum(item.errors[variant] - (item.errors[against] if against is not None else 0) for item in files)
    low, high = interval(files, variant, against)
    return f"{number(100 * errors / _words(files), 1)} [{number(low, 1)}; {number(high, 1)}]"


def _reduced_whole(samples: Pcm, strength: float) -> Pcm:
    quiet = _quietest_second(samples).astype(np.float32) / np.float32(32768)
    profile = NoiseProfile.of_clip(quiet)
    stop = len(samples)
    return reduce_noise(samples, first=0, start=0, stop=stop, profile=profile, strength=strength, engine="balto")


def _quietest_second(samples: Pcm) -> Pcm:
    length = min(SAMPLE_RATE_HZ, len(samples))
    power = np.concatenate([[0.0], np.cumsum(samples.astype(float) ** 2)])
    starts = np.arange(0, len(samples) - length + 1, _QUIET_STEP)
    best = int(starts[np.argmin(power[starts + length] - power[starts])])
    return samples[best : best + length]
