"""How sure a word error rate is, and a difference between two providers.

Segments of a file share speaker, noise and subject, so they are no independent observations: the unit is the file. All
intervals are t intervals over files, with the delete-one jackknife's standard error of the pooled rate (Tukey, 1958;
Efron and Tibshirani, 1993, chapter 11). Nothing is drawn at random: the same counts give the same answer.

A rate's interval is taken on the scale of its logarithm, since files' rates are skewed: there its coverage is within a
point of that of a studentised bootstrap over files, and it is narrower. Errors are counts, so a standard error is never
taken to be smaller than that of a Poisson count; files that happen to agree do not make a provider certain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Counts = NDArray[np.float64]

FEW_FILES = 10
"""Below this number of files a verdict is to be read with care."""

LEVEL = 0.95
POWER = 0.8
"""How likely the estimated number of files is to settle a difference as large as the one seen."""

MOST_FILES = 100_000
"""Differences that would take more files than this are as good as none."""

Verdict = Literal["a", "b", "empate"]


@dataclass(frozen=True, slots=True)
class SystemComparison:
    """What the same segments say of two providers, a and b."""

    difference: float | None
    """WER of a less WER of b; negative where a is better. None where no word was said."""
    low: float | None
    """Interval of the difference at the level asked for; None under two files with words."""
    high: float | None
    p: float
    """Of the two-sided paired t test over files; 1 where nothing can be tested."""
    verdict: Verdict
    """The better provider, the one with the lower WER; "empate" where the data carry no winner."""
    files: int
    """Files with a word said or an error made."""
    few_files: bool
    files_needed: int | None
    """Files in all, like these, that would show a difference as large as this one four times out of five.

    None where it is settled, where there is no difference or no interval, and beyond `MOST_FILES`.
    """


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """Two providers by name, compared as one of several pairs."""

    a: str
    b: str
    comparison: SystemComparison
    """Difference, interval and p of this pair alone; verdict and files needed are after the correction."""
    p_holm: float
    """p corrected for the number of pairs."""


def wer_interval(
    errors: ArrayLike, words: ArrayLike, files: Sequence[Hashable], level: float = LEVEL
) -> tuple[float, float] | tuple[None, None]:
    """Interval of the pooled word error rate, errors over words said.

    `errors`, `words` and `files` have one entry a segment; `files` names the file (or conversation) of each. Neither
    limit is negative; the upper one is at most 1, or the highest rate of a file where that is more. (None, None) where
    fewer than two files have words.
    """
    import numpy as np
    from scipy.special import stdtrit

    errors_by_file, words_by_file = _by_file(files, errors, words)
    if np.count_nonzero(words_by_file) < 2:
        return None, None
    all_errors, all_words = float(errors_by_file.sum()), float(words_by_file.sum())
    # Half an error keeps the logarithm finite where no other file has one.
    left_out = np.log((all_errors - errors_by_file + 0.5) / (all_words - words_by_file))
    deviation = max(_jackknife_deviation(left_out), 1 / math.sqrt(all_errors + 0.5))
    reach = float(stdtrit(len(left_out) - 1, (1 + level) / 2)) * deviation
    spoken = words_by_file > 0
    ceiling = max(1.0, float((errors_by_file[spoken] / words_by_file[spoken]).max()), all_errors / all_words)
    high = math.log((all_errors + 0.5) / all_words) + reach
    return all_errors / all_words * math.exp(-reach), ceiling if high > math.log(ceiling) else math.exp(high)


def compare_systems(
    reference_words: ArrayLike,
    errors_a: ArrayLike,
    errors_b: ArrayLike,
    files: Sequence[Hashable],
    level: float = LEVEL,
) -> SystemComparison:
    """Compare two providers on the same segments: paired by segment, summed by file, tested over files.

    All four have one entry a segment. The winner named is the provider with the lower WER, and only where the interval
    of the difference leaves out zero.
    """
    return _judged(_difference(reference_words, errors_a, errors_b, files), level)


def compare_all(
    names: Sequence[str],
    words: ArrayLike,
    errors_by_name: Mapping[str, ArrayLike],
    files: Sequence[Hashable],
    level: float = LEVEL,
) -> tuple[PairVerdict, ...]:
    """Compare every two providers, in the order of `names`, with Holm's correction for the number of pairs.

    `words` and `files` have one entry a segment, and so have each provider's errors.
    """
    pairs = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    differences = [_difference(words, errors_by_name[a], errors_by_name[b], files) for a, b in pairs]
    alone = [_judged(difference, level) for difference in differences]
    corrected = holm([comparison.p for comparison in alone])
    strictest = 1 - (1 - level) / max(1, len(pairs))
    verdicts = []
    for (a, b), difference, comparison, p in zip(pairs, differences, alone, corrected, strict=True):
        if p >= 1 - level:
            needed = _files_needed(difference, strictest)
            comparison = replace(comparison, verdict="empate", files_needed=needed)
        verdicts.append(PairVerdict(a, b, comparison, p))
    return tuple(verdicts)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p values for their number, in the order given: step-down Bonferroni (Holm, 1979)."""
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return tuple(adjusted)


