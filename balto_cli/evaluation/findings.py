"""What an analysis says, as plain values that every report reads; made by `analysis.analyse`.

Its rates stand in `rates`, the single errors in `places`, what the calls took in `effort`. Times are seconds, money is
reais; sentences are Portuguese, for a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from balto_cli.evaluation.places import (
        Confusion,
        Disagreement,
        FileErrors,
        Invention,
        MedicineFinding,
        SevereError,
        Suspect,
    )
    from balto_cli.evaluation.rates import Coverage, CuttingEffect, PairResult, ProviderScores, Slice
    from balto_cli.evaluation.results import Comparison


class Part(StrEnum):
    """The two ways to transcribe a file."""

    ORIGINALS = "originais"
    SEGMENTS = "segmentos"


class Mark(StrEnum):
    """What a person says of one provider's text in the Revisão column."""

    WRONG_REFERENCE = "referência errada"
    """The utterance is left out, for all providers."""
    ACCEPTABLE = "aceitável"
    """The text counts as having no error."""
    SEVERE = "erro grave"
    """Counted as it is, and listed."""


RevisionKey = tuple[str, str, str]
"""File name, segment name ("" for the original as a whole), provider; as the workbooks spell them."""


@dataclass(frozen=True, slots=True)
class PartAnalysis:
    """One way of transcribing, all providers."""

    part: Part
    providers: tuple[ProviderScores, ...]
    """In the order of the command line."""
    pairs: tuple[PairResult, ...]
    coverage: Coverage
    verdict: str
    """The outcome in one sentence, or why there is none."""
    winner: str | None
    """The provider that is better than every other one; None where the data carry none."""
    slices: tuple[Slice, ...]
    """In order of dimension and value."""
    medicine: tuple[MedicineFinding, ...]
    """In order of file and time."""
    inventions: tuple[Invention, ...]
    """Most words first; of files without a reference too."""
    confusions: tuple[Confusion, ...]
    """Most frequent first, those of medicines before others of the same count."""
    suspects: tuple[Suspect, ...]
    """Those of medicines first, then in order of file and time."""
    disagreements: tuple[Disagreement, ...]
    """Most disagreement first; empty with one provider."""
    files: Mapping[tuple[str, str], FileErrors]
    """By file and provider; only those counted in the scores."""
    severe: tuple[SevereError, ...] = ()

    def provider(self, name: str) -> ProviderScores:
        """Scores of one provider. Raises KeyError."""
        for scores in self.providers:
            if scores.provider == name:
                return scores
        raise KeyError(name)

    def transcribe_first(self) -> tuple[Disagreement, ...]:
        """Utterances without a reference, in the order in which a person should transcribe them."""
        return tuple(found for found in self.disagreements if not found.has_reference)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Where the numbers come from."""

    name: str
    """`2026-11-03_101500`."""
    started_at: datetime
    ended_at: datetime | None
    settings: Mapping[str, Any]
    """What was asked, as plain JSON: providers, pipeline, parts."""
    made_by: Mapping[str, str]
    """Versions when the run was made: `balto`, and short hashes of `catalogo` (medicines) and `normalizacao`."""
    judged_by: Mapping[str, str]
    """The same when it was judged."""
    reais_per_dollar: float | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that a run says."""

    run: RunInfo
    comparison: Comparison
    """Texts, states and scores of every file and segment, in the order of the workbooks."""
    unit: Literal["arquivo", "conversa"]
    """What the intervals are over."""
    parts: Mapping[Part, PartAnalysis]
    """Those that the run asked for."""
    cutting: tuple[CuttingEffect, ...]
    """Empty unless both parts were asked for."""
    details: Mapping[str, Mapping[str, str]]
    """Columns of the manifest by file name; a file without any is absent."""
    revised: bool = False
    """Whether a person's marks went into `ProviderScores.revised`."""
    remarks: tuple[str, ...] = ()
    """What a reader should know of the whole, one sentence each."""
    audio: Mapping[str, str] = field(default_factory=dict)
    """Path of each recording by file name, as the run found it; may be gone."""

    @property
    def main_part(self) -> PartAnalysis:
        """Segments where there are any, which is what a counter hears; else the originals."""
        return self.parts[Part.SEGMENTS if Part.SEGMENTS in self.parts else Part.ORIGINALS]
