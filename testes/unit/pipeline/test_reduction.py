"""What the provider hears: raw, or with the noise of the pauses turned down, by whichever engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from balto_cli.pipeline.loudness import HIGH_HZ, LOW_HZ
from balto_cli.pipeline.reduction import CONTEXT_SAMPLES, PIECE_SAMPLES, reduce_noise
from balto_cli.pipeline.spectral_gate import NoiseProfile
from testes.unit.pipeline.sounds import (
    DIALOGUE,
    PROFILES,
    as_values,
    every_profile,
    feed,
    noise,
    phrase,
    place,
    read_wav,
    to_pcm,
    turns_of,
)

ENGINES = ("balto", "noisereduce", "noisereduce-nao-estacionario")


def profile_of(sound):
    return NoiseProfile.of_clip((sound / 32768).astype(np.float32))


def reduced(sound, profile, *, first=0, start=0, stop=None, strength=0.6, engine="balto"):
    stop = first + len(sound) if stop is None else stop
    return reduce_noise(sound, first=first, start=start, stop=stop, profile=profile, strength=strength, engine=engine)


@pytest.fixture(scope="module")
def dialogue():
    """A shipped dialogue, the profile of its first pause, and all of it reduced at once."""
    sound = read_wav(DIALOGUE)
    profile = profile_of(sound[: round(0.9 * 16_000)])
    return sound, profile, reduced(sound, profile)


@settings(max_examples=12)
@given(start=st.integers(2000, 16_000 * 20), length=st.integers(160, 16_000 * 9))
def test_a_segment_is_reduced_as_the_whole_recording_would_be(dialogue, start, length):
    sound, profile, whole = dialogue
    first, stop = max(0, start - CONTEXT_SAMPLES), start + length
    piece = reduced(sound[first : stop + CONTEXT_SAMPLES], profile, first=first, start=start, stop=stop)
    np.testing.assert_array_equal(piece, whole[start:stop])


@pytest.mark.parametrize("engine", ENGINES[:2])
@pytest.mark.parametrize(("start", "length"), [(0, 16_000), (50_003, 30_001), (60_000, PIECE_SAMPLES + 20_000)])
def test_the_stationary_engines_agree_to_a_thousandth(dialogue, engine, start, length):
    sound, profile, whole = dialogue
    first, stop = max(0, start - CONTEXT_SAMPLES), start + length
    sound = sound[first : stop + CONTEXT_SAMPLES]
    piece = reduced(sound, profile, first=first, start=start, stop=stop, engine=engine)
    assert np.abs(piece.astype(int) - whole[start:stop]).max() <= 32


@every_profile
def test_the_pipeline_gives_the_same_by_either_stationary_engine(profile):
    sound = read_wav(DIALOGUE)[: 16_000 * 13]
    ours, theirs = (feed(sound, replace(profile, reduction_engine=engine)) for engine in ENGINES[:2])
    assert len(ours) >= 2
    for one, other in zip(ours, theirs, strict=True):
        assert (one.start_sample, one.end_sample, one.snr_db) == (other.start_sample, other.end_sample, other.snr_db)
        assert np.abs(one.samples.astype(int) - other.samples).max() <= 32


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_turns_noise_down_and_keeps_speech(engine):
    speech = phrase(4, level_db=-15)
    sound = place(noise(8, -40), (4.0, speech))
    (raw,) = feed(sound, PipelineConfig(reduction=0.0))
    (quiet,) = feed(sound, PipelineConfig(reduction=0.6, reduction_engine=engine))
    assert (raw.start_sample, raw.end_sample) == (quiet.start_sample, quiet.end_sample)
    assert len(raw.samples) == len(quiet.samples)

    def level_db(segment, start_s, end_s):
        start = round(start_s * 16_000) - segment.start_sample
        part = segment.samples[start : start + round((end_s - start_s) * 16_000)].astype(float)
        return 10 * np.log10(np.mean(part**2))

    assert level_db(raw, raw.start_s, raw.start_s + 0.1) - level_db(quiet, raw.start_s, raw.start_s + 0.1) > 4
    # The non-stationary mode takes a steady voice for noise in part: the library's own doing.
    lost_db = level_db(raw, 4.2, 5.4) - level_db(quiet, 4.2, 5.4)
    assert abs(lost_db) < (5.0 if engine == ENGINES[2] else 1.2)


@pytest.mark.parametrize("engine", ENGINES)
def test_segments_do_not_depend_on_chunking_by_any_engine(engine):
    sound = read_wav(DIALOGUE)[: 16_000 * 8]
    config = PipelineConfig(reduction_engine=engine)
    assert as_values(feed(sound, config, [1777])) == as_values(feed(sound, config))


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_pause_or_at_strength_zero_the_sound_stays_raw(engine):
    sound = to_pcm(noise(2, -30))
    for profile, strength in ((NoiseProfile(), 1.0), (profile_of(sound), 0.0)):
        np.testing.assert_array_equal(reduced(sound, profile, strength=strength, engine=engine), sound)


@pytest.mark.parametrize("engine", ENGINES)
def test_full_scale_sound_does_not_wrap_around(engine):
    square = np.where(np.arange(32_000) // 40 % 2, 32_767, -32_768).astype(np.int16)
    quiet = reduced(square, profile_of(to_pcm(noise(1, -60))), engine=engine)
    assert not np.any((np.sign(quiet) != np.sign(square)) & (np.abs(quiet.astype(int)) > 20_000))


def power_heard_db(sound, profile, at_s):
    """Level of the noise profile, dB of full scale, 100 Hz to 7 kHz, after each of the seconds `at_s`."""
    heard = []
    SpeechPipeline(profile, listener=heard.append).feed(pcm_to_bytes(sound))
    ends = np.array([hop.start_sample + hop.samples for hop in heard])
    powers = np.array([hop.noise_power for hop in heard])
    return [10 * np.log10(powers[np.searchsorted(ends, round(second * 16_000)) - 1]) for second in at_s]


IN_BAND_DB = 10 * np.log10((HIGH_HZ - LOW_HZ) / 8000)


@every_profile
@pytest.mark.parametrize("step_db", [10, 20])
def test_the_profile_of_a_stream_follows_an_air_conditioner_that_switches_on(profile, step_db):
    sound = np.concatenate([to_pcm(noise(8, -60)), to_pcm(noise(8, -60 + step_db, seed=1))])
    before, after_3_s, after_7_s = power_heard_db(sound, profile, (7.9, 11.3, 15.5))
    assert before == pytest.approx(-60 + IN_BAND_DB, abs=1)
    if profile.detector == "rede":
        assert after_3_s - before > 0.6 * step_db
        assert after_7_s == pytest.approx(-60 + step_db + IN_BAND_DB, abs=1.5)
    else:  # `leve` takes a loud new noise for speech until its floors have risen, 4 s later
        assert after_7_s - before > 0.6 * step_db


def test_the_threshold_of_a_stream_is_right_three_seconds_after_the_step():
    """What is turned down is told by the threshold, which the spread of the old and new noise holds up."""
    step = np.concatenate([to_pcm(noise(8, -60)), to_pcm(noise(3.5, -40, seed=1))])
    sound = np.concatenate([step, place(noise(4, -40, seed=2), (0.0, phrase(4, level_db=-10)))])
    (raw,) = feed(sound, replace(PROFILES["rede"], reduction=0.0))[-1:]
    (quiet,) = feed(sound, replace(PROFILES["rede"], reduction=0.6))[-1:]
    tail = slice(-1600, None)
    fall_db = 20 * np.log10(np.std(raw.samples[tail].astype(float)) / np.std(quiet.samples[tail].astype(float)))
    assert fall_db > 4


@every_profile
def test_the_profile_is_not_eaten_by_half_a_minute_of_speech(profile):
    turns = [read_wav(DIALOGUE)[round(a * 16_000) : round(b * 16_000)] for a, b in turns_of(DIALOGUE)]
    speech = np.concatenate(turns)
    assert len(speech) > 24 * 16_000
    lead = read_wav(DIALOGUE)[: round(0.9 * 16_000)]
    before, after = power_heard_db(
        np.concatenate([lead, lead[::-1], lead, speech]), profile, (2.5, 2.7 + len(speech) / 16_000)
    )
    assert after - before < 4  # the voice stands 20 dB over it


@every_profile
def test_digital_silence_is_no_noise(profile):
    heard = []
    SpeechPipeline(profile, listener=heard.append).feed(bytes(32_000 * 5))
    assert {hop.noise_power for hop in heard} == {0.0}
