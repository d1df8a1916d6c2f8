"""Why it was cut there or not: each reason, told from the hops and the settings."""

from __future__ import annotations

import numpy as np
import pytest

from balto_cli.pipeline import PipelineConfig, Segment, segment_stream
from balto_cli.pipeline.listener import FirstLook, HeardHop
from balto_cli.reports.segment_explain import Explainer, Explanation
from testes.gravacoes import FALA, read_wav

CONFIG = PipelineConfig(min_speech_ms=150)
HOP = 512


def explained(at_s: float, scores: list[float], open_hops: range = range(0), *segments: Segment) -> Explanation:
    """What is said of a moment of a stream whose hops have `scores` and where a segment was open in `open_hops`."""
    explainer = Explainer(at_s, CONFIG)
    explainer.sound((np.random.default_rng(1).normal(0, 300, HOP * len(scores)).astype("<i2")).tobytes())
    for number, score in enumerate(scores):
        look = FirstLook(0.1 if score == 0 else 1.0, passed=score > 0)
        explainer.hop(HeardHop(number * HOP, HOP, look, score, 1e-5, number in open_hops))
    for segment in segments:
        explainer.segment(segment)
    return explainer.explain()


def cut(index: int, start_s: float, end_s: float, kind: str = "pausa") -> Segment:
    return Segment(index, round(start_s * 16_000), round(end_s * 16_000), np.zeros(0, np.int16), kind, 12.3)  # type: ignore[arg-type]


def why(explanation: Explanation) -> str:
    return "\n".join(explanation.lines)


SPEECH = [0.0] * 20 + [0.9] * 30 + [0.1] * 5 + [0.9] * 30 + [0.0] * 40
"""Silence to 0.64 s, speech to 1.6 s, a pause of 160 ms, speech to 2.72 s, silence."""


@pytest.mark.parametrize(
    ("at_s", "said"),
    [
        (0.45, "guardados antes da fala"),
        (1.0, "a fala seguia"),
        (1.65, "esta pausa durou 160 ms e só uma de 400 ms"),
        (2.8, "A fala já tinha acabado, em 2,72 s"),
    ],
)
def test_within_a_segment_it_says_why_it_was_not_cut(at_s: float, said: str) -> None:
    explanation = explained(at_s, SPEECH, range(20, 97), cut(0, 0.39, 2.88))
    assert explanation.segment == 0
    assert said in why(explanation)
    assert "Segmento 000, de 0,39 a 2,88 s, SNR 12,3 dB; terminou por uma pausa de close_after_ms (400 ms)." in why(
        explanation
    )


def test_a_forced_cut_names_the_limit() -> None:
    explanation = explained(1.0, SPEECH, range(20, 97), cut(0, 0.39, 2.0, "limite"))
    assert "o limite de max_length_s (20 s), no ponto mais quieto dos últimos 4 s" in why(explanation)


@pytest.mark.parametrize(
    ("scores", "opened", "said"),
    [
        ([0.0] * 40, range(0), "a porta não ouviu nada parecido com fala"),
        ([0.0] * 10 + [0.2] * 30, range(0), "a nota está abaixo de 0,50 (start_threshold)"),
        ([0.0] * 10 + [0.7] * 30, range(0), "a nota chegou a 0,70 e não a 0,80 (open_threshold)"),
        ([0.0] * 30 + [0.9] * 2 + [0.0] * 8, range(0), "a nota não ficou acima de open_threshold por 96 ms seguidos"),
        ([0.0] * 29 + [0.9] * 3 + [0.0] * 8, range(31, 40), "só teve 96 ms de fala e foi descartado"),
    ],
)
def test_outside_of_every_segment_it_says_what_was_missing(scores: list[float], opened: range, said: str) -> None:
    explanation = explained(31 * HOP / 16_000 + 0.001, scores, opened)
    assert explanation.segment is None
    assert said in why(explanation)


def test_the_neighbours_are_named() -> None:
    explanation = explained(3.0, SPEECH, range(20, 97), cut(0, 0.39, 2.88), cut(1, 3.2, 3.5))
    assert "Antes: segmento 000" in why(explanation)
    assert "Depois: segmento 001, de 3,20" in why(explanation)


def test_a_moment_after_the_end_is_said_to_be_one() -> None:
    explanation = explained(12.3, [0.0] * 100)
    assert explanation.lines == ("A gravação só tem 3,20 s.",)
    assert explanation.level_db is None


def test_level_and_noise_are_in_the_same_measure() -> None:
    """A noise of 300 rms lies 41 dB under full scale, nearly all of it between 100 Hz and 7 kHz."""
    explanation = explained(1.0, [0.0] * 100)
    assert explanation.level_db == pytest.approx(20 * np.log10(300 / 32768) - 0.6, abs=1.0)
    assert explanation.noise_db == pytest.approx(-50)
    assert "ruído das pausas: -50,0 dB" in why(explanation)


@pytest.mark.parametrize("config", [PipelineConfig(), PipelineConfig.leve()], ids=["rede", "leve"])
def test_who_listens_changes_no_segment(config: PipelineConfig) -> None:
    sound = read_wav(FALA)[: 16_000 * 12].tobytes()
    hops: list[HeardHop] = []
    alone = [(s.start_sample, s.end_sample, s.samples.tobytes()) for s in segment_stream([sound], config)]
    watched = [
        (s.start_sample, s.end_sample, s.samples.tobytes()) for s in segment_stream([sound], config, hops.append)
    ]
    assert alone == watched
    assert [hop.start_sample for hop in hops] == list(range(0, len(sound) // 2, hops[0].samples))
    assert any(hop.first_look.passed and hop.score > 0.9 for hop in hops)
    if config.detector == "rede":
        assert all(hop.score == 0 for hop in hops if not hop.first_look.passed)
