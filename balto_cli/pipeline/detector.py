"""What in the raw sound is speech: a score for every hop.

A detector is anything that satisfies `Detector`: blocks in, scored hops out, in order, each once, perhaps some hops
later than they were heard. `GateDetector` (profile `leve`) needs no net: webrtcvad's verdict and the adaptive energy
gate, weighed together and smoothed. Both hear raw sound; what the provider hears is settled elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes
from balto_cli.pipeline.bands import BLOCK_SAMPLES, HOP_SAMPLES, BandFeatures, EnergyGate, Floats

if TYPE_CHECKING:
    from balto_cli.audio.pcm import Pcm


class Hops(NamedTuple):
    """The next hops that a detector has made up its mind on; both arrays have shape (hops,)."""

    score: Floats
    """How sure the detector is of speech, 0 to 1."""
    power: Floats
    """Power between 100 Hz and 7 kHz; a full-scale square wave is 1."""


class Detector(Protocol):
    """Scores speech in blocks of raw sound. Holds the state of one stream."""

    @property
    def hop_samples(self) -> int:
        """Samples that one score is for."""

    @property
    def block_samples(self) -> int:
        """Samples of every block, a multiple of `hop_samples`."""

    def process(self, block: Pcm) -> Hops:
        """Take the next block; return the hops that it settled, the oldest first."""

    def finish(self) -> Hops:
        """End of audio: return the hops still held back."""


@dataclass(frozen=True, slots=True)
class GateModel:
    """Logistic regression over what the gate and webrtcvad say of a hop."""

    bands: tuple[float, ...]
    """A dB over the floor, for each band of `bands.BAND_EDGES_HZ`."""
    voicing: float
    webrtc: float
    """For webrtcvad's flag."""
    bias: float

    @property
    def weights(self) -> Floats:
        """Bands, voicing, webrtcvad: shape (bands + 2,), as `GateDetector.features` has its columns."""
        return np.array([*self.bands, self.voicing, self.webrtc], dtype=np.float32)


GATE_MODEL = GateModel(
    bands=(0.06, 0.34, 0.01, -0.24, -0.04, -0.07, 0.24, -0.04),
    voicing=10.4,
    webrtc=2.7,
    bias=-6.09,
)
"""Found by `testes/bench/fit_gate.py`, which also scores every recording by a model of the others."""

WEBRTC_MODE = 2
"""0 to 3. Mode 3 misses reverberant speech."""

TONE_SPREAD = 4.2
"""A hop whose spectrum is carried by fewer bins is a beep; one hop in a hundred of clean speech is as narrow."""

_SMOOTHED_HOPS = 11
_DELAY_HOPS = _SMOOTHED_HOPS // 2
_QUIET_LOGIT = -4.0


class GateDetector:
    """webrtcvad and the energy gate as one score, averaged over 220 ms around the hop; so it comes 100 ms late."""

    hop_samples = HOP_SAMPLES
    block_samples = BLOCK_SAMPLES

    def __init__(self, model: GateModel = GATE_MODEL) -> None:
        import webrtcvad

        self._webrtc = webrtcvad.Vad(WEBRTC_MODE)
        self._gate = EnergyGate()
        self._weights = model.weights
        self._bias = np.float32(model.bias)
        self._mean = np.full(_SMOOTHED_HOPS, 1 / _SMOOTHED_HOPS, dtype=np.float32)
        self._logits = np.full(_SMOOTHED_HOPS - 1, _QUIET_LOGIT, dtype=np.float32)
        self._powers = np.zeros(_DELAY_HOPS, dtype=np.float32)
        self._skip = _DELAY_HOPS

    def features(self, block: Pcm) -> tuple[Floats, BandFeatures]:
        """What the model weighs, shape (hops, bands + 2), and all that the gate saw. Moves the stream on."""
        seen = self._gate.process(block)
        return np.column_stack([seen.snr_db, seen.voicing, self._webrtc_flags(block)]), seen

    def process(self, block: Pcm) -> Hops:
        """Take `block_samples` samples; return as many hops, those of 100 ms before."""
        features, seen = self.features(block)
        logits = features @ self._weights + self._bias
        logits[seen.spread < TONE_SPREAD] = _QUIET_LOGIT
        return self._smooth(logits, seen.power)

    def finish(self) -> Hops:
        """Score the hops whose future never came as if quiet followed."""
        return self._smooth(np.full(_DELAY_HOPS, _QUIET_LOGIT, dtype=np.float32), np.zeros(_DELAY_HOPS, np.float32))

    def _webrtc_flags(self, block: Pcm) -> Floats:
        pcm = memoryview(pcm_to_bytes(block))
        hop_bytes = HOP_SAMPLES * 2
        hops = (pcm[start : start + hop_bytes] for start in range(0, len(pcm), hop_bytes))
        return np.array([self._webrtc.is_speech(hop, SAMPLE_RATE_HZ) for hop in hops], dtype=np.float32)

    def _smooth(self, logits: Floats, powers: Floats) -> Hops:
        logits = np.concatenate([self._logits, logits])
        powers = np.concatenate([self._powers, powers])
        self._logits = logits[-(_SMOOTHED_HOPS - 1) :]
        self._powers = powers[-_DELAY_HOPS:]
        means: Floats = np.convolve(logits, self._mean, mode="valid").astype(np.float32, copy=False)
        settled = len(means)
        # The first hops out of the smoothing stand for the time before the stream began.
        skip, self._skip = min(self._skip, settled), max(0, self._skip - settled)
        score: Floats = np.reciprocal(1 + np.exp(-means))
        return Hops(score=score[skip:], power=powers[:settled][skip:])
