"""Cuts scored hops into segments at pauses.

A finite automaton that knows hops and nothing of audio: scores and powers enter `Segmenter.push` one at a time, and a
`Cut` comes out when its closing pause has lasted `close_after_ms`, or when the longest length is reached, at the
quietest point of the last seconds. Cuts tile: none begins before the one before it has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from balto_cli.audio.pcm import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from balto_cli.pipeline.config import PipelineConfig

FRAME_SAMPLES = SAMPLE_RATE_HZ // 100
"""10 ms: the grid of all cuts."""

CutKind: TypeAlias = Literal["pausa", "limite", "fim"]
"""Why a segment ended: a pause, the longest length, the end of the audio."""

_EDGE_HOPS = 3
"""Hops kept clear of a forced cut, so that the sound on both of its sides is known."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a segment lies, in samples of the stream, and how loud its speech is."""

    start: int
    end: int
    kind: CutKind
    speech_power: float
    """Mean power of the hops that are speech."""


@dataclass(frozen=True, slots=True)
class _Hop:
    start: int
    speech: bool
    power: float


class Segmenter:
    """The automaton. Closed: waits for a run of sure hops. Open: waits for a pause or for the longest length."""

    def __init__(self, config: PipelineConfig, hop_samples: int) -> None:
        self._config = config
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

    def push(self, score: float, power: float) -> Cut | None:
        """Take the next hop; return the cut that it completed, if any."""
        hop = _Hop(self._position, score >= self._config.keep_threshold, power)
        self._position += self._hop
        if not self._open:
            self._wait(hop, sure=score >= self._config.open_threshold)
            return None
        self._open.append(hop)
        if hop.speech:
            self._speech_end = self._position
        elif self._position - self._speech_end >= self._close_samples:
            return self._close(_grid_up(self._speech_end + self._post_roll), "pausa")
        if self._position - self._start >= self._max_length:
            return self._cut_at_quietest()
        return None

    def finish(self, total_samples: int) -> Cut | None:
        """End of audio after `total_samples`: return what was open."""
        if not self._open:
            return None
        return self._close(min(total_samples, _grid_up(self._speech_end + self._post_roll)), "fim")

    def _wait(self, hop: _Hop, *, sure: bool) -> None:
        if not sure:
            self._run.clear()
            return
        self._run.append(hop)
        if len(self._run) >= self._open_hops:
            self._start = self._begin(self._run[0].start)
            self._speech_end = self._position
            self._continued = False
            self._open, self._run = self._run, []

    def _begin(self, speech_start: int) -> int:
        return max(self._previous_end, _grid(speech_start - self._pre_roll), 0)

    def _close(self, end: int, kind: CutKind) -> Cut | None:
        hops, self._open = self._open, []
        speech = sum(hop.speech for hop in hops) * self._hop
        # What follows a forced cut is the rest of a sentence, however short; it is nothing if no speech came.
        if speech == 0 or (speech < self._min_speech and not self._continued):
            return None
        self._previous_end = end
        return Cut(self._start, end, kind, _speech_power(hops))

    def _cut_at_quietest(self) -> Cut:
        last = len(self._open) - _EDGE_HOPS
        first = max(_EDGE_HOPS, last - self._cut_search // self._hop)
        powers = [hop.power for hop in self._open]
        # Three hops together: a lone quiet hop may be the closure of a "p" in mid-word. The latest of equals is taken.
        at = min(range(last - 1, first - 1, -1), key=lambda index: sum(powers[index - 1 : index + 2]))
        end = _grid(self._open[at].start + self._hop)
        before, after = self._open[: at + 1], self._open[at + 1 :]
        cut = Cut(self._start, end, "limite", _speech_power(before))
        self._start = self._previous_end = end
        self._continued = True
        self._open = after
        return cut


def _speech_power(hops: list[_Hop]) -> float:
    powers = [hop.power for hop in hops if hop.speech] or [hop.power for hop in hops]
    return sum(powers) / len(powers)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


def _grid(sample: int) -> int:
    return sample // FRAME_SAMPLES * FRAME_SAMPLES


def _grid_up(sample: int) -> int:
    return -(-sample // FRAME_SAMPLES) * FRAME_SAMPLES
