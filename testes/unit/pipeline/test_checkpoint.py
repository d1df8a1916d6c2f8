"""A stream goes on in another process, from a few bytes, without a difference in any later segment."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, SpeechPipeline
from balto_cli.pipeline.checkpoint import Checkpoint
from testes.unit.pipeline.resume_elsewhere import digests, go_on
from testes.unit.pipeline.sounds import (
    DIALOGUE,
    PROFILES,
    TESTES,
    as_values,
    every_profile,
    feed,
    noise,
    read_wav,
    to_pcm,
)

MOST_BYTES = 16 * 1024


@cache
def day_at_the_counter():
    """Dialogue, most of a minute of room noise, digital silence, full-scale noise, and the end of another dialogue."""
    loud = np.random.default_rng(4).integers(-32_768, 32_768, 3 * 16_000).astype(np.int16)
    other = read_wav("balcao-09_20261103163744")[-9 * 16_000 :]
    pieces = (read_wav(DIALOGUE)[: 15 * 16_000 + 91], to_pcm(noise(40, -50)), np.zeros(48_000, np.int16), loud, other)
    return np.concatenate(pieces)


@cache
def heard(config: PipelineConfig):
    """All segments, and every checkpoint with the number of segments that came before it."""
    pcm, pipeline = pcm_to_bytes(day_at_the_counter()), SpeechPipeline(config)
    block = 3072 if config.detector == "rede" else 3200
    segments, checkpoints = [], []
    for start in range(0, len(pcm), block):
        before = pipeline.checkpoint
        segments += pipeline.feed(pcm[start : start + block])
        if pipeline.checkpoint is not before:
            checkpoints.append((pipeline.checkpoint, len(segments)))
    return segments + pipeline.flush(), checkpoints


@every_profile
def test_every_checkpoint_fits_into_16_kb(profile):
    _, checkpoints = heard(profile)
    assert len(checkpoints) >= 5
    assert max(len(checkpoint.data) for checkpoint, _ in checkpoints) <= MOST_BYTES


@every_profile
def test_there_is_one_at_a_cut_and_one_in_a_quiet_half_minute(profile):
    segments, checkpoints = heard(profile)
    counts = [count for _, count in checkpoints]
    assert len(set(counts)) >= len(segments) - 3
    assert len(counts) > len(set(counts))
    assert max(np.diff([checkpoint.position for checkpoint, _ in checkpoints])) < 35 * 16_000


@every_profile
@pytest.mark.parametrize("chunk_bytes", [3200, 9973])
def test_another_process_goes_on_to_the_bit_from_any_checkpoint(profile, chunk_bytes):
    segments, checkpoints = heard(profile)
    order = {
        "config": profile.as_dict(),
        "pcm": base64.b64encode(pcm_to_bytes(day_at_the_counter())).decode(),
        "chunk_bytes": chunk_bytes,
        "checkpoints": [(item.position, base64.b64encode(item.data).decode()) for item, _ in checkpoints],
    }
    command = [sys.executable, "-m", "testes.unit.pipeline.resume_elsewhere"]
    done = subprocess.run(command, input=json.dumps(order), text=True, capture_output=True, cwd=TESTES.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [digests(segments[count:]) for _, count in checkpoints]


@settings(max_examples=6)
@given(
    which=st.integers(0, 100),
    chunk_bytes=st.integers(1, 40_000),
    profile=st.sampled_from(sorted(PROFILES)),
    pre_roll_ms=st.sampled_from([0, 333, 1000]),
    engine=st.sampled_from(["balto", "noisereduce-nao-estacionario"]),
)
def test_other_settings_and_chunks_go_on_to_the_bit_too(which, chunk_bytes, profile, pre_roll_ms, engine):
    config = replace(PROFILES[profile], pre_roll_ms=pre_roll_ms, reduction_engine=engine)
    segments, checkpoints = heard(config)
    checkpoint, count = checkpoints[which % len(checkpoints)]
    pcm = pcm_to_bytes(day_at_the_counter())
    assert as_values(go_on(config, checkpoint, pcm, chunk_bytes)) == as_values(segments[count:])


@every_profile
def test_a_resumed_stream_makes_the_same_checkpoints(profile):
    _, checkpoints = heard(profile)
    first, last = checkpoints[1][0], checkpoints[-1][0]
    pipeline = SpeechPipeline.resume(profile, first)
    assert pipeline.checkpoint == first
    pipeline.feed(pcm_to_bytes(day_at_the_counter())[2 * first.position : 2 * last.position])
    assert pipeline.checkpoint == last


@every_profile
def test_taking_a_checkpoint_changes_nothing(profile):
    segments, _ = heard(profile)
    assert as_values(feed(day_at_the_counter(), profile)) == as_values(segments)


def test_there_is_none_before_the_first_moment_of_quiet():
    pipeline = SpeechPipeline()
    pipeline.feed(bytes(3200))
    assert pipeline.checkpoint is None


@pytest.fixture(scope="module")
def checkpoint():
    return heard(PROFILES["rede"])[1][-1][0]


@pytest.mark.parametrize(
    "config", [PipelineConfig(post_roll_ms=100), PipelineConfig(keep_threshold=0.41), PipelineConfig.leve()]
)
def test_other_settings_are_refused(checkpoint, config):
    with pytest.raises(ValueError, match="settings"):
        SpeechPipeline.resume(config, checkpoint)


def test_another_version_is_refused(checkpoint):
    with pytest.raises(ValueError, match="version"):
        SpeechPipeline.resume(PipelineConfig(), Checkpoint(checkpoint.position, b"BLT1" + checkpoint.data[4:]))


def test_another_position_is_refused(checkpoint):
    with pytest.raises(ValueError, match="position"):
        SpeechPipeline.resume(PipelineConfig(), Checkpoint(checkpoint.position + 1536, checkpoint.data))


@settings(max_examples=60)
@given(at=st.integers(0, MOST_BYTES), bit=st.integers(0, 7))
def test_one_flipped_bit_anywhere_is_refused(checkpoint, at, bit):
    data = bytearray(checkpoint.data)
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(ValueError, match="checkpoint"):
        SpeechPipeline.resume(PipelineConfig(), Checkpoint(checkpoint.position, bytes(data)))


@pytest.mark.parametrize(
    "change", [lambda d: b"", lambda d: d[:3], lambda d: d[:60], lambda d: d[:-1], lambda d: d + b"\0"]
)
def test_bytes_cut_short_or_made_longer_are_refused(checkpoint, change):
    with pytest.raises(ValueError, match="checkpoint"):
        SpeechPipeline.resume(PipelineConfig(), Checkpoint(checkpoint.position, change(checkpoint.data)))
