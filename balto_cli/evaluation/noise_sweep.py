"""Noise mixed into recordings at known signal-to-noise ratios, to draw error against noise.

The level of speech is measured over the pipeline's segments of the clean recording alone, so that pauses do not count
(after ITU-T P.56's active speech level); that of the noise over all of it. The noise is a file's, or an air conditioner
made here: always the same samples, so that answers that were paid for are found again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.decode import Decoder
from balto_cli.audio.inputs import InputFile
from balto_cli.audio.pcm import SAMPLE_RATE_HZ, Pcm, pcm_from_bytes
from balto_cli.audio.wav import write_wav
from balto_cli.errors import AudioError, UsageError
from balto_cli.evaluation.hearing import hear
from balto_cli.evaluation.slices import CLEAN, NOISE
from balto_cli.evaluation.stored_run import FileFacts
from balto_cli.files import folder_refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from balto_cli.evaluation.progress import Progress
    from balto_cli.evaluation.references import Reference
    from balto_cli.pipeline import PipelineConfig, Segment

LOWEST_SNR_DB, HIGHEST_SNR_DB = -20.0, 60.0
_NOISE_S = 60
_SEED = 2026
_FULL_SCALE = 32767.0
_MAINS_HZ = 60.0
"""Of Brazil; a compressor hums at its harmonics."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What to transcribe instead of the recordings alone."""

    inputs: tuple[InputFile, ...]
    """Each recording, then the same at each ratio, from the cleanest on."""
    references: Mapping[Path, Reference]
    facts: Mapping[Path, FileFacts]
    """With the ratio as the column `slices.NOISE`; the unit is the recording, since its versions are no new data."""


def parse_ratios(text: str) -> tuple[float, ...]:
    """Read `20,10,5,0`, in dB, from the cleanest on. Raises `UsageError`."""
    ratios = []
    for part in text.replace(";", ",").split(","):
        try:
            ratios.append(float(part))
        except ValueError:
            raise UsageError(
                f"--ruido {text}: {part.strip() or 'vazio'} não é um número. Exemplo: 20,10,5,0."
            ) from None
    if not all(LOWEST_SNR_DB <= ratio <= HIGHEST_SNR_DB for ratio in ratios):
        raise UsageError(
            f"--ruido {text}: cada relação sinal-ruído vai de {LOWEST_SNR_DB:.0f} a {HIGHEST_SNR_DB:.0f} dB."
        )
    return tuple(sorted(set(ratios), reverse=True))


