"""One picture that shows at a glance why a recording was cut as it was.

From top to bottom, over one axis of time: the cuts with their reasons, the waveform, the spectrogram, the level beside
the noise floor, the first stage, the second stage with its thresholds, and what the provider hears. Drawn by matplotlib
without a display.
"""

from __future__ import annotations

import warnings
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MultipleLocator

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.evaluation.verdicts import counted
from balto_cli.pipeline.gates import SHARE as GATE_SHARE
from balto_cli.pipeline.loudness import HIGH_HZ, LOW_HZ

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from balto_cli.audio.pcm import Pcm
    from balto_cli.pipeline import PipelineConfig, Segment
    from balto_cli.reports.segment_page import Page

_DPI = 100
_INCHES_PER_S = 0.28
_PLOT_INCHES = (12.0, 25.0)
_LEFT_INCHES, _RIGHT_INCHES = 0.7, 2.7
_HEIGHT_INCHES = 11.0
_HEIGHTS = (0.7, 1.0, 1.7, 1.2, 0.8, 1.3, 1.7)
_MOST_COLUMNS = 2600
"""Nothing is drawn finer than the picture's pixels."""

_FRAME, _HOP = 512, 160
_COLOUR_DB = (-105.0, -40.0)
_CUT_COLOURS = {"pausa": "#2a9d5c", "limite": "#d1342f", "fim": "#555555"}
_CUT_NAMES = {"pausa": "corte: pausa", "limite": "corte: tamanho máximo", "fim": "corte: fim da gravação"}
_SEGMENT, _BEGIN, _DISCARDED, _NOISE, _GATE, _NET = "#bcd7f5", "#4a90d9", "#dddddd", "#c8553d", "#7b5ea7", "#1f6fb2"
_RED = _CUT_COLOURS["limite"]


def save_page(page: Page, path: Path, title: str, config: PipelineConfig) -> None:
    """Draw a page of a recording into a PNG, replacing what is there. Raises OSError."""
    seconds = len(page.sound) / SAMPLE_RATE_HZ
    plot_width = min(max(seconds * _INCHES_PER_S, _PLOT_INCHES[0]), _PLOT_INCHES[1])
    width = plot_width + _LEFT_INCHES + _RIGHT_INCHES
    figure = Figure(figsize=(width, _HEIGHT_INCHES), dpi=_DPI)
    FigureCanvasAgg(figure)
    axes: list[Axes] = list(figure.subplots(len(_HEIGHTS), 1, sharex=True, height_ratios=_HEIGHTS))
    figure.subplots_adjust(
        left=_LEFT_INCHES / width, right=1 - _RIGHT_INCHES / width, bottom=0.05, top=0.94, hspace=0.09
    )
    figure.text(0.2 / width, 0.985, _headline(page, title, config), fontsize=11, va="top", parse_math=False)
    cuts, wave, spectrum, level, gate, net, heard = axes

    power = _spectrogram(page.sound)
    _draw_cuts(cuts, page, config, inches_per_s=plot_width / max(1.0, seconds))
    _draw_wave(wave, page)
    _draw_spectrogram(spectrum, page, power, "Som (kHz)")
    _draw_level(level, page, power)
    _draw_gate(gate, page, config)
    _draw_net(net, page, config)
    _draw_spectrogram(heard, page, _sent_only(page, _spectrogram(page.provider_hears())), "Enviado (kHz)")
    for axis in axes:
        _mark_segments(axis, page.segments)
        axis.tick_params(labelsize=8)
    cuts.set_xlim(page.start / SAMPLE_RATE_HZ, page.end / SAMPLE_RATE_HZ)
    heard.set_xlabel("tempo da gravação (s)", fontsize=9)
    heard.xaxis.set_major_locator(MultipleLocator(5 if seconds > 20 else 1))
    heard.xaxis.set_minor_locator(MultipleLocator(1 if seconds > 20 else 0.1))
    heard.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace(".", ",")))
    with warnings.catch_warnings():
        # A file's name may have letters that the font lacks; they come out as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure.savefig(path)


