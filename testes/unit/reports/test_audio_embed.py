"""Sound that travels inside a page: the right stretch, up to the size, and nothing unsaid."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.wav import write_wav
from balto_cli.reports.audio_embed import Wanted, embed_audio


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Twenty seconds, each second another tone: second n has 200 + 100 n Hz."""
    time_s = np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    path = tmp_path / "a.wav"
    write_wav(path, (9000 * np.sin(2 * np.pi * (200 + 100 * np.floor(time_s)) * time_s)).astype(np.int16))
    return path


def decoded(content: str) -> np.ndarray:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-i",
        "pipe:0",
        "-f",
        "s16le",
        "-ar",
        "16000",
        "-",
    ]
    done = subprocess.run(command, input=base64.b64decode(content), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int16)


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * SAMPLE_RATE_HZ / len(samples))


def test_each_segment_is_found_where_the_page_looks_for_it(recording: Path) -> None:
    wanted = [Wanted("a", "s2", 12.0, 13.0), Wanted("a", "s0", 3.0, 4.0), Wanted("a", "s1", 7.0, 8.0)]
    found = embed_audio(wanted, ["a"], {"a": str(recording)}, 1e6)
    samples = decoded(found.sounds[0].base64)
    for segment, second in (("s0", 3), ("s1", 7), ("s2", 12)):
        start = round((found.starts["a", segment] + 0.25) * SAMPLE_RATE_HZ)
        assert loudest_hz(samples[start : start + SAMPLE_RATE_HZ // 2]) == pytest.approx(200 + 100 * second, abs=8)
    assert "3 trechos" in found.note
    assert "Ficaram fora" not in found.note


def test_what_matters_most_goes_first_and_what_is_left_out_is_said(recording: Path) -> None:
    wanted = [Wanted("a", str(number), float(number), number + 1.0) for number in (9, 3, 5, 1)]
    room = 2.5 * wanted[0].bytes_estimated
    found = embed_audio(wanted, ["a"], {"a": str(recording)}, room)
    assert {segment for _, segment in found.starts} == {"9", "3"}
    assert sum(len(sound.base64) for sound in found.sounds) <= room
    assert "Ficaram fora 2 trechos" in found.note


def test_a_recording_that_is_gone_is_left_out(recording: Path, tmp_path: Path) -> None:
    wanted = [Wanted("a", "s", 1.0, 2.0), Wanted("b", "s", 1.0, 2.0), Wanted("c", "s", 1.0, 2.0)]
    found = embed_audio(wanted, ["a", "b", "c"], {"a": str(recording), "b": str(tmp_path / "não há")}, 1e6)
    assert set(found.starts) == {("a", "s")}
    assert [sound.index for sound in found.sounds] == [0]
    assert "Ficaram fora 2 trechos" in found.note
