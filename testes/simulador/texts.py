"""From a piece of audio to what a provider says of it."""

from __future__ import annotations

import asyncio
import io
import tempfile
import wave
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

from balto_cli.audio.containers import identify
from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes
from balto_cli.errors import AudioError
from balto_cli.settings import cache_folder, load_settings
from balto_cli.stt.local import LocalWhisper
from balto_cli.stt.weights import locate_weights
from testes.simulador.heard import Heard, SpokenWord, from_hash, with_errors
from testes.simulador.options import Options, rate_of
from testes.simulador.references import ReferenceIndex, load_references
from testes.simulador.sounds import Sound

_KEPT = 1024
_BYTES_A_SECOND = 32_000
"""Where nothing is decoded, everything counts as PCM16 16 kHz mono."""


class NoAudioError(Exception):
    """The bytes are no audio that can be read."""


class TextSource:
    """Hears audio by reference, by hash or by the local engine; what was heard once is kept."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._known: OrderedDict[tuple[str, str], Heard] = OrderedDict()
        self._engine: LocalWhisper | None = None

    @property
    def needs_sound(self) -> bool:
        """Whether bytes must be kept, or their hash is enough."""
        return self._options.texto != "hash"

    async def hear(
        self, sound: Sound, provider: str, *, raw: bool = False, channels: int = 1, sure: Collection[str] = ()
    ) -> Heard:
        """What `provider` says of a piece of audio, with its errors. Raises `NoAudioError`.

        `raw` is PCM16LE at 16 kHz without a container; `sure` are words (plain) that are never wrong.
        """
        if not sound.size or not (raw or identify(sound.head).demuxer):
            raise NoAudioError
        if self._options.texto == "hash":
            heard = from_hash(sound.sha256, sound.size / _BYTES_A_SECOND)
        else:
            key = (sound.sha256, f"{raw}/{channels}")
            known = self._known.get(key)
            if known is None:
                known = await self._hear_anew(sound, raw, channels)
                self._known[key] = known
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            heard = known
        rate = rate_of(self._options.erros, provider)
        if not rate:
            return heard
        return with_errors(heard, rate, (self._options.semente, provider, sound.sha256), sure=sure)

    async def _hear_anew(self, sound: Sound, raw: bool, channels: int) -> Heard:
        index = load_references(self._options.referencias)
        if self._options.texto == "referencia":
            heard = await asyncio.to_thread(index.find_file, sound.sha256)
            if heard is not None:
                return heard
        samples = await asyncio.to_thread(_decoded, sound, raw, channels)
        heard = await self._by_reference(index, samples)
        if heard is not None:
            return heard
        duration_s = samples.size / SAMPLE_RATE_HZ
        engine = await self._local_engine()
        if engine is None:
            return from_hash(sound.sha256, duration_s)
        transcript = await engine.transcribe(samples)
        words = tuple(
            SpokenWord(word.text.strip(), word.start_s, word.end_s, word.confidence or 0.9) for word in transcript.words
        )
        return Heard(words, duration_s)

    async def _by_reference(self, index: ReferenceIndex, samples: Pcm) -> Heard | None:
        if self._options.texto != "referencia":
            return None
        return await asyncio.to_thread(index.find_samples, samples)

    async def _local_engine(self) -> LocalWhisper | None:
        """The local engine; without being asked for it, only where its weights are already here."""
        if self._engine is None:
            chosen = load_settings().whisper
            cache = cache_folder()
            here = chosen is not None or (cache / "whisper" / "base" / "model.bin").is_file()
            if self._options.texto != "motor" and not here:
                return None
            weights = await asyncio.to_thread(locate_weights, chosen, cache_dir=cache, say=lambda _: None)
            self._engine = LocalWhisper(weights)
        return self._engine


def _decoded(sound: Sound, raw: bool, channels: int) -> Pcm:
    """Samples, 16 kHz mono. Raises `NoAudioError`."""
    if raw:
        data = sound.read()
        if len(data) % (2 * channels):
            raise NoAudioError
        return pcm_from_bytes(data)[::channels]
    if (samples := _plain_wav(sound)) is not None:
        return samples
    with tempfile.TemporaryDirectory(prefix="balto-simulador-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "audio"
        sound.copy_to(path)
        try:
            return pcm_from_bytes(b"".join(Decoder(path)))
        except AudioError:
            raise NoAudioError from None


def _plain_wav(sound: Sound) -> Pcm | None:
    """Samples of a WAV that is already PCM16 16 kHz mono, without starting a decoder."""
    if sound.head[:4] != b"RIFF":
        return None
    try:
        with wave.open(io.BytesIO(sound.read())) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, SAMPLE_RATE_HZ):
                return None
            return pcm_from_bytes(file.readframes(file.getnframes()))
    except (wave.Error, EOFError):
        return None
