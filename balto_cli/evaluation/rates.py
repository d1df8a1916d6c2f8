"""Rates of an analysis with how sure they are: of providers, pairs of them, slices; and what they rest on.

Rates are sums of errors over sums of words, from 0 to 1 (a WER may pass 1). The unit of all intervals is the file, or
the conversation that the manifest names. Providers are compared on the utterances that all of them have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from balto_cli.evaluation.latency import LatencySummary
    from balto_cli.evaluation.mapsswe import Mapsswe
    from balto_cli.evaluation.medicine import MedicineErrors
    from balto_cli.evaluation.scores import Score
    from balto_cli.evaluation.significance import SystemComparison


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate and its 95 % interval over files."""

    value: float | None
    """None where it is undefined: no words, no utterances."""
    low: float | None
    """None, as `high`, where fewer than two files have something to count."""
    high: float | None


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
class Failure:
    """Calls that gave no transcript, for one reason."""

    reason: str
    """One sentence, as in the workbooks."""
    calls: int


@dataclass(frozen=True, slots=True)
class Effort:
    """What the calls of one provider in one part took."""

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

    @property
    def failed(self) -> int:
        """Calls that gave no transcript."""
        return sum(failure.calls for failure in self.failures)


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
    effort: Effort
    """Of all calls of the part, with a reference or not."""
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
