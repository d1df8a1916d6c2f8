"""Whatever a detector says and however odd the settings, segments tile and hold the stream's own sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from testes.unit.pipeline.sounds import DIALOGUE, ScriptedDetector, noise, place, read_clean_dialogue, read_wav, voice

LONGEST_S = 3.0


@st.composite
def odd_settings(draw):
    close_after_ms = draw(st.integers(100, 900))
    return PipelineConfig(
        reduction=0.0,
        close_after_ms=close_after_ms,
        post_roll_ms=draw(st.sampled_from([0, close_after_ms // 3, close_after_ms])),
        pre_roll_ms=draw(st.integers(0, 1000)),
        min_speech_ms=draw(st.sampled_from([0, 90, 300])),
        open_after_ms=draw(st.sampled_from([20, 96, 300])),
        max_length_s=LONGEST_S,
        cut_search_s=draw(st.floats(0.2, LONGEST_S / 2)),
    )


lengths = st.floats(0.01, 1.5)
scripts = st.lists(st.tuples(lengths, lengths), max_size=8)


@settings(max_examples=150)
@given(
    config=odd_settings(),
    script=scripts,
    first=st.integers(0, 200_000),
    samples=st.integers(0, 160_000),
    hop_samples=st.sampled_from([320, 512]),
    clean=st.booleans(),
)
def test_segments_tile_and_hold_the_sound_of_the_stream(config, script, first, samples, hop_samples, clean):
    sound = (read_clean_dialogue() if clean else read_wav(DIALOGUE))[first : first + samples]
    spans, position_s = [], 0.0
    for pause_s, speech_s in script:
        spans.append((position_s + pause_s, position_s + pause_s + speech_s))
        position_s += pause_s + speech_s
    pipeline = SpeechPipeline(config, ScriptedDetector(*spans, hop_samples=hop_samples))
    segments = pipeline.feed(pcm_to_bytes(sound)) + pipeline.flush()
    position = 0
    for index, segment in enumerate(segments):
        assert segment.index == index
        assert position <= segment.start_sample < segment.end_sample <= len(sound)
        assert segment.start_sample % 160 == 0
        assert segment.end_sample % 160 == 0 or segment.end_sample == len(sound)
        # Where the level shows that the voice went on, a pause may end the segment up to a post-roll later.
        assert segment.duration_s <= LONGEST_S + config.post_roll_ms / 1000 + 0.02
        np.testing.assert_array_equal(segment.samples, sound[segment.start_sample : segment.end_sample])
        position = segment.end_sample


@pytest.mark.parametrize("hop_samples", [320, 512])
@pytest.mark.parametrize("again_s", [2.42, 2.45, 2.5, 2.6])
def test_a_voice_that_the_detector_lost_too_soon_ends_on_the_grid_and_repeats_nothing(hop_samples, again_s):
    """The level shows that it went on; the segment takes what was heard of it, and the next one begins after that."""
    sound = place(noise(6, -80), (1.0, voice(1.35)), (3.2, voice(0.4, seed=1)))
    config = PipelineConfig(
        reduction=0.0, close_after_ms=400, post_roll_ms=400, pre_roll_ms=500, open_after_ms=20, min_speech_ms=0
    )
    spans = ((1.0, 2.0), (again_s, again_s + 0.04), (3.2, 3.5))
    pipeline = SpeechPipeline(config, ScriptedDetector(*spans, hop_samples=hop_samples))
    segments = pipeline.feed(pcm_to_bytes(sound)) + pipeline.flush()
    assert len(segments) >= 2
    position = 0
    for segment in segments:
        assert position <= segment.start_sample < segment.end_sample
        assert (segment.start_sample % 160, segment.end_sample % 160) == (0, 0)
        np.testing.assert_array_equal(segment.samples, sound[segment.start_sample : segment.end_sample])
        position = segment.end_sample


def test_a_forced_cut_falls_at_the_quietest_point_and_the_next_segment_goes_on_there():
    generator = np.random.default_rng(2)
    sound = (generator.normal(size=16_000 * 9) * 3000).astype(np.int16)
    quiet = slice(round(3.3 * 16_000), round(3.45 * 16_000))
    sound[quiet] //= 50
    config = PipelineConfig(reduction=0.0, max_length_s=4.0, cut_search_s=2.0)
    pipeline = SpeechPipeline(config, ScriptedDetector((0.5, 9.0)))
    segments = pipeline.feed(pcm_to_bytes(sound)) + pipeline.flush()
    first, second = segments[:2]
    assert first.cut == "limite"
    assert quiet.start <= first.end_sample <= quiet.stop
    assert second.start_sample == first.end_sample
    joined = np.concatenate([segment.samples for segment in segments])
    np.testing.assert_array_equal(joined, sound[segments[0].start_sample : segments[-1].end_sample])
