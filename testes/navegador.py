"""A browser without a screen, and what every page of the panel is asked: no fault, no barrier, no overflow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.audio.wav import write_wav
from testes.painel import PASSWORD
from testes.tools import require_tool

SCREENS: dict[str, ViewportSize] = {
    "mesa": {"width": 1280, "height": 900},
    "celular": {"width": 390, "height": 844},
}
PICTURES = os.environ.get("BALTO_TESTE_IMAGENS")
"""A folder for screenshots, for whoever wants to look; none are kept otherwise."""


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """The system's own Chromium; where it is missing the test does not run, and is counted aloud."""
    program = require_tool("chromium")
    with sync_playwright() as playwright:
        # Containers allow no sandbox to root.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *options])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def without_faults(page: Page) -> Iterator[Page]:
    """Complains at the end of every error of the page's script, console or dialogs."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: faults.append(f"dialog {dialog.message}"))
    yield page
    assert not faults


def sign_in(page: Page, address: str, login: str) -> None:
    page.goto(f"{address}/admin/entrar")
    page.get_by_label("Usuário").fill(login)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(re.compile(r"/admin/(?!entrar)"))


def look(page: Page, name: str) -> None:
    """No serious complaint of axe's, nothing wider than the screen; a picture in both schemes for whoever asked."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    for scheme, options in (("light", None), ("dark", {"runOnly": ["color-contrast"]})):
        if scheme == "dark" and width < 500 and not PICTURES:
            continue  # The colours are those of the wide page.
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        bad = [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in Axe().run(page, options=options).response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert not bad, (name, scheme, bad)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def write_tone(path: Path, seconds: float, frequency_hz: float = 440.0) -> Path:
    """A recording that any browser plays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    write_wav(path, (8000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16))
    return path
