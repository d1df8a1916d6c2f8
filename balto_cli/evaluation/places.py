"""Where something was heard wrong, one by one: errors, inventions, disagreements, suspect references.

Times are seconds in the file; words are in normalised spelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from balto_cli.evaluation.alignment import Operation
    from balto_cli.evaluation.medicine import MedicineError
    from balto_cli.evaluation.scores import Score


@dataclass(frozen=True, slots=True)
class MedicineFinding:
    """One medicine error with its place."""

    file: str
    segment: str
    """"" for the original as a whole."""
    provider: str
    error: MedicineError
    start_s: float
    """Of the utterance, in the file."""
    end_s: float


@dataclass(frozen=True, slots=True)
class Invention:
    """Invented words that stand together."""

    file: str
    segment: str
    provider: str
    kind: Literal["fora da fala", "repetição"]
    words: str
    """Normalised; of a repetition, one round."""
    count: int
    """Words invented."""
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """A word heard as another, in normalised spelling."""

    said: str
    heard: str
    count: int
    by_provider: Mapping[str, int]
    """Providers without it are absent."""
    is_medicine: bool
    """Whether either word belongs to a medicine's name."""
    accent_only: bool


@dataclass(frozen=True, slots=True)
class Suspect:
    """A place where all providers heard the same, and the reference says something else."""

    file: str
    segment: str
    """Where it lies; "" for originals."""
    said: str
    """Words of the reference; "" where all heard words that it does not have."""
    heard: str
    """What all heard in their place; "" where nobody heard them."""
    before: str
    """Up to three words of the reference before, and `after`, to find the place."""
    after: str
    start_s: float
    end_s: float
    is_medicine: bool


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How far apart the providers are on one utterance, whatever its reference says."""

    file: str
    segment: str
    """"" for the original as a whole."""
    rate: float
    """Words that differ between two providers over the words of the longer text, pooled over all pairs; 0 to 1."""
    differing_words: int
    """Summed over the pairs."""
    medicines: tuple[str, ...]
    """Medicine names that some heard and some did not."""
    has_reference: bool


@dataclass(frozen=True, slots=True)
class ErrorPlace:
    """One error of one provider with its time in the file."""

    start_s: float
    end_s: float
    operation: Operation
    said: str | None
    heard: str | None
    segment: str
    """Name of the segment; "" for originals."""
    at_cut: bool


@dataclass(frozen=True, slots=True)
class FileErrors:
    """Where the errors of a provider lie in a file."""

    file: str
    provider: str
    unit: str
    """The file's conversation where the manifest names one, else the file."""
    score: Score
    """Of the file in this part; its alignment is the file's."""
    utterances: int
    medicine_wrong: int
    """Utterances with a medicine error."""
    places: tuple[ErrorPlace, ...]
    """In order of time."""


@dataclass(frozen=True, slots=True)
class SevereError:
    """A text that a person marked as a severe error."""

    file: str
    segment: str
    provider: str
    reference: str
    text: str
