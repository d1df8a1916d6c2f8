"""The stages of one interaction on a line of time, laid out in pixels for the template that draws them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from balto_cli.reports.plot_frame import Mark, ticks
from balto_cli.server.panel import reading

if TYPE_CHECKING:
    from datetime import datetime

    from balto_cli.store.records import Interaction

_LEFT, _RIGHT = 132.0, 450.0
_TOP, _ROW = 12.0, 34.0
_SHORTEST = 3.0


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch; places in pixels."""

    name: str
    kind: str
    """Class of its colour: `fala`, `balto`, `provedor`, `sugestao`."""
    begin: datetime
    end: datetime
    x: float
    y: float
    width: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that is drawn."""

    height: float
    bottom: float
    stages: tuple[Stage, ...]
    marks: tuple[Mark, ...]
    summary: str
    """The picture in words."""


def timeline_of(one: Interaction) -> Timeline:
    """From the first word to what the attendant was told."""
    # Times of arrival are of the server's clock; those of the session are moved onto it.
    spoken_until = one.speech_ended_at or one.cut_at
    begin = spoken_until - timedelta(seconds=one.spoken_s)
    stretches = [("Fala", "fala", begin, spoken_until), ("Pausa até o corte", "balto", spoken_until, one.cut_at)]
    if one.sent_at:
        stretches.append(("Espera pelo envio", "balto", one.cut_at, one.sent_at))
        if one.transcribed_at:
            stretches.append(("Transcrição", "provedor", one.sent_at, one.transcribed_at))
    if one.transcribed_at and one.suggested_at:
        stretches.append(("Decisão", "sugestao", one.transcribed_at, one.suggested_at))
    if one.transcribed_at and one.delivered_at:
        stretches.append(("Texto até o balcão", "balto", one.transcribed_at, one.delivered_at))
    end = max(stretch[3] for stretch in stretches)
    values, high = ticks(max(0.001, (end - begin).total_seconds()))

    def x_of(moment: datetime) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, (moment - begin).total_seconds() / high)), 1)

    stages = tuple(
        Stage(
            name, kind, first, max(first, last), x_of(first), _TOP + row * _ROW,
            max(_SHORTEST, round(x_of(max(first, last)) - x_of(first), 1)),
        )
        for row, (name, kind, first, last) in enumerate(stretches)
    )  # fmt: skip
    bottom = _TOP + len(stages) * _ROW
    marks = tuple(
        Mark(round(_LEFT + (_RIGHT - _LEFT) * value / high, 1), reading.number(value, 0 if high >= 4 else 1) + " s")
        for value in values
    )
    summary = "; ".join(f"{stage.name}: {reading.seconds(stage.seconds)}" for stage in stages)
    return Timeline(bottom + 24, bottom, stages, marks, summary)
