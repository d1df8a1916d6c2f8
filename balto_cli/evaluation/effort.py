"""What the calls of one part took: time, money, failures; whether or not there is a reference."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.latency import summarize_latency
from balto_cli.evaluation.rates import Effort, Failure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from balto_cli.evaluation.judging import Answer, HeardFile
    from balto_cli.evaluation.stored_run import RunHeader


def effort_of(part: Part, provider: str, files: Iterable[HeardFile], header: RunHeader) -> Effort:
    """Sum up a provider's calls."""
    calls = list(_calls(part, provider, files))
    answered = [(answer, answer.transcript, length_s) for answer, length_s in calls if answer.transcript]
    latencies_s = [transcript.latency_s for _, transcript, _ in answered]
    audio_s = sum(length_s for _, _, length_s in answered)
    reasons = Counter(answer.reason for answer, _ in calls if not answer.transcript)
    paid = [(transcript.cost_brl, length_s) for answer, transcript, length_s in answered if answer.attempts]
    paid_s = sum(length_s for _, length_s in paid)
    per_hour = sum(cost for cost, _ in paid) / paid_s * 3600 if paid_s else _listed_price(provider, header)
    return Effort(
        latency=summarize_latency(latencies_s),
        real_time_factor=sum(latencies_s) / audio_s if audio_s else None,
        cost_brl_per_hour=per_hour,
        cost_brl=sum(answer.cost_brl for answer, _ in calls),
        lost_brl=sum(answer.lost_brl for answer, _ in calls),
        attempts=sum(answer.attempts for answer, _ in calls),
        calls=len(calls),
        empty=sum(not transcript.text.strip() for _, transcript, _ in answered),
        failures=tuple(Failure(reason, count) for reason, count in reasons.most_common()),
    )


def _listed_price(provider: str, header: RunHeader) -> float | None:
    price, rate = header.usd_per_hour.get(provider), header.reais_per_dollar
    return None if price is None or rate is None else price * rate


def _calls(part: Part, provider: str, files: Iterable[HeardFile]) -> Iterable[tuple[Answer, float]]:
    """Every call with the seconds of audio that it was about."""
    for file in files:
        if part is Part.ORIGINALS:
            if provider in file.whole:
                yield file.whole[provider], file.duration_s or 0.0
            continue
        for segment in file.segments:
            if provider in segment.answers:
                yield segment.answers[provider], segment.end_s - segment.start_s
