"""Knows recordings by their sound: whole, in any lossless dress, or a segment cut out of one.

A file is known by the hash of its bytes or of its decoded samples. A segment is found by its envelope: the pipeline
cuts on a grid of 10 ms and turns noise down, so its samples are not those of the file, but its louder and quieter
frames are; the place is then checked sample by sample (Pearson's correlation).
"""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from balto_cli.audio.decode import Decoder
from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes, pcm_to_bytes
from balto_cli.errors import AudioError
from balto_cli.evaluation.references import find_references, read_reference
from balto_cli.pipeline import PipelineConfig, segment_stream
from testes.simulador.heard import Heard, SpokenWord

_FRAME = 160
"""The pipeline's grid: 10 ms."""
_CANDIDATES = 12
_SURE = 0.5
"""Least correlation of samples that makes a place the right one; other sound stays under 0.1."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that was said, and where, if that is known."""

    text: str
    start_s: float | None
    end_s: float | None
    speaker: int = 0


class ReferenceRecording:
    """One recording whose words are known."""

    def __init__(self, path: Path, turns: Sequence[Turn]) -> None:
        self.path = path
        self.turns = tuple(turns)
        self._lock = threading.Lock()

    @functools.cached_property
    def file_sha256(self) -> str:
        """Of the file's own bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @functools.cached_property
    def samples(self) -> Pcm:
        """Decoded, as our own programs send it. Raises `AudioError`."""
        return pcm_from_bytes(b"".join(Decoder(self.path)))

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.size / SAMPLE_RATE_HZ

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        """All words; each lies within one segment of the default pipeline, so that the segments share them out."""
        with self._lock:
            return self._words

    @functools.cached_property
    def _words(self) -> tuple[SpokenWord, ...]:
        segments = segment_stream([pcm_to_bytes(self.samples)], PipelineConfig())
        spans = [(segment.start_s, segment.end_s) for segment in segments] or [(0.0, self.duration_s)]
        return tuple(word for turn in self.turns for word in _spread(turn, spans))

    def between(self, start_s: float, end_s: float) -> Heard:
        """The words whose middle lies in a stretch, timed from its begin."""
        words = []
        for word in self.words:
            if start_s <= (word.start_s + word.end_s) / 2 < end_s:
                begin_s = max(0.0, word.start_s - start_s)
                words.append(
                    SpokenWord(
                        word.text,
                        round(begin_s, 3),
                        round(min(end_s, word.end_s) - start_s, 3),
                        word.confidence,
                        word.speaker,
                    )
                )
        return Heard(tuple(words), end_s - start_s)


def _spread(turn: Turn, spans: Sequence[tuple[float, float]]) -> list[SpokenWord]:
    """The words of a turn, each as long as its letters, over the speech within the turn."""
    texts = turn.text.split()
    if not texts:
        return []
    inside = list(spans)
    if turn.start_s is not None and turn.end_s is not None:
        clipped = ((max(start, turn.start_s), min(end, turn.end_s)) for start, end in spans)
        inside = [(start, end) for start, end in clipped if end > start]
        if not inside:
            middle_s = (turn.start_s + turn.end_s) / 2
            inside = [min(spans, key=lambda span: abs((span[0] + span[1]) / 2 - middle_s))]
    ends = np.cumsum([end - start for start, end in inside]).tolist()
    weights = [len(text) + 1 for text in texts]
    total_s, total = ends[-1], sum(weights)
    words, done = [], 0
    for text, weight in zip(texts, weights, strict=True):
        place = min(bisect_right(ends, (done + weight / 2) / total * total_s), len(inside) - 1)
        span_start, span_end = inside[place]
        shift = span_start - (ends[place] - (span_end - span_start))
        start_s = max(span_start, done / total * total_s + shift)
        end_s = min(span_end, (done + weight) / total * total_s + shift)
        words.append(SpokenWord(text, round(start_s, 3), round(end_s, 3), speaker=turn.speaker))
        done += weight
    return words


class ReferenceIndex:
    """All reference recordings of some folders."""

    def __init__(self, recordings: Sequence[ReferenceRecording]) -> None:
        self.recordings = tuple(recordings)
        self._lock = threading.Lock()

    @functools.cached_property
    def _by_file(self) -> dict[str, ReferenceRecording]:
        return {recording.file_sha256: recording for recording in self.recordings}

    @functools.cached_property
    def _by_samples(self) -> dict[bytes, ReferenceRecording]:
        found: dict[bytes, ReferenceRecording] = {}
        for recording in self.recordings:
            try:
                found.setdefault(_samples_key(recording.samples), recording)
            except AudioError:
                continue
        return found

    @functools.cached_property
    def _envelopes(self) -> tuple[np.ndarray, list[tuple[int, ReferenceRecording]]]:
        """Envelopes of all recordings in a row, and where each begins."""
        rows, places, begin = [], [], 0
        for recording in self._by_samples.values():
            row = _envelope(recording.samples)
            places.append((begin, recording))
            rows.append(row)
            begin += row.size
        return np.concatenate(rows) if rows else np.zeros(0), places

    def prepare(self) -> None:
        """Decode and index everything at once, which the first questions would otherwise wait for."""
        with self._lock:
            _ = self._by_file, self._envelopes

    def find_file(self, sha256: str) -> Heard | None:
        """What is said in a file, known by the hash of its bytes; decodes at most that file."""
        with self._lock:
            recording = self._by_file.get(sha256)
            return recording.between(0.0, recording.duration_s) if recording else None

    def find_samples(self, samples: Pcm) -> Heard | None:
        """What is said in a whole recording or in a segment of one; None if the sound is of neither."""
        with self._lock:
            recording = self._by_samples.get(_samples_key(samples))
            if recording is not None:
                return recording.between(0.0, recording.duration_s)
            found = self._locate(samples)
            if found is None:
                return None
            recording, start = found
            return recording.between(start / SAMPLE_RATE_HZ, (start + samples.size) / SAMPLE_RATE_HZ)

    def _locate(self, samples: Pcm) -> tuple[ReferenceRecording, int] | None:
        all_rows, places = self._envelopes
        row = _envelope(samples)
        if row.size < 4 or not row.any() or row.size > all_rows.size:
            return None
        row = row - row.mean()
        size = 1 << int(all_rows.size + row.size - 1).bit_length()
        match = np.fft.irfft(np.fft.rfft(all_rows, size) * np.conj(np.fft.rfft(row, size)), size)
        match = match[: all_rows.size - row.size + 1]
        sums = np.concatenate(([0.0], np.cumsum(all_rows)))
        squares = np.concatenate(([0.0], np.cumsum(all_rows**2)))
        spread = squares[row.size :] - squares[: -row.size] - (sums[row.size :] - sums[: -row.size]) ** 2 / row.size
        match = match / np.sqrt(np.maximum(spread, 1e-6))
        count = min(_CANDIDATES, match.size)
        begins = [begin for begin, _ in places]
        best: tuple[float, ReferenceRecording, int] | None = None
        for frame in np.argpartition(match, -count)[-count:].tolist():
            begin, recording = places[bisect_right(begins, frame) - 1]
            start = (frame - begin) * _FRAME
            likeness = _correlation(samples, recording.samples[start : start + samples.size])
            if best is None or likeness > best[0]:
                best = (likeness, recording, start)
        return None if best is None or best[0] < _SURE else best[1:]


def _samples_key(samples: Pcm) -> bytes:
    return hashlib.sha256(pcm_to_bytes(samples)).digest()


def _envelope(samples: Pcm) -> np.ndarray:
    """Square root of the level of each 10 ms; the last frame may be short."""
    padded = np.zeros(-(-samples.size // _FRAME) * _FRAME, np.float32)
    padded[: samples.size] = samples
    return np.sqrt(np.sqrt(np.mean(padded.reshape(-1, _FRAME) ** 2, axis=1, dtype=np.float64)))


def _correlation(one: Pcm, other: Pcm) -> float:
    if other.size < 0.9 * one.size:
        return 0.0
    a = one[: other.size].astype(np.float64)
    b = other.astype(np.float64)
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else 0.0


@functools.cache
def load_references(folders: tuple[Path, ...]) -> ReferenceIndex:
    """Index the recordings of some folders: `NAME.txt` beside the sound, `NAME.json` beside it or in another folder.

    Reads the small files only; sound is decoded when it is first needed.
    """
    folders = tuple(folder for folder in folders if folder.is_dir())
    labels = {path.stem: path for folder in folders for path in sorted(folder.rglob("*.json"))}
    recordings = []
    for folder in folders:
        audio = [file.path for file in find_inputs([folder]).files]
        names = find_references(audio, (path for path in folder.rglob("*") if path.is_file()))
        for path in audio:
            turns = _labelled(labels[path.stem]) if path.stem in labels else []
            if not turns and path in names.of:
                turns = [Turn(read_reference(Path(names.of[path])).text, None, None)]
            if turns:
                recordings.append(ReferenceRecording(path, turns))
    return ReferenceIndex(recordings)


def _labelled(path: Path) -> list[Turn]:
    """Turns of a label file: `turns` (`role`, `start_s`, `end_s`) or `utterances` (`start`, `end`)."""
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    roles: dict[str, int] = {}
    turns = []
    for entry in data.get("turns", data.get("utterances", [])):
        speaker = roles.setdefault(entry.get("role", ""), len(roles))
        start_s = entry["start_s"] if "start_s" in entry else entry["start"]
        end_s = entry["end_s"] if "end_s" in entry else entry["end"]
        turns.append(Turn(entry["text"], start_s, end_s, speaker))
    return turns