def air_conditioner(samples: int = _NOISE_S * SAMPLE_RATE_HZ) -> Pcm:
    """Make the noise of an air conditioner: air at 6 dB less an octave, and the compressor's hum that breathes slowly.

    Always the same; its level means nothing, since `mix` sets it.
    """
    dice = np.random.default_rng(_SEED)
    spectrum = np.fft.rfft(dice.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    # Flat up to 150 Hz, then falling as the amplitude of air in a duct does.
    air = np.fft.irfft(spectrum / np.maximum(1.0, hertz / 150.0), samples)
    air /= np.sqrt(np.mean(air**2))
    seconds = np.arange(samples) / SAMPLE_RATE_HZ
    hum = sum(
        np.sin(2 * np.pi * _MAINS_HZ * harmonic * seconds + harmonic) / harmonic for harmonic in (2, 4, 6, 8)
    ) * (1 + 0.2 * np.sin(2 * np.pi * 0.3 * seconds))  # fmt: skip
    sound = air + 0.5 * hum
    rounded: Pcm = np.round(sound / np.abs(sound).max() * 0.5 * _FULL_SCALE).astype(np.int16)
    return rounded


def read_noise(path: Path) -> Pcm:
    """Decode a noise file. Raises `UsageError` where it is no audio or silent."""
    try:
        samples = pcm_from_bytes(b"".join(Decoder(path)))
    except AudioError as error:
        raise UsageError(f"O arquivo de ruído {path.name} não serve: {error}") from None
    if not np.any(samples):
        raise UsageError(f"O arquivo de ruído {path.name} não tem som: escolha outro.")
    return samples


def speech_power(samples: Pcm, segments: Sequence[Segment]) -> float | None:
    """Mean square of a recording over its segments; None where there is no speech."""
    stretches = [samples[segment.start_sample : segment.end_sample] for segment in segments]
    speech = np.concatenate(stretches).astype(np.float64) if stretches else np.zeros(0)
    power = float(np.mean(speech**2)) if len(speech) else 0.0
    return power or None


def mix(samples: Pcm, noise: Pcm, power: float, snr_db: float) -> Pcm:
    """Add noise to a recording so that speech of this power stands `snr_db` above it.

    The noise is repeated as long as the recording lasts. Where the sum would be clipped, all of it is made quieter,
    which leaves the ratio as it is.
    """
    repeated: NDArray[np.float64] = np.resize(noise, len(samples)).astype(np.float64)
    noise_power = float(np.mean(noise.astype(np.float64) ** 2))
    gain = np.sqrt(power / noise_power / 10 ** (snr_db / 10))
    mixed = samples + gain * repeated
    highest = float(np.abs(mixed).max(initial=0.0))
    if highest > _FULL_SCALE:
        mixed *= _FULL_SCALE / highest
    rounded: Pcm = np.round(mixed).astype(np.int16)
    return rounded


def noisy_name(name: str, snr_db: float) -> str:
    """Name of a recording with noise in it: `balcao 01 (ruído 10 dB).wav`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem} (ruído {_ratio(snr_db)} dB).wav"))


def sweep(
    files: Iterable[InputFile],
    noise: Pcm,
    ratios_db: Sequence[float],
    config: PipelineConfig,
    folder: Path,
    references: Mapping[Path, Reference],
    facts: Mapping[Path, FileFacts],
    progress: Progress,
) -> Sweep:
    """Mix `noise` into recordings at each ratio, as WAV files under `folder`.

    A recording that gives no audio, or no speech, stays in the list as it is, and nothing is mixed into it. Raises
    `OutputError` where the folder cannot be written.
    """
    inputs: list[InputFile] = []
    all_references, all_facts = dict(references), dict(facts)
    for file in files:
        known = facts.get(file.path, FileFacts())
        known = replace(known, unit=known.unit or file.name)
        inputs.append(file)
        all_facts[file.path] = _with_ratio(known, CLEAN)
        for snr_db, mixed in _mixtures(file, noise, ratios_db, config, progress):
            name = noisy_name(file.name, snr_db)
            path = folder / PurePosixPath(name)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_wav(path, mixed)
            except OSError as error:
                raise folder_refused(folder, error) from None
            inputs.append(InputFile(path, name, f"{file.stem} (ruído {_ratio(snr_db)} dB)"))
            all_facts[path] = _with_ratio(known, f"{_ratio(snr_db)} dB")
            if file.path in references:
                all_references[path] = references[file.path]
    return Sweep(tuple(inputs), all_references, all_facts)


def _mixtures(
    file: InputFile, noise: Pcm, ratios_db: Sequence[float], config: PipelineConfig, progress: Progress
) -> Iterable[tuple[float, Pcm]]:
    try:
        heard = hear(file.path, config, whole=True, cut=True)
    except AudioError:
        return
    power = speech_power(heard.samples, heard.segments)
    if power is None:
        progress.say(f"{file.name}: nenhuma fala encontrada, e nenhum ruído foi misturado.")
        return
    for snr_db in ratios_db:
        yield snr_db, mix(heard.samples, noise, power, snr_db)


def _with_ratio(facts: FileFacts, ratio: str) -> FileFacts:
    return replace(facts, details={**facts.details, NOISE: ratio})


def _ratio(snr_db: float) -> str:
    """`10`, `−5`, `2,5`: as people write it."""
    return f"{snr_db:g}".replace(".", ",").replace("-", "−")
