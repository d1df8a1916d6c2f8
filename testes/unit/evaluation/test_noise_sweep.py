"""Noise goes in at the ratio that was asked for, the same every time, and every version knows where it comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.errors import OutputError, UsageError
from balto_cli.evaluation.hearing import hear
from balto_cli.evaluation.noise_sweep import (
    air_conditioner,
    mix,
    noisy_name,
    parse_ratios,
    read_noise,
    speech_power,
    sweep,
)
from balto_cli.evaluation.references import Reference
from balto_cli.evaluation.slices import CLEAN, NOISE
from balto_cli.pipeline import PipelineConfig
from testes.doubles import Silent
from testes.gravacoes import speech, wav_bytes

CONFIG = PipelineConfig(reduction=0.0)


def test_ratios_are_read_from_the_cleanest_on() -> None:
    assert parse_ratios("20,10, 5,0,-5,10") == (20.0, 10.0, 5.0, 0.0, -5.0)


@pytest.mark.parametrize("text", ["", "dez", "20,", "20,,5", "99", "-30", "nan", "inf"])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--ruido"):
        parse_ratios(text)


def test_the_air_conditioner_is_always_the_same_and_loudest_below() -> None:
    one, other = air_conditioner(SAMPLE_RATE_HZ), air_conditioner(SAMPLE_RATE_HZ)
    assert np.array_equal(one, other)
    power = np.abs(np.fft.rfft(one.astype(np.float64))) ** 2
    assert power[80:1000].sum() > 10 * power[1000:].sum()


@settings(max_examples=30)
@given(st.floats(-10, 40), st.integers(100, 20_000), st.integers(0, 5))
def test_the_ratio_is_the_one_asked_for_also_where_the_sum_is_made_quieter(
    snr_db: float, level: int, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    speech_samples = (level * dice.standard_normal(4000)).clip(-32000, 32000).astype(np.int16)
    noise = (3000 * dice.standard_normal(1500)).astype(np.int16)
    power = float(np.mean(speech_samples.astype(np.float64) ** 2))
    mixed = mix(speech_samples, noise, power, snr_db).astype(np.float64)
    clean = speech_samples.astype(np.float64)
    repeated = np.resize(noise, 4000).astype(np.float64)
    gains, *_ = np.linalg.lstsq(np.stack([clean, repeated], axis=1), mixed, rcond=None)
    ratio = 10 * np.log10(gains[0] ** 2 * power / (gains[1] ** 2 * float(np.mean(noise.astype(np.float64) ** 2))))
    assert ratio == pytest.approx(snr_db, abs=0.6)
    assert np.abs(mixed).max() <= 32767


def test_every_version_has_the_reference_and_the_unit_of_its_recording(tmp_path: Path) -> None:
    folder = tmp_path / "entrada"
    folder.mkdir()
    (folder / "a.wav").write_bytes(speech(3))
    (folder / "mudo.wav").write_bytes(wav_bytes(np.zeros(32_000)))
    (folder / "ruim.wav").write_bytes(b"nada")
    files = find_inputs([folder]).files
    silent = Silent()
    found = sweep(
        files,
        air_conditioner(),
        (10.0, -5.0),
        CONFIG,
        tmp_path / "ruido",
        {folder / "a.wav": Reference("oi")},
        {},
        silent,
    )
    assert [file.name for file in found.inputs] == [
        "a.wav",
        "a (ruído 10 dB).wav",
        "a (ruído −5 dB).wav",
        "mudo.wav",
        "ruim.wav",
    ]
    of_a = found.inputs[:3]
    assert {found.references[file.path].text for file in of_a} == {"oi"}
    assert {found.facts[file.path].unit for file in of_a} == {"a.wav"}
    assert [found.facts[file.path].details[NOISE] for file in of_a] == [CLEAN, "10 dB", "−5 dB"]
    assert silent.lines == ["mudo.wav: nenhuma fala encontrada, e nenhum ruído foi misturado."]
    clean, noisy = (hear(file.path, CONFIG, whole=True, cut=True) for file in of_a[:2])
    power = speech_power(clean.samples, clean.segments)
    assert power is not None
    difference = noisy.samples.astype(np.float64) - clean.samples
    assert 10 * np.log10(power / np.mean(difference**2)) == pytest.approx(10.0, abs=1.0)


def test_a_noise_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nada.wav").write_bytes(b"nada")
    (tmp_path / "mudo.wav").write_bytes(wav_bytes(np.zeros(16_000)))
    for name in ("nada.wav", "mudo.wav", "falta.wav"):
        with pytest.raises(UsageError, match=name):
            read_noise(tmp_path / name)


def test_names_keep_their_folder() -> None:
    assert noisy_name("sub/a.mp3", 2.5) == "sub/a (ruído 2,5 dB).wav"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(speech(2))
    (tmp_path / "arquivo").write_text("")
    with pytest.raises(OutputError):
        sweep(
            find_inputs([tmp_path / "a.wav"]).files,
            air_conditioner(16_000),
            (0.0,),
            CONFIG,
            tmp_path / "arquivo",
            {},
            {},
            Silent(),
        )
