"""The stages in a row: blocks, detection, segmentation, what the provider hears.

`SpeechPipeline` is fed chunks as they come; a file is the same class fed the whole of it and flushed. All decisions are
made hop by hop at absolute sample positions, so the segments are bit-identical however the audio was chunked. Memory
holds one open segment and a few seconds of sound, whatever the length of the stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from balto_cli.pipeline.blocks import BlockCutter, RawSound
from balto_cli.pipeline.config import PipelineConfig
from balto_cli.pipeline.detector import Detector, GateDetector, Hops
from balto_cli.pipeline.noise import NoiseProfile
from balto_cli.pipeline.reduction import CONTEXT_SAMPLES, context_start, reduce_noise
from balto_cli.pipeline.segment import Segment
from balto_cli.pipeline.segmenter import Cut, Segmenter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from balto_cli.audio.pcm import Pcm


class SpeechPipeline:
    """Turns PCM chunks of one stream into speech segments, the same ones however the audio was chunked."""

    def __init__(self, config: PipelineConfig | None = None, detector: Detector | None = None) -> None:
        """`detector` is new, for this stream only; by default the one of the profile `leve`."""
        self._config = config or PipelineConfig()
        self._detector = detector or GateDetector()
        hop_samples = self._detector.hop_samples
        self._blocks = BlockCutter(self._detector.block_samples)
        self._raw = RawSound(self._detector.block_samples)
        self._noise = NoiseProfile(self._config.noise_window_s, hop_samples)
        self._segmenter = Segmenter(self._config, hop_samples)
        self._heard_samples = 0
        self._decided_samples = 0
        self._next_index = 0
        self._flushed = False

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Segment]:
        """Take PCM16LE 16 kHz mono bytes of any length; return the segments that they completed.

        Raises `ValueError` after `flush`: a stream ends once.
        """
        if self._flushed:
            raise ValueError("feed after flush: a new stream needs a new SpeechPipeline")
        segments: list[Segment] = []
        for block in self._blocks.push(chunk):
            self._raw.append(block)
            self._heard_samples += len(block)
            segments += self._decide(self._detector.process(block))
            self._raw.forget_before(min(context_start(self._segmenter.needed_from), self._noise.needed_from))
        return segments

    def flush(self) -> list[Segment]:
        """End of audio: return what was still open. A second call returns nothing."""
        if self._flushed:
            return []
        self._flushed = True
        self._heard_samples = self._blocks.total_samples
        segments: list[Segment] = []
        last = self._blocks.finish()
        if last is not None:
            self._raw.append(last)
            segments += self._decide(self._detector.process(last))
        segments += self._decide(self._detector.finish())
        cut = self._segmenter.finish(self._heard_samples)
        return segments if cut is None else [*segments, self._segment(cut)]

    def _decide(self, hops: Hops) -> list[Segment]:
        segments: list[Segment] = []
        for score, power in zip(hops.score.tolist(), hops.power.tolist(), strict=True):
            if self._decided_samples >= self._heard_samples:
                break  # the zeros that fill the last block are no sound
            self._decided_samples += self._detector.hop_samples
            self._noise.observe(speech=score >= self._config.keep_threshold, power=power, raw=self._raw)
            cut = self._segmenter.push(score, power)
            if cut is not None:
                segments.append(self._segment(cut))
        return segments

    def _segment(self, cut: Cut) -> Segment:
        segment = Segment(
            index=self._next_index,
            start_sample=cut.start,
            end_sample=cut.end,
            samples=self._heard_by_provider(cut),
            cut=cut.kind,
            snr_db=self._noise.snr_db(cut.speech_power),
        )
        self._next_index += 1
        return segment

    def _heard_by_provider(self, cut: Cut) -> Pcm:
        start = context_start(cut.start)
        end = min(cut.end + CONTEXT_SAMPLES, self._heard_samples)
        sound = reduce_noise(self._raw.read(start, end), self._noise.sound, self._config.reduction)
        return sound[cut.start - start : cut.end - start].copy()


def segment_stream(
    chunks: Iterable[bytes | bytearray | memoryview], config: PipelineConfig | None = None
) -> Iterator[Segment]:
    """Feed all `chunks` to one pipeline and flush it; yield segments as they are completed."""
    pipeline = SpeechPipeline(config)
    for chunk in chunks:
        yield from pipeline.feed(chunk)
    yield from pipeline.flush()
