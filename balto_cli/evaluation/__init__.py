"""Transcripts and references in, scores out: who heard what was said, and where the errors lie.

Scoring is pure: text in, numbers out. Only `references` opens files, and only to read what a person wrote.
"""

from __future__ import annotations

from balto_cli.evaluation.mapsswe import Mapsswe, mapsswe
from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.scores import Score, score_corpus, score_pair
from balto_cli.evaluation.significance import (
    PairVerdict,
    SystemComparison,
    compare_all,
    compare_systems,
    holm,
    wer_interval,
)

__all__ = [
    "Mapsswe",
    "PairVerdict",
    "Score",
    "SystemComparison",
    "compare_all",
    "compare_systems",
    "holm",
    "mapsswe",
    "normalize",
    "score_corpus",
    "score_pair",
    "wer_interval",
]
