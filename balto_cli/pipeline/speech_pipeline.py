"""The stages in a row: blocks, detection, segmentation, what the provider hears.

`SpeechPipeline` is fed chunks as they come; a file is the same class fed the whole of it and flushed. All decisions are
made hop by hop at absolute sample positions, so the segments are bit-identical however the audio was chunked. Memory
holds one open segment and a few seconds of sound, whatever the length of the stream.

After a cut, and now and then in the quiet, the pipeline renews itself: what cannot be saved is made anew from the last
sound. At that moment its state is a few plain bytes (`checkpoint`), from which another process goes on to the bit.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.pipeline.blocks import BlockCutter, RawSound
from balto_cli.pipeline.checkpoint import Checkpoint, pack, unpack
from balto_cli.pipeline.config import PipelineConfig
from balto_cli.pipeline.detector import RENEWAL_BLOCKS, Detector, Hops
from balto_cli.pipeline.edges import FRAME_SAMPLES, find_edges
from balto_cli.pipeline.listener import HeardHop, Listener
from balto_cli.pipeline.loudness import HIGH_HZ, LOW_HZ, snr_db
from balto_cli.pipeline.pauses import Pauses
from balto_cli.pipeline.reduction import CONTEXT_SAMPLES, reduce_noise
from balto_cli.pipeline.segment import Segment
from balto_cli.pipeline.segmenter import Cut, Segmenter
from balto_cli.pipeline.spectral_gate import NoiseProfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline.listener import FirstLook

_RENEW_AFTER_QUIET_BLOCKS = 300
"""About half a minute: how far a restart in a quiet hour must go back."""
_RENEW_BEHIND_SAMPLES = 3200
"""The sound between what is decided and what is heard is part of a checkpoint, and no later segment reaches further
back than the pre-roll from what is heard: so a renewal waits while the detector is further behind."""
_PAUSE_BLOCKS = 3
"""A block is pause if neither it nor its neighbours hold speech; so no soft ending gets into the noise profile."""


class SpeechPipeline:
    """Turns PCM chunks of one stream into speech segments, the same ones however the audio was chunked."""

    def __init__(
        self,
        config: PipelineConfig | None = None,
        detector: Detector | None = None,
        listener: Listener | None = None,
    ) -> None:
        """`detector` is new, for this stream only; by default the one that `config` names.

        `listener` is told what the stages thought of every hop.
        """
        self._config = config or PipelineConfig()
        self._listener = listener
        self._detector = detector or _make_detector(self._config)
        self._blocks = BlockCutter(self._detector.block_samples)
        self._raw = RawSound()
        self._pauses = self._learn_from(NoiseProfile(self._config.noise_memory_s))
        self._segmenter = Segmenter(self._config, self._detector.hop_samples, self._hop_powers)
        self._quiet: deque[bool] = deque([False] * _PAUSE_BLOCKS, maxlen=_PAUSE_BLOCKS)
        self._heard_samples = 0
        self._decided_samples = 0
        self._next_index = 0
        self._since_renewal = 0
        self._flushed = False
        self._checkpoint: Checkpoint | None = None

    @classmethod
    def resume(cls, config: PipelineConfig, checkpoint: Checkpoint) -> SpeechPipeline:
        """Go on where another process was when it made `checkpoint`; feed the sound from `position` on.

        Raises `ValueError` for a checkpoint of another version or of other settings, or a damaged one.
        """
        pipeline = cls(config)
        saved = unpack(checkpoint, config)
        position = checkpoint.position
        pipeline._blocks.go_on_from(position)
        pipeline._raw.go_on_from(saved.raw, position)
        pipeline._segmenter.go_on_from(saved.decided, saved.previous_end)
        pipeline._pauses = pipeline._learn_from(NoiseProfile.from_bytes(saved.noise))
        pipeline._quiet.extend(saved.quiet)
        pipeline._heard_samples, pipeline._decided_samples = position, saved.decided
        pipeline._next_index = saved.next_index
        pipeline._detector.restore(saved.detector, pipeline._recent_blocks())
        pipeline._checkpoint = checkpoint
        return pipeline

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The latest moment from which another process can go on; None before the first one."""
        return self._checkpoint

    @property
    def is_open(self) -> bool:
        """Whether a segment is open after the last hop; it is thrown away if it turns out too short."""
        return self._segmenter.is_open

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Segment]:
        """Take PCM16LE 16 kHz mono bytes of any length; return the segments that they completed.

        Raises `ValueError` after `flush`: a stream ends once.
        """
        if self._flushed:
            raise ValueError("feed after flush: a new stream needs a new SpeechPipeline")
        segments: list[Segment] = []
        for block in self._blocks.push(chunk):
            segments += self._hear(block)
        return segments

    def flush(self) -> list[Segment]:
        """End of audio: return what was still open. A second call returns nothing."""
        if self._flushed:
            return []
        self._flushed = True
        segments: list[Segment] = []
        last = self._blocks.finish()
        self._heard_samples = self._blocks.total_samples
        if last is not None:
            self._raw.append(last)
            segments += self._listen(last, may_wait=False)
        segments += self._decide(self._detector.finish())
        cut = self._segmenter.finish(self._heard_samples)
        return segments if cut is None else [*segments, self._segment(cut)]

    def _hear(self, block: Pcm) -> list[Segment]:
        self._raw.append(block)
        self._heard_samples += len(block)
        may_wait = self._heard_samples < self._segmenter.earliest_cut
        segments = self._listen(block, may_wait=may_wait)
        self._since_renewal += 1
        behind = self._heard_samples - self._decided_samples
        due = self._since_renewal >= _RENEW_AFTER_QUIET_BLOCKS and all(self._quiet) and behind <= _RENEW_BEHIND_SAMPLES
        if self._segmenter.idle and (segments or due):
            self._renew()
        self._forget()
        return segments

    def _listen(self, block: Pcm, *, may_wait: bool) -> list[Segment]:
        return self._decide(self._detector.process(block, in_speech=not self._segmenter.idle, may_wait=may_wait))

    def _decide(self, hops: Hops) -> list[Segment]:
        segments: list[Segment] = []
        hops_a_block = self._detector.block_samples // self._detector.hop_samples
        scores: list[float] = hops.score.tolist()
        for look, first in zip(hops.looks, range(0, len(scores), hops_a_block), strict=False):
            segments += self._decide_block(scores[first : first + hops_a_block], look)
        return segments

    def _decide_block(self, scores: Sequence[float], look: FirstLook) -> list[Segment]:
        segments: list[Segment] = []
        quiet = True
        all_heard = self._heard_samples >= self._decided_samples + self._detector.block_samples
        if self._listener is None and all_heard and self._segmenter.pass_over(scores):
            self._decided_samples += len(scores) * self._detector.hop_samples
            quiet = max(scores) < self._config.keep_threshold
        else:
            for score in scores:
                if self._decided_samples >= self._heard_samples:
                    break  # the zeros that fill the last block are no sound
                self._decided_samples += self._detector.hop_samples
                quiet = quiet and score < self._config.keep_threshold
                cut = self._segmenter.push(score)
                if self._listener is not None:
                    self._listener(self._heard_hop(score, look))
                if cut is not None:
                    segments.append(self._segment(cut))
        self._quiet.append(quiet)
        if not self._flushed:
            self._learn_noise()
        return segments

    def _heard_hop(self, score: float, look: FirstLook) -> HeardHop:
        return HeardHop(
            start_sample=self._decided_samples - self._detector.hop_samples,
            samples=self._detector.hop_samples,
            first_look=look,
            score=score,
            noise_power=self._pauses.preview().mean_power(LOW_HZ, HIGH_HZ),
            is_open=self._segmenter.is_open,
        )

    def _hop_powers(self, start: int, hops: int) -> list[float]:
        """Mean square of each hop around its mean, so that an offset of the input does not matter."""
        sound = self._raw.read(start, start + hops * self._detector.hop_samples).astype(np.float32)
        powers: list[float] = sound.reshape(hops, -1).var(axis=1).tolist()
        return powers

    def _learn_from(self, profile: NoiseProfile) -> Pauses:
        return Pauses(profile, self._config.noise_memory_s, self._detector.block_samples)

    def _learn_noise(self) -> None:
        """Let the noise profile have the middle one of the last blocks, if none of them holds speech."""
        end = self._decided_samples - self._detector.block_samples
        if all(self._quiet) and end >= self._detector.block_samples:
            self._pauses.add(self._raw.read(end - self._detector.block_samples, end))

    def _renew(self) -> None:
        self._since_renewal = 0
        self._detector.renew(self._recent_blocks())
        self._segmenter.renew(self._heard_samples)
        noise = self._pauses.profile()
        noise.round()
        renewed_from = self._heard_samples - RENEWAL_BLOCKS * self._detector.block_samples
        keep_from = max(self._raw.start, min(self._needed_from, renewed_from))
        self._checkpoint = pack(
            config=self._config,
            position=self._heard_samples,
            decided=self._decided_samples,
            next_index=self._next_index,
            previous_end=self._segmenter.previous_end,
            quiet=tuple(self._quiet),
            raw=self._raw.read(keep_from, self._heard_samples),
            noise=noise.to_bytes(),
            detector=self._detector.to_bytes(),
        )

    def _recent_blocks(self) -> list[Pcm]:
        return self._raw.last_blocks(RENEWAL_BLOCKS, self._detector.block_samples)

    @property
    def _needed_from(self) -> int:
        return max(0, self._segmenter.needed_from - CONTEXT_SAMPLES)

    def _forget(self) -> None:
        block_samples = self._detector.block_samples
        kept_blocks = max(RENEWAL_BLOCKS, _PAUSE_BLOCKS) * block_samples
        self._raw.forget_before(min(self._needed_from, self._decided_samples - kept_blocks))

    def _segment(self, cut: Cut) -> Segment:
        start, end = self._placed(cut)
        noise = self._pauses.profile()
        first = max(start - CONTEXT_SAMPLES, self._raw.start)
        sound = self._raw.read(first, min(end + CONTEXT_SAMPLES, self._heard_samples))
        segment = Segment(
            index=self._next_index,
            start_sample=start,
            end_sample=end,
            samples=reduce_noise(
                sound,
                first=first,
                start=start,
                stop=end,
                profile=noise,
                strength=self._config.reduction,
                engine=self._config.reduction_engine,
            ),
            cut=cut.kind,
            snr_db=snr_db(sound[max(start, cut.speech_start) - first : min(end, cut.speech_end) - first], noise),
        )
        self._next_index += 1
        return segment

    def _placed(self, cut: Cut) -> tuple[int, int]:
        """Begin and end of a segment: as the automaton cut it, or where the level shows them more exactly."""
        last = min(self._heard_samples, cut.speech_end + round(self._config.close_after_ms * 16))
        edges = find_edges(self._raw.read(cut.start, last), cut.start, cut.speech_start, cut.speech_end)
        limit = self._heard_samples if self._flushed else self._heard_samples // FRAME_SAMPLES * FRAME_SAMPLES
        start, end = cut.start, min(cut.end, limit)
        if edges.start is not None and not cut.continued:
            lead = round(self._config.pre_roll_ms * 16 / 2)
            start = max(start, (edges.start - lead) // FRAME_SAMPLES * FRAME_SAMPLES)
        if edges.end is not None and cut.kind != "limite":
            tail = round(self._config.post_roll_ms * 16)
            end = min(-(-(edges.end + tail) // FRAME_SAMPLES) * FRAME_SAMPLES, limit)
            self._segmenter.end_segment_at(end)
        return start, end


def segment_stream(
    chunks: Iterable[bytes | bytearray | memoryview],
    config: PipelineConfig | None = None,
    listener: Listener | None = None,
) -> Iterator[Segment]:
    """Feed all `chunks` to one pipeline and flush it; yield segments as they are completed."""
    pipeline = SpeechPipeline(config, listener=listener)
    for chunk in chunks:
        yield from pipeline.feed(chunk)
    yield from pipeline.flush()


def _make_detector(config: PipelineConfig) -> Detector:
    if config.detector == "leve":
        from balto_cli.pipeline.gate_detector import GateDetector

        return GateDetector()
    from balto_cli.pipeline.net_detector import NetDetector

    return NetDetector()
