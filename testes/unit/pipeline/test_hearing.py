"""What the pipeline takes for speech, and what it is not put off by."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from balto_cli.pipeline.bands import BLOCK_SAMPLES, FLOOR_MIN_DB, EnergyGate
from testes.unit.pipeline.sounds import DIALOGUE, TESTES, ScriptedDetector, feed, noise, place, read_wav, to_pcm, voice

RAW = PipelineConfig(reduction=0.0)


def spans(samples):
    return [(segment.start_s, segment.end_s) for segment in feed(samples, RAW)]


def covered(found, start_s, end_s):
    return sum(max(0.0, min(end_s, end) - max(start_s, start)) for start, end in found) / (end_s - start_s)


def tone(seconds, hertz, level):
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 16_000)) / 16_000)


def turns_of(name):
    labels = json.loads((TESTES / "dados" / "balcao" / f"{name}.json").read_text(encoding="utf-8"))
    return [(turn["start_s"], turn["end_s"]) for turn in labels["turns"]]


def back_to_back(name):
    """All turns of a dialogue without the pauses between them: 25 s of speech without a stop."""
    sound = read_wav(name)
    return np.concatenate([sound[round(start * 16_000) : round(end * 16_000)] for start, end in turns_of(name)])


@pytest.mark.parametrize("name", [DIALOGUE, "balcao-09_20261103163744"])
def test_every_labelled_turn_of_a_shipped_dialogue_is_heard(name):
    found = spans(read_wav(name))
    assert min(covered(found, start, end) for start, end in turns_of(name)) > 0.8


def test_speech_without_a_stop_is_heard_to_its_end_and_cut_without_loss():
    sound = back_to_back(DIALOGUE)
    segments = feed(sound, PipelineConfig(reduction=0.0, max_length_s=6.0, cut_search_s=3.0))
    assert "limite" in {segment.cut for segment in segments}
    assert covered([(segment.start_s, segment.end_s) for segment in segments], 0.0, len(sound) / 16_000) > 0.97


@pytest.mark.parametrize("level_db", [-70, -50, -40])
def test_each_phrase_is_one_segment_with_its_first_and_last_sound(level_db):
    found = spans(place(noise(9, level_db), (1.5, voice(1.2)), (5.0, voice(1.5, seed=3))))
    assert len(found) == 2
    assert min(covered(found, 1.5, 2.7), covered(found, 5.0, 6.5)) > 0.95
    assert sum(end - start for start, end in found) < 2.7 + 2 * 0.9


def test_a_stream_that_begins_in_mid_word_is_heard_from_its_start():
    found = spans(place(noise(4, -55), (0.0, voice(2.0))))
    assert covered(found, 0.3, 2.0) == 1.0


def test_a_phrase_that_the_end_of_the_file_cuts_off_is_not_lost():
    sound = place(noise(3.003, -50), (1.5, voice(1.503)))
    (segment,) = feed(sound, RAW)
    assert (segment.cut, segment.end_sample) == ("fim", len(sound))


def test_a_short_answer_survives():
    assert len(spans(place(noise(4, -50), (2.0, voice(0.25))))) == 1


@pytest.mark.parametrize("level_db", [-60, -45])
@pytest.mark.parametrize("hertz", [440, 1000, 2000, 4000])
def test_beeps_open_no_segment(hertz, level_db):
    beeps = [(start, tone(seconds, hertz, 0.2)) for start, seconds in ((1, 0.1), (2, 0.2), (3, 0.5), (5, 1.0))]
    assert spans(place(noise(7, level_db), *beeps)) == []


def test_knocks_open_no_segment():
    decay = np.exp(-np.arange(800) / 160)
    assert spans(place(noise(6, -55), *((start, noise(0.05, -10, start) * decay) for start in (1, 2, 3, 4)))) == []


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(160_000, dtype=np.int16),
        np.full(160_000, 12_000, dtype=np.int16),
        np.random.default_rng(0).integers(-1, 2, 160_000).astype(np.int16),
        to_pcm(noise(10, -40)),
        to_pcm(noise(10, -60)),
    ],
    ids=["digital silence", "DC offset", "dither", "loud noise", "soft noise"],
)
def test_no_speech_is_no_segment(sound):
    assert spans(sound) == []


def test_full_scale_noise_is_got_used_to():
    found = spans(np.random.default_rng(0).integers(-32_768, 32_768, 320_000).astype(np.int16))
    assert all(end < 6.0 for _, end in found)


@pytest.mark.parametrize("offset", [-8000, 8000])
def test_a_dc_offset_changes_no_cut(offset):
    sound = place(noise(6, -50), (1.0, voice(1.2)), (3.5, voice(1.0, seed=2)))
    moved = np.clip(sound.astype(np.int32) + offset, -32_768, 32_767).astype(np.int16)
    np.testing.assert_allclose(spans(moved), spans(sound), atol=0.1)


def test_clipped_speech_is_heard():
    assert covered(spans(place(noise(4, -45), (1.5, voice(1.5, level_db=8.0)))), 1.5, 3.0) == 1.0


def test_speech_after_a_minute_of_digital_silence_is_heard_and_room_noise_is_not():
    quiet = np.zeros(60 * 16_000)
    room = noise(12, -45)
    found = spans(np.concatenate([to_pcm(noise(4, -45)), to_pcm(quiet), place(room, (6.0, voice(1.5)))]))
    assert covered(found, 70.0, 71.5) == 1.0
    assert sum(end - start for start, end in found) < 2.5


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


def test_samples_are_as_long_as_the_segment_and_raw_without_reduction():
    sound = place(noise(5, -50), (1.0, voice(1.2)), (3.0, voice(1.0)))
    for segment in feed(sound, RAW):
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
