"""Transcripts and references in, scores out: who heard what was said, and where the errors lie.

Scoring is pure: text in, numbers out. Only `references` opens files, and only to read what a person wrote.
"""

from __future__ import annotations

from balto_cli.evaluation.normalize import normalize
from balto_cli.evaluation.scores import Score, score_corpus, score_pair

__all__ = ["Score", "normalize", "score_corpus", "score_pair"]