def _headline(page: Page, title: str, config: PipelineConfig) -> str:
    place = f"{_pt(page.start / SAMPLE_RATE_HZ, 1)} a {_pt(page.end / SAMPLE_RATE_HZ, 1)} s"
    ear = "webrtcvad e energia" if config.detector == "leve" else "porta webrtcvad, rede Silero"
    reduction = f"redução {_pt(config.reduction, 1)} ({config.reduction_engine})" if config.reduction else "som cru"
    return (
        f"{title} — {place}: {counted(len(page.segments), 'segmento')}\n"
        f"{ear}; pausa que fecha {config.close_after_ms} ms; tamanho máximo {_pt(config.max_length_s, 0)} s; "
        f"ao provedor: {reduction}"
    )


def _draw_cuts(axis: Axes, page: Page, config: PipelineConfig, inches_per_s: float) -> None:
    """A box for each segment with its number, length and SNR; its right edge has the colour of why it was cut."""
    for segment in page.segments:
        start, end = segment.start_s, segment.end_s
        axis.add_patch(Rectangle((start, 0), end - start, 1, facecolor=_SEGMENT, edgecolor="white", linewidth=0.5))
        axis.plot([end, end], [0, 1], color=_CUT_COLOURS[segment.cut], linewidth=3, solid_capstyle="butt", zorder=3)
        snr = "" if segment.snr_db is None else f"\nSNR {_pt(segment.snr_db, 0)} dB"
        long, short = f"{segment.index:03d}\n{_pt(end - start, 1)} s{snr}", f"{segment.index:03d}"
        text = long if (end - start) * inches_per_s > 0.6 else short
        shown = min(max((start + end) / 2, page.start / SAMPLE_RATE_HZ), page.end / SAMPLE_RATE_HZ)
        axis.text(shown, 0.5, text, ha="center", va="center", fontsize=7, clip_on=True)
    thrown_away = _thrown_away(page)
    for start, end in thrown_away:
        axis.add_patch(Rectangle((start, 0.25), end - start, 0.5, facecolor=_DISCARDED, hatch="////", edgecolor="gray"))
    axis.set_ylim(0, 1)
    axis.set_yticks([])
    axis.set_ylabel("Cortes", fontsize=9)
    kinds = [kind for kind in _CUT_COLOURS if any(segment.cut == kind for segment in page.segments)]
    handles: list[Any] = [
        Line2D([], [], color=_CUT_COLOURS[kind], linewidth=3, label=_CUT_NAMES[kind]) for kind in kinds
    ]
    if thrown_away:
        label = f"descartado: fala < {config.min_speech_ms} ms"
        handles.append(Patch(facecolor=_DISCARDED, hatch="////", edgecolor="gray", label=label))
    _legend(axis, handles)


