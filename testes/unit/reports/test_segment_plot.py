"""The picture of a recording: pages of bounded length, drawn while it is cut."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from balto_cli.pipeline import PipelineConfig, Segment
from balto_cli.pipeline.listener import FirstLook, HeardHop
from balto_cli.reports import segment_figure, segment_plot
from balto_cli.reports.segment_files import SegmentOptions, write_segments
from balto_cli.reports.segment_plot import Page, Plotter
from testes.doubles import Silent
from testes.gravacoes import speech

SECOND = 16_000


def hop(start: int, *, is_open: bool = False) -> HeardHop:
    return HeardHop(start, 512, FirstLook(0.2, passed=False), 0.0, 1e-5, is_open)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[Page]:
    drawn: list[Page] = []
    monkeypatch.setattr(segment_figure, "save_page", lambda page, path, title, config: drawn.append(page))
    return drawn


def run(plotter: Plotter, seconds: int, segments: list[Segment]) -> int:
    """Feed a stream of one chunk a second; return the most samples that were held."""
    position, most = 0, 0
    waiting = list(segments)
    for second in range(seconds):
        plotter.sound(np.full(SECOND, second % 100, "<i2").tobytes())
        while position < (second + 1) * SECOND:
            plotter.hop(hop(position, is_open=bool(waiting) and waiting[0].start_sample <= position))
            position += 512
        while waiting and waiting[0].end_sample <= position:
            plotter.segment(waiting.pop(0))
        most = max(most, len(plotter._sound) // 2)
    return most


def segment(index: int, start_s: int, end_s: int) -> Segment:
    samples = np.full((end_s - start_s) * SECOND, 1000 + index, np.int16)
    return Segment(index, start_s * SECOND, end_s * SECOND, samples, "pausa", 10.0)


def test_pages_tile_and_memory_holds_few_of_them(tmp_path: Path, pages: list[Page]) -> None:
    with Plotter(tmp_path / "a", "a.wav", PipelineConfig()) as plotter:
        most = run(plotter, 500, [segment(n, 20 * n, 20 * n + 15) for n in range(25)])
    assert [page.start for page in pages] == [n * 60 * SECOND for n in range(8)]
    assert pages[-1].end == 500 * SECOND
    assert most <= 115 * SECOND
    assert [s.index for s in pages[1].segments] == [3, 4, 5]


def test_a_segment_over_the_edge_is_on_both_pages(tmp_path: Path, pages: list[Page]) -> None:
    with Plotter(tmp_path / "a", "a.wav", PipelineConfig()) as plotter:
        run(plotter, 130, [segment(0, 50, 70)])
    first, second = pages
    assert first.provider_hears()[55 * SECOND] == second.provider_hears()[5 * SECOND] == 1000
    assert second.provider_hears()[10 * SECOND] == 0


def test_a_page_waits_for_the_segment_that_is_open_over_its_edge(tmp_path: Path, pages: list[Page]) -> None:
    with Plotter(tmp_path / "a", "a.wav", PipelineConfig(max_length_s=120.0)) as plotter:
        run(plotter, 180, [segment(0, 30, 150)])
    assert [page.segments[0].index for page in pages[:2]] == [0, 0]


def test_a_recording_of_a_minute_and_a_half_is_one_page(tmp_path: Path, pages: list[Page]) -> None:
    with Plotter(tmp_path / "a", "a.wav", PipelineConfig()) as plotter:
        run(plotter, 90, [])
    assert len(pages) == 1


def test_nothing_is_drawn_of_a_recording_that_failed(tmp_path: Path, pages: list[Page]) -> None:
    with contextlib.suppress(ValueError), Plotter(tmp_path / "a", "a.wav", PipelineConfig()) as plotter:
        run(plotter, 5, [])
        raise ValueError
    assert pages == []


@pytest.mark.parametrize("config", [PipelineConfig(), PipelineConfig.leve()], ids=["rede", "leve"])
def test_a_picture_is_written_whatever_the_name(tmp_path: Path, config: PipelineConfig) -> None:
    from balto_cli.audio.inputs import find_inputs

    (tmp_path / "entrada" / "sub").mkdir(parents=True)
    (tmp_path / "entrada" / "sub" / "fala $x$ é 😀.wav").write_bytes(speech(3))
    saida = tmp_path / "saida"
    (saida / "sub").mkdir(parents=True)
    leftover = saida / "sub" / "fala $x$ é 😀_pag_001.png"
    leftover.write_bytes(b"of a longer one")
    files = find_inputs([tmp_path / "entrada"]).files
    written = write_segments(files, saida, config, Silent(), SegmentOptions(plot=True))
    assert not written.failed
    assert (saida / "sub" / "fala $x$ é 😀.png").read_bytes().startswith(b"\x89PNG")
    assert not leftover.exists()


@pytest.mark.parametrize("samples", [np.zeros(100, np.int16), np.full(8000, -32768, np.int16)], ids=["short", "full"])
def test_the_oddest_sound_is_drawn(tmp_path: Path, samples: np.ndarray) -> None:
    with Plotter(tmp_path / "a", "a.wav", PipelineConfig()) as plotter:
        plotter.sound(samples.astype("<i2").tobytes())
        for start in range(0, len(samples), 512):
            plotter.hop(hop(start))
    assert (tmp_path / "a.png").exists()


def test_levels_are_drawn_in_the_measure_of_the_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 300, 5 * SECOND).astype(np.int16)
    power = segment_figure._spectrogram(noise)[5:-5]
    assert 10 * np.log10(power.sum(axis=1).mean()) == pytest.approx(20 * np.log10(300 / 32768), abs=0.3)
    assert segment_plot.LAST_PAGE_SAMPLES < 2 * 60 * SECOND
