"""Errors of simulated providers with a known rate, whose segments share their file's difficulty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SEGMENTS_A_FILE = 20


@dataclass(frozen=True, eq=False)
class Simulated:
    """One entry a segment; of errors a row a trial."""

    words: np.ndarray
    errors: list[np.ndarray]
    """Of each provider."""
    files: np.ndarray
    """Number of the file that each segment is of."""


def simulate(
    files: int,
    wers: tuple[float, ...],
    *,
    trials: int,
    spread: float = 0.5,
    own: float = 0.0,
    uneven: bool = False,
    seed: int = 0,
) -> Simulated:
    """Draw the errors of providers with the rates `wers`.

    The difficulty of a file is log-normal with mean 1, `spread` the standard deviation of its logarithm; `own` is the
    same for what a file means to one provider alone. Files have 20 segments of 8 to 32 words, or, `uneven`, 5 to 40.
    """
    source = np.random.default_rng(seed)
    sizes = source.integers(5, 2 * SEGMENTS_A_FILE + 1, files) if uneven else np.full(files, SEGMENTS_A_FILE)
    file_of_segment = np.repeat(np.arange(files), sizes)
    words = source.integers(8, 33, len(file_of_segment))

    def difficulty(deviation: float) -> np.ndarray:
        drawn: np.ndarray = np.exp(deviation * source.standard_normal((trials, files)) - deviation**2 / 2)
        return drawn[:, file_of_segment]

    shared = difficulty(spread)
    errors = [source.poisson(wer * shared * difficulty(own) * words) for wer in wers]
    return Simulated(words, errors, file_of_segment)
