"""The level shows where clean speech begins and ends, and keeps quiet where noise hides it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.pipeline import PipelineConfig
from balto_cli.pipeline.edges import FRAME_SAMPLES, LOOK_IN_SAMPLES, Edges, find_edges
from testes.unit.pipeline.sounds import noise, phrase, place, voice

TOLERANCE = round(0.02 * 16_000)
BEGIN = 16_000
errors = st.integers(-LOOK_IN_SAMPLES + 1600, LOOK_IN_SAMPLES - 1600)


@settings(max_examples=40)
@given(seed=st.integers(0, 30), start_error=errors, end_error=errors, level_db=st.integers(-30, -6))
def test_the_edges_of_clean_speech_are_found_within_20_ms(seed, start_error, end_error, level_db):
    speech = voice(1.5, level_db, seed)
    sound = place(noise(4, level_db - 55, seed), (1.0, speech))
    edges = find_edges(sound, 0, BEGIN + start_error, BEGIN + len(speech) + end_error)
    assert abs(edges.start - BEGIN) <= TOLERANCE
    assert abs(edges.end - BEGIN - len(speech)) <= TOLERANCE


@pytest.mark.parametrize("turn", range(7))
def test_real_speech_without_noise_keeps_all_that_is_loud(turn):
    speech = phrase(turn)
    sound = place(noise(len(speech) / 16_000 + 2, -75), (1.0, speech))
    edges = find_edges(sound, 0, BEGIN + 1000, BEGIN + len(speech) - 1000)
    power = speech.reshape(-1)[: len(speech) // 160 * 160].reshape(-1, 160)
    loud = np.flatnonzero((power**2).mean(axis=1) > 10 ** (-20 / 10) / 100)  # 20 dB under the phrase's own level
    # A hissed "s" lies over the band that is looked at: the pads that the pipeline adds hold it.
    config = PipelineConfig()
    assert edges.start - config.pre_roll_ms * 16 / 2 <= BEGIN + loud[0] * 160
    assert edges.end + config.post_roll_ms * 16 >= BEGIN + (loud[-1] + 1) * 160


@settings(max_examples=20)
@given(seed=st.integers(0, 30), snr_db=st.integers(-5, 25))
def test_noise_near_the_voice_hides_the_edges(seed, snr_db):
    speech = voice(1.5, -20, seed)
    sound = place(noise(4, -20 - snr_db, seed), (1.0, speech))
    assert find_edges(sound, 0, BEGIN, BEGIN + len(speech)) == Edges(None, None)


def test_each_edge_is_judged_by_itself():
    speech = voice(1.5, -20)
    loud_after = np.concatenate([noise(2.6, -75), noise(1.4, -30, 1)])
    edges = find_edges(place(loud_after, (1.0, speech)), 0, BEGIN, BEGIN + len(speech))
    assert abs(edges.start - BEGIN) <= TOLERANCE
    assert edges.end is None


@settings(max_examples=60)
@given(
    length=st.integers(0, 6000),
    first=st.integers(0, 1000).map(lambda frames: frames * FRAME_SAMPLES),
    start=st.integers(-3000, 6000),
    spoken=st.integers(0, 6000),
    loud=st.booleans(),
)
def test_any_stretch_however_short_has_edges_inside_it_or_none(length, first, start, spoken, loud):
    sound = place(noise(length / 16_000, -20 if loud else -90, length))
    edges = find_edges(sound, first, first + start, first + start + spoken)
    for edge in (edges.start, edges.end):
        assert edge is None or first <= edge <= first + length


def test_digital_silence_around_speech_shows_its_edges():
    sound = place(np.zeros(64_000), (1.0, voice(1.5)))
    edges = find_edges(sound, 0, BEGIN - 2000, BEGIN + 26_000)
    assert abs(edges.start - BEGIN) <= TOLERANCE
    assert abs(edges.end - BEGIN - 24_000) <= TOLERANCE
