"""Which providers none other beats in error, latency and cost at once, and the layout of the picture that shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from balto_cli.reports.plot_frame import Frame, Mark, percent_mark, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ParetoPoint:
    """One provider."""

    name: str
    wer: float
    low: float | None
    """Interval of `wer`; None, as `high`, where there is none."""
    high: float | None
    latency_s: float | None
    cost_brl_per_hour: float | None


@dataclass(frozen=True, slots=True)
class Bubble:
    """A provider's place in the picture, in pixels."""

    x: float
    y: float
    radius: float
    low_x: float
    high_x: float
    name: str
    note: str
    label_x: float
    label_y: float
    anchor: str
    best: bool
    """Whether no other provider is as good in everything and better in something."""


@dataclass(frozen=True, slots=True)
class ParetoPlot:
    """Everything that the picture draws, in pixels from its upper left corner."""

    frame: Frame
    y_name: str
    bubbles: tuple[Bubble, ...]
    front: str
    """Points of the line through the best ones in the two dimensions shown, as SVG writes them."""
    summary: str
    """The picture in words."""


Circle = tuple[float, float, float]
"""Its middle, from the left and from above, and its radius."""
WIDTH, HEIGHT = 440, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 424.0, 18.0, 290.0
_SMALLEST, _LARGEST = 7.0, 22.0
_LABEL_HEIGHT = 32.0
_CHARACTER = 7.4


def pareto_best(points: Sequence[ParetoPoint]) -> frozenset[str]:
    """Names of the providers that no other one beats: not worse in any dimension and better in one.

    A dimension that is unknown for either provider of a pair does not count for that pair.
    """
    return frozenset(one.name for one in points if not any(_beats(other, one) for other in points if other is not one))


def _beats(a: ParetoPoint, b: ParetoPoint) -> bool:
    pairs = [
        (x, y)
        for x, y in ((a.wer, b.wer), (a.latency_s, b.latency_s), (a.cost_brl_per_hour, b.cost_brl_per_hour))
        if x is not None and y is not None
    ]
    return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)


def pareto_plot(points: Sequence[ParetoPoint]) -> ParetoPlot | None:
    """Lay the picture out: error to the right, latency upwards, cost as area.

    Where no provider has a latency, cost goes upwards. None under two providers with something to put there.
    """
    by_latency = sum(point.latency_s is not None for point in points) >= 2
    heights = {point.name: point.latency_s if by_latency else point.cost_brl_per_hour for point in points}
    placed = [(point, height) for point in points if (height := heights[point.name]) is not None]
    if len(placed) < 2:
        return None
    x_marks, x_high = ticks(max(point.high or point.wer for point, _ in placed))
    y_marks, y_high = ticks(max(height for _, height in placed) * 1.12)
    best = pareto_best([point for point, _ in placed])
    costs = [point.cost_brl_per_hour or 0.0 for point, _ in placed]

    def x_of(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * min(1.0, value / x_high), 1)

    def y_of(value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * value / y_high, 1)

    placed.sort(key=lambda one: -(one[0].cost_brl_per_hour or 0.0))
    circles = [
        (x_of(point.wer), y_of(height), _radius(point.cost_brl_per_hour, max(costs))) for point, height in placed
    ]
    bubbles: list[Bubble] = []
    for (point, _), circle in zip(placed, circles, strict=True):
        x, y, radius = circle
        note = _cost_text(point.cost_brl_per_hour)
        label = _label_place(circle, _wide(point.name, note), bubbles, circles)
        bubbles.append(
            Bubble(
                x, y, radius,
                x_of(point.wer if point.low is None else point.low),
                x_of(point.wer if point.high is None else point.high),
                point.name, note, *label, point.name in best,
            )
        )  # fmt: skip
    return ParetoPlot(
        Frame(
            WIDTH, HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM,
            tuple(Mark(x_of(value), percent_mark(value)) for value in x_marks),
            tuple(Mark(y_of(value), _pt(value)) for value in y_marks),
        ),
        "latência p95 (s)" if by_latency else "R$ por hora de áudio",
        tuple(bubbles),
        _front(bubbles),
        _in_words(placed, best, by_latency=by_latency),
    )  # fmt: skip


