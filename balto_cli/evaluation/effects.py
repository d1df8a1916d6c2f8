"""What cutting into segments does to each provider, paired by file in the same run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from balto_cli.evaluation.rates import CuttingEffect
from balto_cli.evaluation.significance import LEVEL, compare_systems, holm
from balto_cli.evaluation.totals import sum_counts
from balto_cli.evaluation.verdicts import cutting_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.evaluation.scores import Score


def cutting_effects(
    whole: Mapping[str, Mapping[str, Score]],
    in_segments: Mapping[str, Mapping[str, Score]],
    units: Mapping[str, str],
) -> tuple[CuttingEffect, ...]:
    """Compare both ways for each provider.

    `whole` and `in_segments` hold its score by file, of the files that it answered completely; the files in both count.
    """
    found = []
    for provider, originals in whole.items():
        cut = in_segments.get(provider, {})
        files = [name for name in originals if name in cut]
        comparison = compare_systems(
            [originals[name].reference_words for name in files],
            [cut[name].errors for name in files],
            [originals[name].errors for name in files],
            [units.get(name, name) for name in files],
        )
        found.append((provider, files, comparison))
    corrected = holm([comparison.p for _, _, comparison in found])
    effects = []
    for (provider, files, comparison), p in zip(found, corrected, strict=True):
        if p >= 1 - LEVEL:
            comparison = replace(comparison, verdict="empate")
        before = sum_counts(whole[provider][name] for name in files)
        after = sum_counts(in_segments[provider][name] for name in files)
        sentence = cutting_sentence(provider, before.wer, after.wer, comparison)
        effects.append(CuttingEffect(provider, len(files), before, after, comparison, p, sentence))
    return tuple(effects)
