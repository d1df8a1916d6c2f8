"""`/exemplo` in Chromium, with a recording as its microphone: what a person sees, and that not a sample is lost."""

from __future__ import annotations

import base64
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from balto_cli.audio.pcm import pcm_from_bytes
from balto_cli.audio.wav import write_wav
from balto_cli.store.records import TranscriptState
from testes.doubles import words_of
from testes.live import LEVE, Running, offline, pcm_of, running, until
from testes.microfone import chromium, opened
from testes.shared import require_shared


def sound() -> bytes:
    return pcm_of(require_shared("speech") / "balcao-1.flac")


def drop_all(server: Running) -> None:
    """The network is gone, without a word to anybody."""
    for connection in server.live.connections:
        assert connection._transport is not None
        connection._transport.abort()


async def test_a_person_speaks_and_sees_what_was_said_also_after_a_drop(tmp_path: Path) -> None:
    write_wav(tmp_path / "microfone.wav", pcm_from_bytes(sound()[:640_000]))
    async with (
        running(tmp_path / "dados") as server,
        chromium(tmp_path / "microfone.wav") as browser,
        opened(browser, f"{server.server.address}/exemplo") as page,
    ):
        state, events = page.locator("#estado"), page.locator("#eventos li")
        assert (await Axe().run(page)).violations_count == 0
        await page.fill("#chave", server.key)
        await page.click("text=Ouvir")
        await expect(state).to_have_text("Ouvindo.", timeout=20_000)
        await expect(page.locator("[data-comando=transcricao]").first).to_contain_text("palavra", timeout=30_000)
        (session,) = server.live.sessions.sessions
        drop_all(server)
        await expect(page.locator("[data-comando=autenticado]")).to_have_count(2, timeout=20_000)
        await expect(events.filter(has_text=f"sessão {session}, retomada em")).to_have_count(1)
        heard = await page.locator("[data-comando=transcricao]").count()
        await expect(page.locator("[data-comando=transcricao]").nth(heard)).to_be_visible(timeout=30_000)
        await page.click("text=Encerrar")
        await expect(state).to_have_text("Sessão encerrada.", timeout=20_000)
        await expect(page.locator("button")).to_have_text("Ouvir")
        found = await server.interactions(session)
        record = await server.live.store.session(session)
        assert record is not None
        assert record.end_reason == "encerrar"
        assert record.client_name == "exemplo 1"
        assert all(one.state is TranscriptState.OK for one in found)
        shown = " ".join(await events.all_inner_texts())
        assert all(one.text in shown for one in found)
        assert server.key not in await page.content()


async def test_what_is_in_the_way_is_said(tmp_path: Path) -> None:
    """A wrong key, no permission, no HTTPS: each in a sentence that says what to do."""
    write_wav(tmp_path / "microfone.wav", pcm_from_bytes(sound()[:64_000]))
    # A name that is no loopback name to the browser: as the page is on a network without HTTPS.
    elsewhere = "--host-resolver-rules=MAP balcao.test 127.0.0.1"
    async with (
        running(tmp_path / "dados") as server,
        chromium(tmp_path / "microfone.wav", elsewhere, "--deny-permission-prompts") as browser,
    ):
        address = f"{server.server.address}/exemplo"
        async with opened(browser, address) as page:
            await page.fill("#chave", "errada")
            await page.click("text=Ouvir")
            await expect(page.locator("#estado")).to_contain_text("A chave não vale", timeout=20_000)
            await expect(page.locator("button")).to_have_text("Ouvir")
        async with opened(browser, address, allowed=False) as page:
            await page.fill("#chave", server.key)
            await page.click("text=Ouvir")
            await expect(page.locator("#estado")).to_contain_text("O microfone foi negado", timeout=20_000)
        async with opened(browser, address.replace("127.0.0.1", "balcao.test")) as page:
            await expect(page.locator("#estado")).to_contain_text("sem HTTPS")
            await page.fill("#chave", server.key)
            await page.click("text=Ouvir")
            await expect(page.locator("#estado")).to_contain_text("https://")
        assert not server.live.sessions.sessions


async def test_the_script_loses_and_repeats_no_sample_over_drops(tmp_path: Path) -> None:
    """As another page uses it: what is cut is what the offline commands cut of the same sound."""
    pcm = sound()[:1_500_000]
    expected = offline(pcm, LEVE)
    async with (
        running(tmp_path) as server,
        chromium() as browser,
        opened(browser, f"{server.server.address}/exemplo") as page,
    ):
        await page.evaluate(
            """async ([key, sound]) => {
                const { Balto } = await import("/exemplo/balto.js");
                const bytes = Uint8Array.from(atob(sound), (character) => character.charCodeAt(0));
                const samples = new Int16Array(bytes.buffer);
                window.told = [];
                const onEvent = (event) => told.push(event);
                window.balto = new Balto({ key, onEvent });
                balto.start();
                window.say = async (from, to) => {
                    for (let at = from; at < to; at += 1600) {
                        balto.send(samples.subarray(at, Math.min(to, at + 1600)));
                        if (at % 16000 === 0) await new Promise((resolve) => setTimeout(resolve));
                    }
                };
            }""",
            [server.key, base64.b64encode(pcm).decode()],
        )
        third = len(pcm) // 6
        await page.evaluate("to => say(0, to)", third)
        await until(lambda: any(one.received for one in server.live.sessions.sessions.values()))
        drop_all(server)
        await page.evaluate("([from, to]) => say(from, to)", [third, 2 * third])
        # Two sockets: the page's policy allows Playwright no waiting inside of it.
        await until(lambda: server.live.metrics.resumed._value.get() == 1)
        drop_all(server)
        await page.evaluate("([from, to]) => say(from, to)", [2 * third, len(pcm) // 2])
        end = await page.evaluate("balto.end()")
        assert end["code"] == 1000
        session = await page.evaluate("balto.session")
        told = await page.evaluate("told.filter((event) => event.comando === 'transcricao')")
        found = await server.interactions(session)
    texts = [words_of(segment.samples) for segment in expected]
    assert [one.text for one in found] == texts
    assert [event["texto"] for event in told] == texts


async def test_the_page_may_load_nothing_from_elsewhere_and_stands_in_no_frame(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        for name, kind in (("", "text/html"), ("/balto.js", "text/javascript"), ("/exemplo.css", "text/css")):
            async with server.http.get(f"{server.server.address}/exemplo{name}") as response:
                assert response.status == 200
                assert response.content_type == kind
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                text = await response.text()
                assert "http://" not in text.replace("https://", "")
        for name in ("/index.html", "/../app.py", "/..%2Fapp.py", "/nada.js"):
            async with server.http.get(f"{server.server.address}/exemplo{name}") as response:
                assert response.status == 404
