"""What each stage thought at one moment of a recording, and why it was cut there or not, in words.

Listens to the stream as it is cut; keeps a few seconds around the moment and the two segments next to it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from balto_cli.audio.pcm import SAMPLE_RATE_HZ, pcm_from_bytes
from balto_cli.pipeline.gates import SHARE as GATE_SHARE
from balto_cli.pipeline.loudness import HIGH_HZ, LOW_HZ
from balto_cli.pipeline.spectral_gate import band_power

if TYPE_CHECKING:
    from balto_cli.pipeline import PipelineConfig, Segment
    from balto_cli.pipeline.listener import HeardHop

_AROUND_SAMPLES = 6 * SAMPLE_RATE_HZ
"""Longer than the longest closing pause."""
_LEVEL_SAMPLES = 2048
"""128 ms: the level at a moment is that of the sound around it."""
_SILENCE_POWER = 1e-10
_ENDS = {
    "pausa": "uma pausa de close_after_ms ({close} ms)",
    "limite": "o limite de max_length_s ({limit} s), no ponto mais quieto dos últimos {search} s",
    "fim": "o fim da gravação",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One moment of one recording."""

    at_s: float
    level_db: float | None
    """Sound around it, 100 Hz to 7 kHz, dB of full scale; None after the end of the recording."""
    noise_db: float | None
    """The pauses before it, in the same measure; None before the first pause."""
    gate_score: float | None
    """None where the gate was not asked."""
    score: float | None
    segment: int | None
    """Index of the segment it lies in."""
    lines: tuple[str, ...]
    """For a person."""

    def as_dict(self) -> dict[str, object]:
        """For a machine; numbers with the names of `--json`."""
        return {
            "instante_s": self.at_s,
            "nivel_db": _rounded(self.level_db, 1),
            "ruido_db": _rounded(self.noise_db, 1),
            "nota_porta": _rounded(self.gate_score, 3),
            "nota": _rounded(self.score, 3),
            "segmento": self.segment,
            "texto": list(self.lines),
        }


@dataclass(frozen=True, slots=True)
class _Placed:
    """A segment without its sound."""

    index: int
    start: int
    end: int
    cut: str
    snr_db: float | None


