"""What a person may ask of the stand-ins; the names are those of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

PROVIDERS = ("elevenlabs", "assemblyai", "deepgram", "gladia", "openai", "xai")
GOOD_KEY = "good-key"
ROOT = Path(__file__).parents[2]
DEFAULT_REFERENCES = (ROOT / "testes" / "1_input", ROOT / "testes" / "dados" / "balcao")

TextMode = Literal["referencia", "hash", "motor"]
Rates = float | Mapping[str, float]
"""One rate for all providers, or one for each; `""` is whoever is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of one stand-in process."""

    texto: TextMode = "referencia"
    """`referencia`: what the references say of the audio; `hash`: words from its hash, at once; `motor`: Whisper."""
    erros: Rates = 0.0
    """Word error rate, 0 to 1."""
    semente: int = 0
    latencia_ms: float | tuple[float, float] = 0.0
    """Wait before an answer, or least and most of it (seeded by content)."""
    falhas: Rates = 0.0
    """Share of calls that fail, 0 to 1."""
    tipos: tuple[str, ...] = ("429-retry-after", "429", "500", "502-html", "503", "reset")
    """Kinds of the seeded faults."""
    referencias: tuple[Path, ...] = field(default=DEFAULT_REFERENCES)
    lento_s: float = 3.0
    """How long the fault `lento` takes to hand over its answer."""
    retry_after_s: int = 1
    consultas: int = 1
    """Polls of a job that still say `processing`."""


def rate_of(rates: Rates, provider: str) -> float:
    """The rate that applies to one provider."""
    if isinstance(rates, Mapping):
        return rates.get(provider, rates.get("", 0.0))
    return rates
