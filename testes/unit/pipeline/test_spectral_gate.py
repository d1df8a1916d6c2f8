"""The spectral gate against `noisereduce`, and what a stream asks of it."""

from __future__ import annotations

import noisereduce
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.pipeline import spectral_gate as gate
from testes.unit.pipeline.sounds import DIALOGUE, noise, read_wav

RATE = 16_000
BLOCK = 1536


def room(seconds, level_db=-40.0, seed=3):
    """Coloured noise: each sample leans on its neighbours."""
    return np.convolve(noise(seconds, level_db, seed), [1.0, 0.7, 0.3], "same").astype(np.float32)


def library(sound, clip, strength):
    return noisereduce.reduce_noise(
        sound, RATE, stationary=True, y_noise=clip, prop_decrease=strength, chunk_size=None, n_jobs=1
    )


@pytest.fixture(scope="module")
def dialogue():
    """A shipped dialogue, its first pause, and its threshold."""
    sound = (read_wav(DIALOGUE) / 32768).astype(np.float32)
    clip = sound[: round(0.9 * RATE)]
    return sound, clip, gate.NoiseProfile.of_clip(clip).threshold_db()


@pytest.fixture(scope="module")
def whole(dialogue):
    sound, _, threshold_db = dialogue
    return gate.reduce_noise(sound, first=0, start=0, stop=sound.size, threshold_db=threshold_db, strength=0.6)


@pytest.mark.parametrize("strength", [0.3, 0.6, 1.0])
def test_equals_noisereduce_on_the_whole_recording(dialogue, strength):
    sound, clip, threshold_db = dialogue
    theirs = library(sound, clip, strength)
    ours = gate.reduce_noise(sound, first=0, start=0, stop=sound.size, threshold_db=threshold_db, strength=strength)
    assert np.abs(ours - theirs).max() < 1e-4
    assert np.abs(ours - sound).max() > 1e-3


@settings(max_examples=12)
@given(start=st.integers(0, 20 * RATE), size=st.integers(160, 4 * RATE))
def test_a_piece_equals_noisereduce_on_the_whole_recording(dialogue, whole_by_library, start, size):
    sound, _, threshold_db = dialogue
    first = max(0, start - gate.CONTEXT_SAMPLES)
    piece = sound[first : start + size + gate.CONTEXT_SAMPLES]
    ours = gate.reduce_noise(
        piece, first=first, start=start, stop=start + size, threshold_db=threshold_db, strength=0.6
    )
    assert np.abs(ours - whole_by_library[start : start + size]).max() < 1e-4


@pytest.fixture(scope="module")
def whole_by_library(dialogue):
    sound, clip, _ = dialogue
    return library(sound, clip, 0.6)


@settings(max_examples=25)
@given(start=st.integers(0, 30 * RATE), size=st.integers(1, 40_000))
def test_a_piece_with_its_context_equals_the_whole_to_the_bit(dialogue, whole, start, size):
    sound, _, threshold_db = dialogue
    stop = min(sound.size, start + size)
    first = max(0, start - gate.CONTEXT_SAMPLES)
    piece = sound[first : stop + gate.CONTEXT_SAMPLES]
    ours = gate.reduce_noise(piece, first=first, start=start, stop=stop, threshold_db=threshold_db, strength=0.6)
    assert np.array_equal(ours, whole[start:stop])


