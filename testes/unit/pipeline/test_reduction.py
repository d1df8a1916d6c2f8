"""What the provider hears: the same as `noisereduce` over the whole recording, or raw."""

from __future__ import annotations

import noisereduce
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from balto_cli.pipeline.blocks import RawSound
from balto_cli.pipeline.noise import GUARD_HOPS, NoiseProfile
from balto_cli.pipeline.reduction import CONTEXT_SAMPLES, PIECE_SAMPLES, context_start, reduce_noise
from testes.unit.pipeline.sounds import DIALOGUE, ScriptedDetector, feed, noise, place, read_wav, to_pcm, voice

ONE_STEP = 1.01 / 32768
HOP = 320


def whole_file(sound, profile, strength=0.6):
    """The library over the whole recording at once, in floats of full scale 1."""
    return noisereduce.reduce_noise(
        y=sound / 32768,
        sr=16_000,
        y_noise=profile / 32768,
        stationary=True,
        prop_decrease=strength,
        chunk_size=None,
    )


@pytest.fixture(scope="module")
def dialogue():
    sound = read_wav(DIALOGUE)
    profile = sound[: round(0.9 * 16_000)]
    return sound, profile, whole_file(sound, profile)


@settings(max_examples=12, deadline=None)
@given(start=st.integers(2000, 16_000 * 20), length=st.integers(160, 16_000 * 4))
def test_a_segment_is_reduced_as_the_whole_recording_would_be(dialogue, start, length):
    sound, profile, whole = dialogue
    first, end = context_start(start), start + length
    reduced = reduce_noise(sound[first : end + CONTEXT_SAMPLES], profile, 0.6)[start - first :][:length]
    np.testing.assert_allclose(reduced / 32768, whole[start:end], atol=ONE_STEP)


def test_sound_longer_than_a_piece_is_reduced_without_a_seam(dialogue):
    sound, profile, whole = dialogue
    assert len(sound) > 3 * PIECE_SAMPLES
    np.testing.assert_allclose(reduce_noise(sound, profile, 0.6) / 32768, whole, atol=ONE_STEP)


def test_the_pipeline_gives_what_the_library_gives_for_the_same_pause():
    spans = ((2.0, 3.5), (5.0, 6.0))
    sound = place(noise(9, -45), *((start, voice(end - start)) for start, end in spans))
    config = PipelineConfig(reduction=0.6, noise_window_s=1.0)
    segments = SpeechPipeline(config, ScriptedDetector(*spans)).feed(pcm_to_bytes(sound))
    # At a cut, 400 ms after the last speech, the last second of pause is this, but for the guard around speech.
    guard = GUARD_HOPS * HOP
    for segment, (start_s, end_s), before in zip(segments, spans, (0.0, 3.5), strict=True):
        start, end = round(start_s * 16_000), round(end_s * 16_000)
        after = sound[end + guard : end + 6400 - guard]
        pause = sound[round(before * 16_000) + guard * (before > 0) : start - guard]
        profile = np.concatenate([pause, after])[-16_000:]
        expected = whole_file(sound, profile)[segment.start_sample : segment.end_sample]
        np.testing.assert_allclose(segment.samples / 32768, expected, atol=ONE_STEP)


def test_noise_is_turned_down_and_speech_is_kept():
    sound = place(noise(6, -40), (2.0, voice(1.5, level_db=-15)))
    (raw,) = feed(sound, PipelineConfig(reduction=0.0))
    (reduced,) = feed(sound, PipelineConfig(reduction=0.6))
    assert (raw.start_sample, raw.end_sample) == (reduced.start_sample, reduced.end_sample)

    def level_db(segment, start_s, end_s):
        start = round(start_s * 16_000) - segment.start_sample
        part = segment.samples[start : start + round((end_s - start_s) * 16_000)].astype(float)
        return 10 * np.log10(np.mean(part**2))

    before_s = raw.start_s + 0.1
    assert level_db(raw, before_s, before_s + 0.1) - level_db(reduced, before_s, before_s + 0.1) > 5
    assert abs(level_db(raw, 2.1, 3.4) - level_db(reduced, 2.1, 3.4)) < 1.2


def test_without_a_pause_or_at_strength_zero_the_sound_stays_raw():
    sound = to_pcm(noise(2, -30))
    for profile, strength in ((sound[:100], 0.6), (sound[:0], 1.0), (sound, 0.0)):
        np.testing.assert_array_equal(reduce_noise(sound, profile, strength), sound)


def test_full_scale_sound_does_not_wrap_around():
    square = np.where(np.arange(32_000) // 40 % 2, 32_767, -32_768).astype(np.int16)
    reduced = reduce_noise(square, to_pcm(noise(1, -60)), 0.6)
    assert not np.any((np.sign(reduced) != np.sign(square)) & (np.abs(reduced.astype(int)) > 20_000))


def profile_of(sound, speech, window_s=0.5):
    raw, profile = RawSound(HOP), NoiseProfile(window_s, HOP)
    for index, spoken in enumerate(speech):
        hop = sound[index * HOP : (index + 1) * HOP]
        raw.append(hop)
        profile.observe(speech=spoken, power=float(np.mean((hop / 32768) ** 2)), raw=raw)
        raw.forget_before(profile.needed_from)
    return profile


def test_the_profile_keeps_clear_of_speech_on_both_sides():
    sound = np.repeat(np.arange(60, dtype=np.int16), HOP) * 50 + 500
    speech = [20 <= hop < 30 for hop in range(60)]
    kept = set(((profile_of(sound, speech, window_s=2.0).sound - 500) // 50).tolist())
    assert kept == set(range(GUARD_HOPS, 20 - GUARD_HOPS)) | set(range(30 + GUARD_HOPS, 60 - GUARD_HOPS))


def test_digital_silence_is_no_noise():
    sound = np.concatenate([np.zeros(16_000, dtype=np.int16), to_pcm(noise(0.2, -50)), np.zeros(32_000, np.int16)])
    kept = profile_of(sound, [False] * (len(sound) // HOP)).sound
    assert 0 < len(kept) <= 3200
    assert profile_of(np.zeros(16_000, dtype=np.int16), [False] * 50).snr_db(1.0) is None


def test_a_new_noise_takes_the_profile_over_when_its_window_has_passed():
    sound = np.concatenate([to_pcm(noise(3, -60)), to_pcm(noise(1, -30, seed=1))])
    kept = profile_of(sound, [False] * (len(sound) // HOP)).sound
    assert 20 * np.log10(np.std(kept / 32768)) == pytest.approx(-30, abs=1)
