"""Every setting of the pipeline, with its unit and what it trades.

One frozen value, checked when it is made, written into manifests by `as_dict`. Whatever changes a segment stands here
or is a constant of the code, so equal settings and equal sound give equal segments.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

from balto_cli.errors import UsageError
from balto_cli.pipeline.reduction import Engine

DetectorName: TypeAlias = Literal["rede", "leve"]

_RANGES: dict[str, tuple[float, float]] = {
    "open_threshold": (0.05, 0.99),
    "start_threshold": (0.01, 0.99),
    "keep_threshold": (0.01, 0.99),
    "open_after_ms": (20, 1_000),
    "close_after_ms": (100, 5_000),
    "pre_roll_ms": (0, 2_000),
    "post_roll_ms": (0, 2_000),
    "min_speech_ms": (0, 2_000),
    "max_length_s": (2.0, 120.0),
    "cut_search_s": (0.2, 60.0),
    "reduction": (0.0, 1.0),
    "noise_memory_s": (0.5, 10.0),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "detector": get_args(DetectorName),
    "reduction_engine": get_args(Engine),
}
MEANINGS: dict[str, str] = {
    "detector": "`rede`: webrtcvad e depois a rede Silero. `leve`: webrtcvad e o nível por faixas de frequência, para "
    "uma máquina pequena demais para a rede.",
    "open_threshold": "Nota (0 a 1) com que a fala pode começar. Maior: menos segmentos falsos, mais começos baixos "
    "perdidos.",
    "start_threshold": "Nota a partir da qual o som logo antes conta como começo. Menor: primeiras sílabas baixas "
    "ficam, e a respiração também.",
    "keep_threshold": "Nota com que a fala aberta continua. Menor: finais baixos ficam, e ruído depois da fala segura "
    "o segmento aberto.",
    "open_after_ms": "Tempo seguido em `open_threshold` até um segmento abrir. Maior: estalos e bipes ficam fora, e "
    'talvez um "sim".',
    "close_after_ms": "Silêncio que fecha um segmento. Maior: menos segmentos, mais longos, e cada um chega mais tarde "
    "ao vivo.",
    "pre_roll_ms": "Som guardado antes da primeira fala. Maior: nenhuma primeira sílaba se perde, mais ruído é "
    "enviado.",
    "post_roll_ms": "Som guardado depois da última fala, no máximo `close_after_ms`. Maior: últimas sílabas baixas "
    "ficam, e o ruído também.",
    "min_speech_ms": 'Fala que um segmento precisa ter para valer. Acima de 200 ms um "sim" curto é jogado fora.',
    "max_length_s": "Maior segmento; fala mais longa é cortada onde é mais baixa. Menor: respostas mais cedo, mais "
    "palavras em um corte.",
    "cut_search_s": "Até onde, antes de `max_length_s`, se procura o ponto mais baixo; no máximo metade dele.",
    "reduction": "Força da redução de ruído no que o provedor ouve, de 0 (som cru) a 1. Em 1 ela come fala e custa "
    "palavras.",
    "reduction_engine": "Quem reduz: `balto` (as contas do noisereduce, muitas vezes mais rápidas), `noisereduce`, "
    "`noisereduce-nao-estacionario`.",
    "noise_memory_s": "Som de pausas de que se faz o perfil do ruído. Maior: perfil mais firme, que demora mais a "
    "seguir um ruído novo.",
}
"""What each setting means and trades, for the people who set it: `docs/pipeline.md` is made of this."""


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """Settings of one pipeline. The defaults are those that win the benchmark in `testes/bench`.

    Raises `UsageError`, naming the field and its range, for a value that makes no sense.
    """

    detector: DetectorName = "rede"
    """`rede`: webrtcvad, then Silero's net. `leve`: webrtcvad and band levels, for a machine too small for the net."""

    open_threshold: float = 0.8
    """Score (0 to 1) at which speech may begin. Higher: fewer false segments, more soft beginnings lost."""

    start_threshold: float = 0.5
    """Score from which sound just before counts as the beginning. Lower: soft first syllables stay, and breath."""

    keep_threshold: float = 0.4
    """Score at which open speech goes on. Lower: soft endings are kept, noise after speech holds the segment open."""

    open_after_ms: int = 96
    """Time in a row at `open_threshold` before a segment opens. Longer: clicks and beeps stay out, "sim" may too."""

    close_after_ms: int = 400
    """Silence that closes a segment. Longer: fewer and longer segments, and each comes later in live use."""

    pre_roll_ms: int = 250
    """Sound kept before the first speech. Longer: no first syllable is lost, more noise is sent."""

    post_roll_ms: int = 140
    """Sound kept after the last speech, at most `close_after_ms`. Longer: soft last syllables stay, and noise."""

    min_speech_ms: int = 90
    """Speech a segment must hold to be one. Over 200 ms a short "sim" is thrown away."""

    max_length_s: float = 20.0
    """Longest segment; longer speech is cut at its quietest point. Shorter: sooner answers, more words at a cut."""

    cut_search_s: float = 4.0
    """How far back from `max_length_s` the quietest point is looked for; at most half of it."""

    reduction: float = 0.6
    """Strength of the noise reduction that the provider hears, 0 (raw) to 1. At 1 it eats speech and costs words."""

    reduction_engine: Engine = "balto"
    """Who reduces: `balto` (noisereduce's maths, many times faster), `noisereduce`, `noisereduce-nao-estacionario`."""

    noise_memory_s: float = 1.5
    """Pause sound that makes the noise profile. Longer: steadier profile, slower to follow a new noise."""

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(f"`{name}` deve ser um de {', '.join(choices)}, e não {getattr(self, name)!r}.")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise UsageError(f"`{name}` deve ser um número de {_pt(low)} a {_pt(high)}, e não {value!r}.")
        for lower in ("keep_threshold", "start_threshold"):
            if getattr(self, lower) > self.open_threshold:
                raise UsageError(
                    f"`{lower}` ({_pt(getattr(self, lower))}) não pode passar de "
                    f"`open_threshold` ({_pt(self.open_threshold)})."
                )
        if self.post_roll_ms > self.close_after_ms:
            raise UsageError(
                f"`post_roll_ms` ({self.post_roll_ms}) não pode passar de `close_after_ms` ({self.close_after_ms})."
            )
        if self.cut_search_s > self.max_length_s / 2:
            raise UsageError(
                f"`cut_search_s` ({_pt(self.cut_search_s)}) deve ser no máximo metade de "
                f"`max_length_s` ({_pt(self.max_length_s)})."
            )

    @classmethod
    def leve(cls) -> PipelineConfig:
        """The profile for a machine too small for the net, with the thresholds that its detector was measured with."""
        return cls(
            detector="leve",
            open_threshold=0.75,
            start_threshold=0.75,
            keep_threshold=0.3,
            open_after_ms=80,
            pre_roll_ms=300,
            post_roll_ms=200,
            min_speech_ms=140,
        )

    def as_dict(self) -> dict[str, float | str]:
        """Plain values by field name, for a manifest or a key: equal dictionaries mean equal segments."""
        return asdict(self)


def _pt(value: float) -> str:
    return f"{value:g}".replace(".", ",")
