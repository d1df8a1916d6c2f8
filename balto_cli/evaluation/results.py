"""What a comparison found, as plain values: files, their segments, and what each provider made of them.

Filled by the run, read by the reports. A failed call is a state with a reason beside an absent text, never a text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.evaluation.scores import Score


class State(StrEnum):
    """How a provider's call ended, spelt as people read it."""

    OK = "ok"
    EMPTY = "vazia"
    """The provider answered, and heard no words."""
    FAILED = "falha"
    NOT_DONE = "não feita"
    """Never asked: the file gave no audio, or this way of transcribing was left out."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one provider made of one file or segment."""

    state: State
    text: str | None = None
    """None unless the provider answered."""
    reason: str = ""
    """Why it failed, one sentence; empty otherwise."""
    score: Score | None = None
    """None without an answer or without a reference."""
    sent_as: str = ""
    """What the provider was sent, as `Transcript.sent_as`; empty unless it answered."""

    @property
    def accuracy(self) -> float | None:
        """`max(0, 1 - WER)`; None where there is no WER."""
        if self.score is None or self.score.wer is None:
            return None
        return max(0.0, 1.0 - self.score.wer)


NOT_DONE = Outcome(State.NOT_DONE)


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """One segment of a file."""

    name: str
    start_s: float
    end_s: float
    snr_db: float | None
    """Signal-to-noise ratio; None where no noise could be measured beside it."""
    reference: str | None
    """Its share of the file's reference; None where the file has none."""
    outcomes: Mapping[str, Outcome]
    """By provider; a provider that is absent was not asked."""

    @property
    def duration_s(self) -> float:
        """Length of the segment."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class FileResult:
    """One input file, whether or not it gave audio."""

    name: str
    """Path relative to the input folder, as people see it."""
    duration_s: float | None
    """None where the file gave no audio."""
    problem: str = ""
    """Why the file gave no audio, one sentence; empty if it did."""
    remarks: tuple[str, ...] = ()
    """What a person should know of it: cut off, one dead channel, no reference..."""
    reference: str | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """Of the file as a whole, by provider; a provider that is absent was not asked."""
    segments: tuple[SegmentResult, ...] = ()
    """In order of time."""
    cut: bool = True
    """Whether it was cut into segments; then none means that no speech was found."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that one `compare` found."""

    providers: tuple[str, ...]
    """Spelt as in the workbooks; the first one is the one whose accuracy stands alone."""
    files: tuple[FileResult, ...]
    """In the order of the workbooks' rows."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run spent at one provider; answers that were there before cost nothing."""

    provider: str
    attempts: int
    """Times that it was asked, failed ones included."""
    answered_brl: float
    lost_brl: float
    """Of failed attempts that may have been billed."""

    @property
    def total_brl(self) -> float:
        """All that the provider may bill."""
        return self.answered_brl + self.lost_brl
