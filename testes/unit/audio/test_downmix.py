"""Speech in any channel is heard, the same however the audio was chunked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.downmix import Downmixer
from testes.gravacoes import FALA, read_wav

VOICE = read_wav(FALA)[16_000:112_000]
LEVEL = float(np.sqrt(np.mean(VOICE.astype(float) ** 2)))


def mix(channels: list[np.ndarray], cuts: list[int] | None = None) -> tuple[np.ndarray, str]:
    data = np.stack(channels, axis=1).astype("<i2").tobytes()
    mixer, start, out = Downmixer(len(channels)), 0, b""
    for length in cuts or []:
        out += mixer.feed(data[start : start + length])
        start += length
    out += mixer.feed(data[start:]) + mixer.flush()
    return np.frombuffer(out, "<i2"), mixer.description


def level_db(samples: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt(np.mean(samples.astype(float) ** 2)) / LEVEL))


def test_a_voice_in_one_channel_comes_out_at_its_own_level() -> None:
    mixed, said = mix([np.zeros_like(VOICE), VOICE])
    assert np.array_equal(mixed, VOICE)
    assert said == "só o canal 2 de 2 (os outros estão mudos)"


def test_hiss_in_the_dead_channel_does_not_make_it_alive() -> None:
    hiss = np.random.default_rng(1).normal(0, 8, len(VOICE))
    mixed, said = mix([VOICE, hiss])
    assert said.startswith("só o canal 1")
    assert abs(level_db(mixed)) < 0.1


def test_opposite_phase_does_not_cancel() -> None:
    mixed, said = mix([VOICE, -np.maximum(VOICE, -32767)])
    assert abs(level_db(mixed)) < 0.2
    assert "canal 2 em fase oposta" in said


def test_opposite_phase_is_found_though_noise_came_first() -> None:
    rng = np.random.default_rng(2)
    quiet = [rng.normal(0, 20, 32_000), rng.normal(0, 20, 32_000)]
    channels = [np.concatenate([noise, sign * VOICE]) for noise, sign in zip(quiet, (1, -1), strict=True)]
    mixed, _ = mix([np.clip(channel, -32768, 32767) for channel in channels])
    assert abs(level_db(mixed[32_000:])) < 0.5


def test_two_equal_channels_are_one() -> None:
    mixed, said = mix([VOICE, VOICE])
    assert np.array_equal(mixed, VOICE)
    assert said == "média de 2 canais"


def test_a_voice_that_moves_to_the_other_channel_is_heard_in_both() -> None:
    silence = np.zeros_like(VOICE)
    mixed, _ = mix([np.concatenate([VOICE, silence]), np.concatenate([silence, VOICE])])
    assert level_db(mixed[: len(VOICE)]) > -0.1
    assert level_db(mixed[len(VOICE) :]) > -6.1


def test_a_changed_decision_makes_no_click() -> None:
    tone = 8000 * np.sin(2 * np.pi * 200 * np.arange(32_000) / 16_000)
    mixed, _ = mix([tone, np.concatenate([np.zeros(16_000), tone[16_000:]])])
    assert np.abs(np.diff(mixed.astype(int))).max() < 900


def test_digital_silence_stays_silent() -> None:
    mixed, said = mix([np.zeros(5000)] * 3)
    assert not mixed.any()
    assert said == "3 canais, todos mudos"


def test_full_scale_in_all_channels_does_not_wrap() -> None:
    mixed, _ = mix([np.full(4000, -32768)] * 4)
    assert mixed.min() == mixed.max() == -32768


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(1, 9001), max_size=60), channels=st.integers(2, 4), seed=st.integers(0, 99))
def test_the_mix_does_not_depend_on_chunking(cuts: list[int], channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gains = rng.choice([0.0, 1.0, -1.0, 0.01], (8, channels))
    sound = [np.concatenate([VOICE[:4321] * gain for gain in gains[:, channel]]) for channel in range(channels)]
    whole, _ = mix(sound)
    assert np.array_equal(mix(sound, cuts)[0], whole)
    assert len(whole) == len(sound[0])


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_a_part_of_a_sample_at_the_end_is_dropped(extra: int) -> None:
    mixer = Downmixer(2)
    data = np.stack([VOICE[:100], VOICE[:100]], axis=1).astype("<i2").tobytes()
    assert len(mixer.feed(data + b"\x01" * extra) + mixer.flush()) == 200
