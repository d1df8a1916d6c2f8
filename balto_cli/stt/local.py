"""The local engine: Whisper by faster-whisper, on the CPU, without network or key.

The same audio always gives the same text: decoding is beam search at temperature 0 only, since Whisper's usual
fall-back to higher temperatures samples at random, and a resumed run must end with the same workbook. The model is
loaded once, when first needed, in the one thread that also transcribes, so the event loop never waits for it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib.metadata
import importlib.util
import itertools
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.recording import samples_of
from balto_cli.errors import ProviderError, UsageError, WeightsError
from balto_cli.stt.base import LANGUAGE, Capabilities, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from balto_cli.audio.pcm import Pcm
    from balto_cli.audio.recording import Audio
    from balto_cli.stt.weights import Weights

PROVIDER = "Local"
BEAM_SIZE = 5
COMPUTE_TYPE = "int8"
LEAD_IN_S = 0.25
"""Silence put before each piece: without it Whisper drops words that begin at the first sample."""
ONE_WINDOW_S = 15.0
"""Up to this length the engine is asked for no time marks of its own, which cost words at the beginning; the times
of words come from the alignment."""
MIN_AUDIO_S = 0.1
"""Below this there is no word to hear, and Whisper would invent one."""
MAX_PIECE_S = 600.0
"""Longer audio is cut at its quietest moment: faster-whisper computes the spectra of all that it is given at once."""
CUT_SEARCH_S = 30.0
MAX_THREADS = 8
LOOP_COMPRESSION = 2.4
"""A window whose text compresses better than this repeats itself (Whisper's own threshold)."""
SILENCE_PROBABILITY = 0.6
"""A looping window that is more likely than this to hold no speech is silence (Whisper's own threshold)."""
UNSURE_LOGPROB = -1.0
"""A window decoded again whose mean log probability is below this is no speech either (Whisper's own threshold)."""
NO_REPEAT_TOKENS = 3
"""Runs of this many tokens that may not come twice when a looping window is decoded again."""
MAX_TOKENS_PER_S = 15
"""Above what fast speech needs; ends a loop in a short piece early."""
MAX_TOKENS = 440
"""What Whisper's context holds beside the prompt."""

_WINDOW = SAMPLE_RATE_HZ // 5


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one call of the engine gave."""

    text: str
    words: tuple[Word, ...]
    segments: list[dict[str, Any]]
    latency_s: float


class LocalWhisper:
    """A `Transcriber` that runs Whisper in this process."""

    def __init__(self, weights: Weights, *, label: str = "") -> None:
        """Use `weights`; `label` follows `Local` in workbooks where a model was asked for by name.

        Raises `UsageError` if faster-whisper is not installed. Loads nothing yet.
        """
        if importlib.util.find_spec("faster_whisper") is None:
            raise UsageError('O motor local não está instalado: na pasta do Balto, rode pip install -e ".[local]".')
        self._weights = weights
        self._name = f"{PROVIDER} {label}".rstrip()
        self._model: Any = None
        # One worker: it loads the model once and takes one call after the other.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="balto-whisper")

    @property
    def name(self) -> str:
        """`Local`, or `Local small` where a model was named."""
        return self._name

    @property
    def weights(self) -> Weights:
        """The weights in use."""
        return self._weights

    @property
    def capabilities(self) -> Capabilities:
        """One call at a time: it already uses every core."""
        return Capabilities(max_concurrency=1, on_this_machine=True)

    @property
    def identity(self) -> dict[str, str]:
        """All that can change the answer: engine and its versions, weights by hash, and the decoding options."""
        return {
            "provider": PROVIDER,
            "model": self._weights.model,
            "weights_sha256": self._weights.sha256,
            "engine": f"faster-whisper {importlib.metadata.version('faster-whisper')}",
            "runtime": f"ctranslate2 {importlib.metadata.version('ctranslate2')}",
            "compute_type": COMPUTE_TYPE,
            "beam_size": str(BEAM_SIZE),
            "temperature": "0",
            "loops": f"{LOOP_COMPRESSION}/{SILENCE_PROBABILITY}/{NO_REPEAT_TOKENS}/{UNSURE_LOGPROB}/{MAX_TOKENS_PER_S}",
            "condition_on_previous_text": "false",
            "lead_in_s": str(LEAD_IN_S),
            "one_window_s": f"{ONE_WINDOW_S} (1 segment)",
            "max_piece_s": f"{MAX_PIECE_S}/{CUT_SEARCH_S}",
            "language": LANGUAGE,
        }

    async def transcribe(self, audio: Audio, *, language: str = LANGUAGE, terms: Sequence[str] = ()) -> Transcript:
        """Transcribe a segment or a whole recording; audio under `MIN_AUDIO_S` gives an empty transcript.

        `terms` are passed over. A cancelled call stops at the engine's next window of 30 s and leaves it ready for the
        next call. Raises `WeightsError` if the weights do not open, `ProviderError` if the engine fails.
        """
        samples = samples_of(audio)
        if samples.size < MIN_AUDIO_S * SAMPLE_RATE_HZ:
            heard = _Heard("", (), [], 0.0)
        else:
            cancelled = threading.Event()
            try:
                heard = await asyncio.get_running_loop().run_in_executor(
                    self._worker, self._run, samples, language, cancelled
                )
            finally:
                cancelled.set()
        return Transcript(
            text=heard.text,
            words=heard.words,
            language=language,
            provider=PROVIDER,
            model=self._weights.model,
            latency_s=heard.latency_s,
            raw={"duration_s": samples.size / SAMPLE_RATE_HZ, "segments": heard.segments},
        )

    async def aclose(self) -> None:
        """Nothing to let go of: the model stays loaded for the next call."""

    def _run(self, audio: Pcm, language: str, cancelled: threading.Event) -> _Heard:
        """In the worker: load if need be, transcribe, and turn what fails into a sentence."""
        try:
            if self._model is None:
                self._model = _load(self._weights)
            started_s = time.perf_counter()
            segments = list(_transcribe(self._model, audio, language, cancelled))
            latency_s = time.perf_counter() - started_s
        except ProviderError:
            raise
        except MemoryError as error:
            raise ProviderError("Faltou memória para o motor local: feche outros programas.") from error
        except Exception as error:
            raise ProviderError(
                f"O motor local falhou ({type(error).__name__}): veja se a instalação está completa."
            ) from error
        words = tuple(word for segment in segments for word in join_pieces(segment["words"]))
        text = " ".join(segment["text"] for segment in segments if segment["text"])
        return _Heard(text, words, segments, latency_s)


def _load(weights: Weights) -> Any:
    """Open the weights; takes about a second for base."""
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise ProviderError(
            'O motor local não abre: instale-o de novo, na pasta do Balto, com pip install -e ".[local]".'
        ) from error
    logging.getLogger("faster_whisper").setLevel(logging.CRITICAL)
    try:
        return _without_loops(WhisperModel)(
            str(weights.folder),
            device="cpu",
            compute_type=COMPUTE_TYPE,
            cpu_threads=cpu_threads(),
            local_files_only=True,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise WeightsError(
            f"Os pesos em {weights.folder} não abrem no motor local: indique outra pasta em BALTO_WHISPER."
        ) from error


def _without_loops(base: Any) -> Any:
    """faster-whisper's model class with a fall-back that does not sample.

    On noise, beam search may repeat one phrase to the end of the window, with high confidence. Whisper then samples
    at rising temperatures, which differs from run to run. Here a window that loops is silence if Whisper heard no
    speech in it, and is else decoded again with repetition forbidden. A window found silent comes back with a log
    probability of minus infinity, by which `_transcribe` drops it.
    """

    class Whisper(base):  # type: ignore[misc]
        def generate_with_fallback(self, encoder_output: Any, prompt: Any, tokenizer: Any, options: Any) -> Any:
            decoded = super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
            result, _, temperature, compression = decoded
            # Cut off by the limit of tokens is a loop too: a short one compresses too little to be told by that.
            ended = len(result.sequences_ids[0]) < options.max_new_tokens - 1
            if ended and compression <= LOOP_COMPRESSION:
                return decoded
            if result.no_speech_prob > SILENCE_PROBABILITY:
                return result, float("-inf"), temperature, compression
            strict = dataclasses.replace(options, no_repeat_ngram_size=NO_REPEAT_TOKENS)
            again = super().generate_with_fallback(encoder_output, prompt, tokenizer, strict)
            return again if again[1] >= UNSURE_LOGPROB else (again[0], float("-inf"), *again[2:])

    return Whisper


def cpu_threads() -> int:
    """The cores that this process may use, at most `MAX_THREADS`, so that a large machine stays usable."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return min(cores, MAX_THREADS)


def _transcribe(model: Any, audio: Pcm, language: str, cancelled: threading.Event) -> Iterator[dict[str, Any]]:
    """Whisper's segments as plain JSON, with times (s) inside `audio`; stops early once `cancelled` is set."""
    duration_s = audio.size / SAMPLE_RATE_HZ
    lead_in = np.zeros(round(LEAD_IN_S * SAMPLE_RATE_HZ), dtype=np.float32)
    for start, piece in pieces(audio):
        offset_s = start / SAMPLE_RATE_HZ - LEAD_IN_S
        if cancelled.is_set():
            return
        one_window = piece.size <= ONE_WINDOW_S * SAMPLE_RATE_HZ
        found, _ = model.transcribe(
            np.concatenate((lead_in, piece.astype(np.float32) / 32768.0)),
            language=language,
            beam_size=BEAM_SIZE,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            without_timestamps=one_window,
            vad_filter=False,
            max_new_tokens=min(MAX_TOKENS, 32 + round(MAX_TOKENS_PER_S * piece.size / SAMPLE_RATE_HZ)),
        )
        # Without time marks a window is one segment; the engine would go on after the last word and invent another.
        for segment in itertools.islice(found, 1 if one_window else None):
            if cancelled.is_set():
                return
            if segment.avg_logprob > float("-inf"):
                yield _plain(segment, offset_s, duration_s)


def _plain(segment: Any, offset_s: float, duration_s: float) -> dict[str, Any]:
    """One of faster-whisper's segments as JSON, moved by `offset_s` and kept inside the audio."""

    def place(time_s: float) -> float:
        return round(min(max(float(time_s) + offset_s, 0.0), duration_s), 3)

    return {
        "text": segment.text.strip(),
        "start_s": place(segment.start),
        "end_s": place(segment.end),
        "avg_logprob": float(segment.avg_logprob),
        "no_speech_prob": float(segment.no_speech_prob),
        "compression_ratio": float(segment.compression_ratio),
        "words": [
            {
                "text": word.word,
                "start_s": place(word.start),
                "end_s": max(place(word.start), place(word.end)),
                "confidence": round(float(word.probability), 4),
            }
            for word in segment.words or ()
        ],
    }


def join_pieces(words: Sequence[dict[str, Any]]) -> list[Word]:
    """Whisper's word pieces as words between spaces: a piece without a leading space goes on with the last one.

    So the words joined by spaces are the text. A joined word is as sure as its least sure piece.
    """
    joined: list[Word] = []
    after_space = True
    for piece in words:
        text, start_s, end_s, confidence = piece["text"], piece["start_s"], piece["end_s"], piece["confidence"]
        if text and not after_space and not text[0].isspace():
            last = joined.pop()
            least = min(confidence, last.confidence if last.confidence is not None else confidence)
            joined.append(Word(last.text + text.rstrip(), last.start_s, max(last.end_s, end_s), least))
        elif text.strip():
            joined.append(Word(text.strip(), start_s, end_s, confidence))
        after_space = text[-1:].isspace() if text else after_space
    return joined


def pieces(audio: Pcm) -> Iterator[tuple[int, Pcm]]:
    """Cut long audio into pieces of at most `MAX_PIECE_S`: first sample and samples of each.

    Each cut is in the middle of the quietest 0.2 s of the last `CUT_SEARCH_S` that a piece may have.
    """
    longest, search = round(MAX_PIECE_S * SAMPLE_RATE_HZ), round(CUT_SEARCH_S * SAMPLE_RATE_HZ)
    start = 0
    while audio.size - start > longest:
        first = start + longest - search
        tail = audio[first : start + longest].astype(np.float64)
        energy = np.square(tail[: tail.size // _WINDOW * _WINDOW]).reshape(-1, _WINDOW).sum(axis=1)
        cut = first + int(np.argmin(energy)) * _WINDOW + _WINDOW // 2
        yield start, audio[start:cut]
        start = cut
    yield start, audio[start:]