def _radius(cost: float | None, largest: float) -> float:
    """Area grows with cost, from a size that is still seen."""
    share = (cost or 0.0) / largest if largest else 0.0
    return round(math.sqrt(_SMALLEST**2 + (_LARGEST**2 - _SMALLEST**2) * share), 1)


def _wide(name: str, note: str) -> float:
    """Width of a label of two lines."""
    return max(len(name), len(note)) * _CHARACTER


def _label_place(
    circle: Circle, wide: float, labelled: Sequence[Bubble], circles: Sequence[Circle]
) -> tuple[float, float, str]:
    """Beside the bubble, under it or over it, where there is room; else a row lower or higher."""
    x, y, radius = circle
    right, left = x + radius + 6, x - radius - 6
    places = [("start", right, y, 0.0), ("end", left, y, 0.0), ("middle", x, y + radius + 16, 1.0)]
    places += [("middle", x, y - radius - 20, 1.0)]
    for down in (_LABEL_HEIGHT, -_LABEL_HEIGHT, 2 * _LABEL_HEIGHT, -2 * _LABEL_HEIGHT):
        places += [("start", right, y + down, abs(down) / 10), ("end", left, y + down, abs(down) / 10)]
    taken = [(one.label_y, *_reach(one.anchor, one.label_x, _wide(one.name, one.note))) for one in labelled]

    def penalty(place: tuple[str, float, float, float]) -> float:
        anchor, at, row, far = place
        first, last = _reach(anchor, at, wide)
        outside = max(0.0, last - WIDTH) + max(0.0, _LEFT - first) + max(0.0, row - _BOTTOM) + max(0.0, _TOP - row)
        over = sum(
            max(0.0, min(last, end) - max(first, begin))
            for other_row, begin, end in taken
            if abs(other_row - row) < _LABEL_HEIGHT
        )
        over += sum(
            max(0.0, min(last, other_x + other_radius) - max(first, other_x - other_radius))
            for other_x, other_y, other_radius in circles
            if abs(other_y - row) < other_radius + 12
        )
        return 4 * outside + 2 * over + far

    anchor, at, row, _ = min(places, key=penalty)
    return round(at, 1), round(row, 1), anchor


def _reach(anchor: str, at: float, wide: float) -> tuple[float, float]:
    """Where a label begins and ends, from the left."""
    begin = {"start": at, "middle": at - wide / 2, "end": at - wide}[anchor]
    return begin, begin + wide


def _front(bubbles: Sequence[Bubble]) -> str:
    """The best ones from the least error on, each lower than the one before."""
    lowest = -math.inf
    points = []
    for bubble in sorted(bubbles, key=lambda one: (one.x, -one.y)):
        if bubble.y > lowest:
            lowest = bubble.y
            points.append(f"{bubble.x},{bubble.y}")
    return " ".join(points) if len(points) > 1 else ""


def _in_words(placed: Sequence[tuple[ParetoPoint, float]], best: frozenset[str], *, by_latency: bool) -> str:
    parts = []
    for point, height in placed:
        upright = f"latência p95 {_pt(height, 1)} s, " if by_latency else ""
        parts.append(f"{point.name}: WER {_pt(100 * point.wer, 1)} %, {upright}{_cost_text(point.cost_brl_per_hour)}")
    named = ", ".join(point.name for point, _ in placed if point.name in best)
    return f"{'; '.join(parts)}. Ninguém é melhor em tudo que: {named}."


def _cost_text(cost: float | None) -> str:
    if cost is None:
        return "preço desconhecido"
    return f"R$ {_pt(cost, 2)}/h" if cost else "sem custo"


def _pt(value: float, digits: int | None = None) -> str:
    text = f"{value:.6g}" if digits is None else f"{value:.{digits}f}"
    return text.replace(".", ",")
