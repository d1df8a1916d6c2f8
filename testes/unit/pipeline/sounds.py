"""Sounds and detectors for the pipeline's tests: all made from a seed or read from the shipped recordings."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig, Segment, SpeechPipeline
from balto_cli.pipeline.detector import Hops
from balto_cli.pipeline.listener import FirstLook

TESTES = Path(__file__).resolve().parents[2]
DIALOGUE = "balcao-02_20261103094037"
CLEAN_DIALOGUE = "balcao-01_20261103091512"
PROFILES = {
    "rede": PipelineConfig(),
    "leve": PipelineConfig.leve(),
}
every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
"""The test runs with each detector and gate; `profile` is the `PipelineConfig`."""


def to_pcm(sound: np.ndarray) -> Pcm:
    """Floats of full scale 1 as PCM, clipped."""
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def noise(seconds: float, level_db: float, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=round(seconds * SAMPLE_RATE_HZ)) * 10 ** (level_db / 20)


def voice(seconds: float, level_db: float = -20.0, seed: int = 0) -> np.ndarray:
    """Something a detector takes for speech: a gliding pitch through moving formants, four syllables a second."""
    generator = np.random.default_rng(seed)
    samples = round(seconds * SAMPLE_RATE_HZ)
    time_s = np.arange(samples) / SAMPLE_RATE_HZ
    pitch_hz = 130 + 25 * np.sin(2 * np.pi * 0.7 * time_s + generator.uniform(0, 6)) + generator.uniform(-15, 40)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    formants_hz = (
        500 + 200 * np.sin(2 * np.pi * 1.9 * time_s + generator.uniform(0, 6)),
        1500 + 500 * np.sin(2 * np.pi * 1.3 * time_s + generator.uniform(0, 6)),
        np.full(samples, 2600.0),
        np.full(samples, 3900.0),
    )
    sound = np.zeros(samples)
    for harmonic in range(1, 40):
        frequency = harmonic * pitch_hz
        gain = sum(1 / (1 + ((frequency - formant) / 120) ** 2) for formant in formants_hz)
        sound += np.where(frequency < 7000, gain, 0) * np.sin(harmonic * phase)
    sound *= 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * 2 * time_s + generator.uniform(0, 6)))
    edge = min(samples // 2, 400)
    sound[:edge] *= np.linspace(0, 1, edge)
    sound[samples - edge :] *= np.linspace(1, 0, edge)
    return sound * 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))


@cache
def turns_of(name: str) -> list[tuple[float, float]]:
    """Begin and end (s) of each labelled turn of a shipped dialogue."""
    labels = json.loads((TESTES / "dados" / "balcao" / f"{name}.json").read_text(encoding="utf-8"))
    return [(turn["start_s"], turn["end_s"]) for turn in labels["turns"]]


@cache
def read_clean_dialogue() -> Pcm:
    return pcm_from_bytes(b"".join(Decoder(TESTES / "1_input" / f"{CLEAN_DIALOGUE}.webm")))


def phrase(turn: int, seconds: float | None = None, level_db: float = -20.0) -> np.ndarray:
    """A turn of the dialogue without noise, or its first seconds, faded: real speech, which a net hears as such."""
    start_s, end_s = turns_of(CLEAN_DIALOGUE)[turn]
    start = round(start_s * SAMPLE_RATE_HZ)
    end = round((end_s if seconds is None else start_s + seconds) * SAMPLE_RATE_HZ)
    sound = read_clean_dialogue()[start:end].astype(float)
    sound[:160] *= np.linspace(0, 1, 160)
    sound[-400:] *= np.linspace(1, 0, 400)
    return sound * 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))


def place(background: np.ndarray, *pieces: tuple[float, np.ndarray]) -> Pcm:
    """PCM of `background` with each piece added at its second."""
    sound = background.copy()
    for start_s, piece in pieces:
        start = round(start_s * SAMPLE_RATE_HZ)
        sound[start : start + len(piece)] += piece
    return to_pcm(sound)


def read_wav(name: str) -> Pcm:
    """A shipped 16 kHz PCM recording; channels are averaged."""
    with wave.open(str(TESTES / "1_input" / f"{name}.wav")) as file:
        assert file.getframerate() == SAMPLE_RATE_HZ
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())
    return samples.mean(axis=1).astype(np.int16)


def feed(samples: Pcm | bytes, config: PipelineConfig | None = None, sizes: list[int] | None = None) -> list[Segment]:
    """Segments of the sound fed in chunks of `sizes` bytes, over and over; in one chunk without them."""
    pcm = samples if isinstance(samples, bytes) else pcm_to_bytes(samples)
    pipeline = SpeechPipeline(config)
    segments: list[Segment] = []
    position = turn = 0
    while position < len(pcm):
        size = sizes[turn % len(sizes)] if sizes else len(pcm)
        segments += pipeline.feed(pcm[position : position + size])
        position += size
        turn += 1
    return segments + pipeline.flush()


def as_values(segments: list[Segment]) -> list[tuple[object, ...]]:
    """All that a segment is, comparable to the bit."""
    return [(s.index, s.start_sample, s.end_sample, s.cut, s.snr_db, s.samples.tobytes()) for s in segments]


class ScriptedDetector:
    """Says speech where the script says so: `spans` in seconds. Power is that of the samples."""

    def __init__(self, *spans: tuple[float, float], hop_samples: int = 320) -> None:
        self.hop_samples = hop_samples
        self.block_samples = hop_samples * (3 if hop_samples == 512 else 5)
        self._spans = spans
        self._position = 0

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """Nothing is unsaved: all depends on the position."""

    def to_bytes(self) -> bytes:
        return self._position.to_bytes(8, "little")

    def restore(self, data: bytes, blocks: Sequence[Pcm]) -> None:
        self._position = int.from_bytes(data, "little")

    def process(self, block: Pcm, *, in_speech: bool, may_wait: bool) -> Hops:
        times_s = (self._position + np.arange(0, len(block), self.hop_samples)) / SAMPLE_RATE_HZ
        self._position += len(block)
        speech = [any(start <= time < end for start, end in self._spans) for time in times_s]
        return Hops(np.array(speech, dtype=np.float32), (FirstLook(None, passed=True),))

    def finish(self) -> Hops:
        return Hops(np.zeros(0, dtype=np.float32), ())
