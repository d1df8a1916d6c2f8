"""What an analysis says, as plain values that every report reads; made by `analysis.analyse`, imported from there.

Rates are sums of errors over sums of words, from 0 to 1 (a WER may pass 1). The unit of all intervals is the file, or
the conversation that the manifest names. Providers are compared on the utterances that all of them have; what that
leaves out is counted in `Coverage`. Times are seconds, money is reais; sentences are Portuguese, for a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from balto_cli.evaluation.alignment import Operation
    from balto_cli.evaluation.latency import LatencySummary
    from balto_cli.evaluation.mapsswe import Mapsswe
    from balto_cli.evaluation.medicine import MedicineError, MedicineErrors
    from balto_cli.evaluation.results import Comparison
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.significance import SystemComparison


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
class Interval:
    """A rate and its 95 % interval over files."""

    value: float | None
    """None where it is undefined: no words, no utterances."""
    low: float | None
    """None, as `high`, where fewer than two files have something to count."""
    high: float | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Calls that gave no transcript, for one reason."""

    reason: str
    """One sentence, as in the workbooks."""
    calls: int


@dataclass(frozen=True, slots=True)
class Inventions:
    """Words that nobody said, told apart from ordinary errors."""

    outside_speech: int | None
    """Words heard where the pipeline heard no speech and that are not right; None where the run cut no segments.

    Segments are speech by definition: there it is 0.
    """
    loops: int
    """Runs of repeated words, as `inventions.find_loops` defines them."""
    loop_words: int
    """Words in the repetitions, the first round left out."""
    untimed_words: int
    """Words without a time, of which nobody can tell whether they lie outside speech."""
    score_without: Score
    """The corpus without those words, on the same utterances as `ProviderScores.score`; its alignment is empty."""

    @property
    def words(self) -> int:
        """All invented words."""
        return (self.outside_speech or 0) + self.loop_words


@dataclass(frozen=True, slots=True)
class ProviderScores:
    """What one provider did in one part, over the utterances that all providers have and that have a reference."""

    provider: str
    score: Score
    """Sum over the files; `wer`, `cer`, `mer`, `wil`, `hits`, `errors`… Its alignment is empty."""
    wer: Interval
    files: int
    """Files counted in `score`."""
    utterances: int
    """Files (originals) or segments counted in `score`."""
    accent_only: int
    """Substitutions where nothing but an accent differs."""
    cut_errors: int
    """Errors at a cut, as `attribution.cut_errors` defines them; 0 for originals."""
    medicine: MedicineErrors
    """Sum over the utterances; `errors` is empty, see `PartAnalysis.medicine`."""
    medicine_wrong: Interval
    """Share of the utterances with at least one medicine error: the headline next to WER."""
    inventions: Inventions
    latency: LatencySummary
    """Seconds of the one attempt that answered, over all calls that answered, with a reference or not."""
    real_time_factor: float | None
    """Seconds of work a second of audio, over the same calls."""
    cost_brl_per_hour: float | None
    """Reais an hour of audio, of the calls that were paid; by the price table where none was; None where unknown."""
    cost_brl: float
    """What the calls of this part cost in this run; answers that were there before cost nothing."""
    lost_brl: float
    """Of `cost_brl`, failed attempts that may have been billed."""
    attempts: int
    calls: int
    """Answers and failures."""
    empty: int
    """Answers without a word."""
    failures: tuple[Failure, ...]
    """Most calls first."""
    revised: Score | None = None
    """After a person's marks; None without a revision."""
    revised_wer: Interval | None = None


@dataclass(frozen=True, slots=True)
class PairResult:
    """Two providers on the same utterances."""

    a: str
    b: str
    comparison: SystemComparison
    """WER of a less WER of b by files; `verdict` is after Holm's correction."""
    p_holm: float
    nist: Mapsswe
    """As NIST's `sc_stats` tests it; reported, decides nothing."""
    sentence: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Utterances that are not in the scores, and why."""

    reason: str
    """`sem referência`, `sem áudio`, `falha de ElevenLabs`, `referência com problema`…"""
    files: int
    """Files that are left out as a whole."""
    utterances: int
    """Files (originals) or segments, those of `files` included."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the comparison of providers rests on."""

    files: int
    files_counted: int
    utterances: int
    utterances_counted: int
    units_counted: int
    """Files or conversations: what the intervals are over."""
    left_out: tuple[LeftOut, ...]
    sentence: str
    """All of it in one sentence."""


@dataclass(frozen=True, slots=True)
class SliceScore:
    """One provider in one slice."""

    provider: str
    score: Score
    """Its alignment is empty."""
    wer: Interval
    medicine_wrong: float | None
    """Share of the slice's utterances with a medicine error."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Utterances that share a property."""

    dimension: str
    """`Qualidade (SNR)`, `Duração`, `Arquivo`, `Hora`, `Ruído (SNR)` (of a noise sweep), or the manifest's header."""
    value: str
    """As people read it."""
    order: float
    """Place of the value among those of its dimension."""
    files: int
    utterances: int
    scores: tuple[SliceScore, ...]
    """In the order of the providers."""


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
class CuttingEffect:
    """What cutting into segments does to one provider, on files that it transcribed both ways."""

    provider: str
    files: int
    whole: Score
    """Originals; its alignment is empty."""
    in_segments: Score
    comparison: SystemComparison
    """a is segments, b originals: a negative difference means that cutting helps."""
    p_holm: float
    """p corrected for the number of providers; `comparison.verdict` is after the correction."""
    sentence: str


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
