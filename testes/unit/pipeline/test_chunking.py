"""The first rule: segments are the same to the bit however the audio was cut into chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import SpeechPipeline, segment_stream
from balto_cli.pipeline.blocks import BlockCutter, RawSound
from testes.unit.pipeline.sounds import (
    DIALOGUE,
    as_values,
    every_profile,
    feed,
    noise,
    phrase,
    place,
    read_wav,
    voice,
)

chunkings = st.lists(
    st.one_of(st.integers(1, 9), st.integers(1, 3300), st.integers(1, 60_000)), min_size=1, max_size=12
)


def short_limit(profile):
    """The profile with a longest segment that a few seconds reach."""
    return replace(profile, max_length_s=2.0, cut_search_s=1.0)


def counter(seed: int, level_db: float = -45.0):
    """Nine seconds: a phrase, a phrase longer than the longest segment, and one that the end cuts off."""
    return place(
        noise(9.013, level_db, seed),
        (0.8, voice(1.2, seed=seed)),
        (3.0, voice(3.3, seed=seed + 1)),
        (8.0, voice(1.0, seed=seed + 2)),
    )


@pytest.fixture(scope="module")
def real():
    return read_wav(DIALOGUE)[: 12 * 16_000 + 77]


@every_profile
@settings(max_examples=8)
@given(sizes=chunkings, seed=st.integers(0, 50), level_db=st.floats(-70, -25))
def test_segments_do_not_depend_on_chunking(profile, sizes, seed, level_db):
    sound = counter(seed, level_db)[: 16_000 * 5 + seed]
    config = short_limit(profile)
    assert as_values(feed(sound, config, sizes)) == as_values(feed(sound, config))


@every_profile
def test_segments_of_a_real_dialogue_do_not_depend_on_chunking_down_to_one_byte(profile, real):
    whole = as_values(feed(real, profile))
    assert len(whole) >= 2
    for sizes in ([1], [3199, 1, 2], [3200], [30_001]):
        assert as_values(feed(real, profile, sizes)) == whole


@every_profile
def test_what_the_stages_thought_does_not_depend_on_chunking(profile, real):
    def thoughts(sizes):
        heard = []
        pcm, position, pipeline = pcm_to_bytes(real), 0, SpeechPipeline(profile, listener=heard.append)
        for size in sizes * (len(pcm) // sum(sizes) + 1):
            pipeline.feed(pcm[position : position + size])
            position += size
        pipeline.flush()
        return heard

    whole = thoughts([2 * len(real)])
    assert sum(hop.samples for hop in whole) >= len(real)
    assert thoughts([333]) == whole


@every_profile
def test_all_cuts_are_covered_by_the_chunking_test(profile):
    assert {segment.cut for segment in feed(counter(0), short_limit(profile))} == {"pausa", "limite", "fim"}


@every_profile
def test_all_phrases_that_one_chunk_completes_come_at_once(profile):
    sound = place(noise(16, -50), *((start, phrase(turn)) for start, turn in ((1, 1), (6, 4), (10, 6))))
    assert len(SpeechPipeline(profile).feed(pcm_to_bytes(sound))) == 3


@every_profile
def test_stream_and_file_give_the_same_segments(profile, real):
    pcm = pcm_to_bytes(real)
    chunks = (pcm[start : start + 1001] for start in range(0, len(pcm), 1001))
    assert as_values(list(segment_stream(chunks, profile))) == as_values(feed(real, profile))


def test_memoryviews_and_bytearrays_are_chunks_as_well(real):
    pcm = pcm_to_bytes(real)
    pipeline = SpeechPipeline()
    segments = pipeline.feed(bytearray(pcm[:99_999])) + pipeline.feed(memoryview(pcm)[99_999:]) + pipeline.flush()
    assert as_values(segments) == as_values(feed(real))


def test_half_a_sample_at_the_end_changes_nothing(real):
    pcm = pcm_to_bytes(real)
    assert as_values(feed(pcm + b"\x7f")) == as_values(feed(pcm))


@every_profile
@pytest.mark.parametrize("pcm", [b"", b"\x01", b"\x01\x02", b"\x00" * 640, b"\xff\x7f" * 800])
def test_tiny_inputs_give_no_segment_and_no_error(profile, pcm):
    assert feed(pcm, profile) == []


def test_a_second_flush_gives_nothing_and_feeding_after_it_is_refused(real):
    pipeline = SpeechPipeline()
    pipeline.feed(pcm_to_bytes(real[: 2 * 16_000]))
    assert len(pipeline.flush()) == 1
    assert pipeline.flush() == []
    with pytest.raises(ValueError, match="flush"):
        pipeline.feed(b"\0\0")


@given(sizes=chunkings, length=st.integers(0, 5000))
def test_blocks_joined_are_the_bytes_with_zeros_after_them(sizes, length):
    pcm = np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8).tobytes()
    cutter = BlockCutter(160)
    blocks, position = [], 0
    for size in sizes * (length // sum(sizes) + 1):
        blocks += cutter.push(pcm[position : position + size])
        position += size
    last = cutter.finish()
    joined = b"".join(block.tobytes() for block in ([*blocks, last] if last is not None else blocks))
    whole = pcm[: length // 2 * 2]
    assert cutter.total_samples == length // 2
    assert joined == whole.ljust(len(joined), b"\0")
    assert 0 <= len(joined) - len(whole) < 320


def test_raw_sound_reads_across_blocks_and_refuses_what_it_forgot():
    raw = RawSound()
    sound = np.arange(1000, dtype=np.int16)
    for start in range(0, 1000, 100):
        raw.append(sound[start : start + 100])
    raw.forget_before(250)
    assert raw.start == 200
    np.testing.assert_array_equal(raw.read(200, 1000), sound[200:])
    np.testing.assert_array_equal(raw.read(399, 501), sound[399:501])
    assert len(raw.read(300, 300)) == 0
    assert [block[0] for block in raw.last_blocks(3, 100)] == [700, 800, 900]
    assert [block[0] for block in raw.last_blocks(99, 300)] == [400, 700]
    for start, end in ((199, 300), (900, 1001), (500, 400)):
        with pytest.raises(IndexError):
            raw.read(start, end)
