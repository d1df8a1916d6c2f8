"""How well the pipeline hears, by the numbers that were promised: shipped dialogues, and practice sets where they are.

The bounds are those of the issue that asked for this ear. `make bench` measures the same, in full.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from balto_cli.pipeline import PipelineConfig
from testes.bench import short_answers, streams
from testes.bench.delay import delays_ms
from testes.bench.vad import Span, load_set, read_flac, run_pipeline, score_recordings
from testes.gravacoes import ENTRADA, ROTULOS
from testes.shared import require_shared

DEFAULT = PipelineConfig(reduction=0.0)
LEVE = replace(PipelineConfig.leve(), reduction=0.0)
PROFILES = pytest.mark.parametrize("config", [DEFAULT, LEVE], ids=["rede", "leve"])

FILES = sorted(path.name for path in ROTULOS.glob("*.json"))


def require_sets() -> None:
    for name in ("vad", "vad-real", "score_vad.py"):
        require_shared(name)


@cache
def shipped(name: str):
    """Labels and samples of a shipped dialogue."""
    labels = json.loads((ROTULOS / name).read_text(encoding="utf-8"))
    return labels, read_flac(ENTRADA / labels["file"])


@cache
def heard(name: str, config: PipelineConfig):
    return run_pipeline(shipped(name)[1], config)[0]


@cache
def recordings(name: str):
    return load_set(name)


@cache
def scores(name: str, config: PipelineConfig) -> dict[str, float]:
    found = {item.name: run_pipeline(item.samples, config)[0] for item in recordings(name)}
    return score_recordings(recordings(name), found)


@PROFILES
@pytest.mark.parametrize("name", FILES)
def test_every_turn_of_every_shipped_dialogue_is_heard(name, config):
    turns = [(turn["start_s"], turn["end_s"]) for turn in shipped(name)[0]["turns"]]
    shares = []
    for start, end in turns:
        inside = (min(end, item.end_s) - max(start, item.start_s) for item in heard(name, config))
        shares.append(sum(max(0.0, part) for part in inside) / (end - start))
    assert min(shares) > (0.8 if config is LEVE else 0.97)


@PROFILES
@pytest.mark.parametrize("name", FILES)
def test_the_signal_to_noise_ratio_of_the_segments_is_that_of_the_label(name, config):
    found = [item.snr_db for item in heard(name, config)]
    label = shipped(name)[0]["snr_db"]
    assert None not in found
    median = float(np.median(found))
    assert median > 40 if label is None else abs(median - label) < 3.0


MUST = {"vad-real": (0.990, 0.96, 45.0, 10.0), "vad": (0.994, 0.91, 110.0, 2.0)}


@pytest.mark.parametrize("name", MUST)
def test_the_default_reaches_the_promised_numbers(name):
    """F1 to the three digits of the promise; one utterance of grace for whole ones."""
    require_sets()
    f1, whole, clip_ms, false_s_per_h = MUST[name]
    got = scores(name, DEFAULT)
    grace = 1 / sum(len(item.labels["utterances"]) for item in recordings(name))
    assert round(got["f1"], 3) >= f1
    assert got["hit_rate"] >= whole - grace
    assert got["clipped_ms_p95"] <= clip_ms
    assert got["false_s_per_h"] <= false_s_per_h


@pytest.mark.parametrize(("name", "f1"), [("vad", 0.90), ("vad-real", 0.87)])
def test_leve_is_good_enough_for_a_machine_too_small_for_more(name, f1):
    require_sets()
    assert scores(name, LEVE)["f1"] >= f1
    assert scores(name, LEVE)["hit_rate"] > 0.6


@pytest.mark.parametrize("order", [1, -1], ids=["file order", "reversed"])
def test_one_endless_stream_is_heard_as_well_as_its_files(order):
    require_sets()
    real = streams.measure(recordings("vad-real")[::order])
    assert real["f1"] >= 0.985
    assert real["hit_rate"] >= 0.96
    synthetic = streams.measure(recordings("vad")[::order])
    assert synthetic["f1"] >= 0.985
    assert synthetic["hit_rate"] >= 0.86  # what is lost lies under noise as loud as the voice


def test_what_was_heard_for_twenty_minutes_does_not_spoil_the_next_twenty():
    """Two rounds of the set, then two more of the same stream; `make bench` does two hours."""
    require_sets()
    part = streams.joined(recordings("vad-real") * 2)
    segments = run_pipeline(np.concatenate([part.samples, part.samples]), DEFAULT)[0]
    early, late = (
        score_recordings([part], {part.name: [Span(item.start_s - at, item.end_s - at) for item in inside]})
        for at, inside in (
            (0.0, [item for item in segments if item.start_s < part.duration_s]),
            (part.duration_s, [item for item in segments if item.start_s >= part.duration_s]),
        )
    )
    assert late["f1"] >= early["f1"] - 0.002
    assert late["hit_rate"] >= early["hit_rate"] - 0.011
    # Two seconds in twenty minutes: one cough more or less, by which the figure moves on any two orders of the files.
    assert late["false_s_per_h"] <= early["false_s_per_h"] + 6


@pytest.mark.parametrize(("snr_db", "fewest", "most_false"), [(15, 63, 1), (5, 56, 2)])
def test_short_answers_are_heard(snr_db, fewest, most_false):
    """Of 64: the goal is all at 15 dB (one begins in a long hiss, the net is sure of its vowel for 32 ms), 56 at 5."""
    require_sets()
    cuts = short_answers.utterance_starts(recordings("vad-real"))
    noise = next(item.samples for item in recordings("vad-real") if item.name == "noise-only")
    found = false = 0
    for seed in short_answers.SEEDS:
        samples, answers = short_answers.dialogue(cuts, noise, snr_db, seed)
        counts = short_answers.count_found(answers, run_pipeline(samples, DEFAULT)[0])
        found, false = found + counts[0], false + counts[1]
    assert found >= fewest
    assert false <= most_false


@pytest.mark.parametrize("name", MUST)
def test_a_segment_comes_soon_after_its_last_word(name):
    require_sets()
    delays = [delay for item in recordings(name) for delay in delays_ms(item, DEFAULT)]
    assert np.median(delays) <= DEFAULT.close_after_ms + 250
    assert np.percentile(delays, 95) <= DEFAULT.close_after_ms + 550


@pytest.mark.parametrize("name", MUST)
def test_a_counter_where_nobody_speaks_is_no_segment(name):
    require_sets()
    quiet = next(item for item in recordings(name) if item.name == "noise-only")
    assert run_pipeline(quiet.samples, DEFAULT)[0] == []
