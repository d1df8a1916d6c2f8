"""What is told to a client of its segments: made the same way when it happens and when it is asked for again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from balto_cli.server.protocol import encode, seconds
from balto_cli.store.records import TranscriptState

if TYPE_CHECKING:
    from balto_cli.store.records import Interaction, NewSegment, Outcome

POSTPONED = "adiada"


@dataclass(slots=True, eq=False)
class Event:
    """One message to a client, before it travels."""

    fields: dict[str, Any]
    segment: str | None = None
    """Whose event it is, where it is one that can be asked for again."""
    seq: int | None = None
    """Its number, where it has one already."""

    @property
    def kind(self) -> str:
        """Its `comando`."""
        return str(self.fields["comando"])

    def encoded(self, seq: int) -> str:
        """As it travels."""
        return encode({**self.fields, "seq": seq})


def segment_event(identity: str, segment: NewSegment) -> Event:
    """`segmento`."""
    return Event(_segment(identity, segment.start_sample, segment.end_sample, segment.cut), identity)


def transcript_event(outcome: Outcome, start: int, end: int) -> Event:
    """`transcricao` of an answer, or of a failure that is final."""
    state: Literal["ok", "vazia", "falha"] = "falha"
    if outcome.state is TranscriptState.OK:
        state = "ok"
    elif outcome.state is TranscriptState.EMPTY:
        state = "vazia"
    fields = _transcript(
        outcome.segment_id, outcome.text, start, end, outcome.provider, state, outcome.reason, late=outcome.late
    )
    return Event(fields, outcome.segment_id)


def postponed_event(identity: str, start: int, end: int) -> Event:
    """`transcricao` of a segment that has had no answer in time."""
    return Event(_transcript(identity, "", start, end, None, "falha", POSTPONED, late=False), identity)


def events_again(interaction: Interaction, after: int, wanted: frozenset[str]) -> list[Event]:
    """What of an interaction is due to a client that knows all numbers up to `after`."""
    events = []
    start, end = interaction.start_sample, interaction.end_sample
    if "segmento" in wanted and (interaction.segment_seq is None or interaction.segment_seq > after):
        fields = _segment(interaction.id, start, end, interaction.cut)
        events.append(Event(fields, interaction.id, interaction.segment_seq))
    told = interaction.transcript_seq is not None and interaction.transcript_seq <= after
    if "transcricao" not in wanted or told or interaction.state is TranscriptState.WAITING:
        return events
    # One that was told as postponed is told as that again, whatever came of it later.
    told_postponed = interaction.late and interaction.transcript_seq is not None
    if interaction.state is TranscriptState.POSTPONED or told_postponed:
        fields = _transcript(interaction.id, "", start, end, None, "falha", POSTPONED, late=False)
    else:
        fields = _transcript(
            interaction.id, interaction.text, start, end, interaction.provider, interaction.state, interaction.reason,
            late=interaction.late,
        )  # fmt: skip
    events.append(Event(fields, interaction.id, interaction.transcript_seq))
    return events


def _segment(identity: str, start: int, end: int, cut: str) -> dict[str, Any]:
    return {
        "comando": "segmento",
        "id_interacao": identity,
        "inicio_s": seconds(start),
        "fim_s": seconds(end),
        "corte": cut,
    }


def _transcript(
    identity: str, text: str, start: int, end: int, provider: str | None, state: str, reason: str | None, *, late: bool
) -> dict[str, Any]:
    return {
        "comando": "transcricao",
        "id_interacao": identity,
        "texto": text,
        "inicio_s": seconds(start),
        "fim_s": seconds(end),
        "provedor": provider,
        "estado": state,
        "motivo": reason,
        "tardia": late,
    }
