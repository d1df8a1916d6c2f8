"""Layout of the picture of a noise sweep: error against signal-to-noise ratio, one line a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.evaluation.slices import CLEAN, NOISE
from balto_cli.reports.plot_frame import Frame, Mark, percent_mark, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from balto_cli.evaluation.findings import PartAnalysis
    from balto_cli.evaluation.rates import Slice

WIDTH, HEIGHT = 760, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 610.0, 14.0, 272.0
_LABEL_HEIGHT = 17.0
SHAPES = ("circulo", "quadrado", "triangulo", "losango", "cruz")
"""Every line has a mark and a dash of its own, so that colour is not needed; both go round."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A provider's error at one ratio, in pixels, with its interval."""

    x: float
    y: float
    low_y: float
    high_y: float


@dataclass(frozen=True, slots=True)
class NoiseLine:
    """One provider."""

    name: str
    number: int
    shape: str
    points: str
    """As SVG writes them."""
    spots: tuple[Spot, ...]
    label_y: float


@dataclass(frozen=True, slots=True)
class NoisePlot:
    """Everything that the picture draws, in pixels from its upper left corner."""

    frame: Frame
    lines: tuple[NoiseLine, ...]
    summary: str
    """The picture in words."""


def noise_plot(part: PartAnalysis) -> NoisePlot | None:
    """Lay the picture out, from no noise to the loudest; None where the run swept no noise."""
    found = sorted((one for one in part.slices if one.dimension == NOISE), key=_from_clean)
    if len(found) < 2:
        return None
    rates = [score.wer.high or score.wer.value or 0.0 for one in found for score in one.scores]
    y_marks, y_high = ticks(max(rates))
    xs = [round(_LEFT + 20 + (_RIGHT - _LEFT - 40) * at / (len(found) - 1), 1) for at in range(len(found))]

    def y_of(rate: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * min(1.0, rate / y_high), 1)

    lines = []
    for number, scores in enumerate(part.providers):
        spots = []
        for x, one in zip(xs, found, strict=True):
            wer = one.scores[number].wer
            if wer.value is not None:
                low, high = (wer.value if end is None else end for end in (wer.low, wer.high))
                spots.append(Spot(x, y_of(wer.value), y_of(low), y_of(high)))
        if spots:
            points = " ".join(f"{spot.x},{spot.y}" for spot in spots)
            shape = SHAPES[number % len(SHAPES)]
            lines.append(NoiseLine(scores.provider, number % len(SHAPES), shape, points, tuple(spots), spots[-1].y))
    return NoisePlot(
        Frame(
            WIDTH, HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM,
            tuple(Mark(x, one.value) for x, one in zip(xs, found, strict=True)),
            tuple(Mark(y_of(value), percent_mark(value)) for value in y_marks),
        ),
        _apart(lines),
        _in_words(found),
    )  # fmt: skip


def _from_clean(one: Slice) -> tuple[bool, float]:
    return one.value != CLEAN, -one.order


def _apart(lines: Sequence[NoiseLine]) -> tuple[NoiseLine, ...]:
    """Move labels down until none covers another, then up again as far as the picture's end asks."""
    ordered = sorted(lines, key=lambda line: line.label_y)
    places: list[float] = []
    for line in ordered:
        places.append(max(line.label_y, places[-1] + _LABEL_HEIGHT if places else _TOP))
    limit = _BOTTOM
    for at in range(len(places) - 1, -1, -1):
        places[at] = min(places[at], limit)
        limit = places[at] - _LABEL_HEIGHT
    return tuple(
        NoiseLine(line.name, line.number, line.shape, line.points, line.spots, round(place, 1))
        for line, place in zip(ordered, places, strict=True)
    )


def _in_words(found: Sequence[Slice]) -> str:
    parts = []
    for one in found:
        rates = ", ".join(
            f"{score.provider} {100 * score.wer.value:.1f} %".replace(".", ",")
            for score in one.scores
            if score.wer.value is not None
        )
        parts.append(f"{one.value}: {rates}")
    return f"WER por relação sinal-ruído. {'; '.join(parts)}."
