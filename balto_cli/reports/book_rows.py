"""The rows of a workbook: every file or segment of one part, with what counts in the totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.results import NOT_DONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from balto_cli.evaluation.findings import Analysis, PartAnalysis
    from balto_cli.evaluation.results import FileResult, Outcome, SegmentResult


@dataclass(frozen=True, slots=True)
class BookRow:
    """One file as a whole, or one segment of it."""

    file: FileResult
    part: SegmentResult | None
    """None for the file as a whole."""
    counted: bool
    """Whether it is in the totals: it has a reference, and an answer of every provider that is compared."""
    errors: Mapping[str, int]
    """In the totals, by provider: the errors of the file's alignment that lie here.

    Empty where it is not counted; a provider that answered nothing at all is absent.
    """
    medicine_errors: Mapping[str, int]
    """The same of medicine errors."""
    disagreement_rate: float | None
    """As `Disagreement.rate`; None where fewer than two providers answered."""

    @property
    def segment(self) -> str:
        """Name of the segment; "" for the file as a whole."""
        return self.part.name if self.part else ""

    @property
    def key(self) -> tuple[str, str]:
        """File and segment."""
        return self.file.name, self.segment

    @property
    def reference(self) -> str | None:
        """What was said; None where nobody wrote it down."""
        return self.part.reference if self.part else self.file.reference

    @property
    def start_s(self) -> float:
        """Where it begins in the file."""
        return self.part.start_s if self.part else 0.0

    def outcome(self, provider: str) -> Outcome:
        """What a provider made of it."""
        return (self.part.outcomes if self.part else self.file.outcomes).get(provider, NOT_DONE)

    @property
    def words(self) -> int | None:
        """Words of the reference; None where no answer was scored."""
        outcomes = (self.part.outcomes if self.part else self.file.outcomes).values()
        return next((outcome.score.reference_words for outcome in outcomes if outcome.score), None)


def book_rows(analysis: Analysis, part: PartAnalysis) -> list[BookRow]:
    """All rows of a part, in order of file and time."""
    compared = [scores.provider for scores in part.providers if scores.files]
    errors = _errors_by_place(part)
    medicine: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for finding in part.medicine:
        medicine[finding.file, finding.segment][finding.provider] += 1
    disagreements = {(found.file, found.segment): found.rate for found in part.disagreements}
    rows = []
    for file in analysis.comparison.files:
        in_totals = bool(compared) and all((file.name, name) in part.files for name in compared)
        pieces: Sequence[SegmentResult | None] = file.segments if part.part is Part.SEGMENTS else (None,)
        for piece in pieces:
            key = file.name, piece.name if piece else ""
            outcomes = piece.outcomes if piece else file.outcomes
            counted = in_totals and all(name in outcomes and outcomes[name].score is not None for name in compared)
            rows.append(
                BookRow(
                    file=file,
                    part=piece,
                    counted=counted,
                    errors={name: errors[key][name] for name in compared} if counted else {},
                    medicine_errors={name: medicine[key][name] for name in compared} if counted else {},
                    disagreement_rate=disagreements.get(key),
                )
            )
    return rows


def _errors_by_place(part: PartAnalysis) -> Mapping[tuple[str, str], Counter[str]]:
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (file, provider), found in part.files.items():
        if part.part is Part.ORIGINALS:
            counts[file, ""][provider] = found.score.errors
        else:
            for place in found.places:
                counts[file, place.segment][provider] += 1
    return counts
