"""Decoding: the same sound from every container, in constant memory, and one sentence for whatever gives none."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import psutil
import pytest

from balto_cli.audio.decode import Decoder, spooled_stdin
from balto_cli.errors import AudioError
from balto_cli.pipeline import PipelineConfig, segment_stream
from testes.gravacoes import ENTRADA, LIMPO_1, LIMPO_2, converted, ffmpeg, read_wav
from testes.tools import require_tool

VARIANTS: dict[str, tuple[str, list[str], float]] = {
    "wav": (".wav", [], 0.04),
    "mp3": (".mp3", ["-b:a", "64k"], 0.04),
    "webm": (".webm", ["-c:a", "libopus", "-b:a", "32k"], 0.04),
    "m4a": (".m4a", ["-b:a", "64k"], 0.04),
    "8 kHz u-law": (".wav", ["-ar", "8000", "-c:a", "pcm_mulaw"], 0.08),
    "24 bits": (".wav", ["-c:a", "pcm_s24le"], 0.04),
    "estéreo, um mudo": (".wav", ["-af", "pan=stereo|c0=0*c0|c1=c0"], 0.04),
}


def decoded(path: Path) -> np.ndarray:
    return np.frombuffer(b"".join(Decoder(path)), "<i2")


def times(path: Path) -> list[tuple[float, float]]:
    return [(segment.start_s, segment.end_s) for segment in segment_stream(Decoder(path), PipelineConfig())]


@pytest.fixture(scope="module", params=[LIMPO_1, LIMPO_2], ids=lambda path: path.name[:12])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean dialogue as mono WAV, from which the variants are made."""
    path = tmp_path_factory.mktemp("limpo") / "original.wav"
    ffmpeg("-i", request.param, "-ac", "1", "-ar", "16000", path)
    return path


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_sound_gives_the_same_segments_from_every_container(
    variant: str, original: Path, tmp_path: Path
) -> None:
    suffix, options, tolerance_s = VARIANTS[variant]
    copy = tmp_path / f"copia{suffix}"
    ffmpeg("-i", original, *options, copy)
    expected, found = times(original), times(copy)
    assert len(found) == len(expected)
    assert np.abs(np.array(found) - np.array(expected)).max() <= tolerance_s


@pytest.mark.parametrize(
    "path", sorted(p for p in ENTRADA.iterdir() if p.suffix not in (".txt", ".md")), ids=lambda p: p.name
)
def test_length_agrees_with_ffprobe(path: Path) -> None:
    probe = [require_tool("ffprobe"), "-v", "error", "-count_packets", "-show_entries"]
    probe += ["format=duration:stream=nb_read_packets", "-of", "default=nw=1", path]
    said = dict(
        line.split("=") for line in subprocess.run(probe, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    )
    assert int(said["nb_read_packets"]) > 0
    if said["duration"] != "N/A":
        assert len(decoded(path)) / 16_000 == pytest.approx(float(said["duration"]), abs=0.06)


def test_pcm_wav_comes_out_bit_by_bit() -> None:
    path = ENTRADA / "balcao-02_20261103094037.wav"
    assert np.array_equal(decoded(path), read_wav(path))


def test_leaving_early_leaves_no_process(tmp_path: Path) -> None:
    for _ in Decoder(ENTRADA / "balcao-09_20261103163744.wav"):
        break
    assert not [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


def test_a_decoder_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "ffmpeg"
    stuck.write_text("#!/bin/sh\nexec sleep 600\n")
    stuck.chmod(0o755)
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: str(stuck))
    began_s = time.monotonic()
    with pytest.raises(AudioError, match="não entregou nada em 1 s"):
        list(Decoder(LIMPO_1, stall_s=1))
    assert time.monotonic() - began_s < 10


def test_a_decoder_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "/nada/ffmpeg")
    with pytest.raises(AudioError, match="não pôde ser iniciado"):
        list(Decoder(LIMPO_1))


def test_a_file_that_vanishes_before_it_is_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="não existe ou sumiu"):
        list(Decoder(tmp_path / "sumiu.wav"))


def test_a_file_without_permission_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(AudioError, match="permissão"):
        list(Decoder(LIMPO_1))


def test_damage_in_the_middle_is_a_remark_and_the_rest_is_heard(tmp_path: Path) -> None:
    data = bytearray(converted(".flac"))
    data[40_000:42_000] = bytes(2000)
    path = tmp_path / "riscado.flac"
    path.write_bytes(data)
    decoder = Decoder(path)
    assert len(b"".join(decoder)) > 100_000
    assert decoder.report.complaints
    assert decoder.report.remark is not None


class Pipe(io.RawIOBase):
    """Standard input from which `data` comes, and then nothing or the end."""

    def __init__(self, data: bytes, ends: bool) -> None:
        self._reader, self._writer = os.pipe()

        def feed() -> None:
            with os.fdopen(self._writer, "wb") as writer:
                writer.write(data)
                writer.flush()
                while not ends and not self.closed:
                    time.sleep(0.05)

        threading.Thread(target=feed, daemon=True).start()

    def fileno(self) -> int:
        return self._reader


def test_m4a_from_standard_input_is_decoded() -> None:
    with spooled_stdin(Pipe(converted(".m4a"), ends=True)) as path:
        assert len(decoded(path)) / 16_000 == pytest.approx(6, abs=0.1)
    assert not path.exists()


@pytest.mark.parametrize("data", [b"", b"RIFF"])
def test_standard_input_from_which_nothing_comes_is_given_up(data: bytes) -> None:
    pipe = Pipe(data, ends=False)
    with pytest.raises(AudioError, match="nada chegou pela entrada"), spooled_stdin(pipe, stall_s=0.3):
        pass
    pipe.close()


MEASURE = """
import resource, sys
from pathlib import Path
from balto_cli.audio.inputs import find_inputs
from balto_cli.pipeline import PipelineConfig
from balto_cli.reports.segment_files import write_segments
from testes.doubles import Silent
written = write_segments(find_inputs([Path(sys.argv[1])]).files, Path(sys.argv[2]), PipelineConfig(), Silent())
assert written.rows and not written.failed
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_length_of_a_file(tmp_path: Path) -> None:
    """The issue's bound is 80 MB for three hours.

    Half an hour of the same loop shows any growth in a sixth of the time.
    """
    peak_mb = {}
    for minutes in (1, 30):
        path = tmp_path / f"{minutes}.flac"
        ffmpeg("-stream_loop", "-1", "-i", ENTRADA / "balcao-02_20261103094037.wav", "-t", str(60 * minutes), path)
        command = [sys.executable, "-c", MEASURE, path, tmp_path / "saida"]
        peak_mb[minutes] = int(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    assert peak_mb[30] - peak_mb[1] < 40