def test_strength_zero_keeps_all_but_the_edge_bins(dialogue):
    sound, _, threshold_db = dialogue
    out = gate.reduce_noise(sound, first=0, start=0, stop=sound.size, threshold_db=threshold_db, strength=0.0)
    edge = round(sound.size * 0.05)
    change = np.abs(np.fft.rfft(out - sound))[edge // 2 : -edge // 2]
    assert change.max() < 1e-2 * np.abs(np.fft.rfft(sound)).max()


def test_a_running_profile_comes_to_the_profile_of_the_clip():
    clip = room(20)
    running = gate.NoiseProfile(memory_s=1e6)
    for begin in range(0, clip.size - BLOCK, BLOCK):
        running.observe(clip[begin : begin + BLOCK])
    assert np.abs(running.threshold_db() - gate.NoiseProfile.of_clip(clip).threshold_db()).mean() < 0.3


def test_frames_observed_piece_by_piece_give_the_clips_own_mean_and_deviation():
    clip = room(2)
    together, apart = gate.NoiseProfile(memory_s=1e6), gate.NoiseProfile(memory_s=1e6)
    together.observe(clip)
    for begin in range(0, clip.size - gate.FRAME_SAMPLES + 1, BLOCK):
        apart.observe(clip[begin : begin + 2 * 512 + gate.FRAME_SAMPLES])
    assert np.abs(together.threshold_db() - apart.threshold_db()).max() < 1e-3


@pytest.mark.parametrize("step_db", [10.0, 20.0])
def test_an_air_conditioner_is_followed_within_three_seconds_of_pauses(step_db):
    quiet, loud = room(10, -55), room(10, -55 + step_db, seed=9)
    profile = gate.NoiseProfile()
    profile.observe(quiet)
    for begin in range(0, 3 * RATE - BLOCK, BLOCK):
        profile.observe(loud[begin : begin + BLOCK])
    error_db = profile.threshold_db() - gate.NoiseProfile.of_clip(loud).threshold_db()
    assert abs(float(error_db.mean())) < 2.5


def test_digital_silence_teaches_nothing():
    profile = gate.NoiseProfile()
    profile.observe(room(2))
    before = profile.to_bytes()
    profile.observe(np.zeros(RATE, np.float32))
    assert profile.to_bytes() == before
    assert not gate.NoiseProfile().ready


def test_without_noise_heard_all_is_signal():
    profile = gate.NoiseProfile()
    profile.observe(np.zeros(RATE, np.float32))
    assert not profile.ready
    assert np.isneginf(profile.threshold_db()).all()
    assert profile.mean_power(100, 7000) == 0.0


def test_the_mean_power_is_that_of_the_noise():
    clip = noise(10, -30).astype(np.float32)
    profile = gate.NoiseProfile(memory_s=1e6)
    profile.observe(clip)
    in_band = float(np.mean(clip**2)) * 6900 / 8000
    assert profile.mean_power(100, 7000) == pytest.approx(in_band, rel=0.05)
    assert gate.band_power(clip, 100, 7000) == pytest.approx(in_band, rel=0.05)


def test_a_rounded_profile_restored_from_bytes_learns_on_to_the_bit(dialogue):
    profile = gate.NoiseProfile()
    profile.observe(room(2))
    exact = profile.threshold_db()
    profile.round()
    assert np.abs(profile.threshold_db() - exact).max() < 0.2
    data = profile.to_bytes()
    assert len(data) == 2072
    other = gate.NoiseProfile.from_bytes(data)
    assert other.to_bytes() == data
    np.testing.assert_array_equal(profile.threshold_db(), other.threshold_db())
    for learner in (profile, other):
        learner.observe(dialogue[0][: 3 * RATE])
    np.testing.assert_array_equal(profile.threshold_db(), other.threshold_db())


@pytest.mark.parametrize("data", [b"", b"NPF1", b"NPF2" + bytes(2068), b"NPF1" + bytes(2069)])
def test_foreign_bytes_are_no_profile(data):
    with pytest.raises(ValueError, match="NoiseProfile"):
        gate.NoiseProfile.from_bytes(data)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_silence_and_full_scale_stay_finite(level):
    sound = np.full(RATE, level, np.float32) * np.where(np.arange(RATE) // 40 % 2, 1, -1).astype(np.float32)
    threshold_db = gate.NoiseProfile.of_clip(room(1)).threshold_db()
    out = gate.reduce_noise(sound, first=0, start=0, stop=RATE, threshold_db=threshold_db, strength=1.0)
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= 1.1
