"""The panel in a browser, wide and narrow: what a person sees and does, and that assistive technology can follow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from testes.live import EVENTS, pcm_of
from testes.navegador import SCREENS, chromium, look, sign_in, without_faults
from testes.painel import PASSWORD, PanelRunning, panel_in_thread

INPUT = Path(__file__).parents[1] / "1_input"
SPEECH = INPUT / "balcao-02_20261103094037.wav"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PanelRunning, asyncio.AbstractEventLoop]]:
    with panel_in_thread(tmp_path_factory.mktemp("painel")) as started:
        running, loop = started
        asyncio.run_coroutine_threadsafe(_talk(running), loop).result(60)
        yield started


async def _talk(running: PanelRunning) -> None:
    """Something to see: a few counters, one of them heard."""
    await running.server.another_key(f"Balcão {HOSTILE}")
    await running.server.another_key("Balcão 3")
    async with running.server.client() as client:
        await client.auth(running.server.key, eventos=EVENTS)
        await client.send(pcm_of(SPEECH)[: 32_000 * 12])
        await client.finish()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    microphone = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={SPEECH}")
    with chromium(*microphone) as opened:
        yield opened


@pytest.fixture(params=SCREENS)
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        viewport=SCREENS[request.param], locale="pt-BR", permissions=["microphone"], reduced_motion="reduce"
    )
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, panel: tuple[PanelRunning, Any]) -> Iterator[Page]:
    """Signed in as the operator; complains of nothing until the end."""
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    with without_faults(opened):
        sign_in(opened, panel[0].address, "olga")
        opened.goto(f"{panel[0].address}/admin/balcoes")
        yield opened
    opened.close()


def go(page: Page, title: str) -> None:
    """To a page by the navigation, which a narrow screen keeps behind a button."""
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()
    page.get_by_role("navigation", name="Páginas").get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_signing_in_with_a_wrong_password_and_then_the_right_one(
    context: BrowserContext, panel: tuple[PanelRunning, Any]
) -> None:
    page = context.new_page()
    page.goto(f"{panel[0].address}/admin/sistema")
    look(page, "entrar")
    page.get_by_label("Usuário").fill("olga")
    page.get_by_label("Senha").fill("errada")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Usuário ou senha não conferem.")
    expect(page.get_by_label("Usuário")).to_have_value("olga")
    page.get_by_label("Senha").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sistema")


def test_a_counter_from_registration_to_revocation(page: Page) -> None:
    go(page, "Balcões")
    look(page, "balcoes")
    assert page.locator("main img").count() == 0
    expect(page.get_by_role("link", name=HOSTILE)).to_be_visible()
    name = f"Caixa {page.viewport_size['width']}" if page.viewport_size else "Caixa"
    page.get_by_label("Nome do balcão").fill(name)
    page.get_by_label("Cliente", exact=True).select_option("Rede Saúde")
    page.get_by_role("button", name="Registrar e mostrar a chave").click()
    expect(page.locator("#chave")).to_contain_text("balto_")
    look(page, "chave")
    key = page.locator("#chave").inner_text()
    page.get_by_role("link", name="Já guardei").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert key not in page.content()
    look(page, "balcao")
    page.locator("summary", has_text="Revogar").click()
    look(page, "balcao-revogar")
    page.get_by_role("button", name="Revogar agora").click()
    expect(page.get_by_role("status").first).to_contain_text("revogada")
    expect(page.get_by_role("table")).to_contain_text("revogada")
    page.get_by_role("main").get_by_role("link", name="Balcões").click()
    page.get_by_role("searchbox").fill("não há")
    page.get_by_role("button", name="Filtrar").click()
    expect(page.get_by_text("Nenhum balcão com esse nome.")).to_be_visible()


def test_the_microphone_is_heard_and_erased(page: Page, panel: tuple[PanelRunning, Any]) -> None:
    go(page, "Balcões")
    page.get_by_role("link", name="Testar o microfone").click()
    page.get_by_role("button", name="Começar").click()
    expect(page.locator("#estado")).to_have_text("Ouvindo.", timeout=20_000)
    expect(page.locator("#ouvidos li").first).to_be_visible(timeout=30_000)
    look(page, "microfone-ouvindo")
    page.get_by_role("button", name="Parar e apagar").click()
    expect(page.get_by_role("status").first).to_contain_text("apagado")
    running, loop = panel

    async def trials() -> int:
        from balto_cli.store import counters

        return await running.server.live.store.read(counters.open_trials, running.server.live.now())

    assert asyncio.run_coroutine_threadsafe(trials(), loop).result(10) == 0


def test_privacy_export_erase_and_the_audit(page: Page, panel: tuple[PanelRunning, Any]) -> None:
    go(page, "Privacidade")
    look(page, "privacidade")
    export = page.get_by_role("region", name="Exportar o que há guardado")
    with page.expect_download() as download:
        export.get_by_role("button", name="Exportar").click()
    assert download.value.suggested_filename.endswith(".jsonl")
    erase = page.get_by_role("region", name="Apagar", exact=True)
    erase.get_by_label("Balcão").select_option(label="Balcão 3 (Rede Saúde)")
    erase.get_by_role("button", name="Ver o que seria apagado").click()
    look(page, "apagar")
    page.get_by_label("Para apagar, escreva apagar").fill("apagar")
    page.get_by_role("button", name="Apagar de vez").click()
    expect(page.get_by_role("status").first).to_contain_text("Apagado: 0 trechos")
    page.get_by_role("link", name="Registro de ações").click()
    expect(page.get_by_role("table")).to_contain_text("exportou")
    look(page, "registro")
    page.get_by_label("Quem").fill("ninguém")
    page.get_by_role("button", name="Filtrar").click()
    page.get_by_role("link", name="Limpar").click()
    expect(page.get_by_role("table")).to_be_visible()


def test_the_systems_page_and_ones_own_account(page: Page) -> None:
    go(page, "Sistema")
    expect(page.get_by_text("Tudo em ordem")).to_be_visible()
    look(page, "sistema")
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()
        look(page, "menu")
        page.keyboard.press("Escape")
        expect(page.get_by_role("navigation", name="Páginas")).to_be_hidden()
        expect(menu).to_be_focused()
        menu.click()
    page.get_by_role("link", name="Olga Operador").click()
    look(page, "conta")
    if menu.is_visible():
        menu.click()
    page.get_by_role("button", name="Sair").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Entrar no painel")


def test_the_keyboard_alone_reaches_the_content_and_the_pages(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ir para o conteúdo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_page_that_is_not_there_says_so(context: BrowserContext, panel: tuple[PanelRunning, Any]) -> None:
    page = context.new_page()
    sign_in(page, panel[0].address, "olga")
    page.goto(f"{panel[0].address}/admin/nada")
    expect(page.get_by_role("alert")).to_contain_text("não existe")
    look(page, "erro")


def test_a_clients_panel_has_its_own_pages_alone(context: BrowserContext, panel: tuple[PanelRunning, Any]) -> None:
    page = context.new_page()
    sign_in(page, panel[0].address, "clara")
    go(page, "Balcões")
    assert page.get_by_role("button", name="Registrar").count() == 0
    go(page, "Privacidade")
    assert page.get_by_role("heading", name="Apagar").count() == 0
    look(page, "privacidade-cliente")
