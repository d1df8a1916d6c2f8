"""The HTML page in a browser: what a person sees, hears, filters and sends on; and that nothing else happens."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.findings import Analysis, Part
from balto_cli.evaluation.stored_run import FileFacts
from balto_cli.reports.page_delivery import write_page
from testes.analises import analysis_of, example
from testes.navegador import chromium, write_tone
from testes.stored_runs import GAP_S, SEGMENT_S, Told, make_run
from testes.tools import require_tool

HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=2> \u2028 \ud800 ]]> <!-- {{7*7}}"
SAID = (
    "o médico passou prednisolona 20 mg",
    "tem dipirona de quinhentos miligramas",
    "bom dia a senhora tem receita",
    "vou levar dois frascos de amoxicilina",
)


def counter_talk(folder: Path) -> Analysis:
    """Two providers over three files that can be heard, with an error of every kind."""
    heard = {
        "ElevenLabs": ("O médico passou prednisolona 20 mg.", "Tem dipirona de 500mg?",
                       "Bom dia, a senhora tem receita?", "Vou levar dois frascos de amoxicilina."),
        "Local small": ("o médico passou prednisona 20 mg", "tem dipirona de cinquenta miligramas", None,
                        "vou levar dois frascos " + "de amoxicilina" + " e tal" * 5),
    }  # fmt: skip
    names = ("balcão 1.wav", "sub/balcão #2.wav", "balcao-3.wav")
    return analyse(
        make_run(
            [
                Told(name, SAID, heard, facts=FileFacts(path=str(write_tone(folder / name, 30, 300 + 200 * number))))
                for number, name in enumerate(names)
            ],
            parts=("segmentos",),
        )
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("relatório 100%")
    return write_page(counter_talk(folder / "áudio"), folder / "saída").as_uri()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, locale="pt-BR")
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    assert not faults


def count(page: Page) -> str:
    return page.inner_text("#contagem")


def current(page: Page) -> str:
    return page.inner_text(".item.atual .nome")


def test_hostile_texts_are_shown_and_never_run(browser: Browser, page: Page, tmp_path: Path) -> None:
    names = (f"{HOSTILE[:60]}.wav".replace("/", "∕"), "javascript:alert(1).wav")
    told = [Told(name, (HOSTILE, SAID[0]), {"A<b>": (HOSTILE, HOSTILE), "B": (SAID[0], None)}) for name in names]
    page.goto(write_page(analyse(make_run(told)), tmp_path).as_uri())
    page.click("label:has(input[value=original])")
    assert page.evaluate("[window.pwned, document.querySelectorAll('#lista img, #lista script').length]") == [None, 0]
    shown = page.inner_text("#lista")
    assert "<img src=x onerror=window.pwned=2>" in shown
    assert "{{7*7}}" in shown
    assert "A<b>" in page.inner_text("table >> nth=0")


def test_nothing_is_fetched_but_the_recording_that_is_played(page: Page, address: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    assert requests == [address]
    page.click(".tocar >> nth=0")
    page.wait_for_timeout(300)
    assert {re.sub("#.*", "", url) for url in requests[1:]} <= {
        address.replace(quote("saída") + "/Relatorio.html", quote("áudio/balcão 1.wav"))
    }


def test_filters_search_and_order_narrow_the_list(page: Page, address: str) -> None:
    page.goto(address)
    assert count(page) == "12 trechos"
    page.click("[data-filtro=medicamento]")
    assert count(page) == "6 de 12 trechos"
    page.click("[data-filtro=medicamento]")
    page.click("[data-filtro=falha]")
    assert count(page) == "3 de 12 trechos"
    assert "O servidor não respondeu." in page.inner_text("#lista")
    page.click("#limpar")
    page.click("[data-filtro=invencao]")
    assert count(page) == "3 de 12 trechos"
    assert "repetição de «" in page.inner_text("#lista")
    page.click("[data-filtro=invencao]")
    page.fill("#busca", "MEDICO")
    expect(page.locator("#contagem")).to_have_text("3 de 12 trechos")
    page.fill("#busca", "nada disso")
    expect(page.locator("#nenhum")).to_be_visible()
    page.fill("#busca", "")
    page.select_option("#ordem", "erros")
    assert page.inner_text(".item .nome >> nth=0").endswith("_seg_003.wav")


def test_words_are_marked_and_a_rule_says_what_it_changed(page: Page, address: str) -> None:
    page.goto(address)
    first, second = page.locator(".item").nth(0), page.locator(".item").nth(1)
    assert first.locator("mark.trocada").all_inner_texts()[0].endswith("prednisona")
    assert "medicamento: dito «prednisolona» → ouvido «prednisona»" in first.inner_text()
    assert "500 mg" in second.locator(".texto").nth(0).inner_text()
    page.click("label:has(input[value=original])")
    second = page.locator(".item").nth(1)
    assert "quinhentos miligramas" in second.locator(".texto").nth(0).inner_text()
    joined = second.locator(".regra", has_text="500mg")
    assert "«500mg?» virou «500 mg»" in (joined.get_attribute("title") or "")
    joined.click()
    assert "números escritos" in page.inner_text("#aviso")
    page.keyboard.press("n")
    assert "forma=" not in page.url


def test_a_link_carries_the_whole_state(page: Page, browser: Browser, address: str) -> None:
    page.goto(address)
    page.click("[data-filtro=medicamento]")
    page.select_option("#ordem", "discordancia")
    page.click("label:has(input[value=original])")
    page.uncheck("[data-provedor='0']")
    page.keyboard.press("j")
    page.keyboard.press("j")
    chosen, link = current(page), page.url
    other = browser.new_page(viewport={"width": 1280, "height": 500})
    other.goto(link)
    assert current(other) == chosen
    assert count(other) == "6 de 12 trechos"
    assert other.is_checked("input[value=original]")
    assert not other.is_checked("[data-provedor='0']")
    expect(other.locator(".item.atual")).to_be_in_viewport()
    other.close()


@pytest.mark.parametrize("key", ["balcao-3.wav_seg_003.wav", "balcao-3.wav/balcao-3.wav_seg_003.wav"])
def test_a_workbooks_link_opens_its_segment(page: Page, address: str, key: str) -> None:
    page.goto(f"{address}#seg={quote(key, safe='')}")
    assert current(page) == "balcao-3.wav_seg_003.wav"
    expect(page.locator(".item.atual")).to_be_in_viewport()
    page.evaluate("location.hash = 'seg=nenhum'")
    expect(page.locator("#aviso")).to_contain_text("nenhum não está")


def test_keys_move_play_search_and_help(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert current(page).endswith("_seg_001.wav")
    page.keyboard.press("k")
    assert current(page).endswith("_seg_000.wav")
    page.keyboard.press(" ")
    expect(page.locator(".item.atual .tocando")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.locator(".tocando")).to_have_count(0)
    page.keyboard.press("/")
    page.keyboard.type("jk ?")
    assert page.input_value("#busca") == "jk ?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#ajuda")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ajuda")).to_be_hidden()


@pytest.mark.parametrize("inside", [False, True])
def test_a_segment_is_played_at_its_place_and_stops(browser: Browser, tmp_path: Path, inside: bool) -> None:
    page = browser.new_page()
    page.add_init_script(
        "const made = window.Audio; window.Audio = function () { return (window.player = new made()); };"
    )
    path = write_page(counter_talk(tmp_path / "áudio"), tmp_path, audio_bytes=10**6 if inside else None)
    if inside:
        for recording in (tmp_path / "áudio").rglob("*.wav"):
            recording.unlink()
    page.goto(path.as_uri())
    page.click(".tocar >> nth=1")
    page.wait_for_function("() => window.player.currentTime > 0 && !window.player.paused")
    start_s = page.evaluate("Number(window.player.dataset.start)")
    assert page.evaluate("window.player.currentTime") >= start_s - 0.1
    assert start_s == pytest.approx(SEGMENT_S + (0.15 if inside else GAP_S), abs=0.02)
    page.evaluate(f"window.player.currentTime = {start_s + SEGMENT_S - 0.3}")
    page.wait_for_function("() => window.player.paused")
    assert page.evaluate("window.player.currentTime") <= start_s + SEGMENT_S + 0.2
    expect(page.locator(".tocando")).to_have_count(0)
    page.close()


def test_a_recording_that_is_gone_is_said(page: Page, tmp_path: Path) -> None:
    analysis = counter_talk(tmp_path / "áudio")
    for recording in (tmp_path / "áudio").rglob("*.wav"):
        recording.unlink()
    page.goto(write_page(analysis, tmp_path).as_uri())
    assert "não pode ser tocado daqui" in page.inner_text("#trechos")
    assert page.locator(".tocar").first.is_disabled()


def test_a_strip_leads_to_the_segment_where_errors_lie(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#onde").scroll_into_view_if_needed()
    strip = page.locator(".faixa svg").nth(1)
    expect(strip).to_be_visible()
    assert "trocas" in (strip.get_attribute("aria-label") or "")
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": box["width"] * 0.95, "y": 5})
    assert current(page).endswith("_seg_003.wav")


def test_thousands_of_segments_keep_a_small_page(page: Page, tmp_path: Path) -> None:
    comparison = example({"ElevenLabs": 0.05, "Local small": 0.2}, files=200, segments=25)
    page.goto(write_page(analysis_of(comparison, Part.SEGMENTS), tmp_path).as_uri())
    assert count(page) == "5.000 trechos"
    assert page.evaluate("document.getElementsByTagName('*').length") < 5000 + 4000
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator("#item-4999 .nome").scroll_into_view_if_needed()
    expect(page.locator("#item-4999 .nome")).to_be_in_viewport()
    assert page.locator(".item:not(:empty)").count() < 60
    page.evaluate("location.hash = 'seg=balcao100_seg_012.wav'")
    expect(page.locator(".item.atual .nome")).to_be_in_viewport()
    assert current(page) == "balcao100_seg_012.wav"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_serious(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.click("[data-filtro=erro]")
    page.keyboard.press("j")
    serious = [
        (violation["id"], [node["target"] for node in violation["nodes"]][:3])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []
    page.keyboard.press("?")
    in_help = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert in_help == []
    page.close()


@pytest.mark.parametrize("width", [360, 390, 768])
def test_nothing_hangs_over_a_narrow_screen(browser: Browser, address: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(address)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_paper_has_every_listed_segment(browser: Browser, address: str, tmp_path: Path) -> None:
    reader = require_tool("pdftotext")
    page = browser.new_page()
    page.goto(address)
    path = tmp_path / "folha.pdf"
    path.write_bytes(page.pdf(format="A4"))
    page.close()
    text = subprocess.run([reader, "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
    assert len(set(re.findall(r"balcao-3\.wav_seg_\d{3}", text))) == 4
    assert "copiar link" not in text
