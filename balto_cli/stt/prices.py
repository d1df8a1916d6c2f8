"""What an hour of audio costs at each provider: one dated table, in US dollars, and the dollar in reais.

List prices of pay-as-you-go plans for files; what an account really pays stands in its own bill.
"""

from __future__ import annotations

PRICES_DATE = "2026-11-25"
"""When the table was typed in; printed beside every cost."""

REAIS_PER_DOLLAR = 5.40
"""Default of BALTO_DOLAR, of the same date."""

USD_PER_HOUR: dict[str, dict[str, float]] = {
    "elevenlabs": {"scribe_v2": 0.40, "scribe_v3": 0.40, "scribe_v2_medical": 0.40},
    "assemblyai": {"universal-3-pro": 0.21, "universal-2": 0.15},
    "deepgram": {"nova-3": 0.258, "nova-2": 0.258},
    "gladia": {"solaria-1": 0.61},
    "openai": {"whisper-1": 0.36, "gpt-4o-transcribe": 0.36, "gpt-4o-mini-transcribe": 0.18},
}
"""By provider and model, as on the command line."""


def usd_per_hour(provider: str, model: str) -> float | None:
    """Price of an hour of audio; None for a model that the table does not hold."""
    return USD_PER_HOUR.get(provider, {}).get(model)


def cost_brl(duration_s: float, price_usd_per_hour: float, reais_per_dollar: float = REAIS_PER_DOLLAR) -> float:
    """Cost of `duration_s` of audio in reais."""
    return duration_s / 3600 * price_usd_per_hour * reais_per_dollar
