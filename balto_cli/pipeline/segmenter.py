"""Cuts scored hops into segments at pauses.

A finite automaton that knows hops and nothing of audio: scores enter `Segmenter.push` one at a time, and a `Cut` comes
out when its closing pause has lasted `close_after_ms`, or when the longest length is reached, at the quietest point of
the last seconds. Cuts tile: none begins before the one before it has ended.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.pipeline.edges import FRAME_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from balto_cli.pipeline.config import PipelineConfig

CutKind: TypeAlias = Literal["pausa", "limite", "fim"]
"""Why a segment ended: a pause, the longest length, the end of the audio."""

_LONGEST_RUN_HOPS = 32
"""A murmur that never gets sure holds no more sound than this."""
_EDGE_HOPS = 3
"""Hops kept clear of a forced cut, so that the sound on both of its sides is known."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a segment lies, in samples of the stream, and where in it the detector heard speech."""

    start: int
    end: int
    kind: CutKind
    speech_start: int
    speech_end: int
    continued: bool
    """Whether it goes on at once where a forced cut ended the one before."""


@dataclass(frozen=True, slots=True)
class _Hop:
    start: int
    speech: bool


class Segmenter:
    """The automaton. Closed: waits for a run of sure hops. Open: waits for a pause or for the longest length."""

    def __init__(
        self, config: PipelineConfig, hop_samples: int, hop_powers: Callable[[int, int], Sequence[float]]
    ) -> None:
        """`hop_powers(start, hops)` is the power of each of `hops` hops from sample `start` on, all of them heard."""
        self._config = config
        self._hop_powers = hop_powers
        self._hop = hop_samples
        self._open_hops = max(1, round(config.open_after_ms * SAMPLE_RATE_HZ / 1000 / hop_samples))
        self._close_samples = _samples(config.close_after_ms / 1000)
        self._pre_roll = _samples(config.pre_roll_ms / 1000)
        self._post_roll = _samples(config.post_roll_ms / 1000)
        self._min_speech = _samples(config.min_speech_ms / 1000)
        self._max_length = _samples(config.max_length_s)
        self._cut_search = _samples(config.cut_search_s)

        self._position = 0
        self._run: list[_Hop] = []
        self._scores = deque([0.0] * self._open_hops, maxlen=self._open_hops)
        self._open: list[_Hop] = []
        self._start = 0
        self._speech_end = 0
        self._continued = False
        self._previous_end = 0

    @property
    def needed_from(self) -> int:
        """The oldest sample that a later cut can still begin with."""
        if self._open:
            return self._start
        return self._begin(self._position - len(self._run) * self._hop)

    @property
    def earliest_cut(self) -> int:
        """The sample up to which hops must be known before any of them can complete a cut."""
        if not self._open:
            return self._position + self._close_samples
        return min(self._speech_end + self._close_samples, self._start + self._max_length)

    def push(self, score: float) -> Cut | None:
        """Take the next hop; return the cut that it completed, if any."""
        hop = _Hop(self._position, score >= self._config.keep_threshold)
        self._position += self._hop
        if not self._open:
            self._wait(hop, score)
            return None
        self._open.append(hop)
        if hop.speech:
            self._speech_end = self._position
        elif self._position - self._speech_end >= self._close_samples:
            return self._close(min(_grid_up(self._speech_end + self._post_roll), _grid(self._position)), "pausa")
        if self._position - self._start >= self._max_length:
            return self._cut_at_quietest()
        return None

    def pass_over(self, scores: Sequence[float]) -> bool:
        """Take hops at once that can neither begin nor end anything; False, and nothing taken, where they might."""
        if self._open or self._run or max(scores, default=0.0) >= self._config.start_threshold:
            return False
        self._position += len(scores) * self._hop
        self._scores.extend(scores)
        return True

    def finish(self, total_samples: int) -> Cut | None:
        """End of audio after `total_samples`: return what was open."""
        if not self._open:
            return None
        return self._close(min(total_samples, _grid_up(self._speech_end + self._post_roll)), "fim")

    @property
    def is_open(self) -> bool:
        """Whether a segment is open."""
        return bool(self._open)

    @property
    def idle(self) -> bool:
        """Whether nothing is open and no run has begun: what is to come depends on nothing but `previous_end`."""
        return not self._open and not self._run

    @property
    def previous_end(self) -> int:
        """Where the next segment begins at the earliest: the end of the last one, or what `renew` left."""
        return self._previous_end

    def go_on_from(self, position: int, previous_end: int) -> None:
        """Become the idle segmenter that stood at `position`."""
        self._position, self._previous_end = position, previous_end

    def renew(self, heard_samples: int) -> None:
        """Of all `heard_samples` so far, let later segments hold no more than the pre-roll, so that little is kept.

        That takes from the next pre-roll only what the detector lags behind, and only if speech begins right now.
        """
        self._previous_end = max(self._previous_end, _grid(heard_samples - self._pre_roll))
        self._scores.extend([0.0] * self._open_hops)

    def end_segment_at(self, end: int) -> None:
        """The segment just cut was made to end earlier or later than the cut said; later ones begin after it."""
        self._previous_end = end

    def _wait(self, hop: _Hop, score: float) -> None:
        """Gather hops that may be speech until the last of them, taken together, surely are."""
        self._scores.append(score)
        if score < self._config.start_threshold:
            self._run.clear()
        else:
            self._run.append(hop)
        if self._run and sum(self._scores) >= self._config.open_threshold * self._open_hops:
            self._start = self._begin(self._run[0].start)
            self._speech_end = self._position
            self._continued = False
            self._open, self._run = self._run, []
            self._scores.extend([0.0] * self._open_hops)
        elif len(self._run) > _LONGEST_RUN_HOPS:
            del self._run[0]

    def _begin(self, speech_start: int) -> int:
        return max(self._previous_end, _grid(speech_start - self._pre_roll), 0)

    def _close(self, end: int, kind: CutKind) -> Cut | None:
        hops, self._open = self._open, []
        spoken = [hop.start for hop in hops if hop.speech]
        speech = len(spoken) * self._hop
        # What follows a forced cut is the rest of a sentence, however short; it is nothing if no speech came.
        if speech == 0 or (speech < self._min_speech and not self._continued):
            return None
        if end <= self._start:
            return None  # all of it lies in the tail of the segment before
        self._previous_end = end
        return Cut(self._start, end, kind, spoken[0], spoken[-1] + self._hop, self._continued)

    def _cut_at_quietest(self) -> Cut:
        last = len(self._open) - _EDGE_HOPS
        first = max(_EDGE_HOPS, last - self._cut_search // self._hop)
        powers = self._hop_powers(self._open[0].start, len(self._open))
        # Three hops together: a lone quiet hop may be the closure of a "p" in mid-word. The latest of equals is taken.
        at = min(range(last - 1, first - 1, -1), key=lambda index: sum(powers[index - 1 : index + 2]))
        end = _grid(self._open[at].start + self._hop)
        before, after = self._open[: at + 1], self._open[at + 1 :]
        spoken = [hop.start for hop in before if hop.speech] or [before[0].start]
        cut = Cut(self._start, end, "limite", spoken[0], min(end, spoken[-1] + self._hop), self._continued)
        self._start = self._previous_end = end
        self._continued = True
        self._open = after
        return cut


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def _grid(sample: int) -> int:
    return sample // FRAME_SAMPLES * FRAME_SAMPLES


def _grid_up(sample: int) -> int:
    return -(-sample // FRAME_SAMPLES) * FRAME_SAMPLES