@dataclass(frozen=True, slots=True)
class _Difference:
    """A difference of rates and how far off it may be; None where that is undefined."""

    value: float | None
    deviation: float | None
    files: int


def _difference(
    reference_words: ArrayLike, errors_a: ArrayLike, errors_b: ArrayLike, files: Sequence[Hashable]
) -> _Difference:
    import numpy as np

    a, b = np.asarray(errors_a, dtype=np.float64), np.asarray(errors_b, dtype=np.float64)
    words, surplus, heard = _by_file(files, reference_words, a - b, a + b)
    count = len(heard)
    all_words = float(words.sum())
    if not all_words:
        return _Difference(None, None, count)
    value = float(surplus.sum()) / all_words
    if np.count_nonzero(words) < 2:
        return _Difference(value, None, count)
    jackknife = _jackknife_deviation((surplus.sum() - surplus) / (all_words - words))
    return _Difference(value, max(jackknife, math.sqrt(float(np.abs(a - b).sum())) / all_words), count)


def _judged(difference: _Difference, level: float) -> SystemComparison:
    from scipy.special import stdtr, stdtrit

    few = difference.files < FEW_FILES
    value, deviation = difference.value, difference.deviation
    if value is None or deviation is None:
        return SystemComparison(value, None, None, 1.0, "empate", difference.files, few, None)
    freedom = difference.files - 1
    reach = float(stdtrit(freedom, (1 + level) / 2)) * deviation
    p = 2 * float(stdtr(freedom, -abs(value) / deviation)) if deviation else 1.0
    verdict: Verdict = "empate" if abs(value) <= reach else "a" if value < 0 else "b"
    needed = _files_needed(difference, level) if verdict == "empate" else None
    return SystemComparison(value, value - reach, value + reach, p, verdict, difference.files, few, needed)


def _files_needed(difference: _Difference, level: float) -> int | None:
    """Smallest number of files whose t test has the power to show this difference, if they scatter as these do."""
    from scipy.special import stdtrit

    if not difference.value or not difference.deviation:
        return None
    scatter = difference.deviation * math.sqrt(difference.files) / abs(difference.value)

    def is_enough(count: int) -> bool:
        freedom = count - 1
        reach = float(stdtrit(freedom, (1 + level) / 2)) + float(stdtrit(freedom, POWER))
        return reach * scatter <= math.sqrt(count)

    if not is_enough(MOST_FILES):
        return None
    low, high = difference.files, MOST_FILES
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _by_file(files: Sequence[Hashable], *columns: ArrayLike) -> list[Counts]:
    """Sum columns of one entry a segment into one entry a file; files of nothing but zeros are left out."""
    import numpy as np

    numbers: dict[Hashable, int] = {}
    index = np.array([numbers.setdefault(file, len(numbers)) for file in files], dtype=np.intp)
    weights = [np.asarray(column, dtype=np.float64) for column in columns]
    sums = [np.bincount(index, weight, len(numbers)).astype(np.float64) for weight in weights]
    used = np.any([column != 0 for column in sums], axis=0)
    return [column[used] for column in sums]


def _jackknife_deviation(left_out: Counts) -> float:
    """Standard error of an estimate from its values with one file left out each."""
    count = len(left_out)
    return math.sqrt((count - 1) / count * float(((left_out - left_out.mean()) ** 2).sum()))