def _draw_wave(axis: Axes, page: Page) -> None:
    step = max(1, len(page.sound) // _MOST_COLUMNS)
    columns = len(page.sound) // step
    blocks = page.sound[: columns * step].reshape(columns, step)
    times = (page.start + (np.arange(columns) + 0.5) * step) / SAMPLE_RATE_HZ
    axis.fill_between(times, blocks.min(axis=1) / 32768, blocks.max(axis=1) / 32768, color="#444444", linewidth=0.3)
    peak = max(0.02, float(np.abs(page.sound.astype(np.int32)).max(initial=0)) / 32768)
    axis.set_ylim(-1.05 * peak, 1.05 * peak)
    axis.set_yticks([-peak, 0, peak], [f"{_pt(-100 * peak, 0)} %", "0", f"{_pt(100 * peak, 0)} %"])
    axis.set_ylabel("Onda", fontsize=9)


def _draw_spectrogram(axis: Axes, page: Page, power: NDArray[np.float32], label: str) -> None:
    step = -(-len(power) // _MOST_COLUMNS)
    columns = -(-len(power) // step)
    padded = np.full((columns * step, power.shape[1]), np.nan, np.float32)
    padded[: len(power)] = power
    shown_db = 10 * np.log10(np.fmax.reduce(padded.reshape(columns, step, -1), axis=1) + 1e-14)
    image = axis.imshow(
        shown_db.T,
        origin="lower",
        aspect="auto",
        extent=(page.start / SAMPLE_RATE_HZ, (page.start + len(power) * _HOP) / SAMPLE_RATE_HZ, 0, 8),
        vmin=_COLOUR_DB[0],
        vmax=_COLOUR_DB[1],
        cmap=colormaps["magma"].with_extremes(bad="#eeeeee"),
        interpolation="nearest",
    )
    axis.set_yticks([0, 2, 4, 6, 8])
    axis.set_ylabel(label, fontsize=9)
    scale = axis.figure.colorbar(image, cax=axis.inset_axes((1.006, 0.05, 0.008, 0.9)))
    scale.ax.tick_params(labelsize=7)
    scale.set_label("dB por faixa", fontsize=7)


def _sent_only(page: Page, power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blank (NaN) where nothing is sent."""
    middle = page.start + np.arange(len(power)) * _HOP
    sent = np.zeros(len(power), bool)
    for segment in page.segments:
        sent |= (middle >= segment.start_sample) & (middle < segment.end_sample)
    return np.where(sent[:, None], power, np.float32(np.nan))


def _draw_level(axis: Axes, page: Page, power: NDArray[np.float32]) -> None:
    low, high = (round(edge * _FRAME / SAMPLE_RATE_HZ) for edge in (LOW_HZ, HIGH_HZ))
    level_db = 10 * np.log10(power[:, low : high + 1].sum(axis=1) + 1e-10)
    times = (page.start + (np.arange(len(level_db)) + 0.5) * _HOP) / SAMPLE_RATE_HZ
    axis.plot(times, level_db, color="#444444", linewidth=0.6, label="nível do som")
    known = [(hop.start_sample / SAMPLE_RATE_HZ, hop.noise_power) for hop in page.hops if hop.noise_power > 0]
    if known:
        at, noise = np.array(known).T
        axis.plot(at, 10 * np.log10(noise), color=_NOISE, linewidth=1.6, label="ruído das pausas")
    axis.set_ylim(max(-90.0, float(np.percentile(level_db, 1)) - 6), float(level_db.max()) + 4)
    axis.set_ylabel("Nível (dB)", fontsize=9)
    axis.grid(axis="y", linewidth=0.3)
    _legend(axis)


def _draw_gate(axis: Axes, page: Page, config: PipelineConfig) -> None:
    """The first stage's score where it was asked, and where it let the second stage listen."""
    times = _hop_starts_s(page)
    asked = np.array([np.nan if hop.first_look.score is None else hop.first_look.score for hop in page.hops])
    name = "webrtcvad" if config.detector == "leve" else "porta webrtcvad"
    missing = "" if config.detector == "leve" else "; sem nota: não consultada"
    axis.step(times, asked, where="post", color=_GATE, linewidth=0.9, label=f"{name}{missing}")
    if config.detector != "leve":
        axis.axhline(GATE_SHARE, color=_GATE, linestyle="--", linewidth=0.9, label=f"abre em {_pt(GATE_SHARE, 2)}")
        passed = [float(hop.first_look.passed) for hop in page.hops]
        axis.fill_between(
            times, passed, step="post", color=_GATE, alpha=0.15, linewidth=0, label="a rede ouve (2º estágio)"
        )
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 1])
    axis.set_ylabel("1º estágio", fontsize=9)
    _legend(axis)


def _draw_net(axis: Axes, page: Page, config: PipelineConfig) -> None:
    times = _hop_starts_s(page)
    scores = np.array([hop.score for hop in page.hops])
    name = "nota (webrtcvad + energia)" if config.detector == "leve" else "nota da rede (Silero)"
    axis.fill_between(times, scores, step="post", color=_NET, alpha=0.35, linewidth=0)
    axis.step(times, scores, where="post", color=_NET, linewidth=0.9, label=name)
    for value, style, meaning in (
        (config.open_threshold, "-", "abre em"),
        (config.start_threshold, ":", "o início recua até"),
        (config.keep_threshold, "--", "continua em"),
    ):
        axis.axhline(value, color=_RED, linestyle=style, linewidth=0.9, label=f"{meaning} {_pt(value, 2)}")
    for at_s, score in _near_misses(page, config.start_threshold):
        axis.annotate(
            _pt(score, 2), (at_s, score), (0, 5), textcoords="offset points", ha="center", fontsize=7, color=_RED
        )
    axis.set_ylim(0, 1.05)
    axis.set_yticks([0, 0.5, 1], ["0", "0,5", "1"])
    axis.set_ylabel("2º estágio", fontsize=9)
    _legend(axis)


def _mark_segments(axis: Axes, segments: tuple[Segment, ...]) -> None:
    for segment in segments:
        axis.axvline(segment.start_s, color=_BEGIN, linewidth=0.9)
        # Above the next segment's begin, which may be the same moment.
        axis.axvline(segment.end_s, color=_CUT_COLOURS[segment.cut], linewidth=0.9, zorder=3)


def _thrown_away(page: Page) -> list[tuple[float, float]]:
    """Openings of the segmenter of which no segment came, in seconds."""
    found = []
    for is_open, group in groupby(page.hops, key=lambda hop: hop.is_open):
        hops = list(group)
        start, end = hops[0].start_sample, hops[-1].start_sample + hops[-1].samples
        kept = any(segment.start_sample < end and segment.end_sample > start for segment in page.segments)
        if is_open and not kept:
            found.append((start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ))
    return found


def _near_misses(page: Page, start_threshold: float) -> list[tuple[float, float]]:
    """When (s) and how high (score) each run went that reached `start_threshold` and lies in no segment."""
    found = []
    for reached, group in groupby(page.hops, key=lambda hop: hop.score >= start_threshold):
        hops = list(group)
        start, end = hops[0].start_sample, hops[-1].start_sample + hops[-1].samples
        if reached and not any(segment.start_sample < end and segment.end_sample > start for segment in page.segments):
            highest = max(hops, key=lambda hop: hop.score)
            found.append((highest.start_sample / SAMPLE_RATE_HZ, highest.score))
    return found


def _hop_starts_s(page: Page) -> NDArray[np.float64]:
    return np.array([hop.start_sample for hop in page.hops], np.float64) / SAMPLE_RATE_HZ


def _spectrogram(sound: Pcm) -> NDArray[np.float32]:
    """Power of each bin by frame, a full-scale square wave's bins add up to 1. (n,) -> (frames, 257)."""
    padded = np.zeros(max(len(sound), _FRAME) + _FRAME, np.float32)
    padded[_FRAME // 2 : _FRAME // 2 + len(sound)] = sound
    padded /= 32768
    window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    power = np.empty((len(frames), _FRAME // 2 + 1), np.float32)
    scale = 2 / (_FRAME * float(window @ window))
    for begin in range(0, len(frames), 1000):
        spectra = np.fft.rfft(frames[begin : begin + 1000] * window)
        power[begin : begin + 1000] = scale * (np.square(spectra.real) + np.square(spectra.imag))
    return power


def _legend(axis: Axes, handles: list[Any] | None = None) -> None:
    axis.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(1.005, 1.02),
        fontsize=7,
        frameon=False,
        borderaxespad=0,
        labelspacing=0.3,
    )


def _pt(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace(".", ",")
