"""Where the weights of the profile `leve` (`pipeline/gate_detector.py`, `GATE_MODEL`) come from.

`python -m testes.bench.fit_gate [PASTA]` fits logistic regression to the labelled recordings of `vad` and `vad-real`,
each of them twice, as it is and through a telephone's band, and prints the model. Then it scores every recording by a
model fitted to the others, so that the numbers are not those of the recordings that taught it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.optimize import minimize
from scipy.signal import butter, sosfilt

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm
from balto_cli.pipeline import PipelineConfig
from balto_cli.pipeline.bands import BANDS, HOP_SAMPLES
from balto_cli.pipeline.gate_detector import GateDetector, GateModel
from testes.bench.vad import DEFAULT_DATA, SETS, read_flac, run_pipeline, score

SMOOTHED_HOPS = 11
RIDGE = 1e-3
TELEPHONE_HZ = (250, 3400)


@dataclass(frozen=True)
class Recording:
    """A labelled recording; features and labels hold one row a hop, the telephone's after its own."""

    set_name: str
    name: str
    samples: Pcm
    features: np.ndarray
    speech: np.ndarray


def features_of(samples: Pcm) -> np.ndarray:
    detector = GateDetector()
    size = detector.block_samples
    blocks = (samples[start : start + size] for start in range(0, len(samples) - size + 1, size))
    return uniform_filter1d(np.concatenate([detector.features(block)[0] for block in blocks]), SMOOTHED_HOPS, axis=0)


def load(data: Path, set_name: str) -> list[Recording]:
    telephone = butter(8, TELEPHONE_HZ, "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    recordings = []
    for name, labels in json.loads((data / set_name / "labels.json").read_text(encoding="utf-8")).items():
        samples = read_flac(data / set_name / f"{name}.flac")
        narrow = np.clip(sosfilt(telephone, samples), -32_768, 32_767).astype(np.int16)
        features = features_of(samples)
        times_s = np.arange(len(features)) * HOP_SAMPLES / SAMPLE_RATE_HZ
        speech = np.any([(times_s >= start) & (times_s < end) for start, end in labels["speech"] or [(0, 0)]], axis=0)
        both = np.concatenate([features, features_of(narrow)])
        recordings.append(Recording(set_name, name, samples, both, np.tile(speech, 2)))
    return recordings


def fit(recordings: list[Recording]) -> GateModel:
    features = np.concatenate([recording.features for recording in recordings]).astype(float)
    sign = np.where(np.concatenate([recording.speech for recording in recordings]), 1.0, -1.0)
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    table = np.column_stack([(features - mean) / deviation, np.ones(len(features))])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (table @ weights)
        wrong = 1 / (1 + np.exp(np.clip(margin, -30, 30)))
        value = np.logaddexp(0, -margin).mean() + RIDGE * weights @ weights
        return value, 2 * RIDGE * weights - table.T @ (sign * wrong) / len(sign)

    found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / deviation
    return GateModel(
        bands=tuple(weights[:BANDS].tolist()),
        voicing=float(weights[BANDS]),
        webrtc=float(weights[BANDS + 1]),
        bias=float(found[-1] - weights @ mean),
    )


def main(arguments: list[str]) -> None:
    data = Path(arguments[0]) if arguments else DEFAULT_DATA
    recordings = [recording for name in SETS for recording in load(data, name)]
    model = fit(recordings)
    bands = ", ".join(f"{weight:.2f}" for weight in model.bands)
    print(f"bands=({bands}), voicing={model.voicing:.1f}, webrtc={model.webrtc:.1f}, bias={model.bias:.2f}")
    config = replace(PipelineConfig.leve(), reduction=0.0)
    for set_name in SETS:
        segments = {}
        for recording in recordings:
            if recording.set_name == set_name:
                others = fit([other for other in recordings if other is not recording])
                segments[recording.name], _ = run_pipeline(recording.samples, config, GateDetector(others))
        scores = score(data, set_name, segments)
        print(
            f"{set_name}: F1 {scores['f1']:.3f}, inteiras {100 * scores['hit_rate']:.0f} %, "
            f"corte p95 {scores['clipped_ms_p95']:.0f} ms, falsa {scores['false_s_per_h']:.0f} s/h"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
