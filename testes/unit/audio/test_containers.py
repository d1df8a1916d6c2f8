"""A file is what its bytes say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.audio.containers import Kind, identify, riff_share
from testes.gravacoes import ENTRADA, converted, speech


@pytest.mark.parametrize(
    ("suffix", "demuxer"),
    [(".wav", "wav"), (".webm", "matroska"), (".m4a", "mov"), (".mp3", "mp3"), (".opus", "ogg"), (".flac", "flac")],
)
def test_each_shipped_container_is_known(suffix: str, demuxer: str) -> None:
    for path in ENTRADA.glob(f"*{suffix}"):
        assert identify(path.read_bytes()[: 64 * 1024]).demuxer == demuxer


@pytest.mark.parametrize("bitrate", ["32k", "64k", "320k"])
@pytest.mark.parametrize("rate", ["16000", "44100"])
def test_mpeg_audio_is_known_at_any_rate(bitrate: str, rate: str) -> None:
    data = converted(".mp3", "-b:a", bitrate, "-ar", rate, "-id3v2_version", "0", "-write_xing", "0", seconds=1)
    assert identify(data).demuxer == "mp3"


@given(st.binary(max_size=3000))
def test_identify_never_fails(head: bytes) -> None:
    identify(head)


def test_random_bytes_are_no_recording() -> None:
    import random

    dice = random.Random(5)
    assert all(identify(dice.randbytes(64 * 1024)).kind is not Kind.MEDIA for _ in range(100))


def test_text_in_any_encoding_is_text() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert identify("Olá, você tem dipirona?\n".encode(encoding)).kind is Kind.TEXT


def test_a_wav_says_how_much_of_it_is_there() -> None:
    data = speech(2)
    assert riff_share(data[:100], len(data)) == 1
    assert riff_share(data[:100], len(data) // 2) == pytest.approx(0.5, abs=0.01)
    streamed = data[:4] + b"\xff\xff\xff\xff" + data[8:]
    assert riff_share(streamed[:100], 50) == 1