class Explainer:
    """Watches a stream for the moment `at_s`."""

    def __init__(self, at_s: float, config: PipelineConfig) -> None:
        self._at = round(at_s * SAMPLE_RATE_HZ)
        self._config = config
        self._sound = np.zeros(_LEVEL_SAMPLES, np.int16)
        self._heard = 0
        self._hops: list[HeardHop] = []
        self._before: _Placed | None = None
        self._after: _Placed | None = None

    def sound(self, chunk: bytes) -> None:
        """See `Watcher.sound`."""
        samples = pcm_from_bytes(chunk)
        first = self._at - _LEVEL_SAMPLES // 2
        begin, end = max(first, self._heard), min(first + _LEVEL_SAMPLES, self._heard + len(samples))
        if begin < end:
            self._sound[begin - first : end - first] = samples[begin - self._heard : end - self._heard]
        self._heard += len(samples)

    def hop(self, hop: HeardHop) -> None:
        """See `Watcher.hop`."""
        if abs(hop.start_sample - self._at) <= _AROUND_SAMPLES:
            self._hops.append(hop)

    def segment(self, segment: Segment) -> None:
        """See `Watcher.segment`."""
        placed = _Placed(segment.index, segment.start_sample, segment.end_sample, segment.cut, segment.snr_db)
        if placed.start <= self._at:
            self._before = placed
        elif self._after is None:
            self._after = placed

    def explain(self) -> Explanation:
        """What was thought, once the stream has ended."""
        nothing = Explanation(self._at / SAMPLE_RATE_HZ, None, None, None, None, None, ())
        at = next((n for n, hop in enumerate(self._hops) if 0 <= self._at - hop.start_sample < hop.samples), None)
        if at is None or self._at >= self._heard:
            return replace(nothing, lines=(f"A gravação só tem {_pt(self._heard / SAMPLE_RATE_HZ, 2)} s.",))
        hop = self._hops[at]
        floats = self._sound.astype(np.float32) / np.float32(32768)
        explanation = replace(
            nothing,
            level_db=_db(band_power(floats, LOW_HZ, HIGH_HZ)),
            noise_db=_db(hop.noise_power) if hop.noise_power > 0 else None,
            gate_score=hop.first_look.score,
            score=hop.score,
            segment=self._before.index if self._before and self._at < self._before.end else None,
        )
        lines = (_sound_line(explanation), *self._detector_lines(hop), *self._segment_lines(at))
        return replace(explanation, lines=lines)

    def _detector_lines(self, hop: HeardHop) -> list[str]:
        config, look = self._config, hop.first_look
        thresholds = (
            f"fala começa em {_pt(config.open_threshold, 2)} (open_threshold) "
            f"e segue em {_pt(config.keep_threshold, 2)} (keep_threshold)"
        )
        if config.detector == "leve":
            share = "" if look.score is None else f" (webrtcvad: fala em {look.score * 100:.0f} % do bloco)"
            return [f"Detector leve: nota {_pt(hop.score, 2)}{share}; {thresholds}."]
        if look.score is None:
            gate = "não foi consultada: " + (
                "a rede ouve sempre o começo da gravação"
                if hop.start_sample < SAMPLE_RATE_HZ // 5
                else "a rede já ouvia fala"
            )
        else:
            state = "aberta" if look.score >= GATE_SHARE else "fechada"
            held = ", mas a rede ainda ouve o bloco seguinte" if state == "fechada" and look.passed else ""
            gate = f"nota {_pt(look.score, 2)}, abre em {_pt(GATE_SHARE, 2)}: {state}{held}"
        net = f"nota {_pt(hop.score, 2)}; {thresholds}" if look.passed else "não rodou: com a porta fechada não há fala"
        return [f"Porta (webrtcvad): {gate}.", f"Rede (Silero): {net}."]

    def _segment_lines(self, at: int) -> list[str]:
        if self._before is not None and self._at < self._before.end:
            return [self._describe(self._before), self._why_not_cut(self._before, at)]
        lines = [self._why_not_open(at)]
        lines += [f"Antes: {_lower(self._describe(self._before))}"] if self._before else []
        lines += [f"Depois: {_lower(self._describe(self._after))}"] if self._after else []
        return lines

    def _describe(self, segment: _Placed) -> str:
        end = _ENDS[segment.cut].format(
            close=self._config.close_after_ms,
            limit=_pt(self._config.max_length_s, 0),
            search=_pt(self._config.cut_search_s, 0),
        )
        snr = "" if segment.snr_db is None else f", SNR {_pt(segment.snr_db, 1)} dB"
        return (
            f"Segmento {segment.index:03d}, de {_pt(segment.start / SAMPLE_RATE_HZ, 2)} "
            f"a {_pt(segment.end / SAMPLE_RATE_HZ, 2)} s{snr}; terminou por {end}."
        )

    def _why_not_cut(self, segment: _Placed, at: int) -> str:
        """Within a segment: in its edges, in its speech, or in a pause too short to end it."""
        keep = self._config.keep_threshold
        if self._hops[at].score >= keep:
            return "Não cortou aqui: a fala seguia."
        begin, end = self._stretch(at, below=keep)
        if begin is None or begin <= segment.start:
            return f"Não cortou aqui: são os até {self._config.pre_roll_ms} ms guardados antes da fala (pre_roll_ms)."
        if end is None or end >= segment.end:
            return f"A fala já tinha acabado, em {_pt(begin / SAMPLE_RATE_HZ, 2)} s: este é o fim do segmento."
        pause_ms = round((end - begin) * 1000 / SAMPLE_RATE_HZ)
        return (
            f"Não cortou aqui: esta pausa durou {pause_ms} ms e só uma de {self._config.close_after_ms} ms"
            " (close_after_ms) fecha o segmento."
        )

    def _why_not_open(self, at: int) -> str:
        """Outside of every segment: nothing heard, not sure enough, not for long enough, or thrown away."""
        config, hop = self._config, self._hops[at]
        if hop.is_open:
            spoken = self._spoken_ms(at)
            if spoken >= config.min_speech_ms:
                return "Fora de qualquer segmento: o que se abriu aqui já está no fim do segmento anterior."
            return (
                f"Fora de qualquer segmento: um se abriu, mas só teve {spoken} ms de fala e foi descartado"
                f" (min_speech_ms é {config.min_speech_ms})."
            )
        if hop.score >= config.start_threshold:
            begin, end = self._stretch(at, above=config.start_threshold)
            highest = max(
                other.score for other in self._hops if (begin or 0) <= other.start_sample < (end or self._heard)
            )
            if highest < config.open_threshold:
                return (
                    f"Fora de qualquer segmento: a nota chegou a {_pt(highest, 2)} e não a"
                    f" {_pt(config.open_threshold, 2)} (open_threshold)."
                )
            return (
                "Fora de qualquer segmento: a nota não ficou acima de open_threshold por"
                f" {config.open_after_ms} ms seguidos (open_after_ms)."
            )
        if not hop.first_look.passed:
            return "Fora de qualquer segmento: a porta não ouviu nada parecido com fala."
        return f"Fora de qualquer segmento: a nota está abaixo de {_pt(config.start_threshold, 2)} (start_threshold)."

    def _stretch(self, at: int, *, below: float = math.inf, above: float = -math.inf) -> tuple[int | None, int | None]:
        """Samples between which the scores stay so around a hop; None for an edge that was not kept."""
        first, last = at, at
        while first > 0 and above <= self._hops[first - 1].score < below:
            first -= 1
        while last + 1 < len(self._hops) and above <= self._hops[last + 1].score < below:
            last += 1
        begin = self._hops[first].start_sample if first > 0 else None
        end = self._hops[last + 1].start_sample if last + 1 < len(self._hops) else None
        return begin, end

    def _spoken_ms(self, at: int) -> int:
        """Speech in the opening that a hop belongs to, as the segmenter counts it."""
        first, last = at, at
        while first > 0 and self._hops[first - 1].is_open:
            first -= 1
        while first > 0 and self._hops[first - 1].score >= self._config.start_threshold:
            first -= 1
        while last + 1 < len(self._hops) and self._hops[last + 1].is_open:
            last += 1
        spoken = sum(hop.samples for hop in self._hops[first : last + 1] if hop.score >= self._config.keep_threshold)
        return round(spoken * 1000 / SAMPLE_RATE_HZ)


def _sound_line(explanation: Explanation) -> str:
    level = f"Som: {_pt(explanation.level_db or 0.0, 1)} dB (100 Hz a 7 kHz)"
    if explanation.noise_db is None:
        return f"{level}; ainda não houve pausa que ensinasse o ruído."
    above = (explanation.level_db or 0.0) - explanation.noise_db
    return f"{level}; ruído das pausas: {_pt(explanation.noise_db, 1)} dB; diferença: {_pt(above, 1)} dB."


def _db(power: float) -> float:
    return 10 * math.log10(max(power, _SILENCE_POWER))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _pt(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace(".", ",")
