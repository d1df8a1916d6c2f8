"""What the pipeline takes for speech, and what it is not put off by."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from balto_cli.pipeline.bands import BLOCK_SAMPLES, FLOOR_MIN_DB, EnergyGate
from testes.unit.pipeline.sounds import (
    DIALOGUE,
    PROFILES,
    ScriptedDetector,
    every_profile,
    feed,
    noise,
    phrase,
    place,
    read_wav,
    to_pcm,
    turns_of,
    voice,
)

RAW = PipelineConfig(reduction=0.0)


def spans(samples, profile):
    return [(segment.start_s, segment.end_s) for segment in feed(samples, replace(profile, reduction=0.0))]


def covered(found, start_s, end_s):
    return sum(max(0.0, min(end_s, end) - max(start_s, start)) for start, end in found) / (end_s - start_s)


def tone(seconds, hertz, level):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 16_000)) / 16_000)


def back_to_back(name):
    """All turns of a dialogue without the pauses between them: 25 s of speech without a stop."""
    sound = read_wav(name)
    return np.concatenate([sound[round(start * 16_000) : round(end * 16_000)] for start, end in turns_of(name)])


@every_profile
@pytest.mark.parametrize("name", [DIALOGUE, "balcao-09_20261103163744"])
def test_every_labelled_turn_of_a_shipped_dialogue_is_heard(profile, name):
    found = spans(read_wav(name), profile)
    assert min(covered(found, start, end) for start, end in turns_of(name)) > (
        0.85 if profile.detector == "leve" else 0.97
    )


@every_profile
def test_speech_without_a_stop_is_heard_to_its_end_and_cut_without_loss(profile):
    sound = back_to_back(DIALOGUE)
    segments = feed(sound, replace(profile, reduction=0.0, max_length_s=6.0, cut_search_s=3.0))
    assert "limite" in {segment.cut for segment in segments}
    assert covered([(segment.start_s, segment.end_s) for segment in segments], 0.0, len(sound) / 16_000) > 0.97


@every_profile
@pytest.mark.parametrize("level_db", [-60, -50, -40])
def test_each_phrase_is_one_segment_with_its_first_and_last_sound(profile, level_db):
    one, two = phrase(4), phrase(1)
    found = spans(place(noise(12, level_db), (1.5, one), (6.0, two)), profile)
    assert len(found) == 2
    assert min(covered(found, 1.5, 1.5 + len(one) / 16_000), covered(found, 6.0, 6.0 + len(two) / 16_000)) > 0.97
    assert sum(end - start for start, end in found) < (len(one) + len(two)) / 16_000 + 2 * 0.7


@every_profile
def test_a_stream_that_begins_in_mid_word_is_heard_from_its_start(profile):
    speech = phrase(1)[16_000:]
    assert covered(spans(place(noise(4, -55), (0.0, speech)), profile), 0.3, len(speech) / 16_000) > 0.97


@every_profile
def test_a_phrase_that_the_end_of_the_file_cuts_off_is_not_lost(profile):
    sound = place(noise(3.003, -50), (1.5, phrase(1, 1.503)))
    (segment,) = feed(sound, replace(profile, reduction=0.0))
    assert segment.cut == "fim"
    assert len(sound) - 1600 <= segment.end_sample <= len(sound)
    assert len(segment.samples) == segment.end_sample - segment.start_sample


@every_profile
@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_short_answer_survives(profile, turn):
    assert len(spans(place(noise(4, -50), (2.0, phrase(turn, 0.25))), profile)) == 1


@every_profile
@pytest.mark.parametrize("level_db", [-60, -45])
@pytest.mark.parametrize("hertz", [440, 1000, 2000, 4000])
def test_beeps_open_no_segment(profile, hertz, level_db):
    beeps = [(start, tone(seconds, hertz, 0.2)) for start, seconds in ((1, 0.1), (2, 0.2), (3, 0.5), (5, 1.0))]
    assert spans(place(noise(7, level_db), *beeps), profile) == []


@every_profile
def test_knocks_open_no_segment(profile):
    decay = np.exp(-np.arange(800) / 160)
    knocks = ((start, noise(0.05, -10, start) * decay) for start in (1, 2, 3, 4))
    assert spans(place(noise(6, -55), *knocks), profile) == []


@every_profile
def test_clicks_open_no_segment(profile):
    clicks = [(1 + 0.3 * turn, np.full(16, 0.6)) for turn in range(8)]
    assert spans(place(noise(5, -55), *clicks), profile) == []


def test_coins_and_keys_open_no_segment():
    """What only a net tells from a voice; the profile `leve` opens on it."""
    decay = np.exp(-np.arange(2400) / 500)
    ring = decay * sum(tone(0.15, hertz, 0.04) for hertz in (3100, 4700, 5900, 6800))
    jingle = [(1 + 0.13 * turn, ring) for turn in range(20)]
    assert spans(place(noise(5, -55), *jingle), PROFILES["rede"]) == []


def test_a_door_opens_no_segment():
    slam = np.convolve(noise(0.4, 0, 3), np.ones(60) / 60, "same") * np.exp(-np.arange(6400) / 1200)
    assert spans(place(noise(6, -50), (1.5, slam), (4.0, 0.5 * slam)), PROFILES["rede"]) == []


@every_profile
@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(160_000, dtype=np.int16),
        np.full(160_000, 12_000, dtype=np.int16),
        np.full(160_000, -32_768, dtype=np.int16),
        np.random.default_rng(0).integers(-1, 2, 160_000).astype(np.int16),
        to_pcm(noise(10, -40)),
        to_pcm(noise(10, -60)),
    ],
    ids=["digital silence", "DC offset", "negative rail", "dither", "loud noise", "soft noise"],
)
def test_no_speech_is_no_segment(profile, sound):
    assert spans(sound, profile) == []


@every_profile
def test_full_scale_noise_is_no_speech_for_long(profile):
    found = spans(np.random.default_rng(0).integers(-32_768, 32_768, 320_000).astype(np.int16), profile)
    assert all(end < 6.0 for _, end in found)


@every_profile
def test_clipped_speech_is_heard(profile):
    loud = phrase(1, level_db=8.0)
    assert covered(spans(place(noise(5, -45), (1.5, loud)), profile), 1.5, 1.5 + len(loud) / 16_000) > 0.95


@every_profile
@pytest.mark.parametrize("offset", [0.1, -0.3])
def test_speech_on_a_dc_offset_is_heard(profile, offset):
    speech = phrase(1)
    found = spans(place(noise(6, -45) + offset, (2.0, speech)), profile)
    assert covered(found, 2.0, 2.0 + len(speech) / 16_000) > 0.95
    assert sum(end - start for start, end in found) < len(speech) / 16_000 + 0.8


@every_profile
def test_speech_sampled_at_8_khz_is_heard(profile):
    speech = phrase(1)
    spectrum = np.fft.rfft(place(noise(6, -45), (2.0, speech)) / 32768)
    spectrum[np.fft.rfftfreq(96_000, 1 / 16_000) > 3900] = 0
    found = spans(to_pcm(np.fft.irfft(spectrum)), profile)
    assert covered(found, 2.0, 2.0 + len(speech) / 16_000) > 0.97


@every_profile
def test_speech_after_a_minute_of_digital_silence_is_heard_and_room_noise_is_not(profile):
    quiet = np.zeros(60 * 16_000)
    speech = phrase(1)
    sound = np.concatenate([to_pcm(noise(4, -45)), to_pcm(quiet), place(noise(12, -45), (6.0, speech))])
    found = spans(sound, profile)
    assert covered(found, 70.0, 70.0 + len(speech) / 16_000) > 0.97
    assert sum(end - start for start, end in found) < len(speech) / 16_000 + 1.0


def test_the_floor_does_not_sink_in_silence_nor_rise_with_long_speech():
    gate = EnergyGate()

    def hear(sound):
        for start in range(0, len(sound) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
            gate.process(sound[start : start + BLOCK_SAMPLES])
        return gate.floor_db.copy()

    of_the_room = hear(to_pcm(noise(5, -45)))
    np.testing.assert_array_equal(hear(np.zeros(16_000 * 20, dtype=np.int16)), of_the_room)
    before = hear(read_wav(DIALOGUE)[: round(0.9 * 16_000)])
    assert (hear(back_to_back(DIALOGUE)) - before).max() < 20.0  # speech stands 35 dB over it
    assert hear(to_pcm(noise(5, -85))).min() >= FLOOR_MIN_DB


@every_profile
def test_samples_are_as_long_as_the_segment_and_raw_without_reduction(profile):
    sound = place(noise(7, -50), (1.0, phrase(4)), (4.0, phrase(6)))
    segments = feed(sound, replace(profile, reduction=0.0))
    assert len(segments) == 2
    for segment in segments:
        assert segment.samples.dtype == np.int16
        np.testing.assert_array_equal(segment.samples, sound[segment.start_sample : segment.end_sample])
        assert segment.duration_s == pytest.approx(segment.end_s - segment.start_s)


@pytest.mark.parametrize("snr_db", [5.0, 15.0, 30.0])
def test_the_signal_to_noise_ratio_is_that_of_the_mixture(snr_db):
    speech = np.sqrt(10 ** (-20 / 10)) * np.random.default_rng(5).normal(size=2 * 16_000)
    pipeline = SpeechPipeline(RAW, ScriptedDetector((3.0, 5.0)))
    (segment,) = pipeline.feed(pcm_to_bytes(place(noise(8, -20 - snr_db), (3.0, speech))))
    assert segment.snr_db == pytest.approx(snr_db, abs=0.7)


def test_no_noise_heard_means_no_signal_to_noise_ratio():
    sound = place(np.zeros(16_000 * 4), (1.0, voice(1.0)))
    (segment,) = SpeechPipeline(RAW, ScriptedDetector((1.0, 2.0))).feed(pcm_to_bytes(sound))
    assert segment.snr_db is None


@pytest.mark.parametrize("script", [(), ((0.0, 1e9),)], ids=["nobody speaks", "speech without end"])
def test_memory_does_not_grow_with_the_stream(script):
    pipeline = SpeechPipeline(PipelineConfig(reduction=0.0, max_length_s=5, cut_search_s=2), ScriptedDetector(*script))
    minute = pcm_to_bytes(to_pcm(noise(60, -50)))

    def held_after_a_minute():
        for start in range(0, len(minute), 3200):
            pipeline.feed(minute[start : start + 3200])
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first = held_after_a_minute()
        assert max(held_after_a_minute() for _ in range(3)) < first + 300_000
    finally:
        tracemalloc.stop()
