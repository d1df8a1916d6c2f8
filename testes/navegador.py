"""A browser without a screen, and pages of runs that nobody made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.wav import write_wav
from testes.tools import require_tool


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's own Chromium; where it is missing the test does not run, and is counted aloud."""
    program = require_tool("chromium")
    with sync_playwright() as playwright:
        # Containers allow no sandbox to root.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def write_tone(path: Path, seconds: float, frequency_hz: float = 440.0) -> Path:
    """A recording that any browser plays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    write_wav(path, (8000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16))
    return path
