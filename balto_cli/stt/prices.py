"""What an hour of audio costs at each provider: one dated table, in US dollars, and the dollar in reais.

List prices of pay-as-you-go plans for files, from the providers' public pages; what an account really pays stands in
its own bill.
"""

from __future__ import annotations

PRICES_DATE = "2026-11-26"
"""When the table was checked against public documentation; printed beside every cost."""

REAIS_PER_DOLLAR = 5.40
"""Default of BALTO_DOLAR, of the same date."""

SYNC = "sync"
"""AssemblyAI's synchronous endpoint, which has a price of its own, whatever the model."""

USD_PER_HOUR: dict[str, dict[str, float]] = {
    "elevenlabs": {"scribe_v2": 0.22, "scribe_v3": 0.22, "scribe_v2_medical": 0.22, "scribe_v1": 0.22},
    "assemblyai": {"universal-3-5-pro": 0.21, "universal-3-pro": 0.21, "universal-2": 0.15, SYNC: 0.30},
    "deepgram": {"nova-3": 0.258, "nova-3-medical": 0.258, "nova-2": 0.258},
    "gladia": {"solaria-1": 0.61, "solaria-3": 0.61},
    "openai": {
        "whisper-1": 0.36,
        "gpt-transcribe": 0.27,
        "gpt-4o-transcribe": 0.36,
        "gpt-4o-transcribe-diarize": 0.36,
        "gpt-4o-mini-transcribe": 0.18,
    },
}
"""By provider and model, as on the command line."""

KEYTERMS_USD_PER_HOUR = {"elevenlabs": 0.05, "assemblyai": 0.05, "deepgram": 0.078}
"""What sending terms adds; nothing where a provider is absent, and nothing at AssemblyAI's synchronous endpoint."""

SPEAKERS_USD_PER_HOUR = {"assemblyai": 0.02}
"""What asking who speaks adds; nothing where a provider is absent."""

UNSURE = frozenset(
    {
        ("elevenlabs", "scribe_v3"),
        ("elevenlabs", "scribe_v2_medical"),
        ("deepgram", "nova-3-medical"),
        ("gladia", "solaria-3"),
        ("openai", "gpt-4o-transcribe"),
        ("openai", "gpt-4o-transcribe-diarize"),
        ("openai", "gpt-4o-mini-transcribe"),
    }
)
"""Models without a public price an hour of their own: that of their family, or an estimate of a price by token."""


def usd_per_hour(provider: str, model: str, *, keyterms: bool = False, speakers: bool = False) -> float:
    """Price of an hour of audio, with what options add.

    A model that the table does not hold costs as much as the provider's dearest, so that a budget is never overrun.
    """
    models = USD_PER_HOUR[provider]
    price = models.get(model, max(models.values()))
    if keyterms and model != SYNC:
        price += KEYTERMS_USD_PER_HOUR.get(provider, 0.0)
    if speakers:
        price += SPEAKERS_USD_PER_HOUR.get(provider, 0.0)
    return price


def cost_brl(duration_s: float, price_usd_per_hour: float, reais_per_dollar: float = REAIS_PER_DOLLAR) -> float:
    """Cost of `duration_s` of audio in reais."""
    return duration_s / 3600 * price_usd_per_hour * reais_per_dollar
