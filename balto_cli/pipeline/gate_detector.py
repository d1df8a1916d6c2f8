"""Speech without a net: webrtcvad's verdict and the adaptive energy gate, weighed together and smoothed.

The detector of the profile `leve`, for a machine too small for more. Hears raw sound in blocks of 100 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_to_bytes
from balto_cli.pipeline.bands import BLOCK_SAMPLES, HOP_SAMPLES, BandFeatures, EnergyGate
from balto_cli.pipeline.detector import Floats, Hops
from balto_cli.pipeline.listener import FirstLook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.audio.pcm import Pcm


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
        self._webrtc = _new_webrtc()
        self._gate = EnergyGate()
        self._weights = model.weights
        self._bias = np.float32(model.bias)
        self._mean = np.full(_SMOOTHED_HOPS, 1 / _SMOOTHED_HOPS, dtype=np.float32)
        self._logits = np.full(_SMOOTHED_HOPS - 1, _QUIET_LOGIT, dtype=np.float32)
        self._skip = _DELAY_HOPS
        self._coming_look = FirstLook(None, passed=True)

    def features(self, block: Pcm) -> tuple[Floats, BandFeatures]:
        """What the model weighs, shape (hops, bands + 2), and all that the gate saw. Moves the stream on."""
        seen = self._gate.process(block)
        return np.column_stack([seen.snr_db, seen.voicing, self._webrtc_flags(block)]), seen

    def process(self, block: Pcm, *, in_speech: bool, may_wait: bool) -> Hops:
        """Take `block_samples` samples; return as many hops, those of 100 ms before."""
        features, seen = self.features(block)
        # The hops that this block settles are those of the block before.
        look, self._coming_look = self._coming_look, FirstLook(float(features[:, -1].mean()), passed=True)
        logits = features @ self._weights + self._bias
        logits[seen.spread < TONE_SPREAD] = _QUIET_LOGIT
        return Hops(self._smooth(logits), (look,))

    def finish(self) -> Hops:
        """Score the hops whose future never came as if quiet followed."""
        return Hops(self._smooth(np.full(_DELAY_HOPS, _QUIET_LOGIT, dtype=np.float32)), (self._coming_look,))

    def renew(self, blocks: Sequence[Pcm]) -> None:
        """See `Detector.renew`: webrtcvad cannot be saved, and the gate's floors are rounded as they are saved."""
        self._gate.round()
        self._webrtc = _new_webrtc()
        for block in blocks:
            self._webrtc_flags(block)

    def to_bytes(self) -> bytes:
        """See `Detector.to_bytes`: the hops held back and the gate's floors, 0.7 KB."""
        return bytes([self._skip]) + self._logits.astype("<f4").tobytes() + self._gate.to_bytes()

    def restore(self, data: bytes, blocks: Sequence[Pcm]) -> None:
        """See `Detector.restore`."""
        self._skip = data[0]
        self._logits = np.frombuffer(data, "<f4", _SMOOTHED_HOPS - 1, 1).astype(np.float32)
        self._gate.restore(data[1 + 4 * (_SMOOTHED_HOPS - 1) :], blocks[-1])
        self.renew(blocks)

    def _webrtc_flags(self, block: Pcm) -> Floats:
        pcm = memoryview(pcm_to_bytes(block))
        hop_bytes = HOP_SAMPLES * 2
        hops = (pcm[start : start + hop_bytes] for start in range(0, len(pcm), hop_bytes))
        return np.array([self._webrtc.is_speech(hop, SAMPLE_RATE_HZ) for hop in hops], dtype=np.float32)

    def _smooth(self, logits: Floats) -> Floats:
        logits = np.concatenate([self._logits, logits])
        self._logits = logits[-(_SMOOTHED_HOPS - 1) :]
        means: Floats = np.convolve(logits, self._mean, mode="valid").astype(np.float32, copy=False)
        settled = len(means)
        # The first hops out of the smoothing stand for the time before the stream began.
        skip, self._skip = min(self._skip, settled), max(0, self._skip - settled)
        score: Floats = np.reciprocal(1 + np.exp(-means))
        return score[skip:]


def _new_webrtc() -> Any:
    import webrtcvad

    return webrtcvad.Vad(WEBRTC_MODE)
