"""Numbers for Prometheus: one registry a server, so that two servers in one process do not share any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable

_STAGES_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 20)


class Metrics:
    """What is counted on the live path."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.opened = Counter("balto_sessions_opened", "Sessions begun", registry=registry)
        self.resumed = Counter("balto_sessions_resumed", "Sessions taken up again", registry=registry)
        self.closed = Counter("balto_sockets_closed", "Sockets closed by us, by code", ["code"], registry=registry)
        self.refused = Counter("balto_sessions_refused", "Sessions refused, by reason", ["reason"], registry=registry)
        self.heard_s = Counter("balto_heard_seconds", "Seconds of sound received", registry=registry)
        self.spoken_s = Counter("balto_spoken_seconds", "Seconds of sound in segments", registry=registry)
        self.segments = Counter("balto_segments", "Segments cut, by reason", ["cut"], registry=registry)
        self.transcripts = Counter("balto_transcripts", "Transcripts, by state", ["state"], registry=registry)
        self.postponed = Counter("balto_postponed", "Transcripts told as postponed", registry=registry)
        self.provider_errors = Counter(
            "balto_provider_errors", "Calls that gave no transcript, by kind", ["kind"], registry=registry
        )
        self.cost_brl = Counter("balto_cost_reais", "Reais spent on transcripts", registry=registry)
        self.events_left = Counter(
            "balto_events_left", "Events left to be asked for again, client not reading", registry=registry
        )
        self.cut_to_event_s = Histogram(
            "balto_cut_to_event_seconds", "From the cut to its event", registry=registry, buckets=_STAGES_S
        )
        self.store_cut_s = Histogram(
            "balto_store_cut_seconds", "From the cut to its commit", registry=registry, buckets=_STAGES_S
        )
        self.provider_s = Histogram("balto_provider_seconds", "One answered call", registry=registry, buckets=_STAGES_S)
        self.end_to_end_s = Histogram(
            "balto_speech_to_transcript_seconds",
            "From the end of speech to its transcript",
            registry=registry,
            buckets=_STAGES_S,
        )
        self.suggestions = Counter(
            "balto_suggestions",
            "Decisions, by action and whether they were sent",
            ["action", "sent"],
            registry=registry,
        )
        self.suggestion_s = Histogram(
            "balto_speech_to_suggestion_seconds",
            "From the end of speech to its suggestion",
            registry=registry,
            buckets=_STAGES_S,
        )
        self.loop_lag_s = Histogram(
            "balto_loop_lag_seconds", "How late the loop's tick comes", registry=registry, buckets=_STAGES_S
        )

    def watch(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A gauge that is read when it is asked for."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
