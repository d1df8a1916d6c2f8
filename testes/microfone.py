"""A browser without a screen, driven beside a server in the same loop, with a recording as its microphone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from testes.tools import require_tool


@asynccontextmanager
async def chromium(microphone: Path | None = None, *more: str) -> AsyncIterator[Browser]:
    """The system's Chromium; `microphone` is played, once, to whoever asks for one."""
    program = require_tool("chromium")
    fake = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", *(fake if microphone else ()), *more]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def opened(browser: Browser, address: str, *, allowed: bool = True) -> AsyncIterator[Page]:
    """A page of which nothing is complained: no fault in a script, nothing that its policy forbids."""
    permissions = ["microphone"] if allowed else []
    context = await browser.new_context(locale="pt-BR", permissions=permissions)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    await page.goto(address)
    yield page
    await context.close()
    assert not faults
