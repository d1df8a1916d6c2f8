"""Charts of the panel as SVG, by matplotlib: calm, readable in light and dark, with every label as text.

They are shown as `<img>`, in which nothing runs, with a table of the same numbers beside each.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Theme = Literal["claro", "escuro"]
THEMES: tuple[Theme, ...] = ("claro", "escuro")
_INK: Mapping[str, Mapping[str, str]] = {
    "claro": {"text": "#57605c", "strong": "#1a1f1d", "line": "#d9dedb"},
    "escuro": {"text": "#a5afaa", "strong": "#e7ecea", "line": "#333b37"},
}
_COLOURS: Mapping[str, Sequence[str]] = {
    "claro": ("#0a6b5f", "#c7791a", "#4a7fc1", "#8a4fa3", "#b3483f", "#6b7d33", "#5f6b72"),
    "escuro": ("#5fd0bf", "#f0bd62", "#86b2ea", "#cfa0e3", "#ff8f86", "#b7cc74", "#a5afaa"),
}
_SETTINGS: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "balto",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "Segoe UI", "Roboto", "Noto Sans", "DejaVu Sans"],
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_LONGEST_LABEL = 34
_MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one name, one a category; None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars over categories: upright and stacked, or lying, one a category."""

    title: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str
    lying: bool = False
    intervals: tuple[tuple[float, float] | None, ...] = ()
    """Of the first series, where it has them."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Lines over a common axis: shares of transcripts by how long they took."""

    title: str
    x: tuple[float, ...]
    series: tuple[Series, ...]
    x_unit: str
    unit: str


Chart = Bars | Curves


def draw(chart: Chart, theme: Theme) -> bytes:
    """The SVG. Takes tenths of a second of a core: not for the event loop."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = dict(_SETTINGS)
    with mpl.rc_context(settings):
        height = max(1.6, 0.7 + 0.3 * len(chart.categories)) if isinstance(chart, Bars) and chart.lying else 3.1
        figure = Figure(figsize=(5.4, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        ink = _INK[theme]
        if isinstance(chart, Curves):
            _curves(axes, chart, _COLOURS[theme])
        elif chart.lying:
            _lying(axes, chart, _COLOURS[theme], ink)
        else:
            _upright(axes, chart, _COLOURS[theme])
        lying = isinstance(chart, Bars) and chart.lying
        numbers = [axes.xaxis] if lying else [axes.yaxis]
        _calm(axes, ink, [*numbers, axes.xaxis] if isinstance(chart, Curves) else numbers, lying=lying)
        if len(chart.series) > 1:
            axes.legend(
                frameon=False, labelcolor=ink["strong"], ncols=min(4, len(chart.series)), loc="lower left",
                bbox_to_anchor=(0, 1), borderaxespad=0, handlelength=1,
            )  # fmt: skip
        target = io.BytesIO()
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None, "Title": chart.title})
    return target.getvalue()


def _upright(axes: Any, chart: Bars, colours: Sequence[str]) -> None:
    places = range(len(chart.categories))
    below = [0.0] * len(chart.categories)
    for number, one in enumerate(chart.series):
        heights = [value or 0.0 for value in one.values]
        axes.bar(places, heights, bottom=below, color=colours[number % len(colours)], label=one.name, width=0.75)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    step = -(-len(chart.categories) // _MOST_TICKS) or 1
    axes.set_xticks(list(places)[::step], [_short(name) for name in chart.categories[::step]])
    axes.set_ylabel(chart.unit)


def _lying(axes: Any, chart: Bars, colours: Sequence[str], ink: Mapping[str, str]) -> None:
    places = range(len(chart.categories))
    (one,) = chart.series
    widths = [value or 0.0 for value in one.values]
    axes.barh(places, widths, color=colours[0], height=0.62)
    for place, interval in zip(places, chart.intervals, strict=False):
        if interval is not None:
            axes.plot(interval, (place, place), color=ink["strong"], linewidth=1.2, solid_capstyle="butt")
    axes.set_yticks(list(places), [_short(name) for name in chart.categories])
    axes.invert_yaxis()
    axes.set_xlabel(chart.unit)
    axes.set_xlim(left=0)


def _curves(axes: Any, chart: Curves, colours: Sequence[str]) -> None:
    for number, one in enumerate(chart.series):
        axes.plot(chart.x, one.values, color=colours[number % len(colours)], label=one.name, linewidth=1.8)
    axes.set_xlabel(chart.x_unit)
    axes.set_ylabel(chart.unit)
    axes.set_xlim(left=0)
    axes.set_ylim(0, 102)


def _calm(axes: Any, ink: Mapping[str, str], axes_of_numbers: Sequence[Any], *, lying: bool) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="x" if lying else "y", color=ink["line"], linewidth=0.8)
    for spine in axes.spines.values():
        spine.set_color(ink["line"])
    axes.tick_params(colors=ink["text"], labelcolor=ink["text"], length=0)
    axes.xaxis.label.set_color(ink["text"])
    axes.yaxis.label.set_color(ink["text"])
    for axis in axes_of_numbers:
        axis.set_major_formatter(FuncFormatter(_decimal))


def _decimal(value: float, _place: int) -> str:
    return f"{value:,.6g}".translate(str.maketrans(",.", ".,"))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"
