"""WAV files are such as others read."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.audio.pcm import pcm_to_bytes
from balto_cli.audio.wav import HEADER_BYTES, wav_header, write_wav


@given(st.integers(0, 5000))
def test_a_header_is_one_that_python_reads(samples: int) -> None:
    data = pcm_to_bytes(np.arange(samples, dtype=np.int16))
    with wave.open(io.BytesIO(wav_header(len(data)) + data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.readframes(samples) == data


def test_what_is_past_four_gibibytes_has_the_largest_sizes_there_are() -> None:
    header = wav_header(2**33)
    riff, data = struct.unpack_from("<I", header, 4)[0], struct.unpack_from("<I", header, 40)[0]
    assert riff == data + HEADER_BYTES - 8
    assert data % 2 == 0
    assert data > 2**32 - 64


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(1000))
    write_wav(path, np.arange(5, dtype=np.int16))
    with wave.open(str(path)) as file:
        assert file.getnframes() == 5
