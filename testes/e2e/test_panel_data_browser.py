"""Ao vivo, Histórico, Análises and Comparativos in a browser, wide and narrow: what a person sees and does there."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from balto_cli.store.records import (
    Cut,
    NewSegment,
    NewSuggestion,
    Outcome,
    SessionRecord,
    TranscriptState,
    new_id,
    segment_id,
)
from balto_cli.stt.base import Word
from balto_cli.suggestions.catalogue import load_catalogue
from testes.live import EVENTS, pcm_of
from testes.navegador import SCREENS, chromium, look, sign_in, without_faults
from testes.painel import PanelRunning, panel_in_thread

SPEECH = Path(__file__).parents[1] / "1_input" / "balcao-02_20261103094037.wav"
PAGES = ("ao-vivo", "historico", "analises", "comparativos")
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> custa quanto?"
SAID = (
    "Bom dia, tem dipirona em gotas?",
    "Tô com dor de cabeça desde ontem.",
    "É para uma criança de quatro anos, com febre.",
    "Vocês têm o genérico da losartana de cinquenta?",
    "Quanto custa a caixa com vinte comprimidos?",
    "Me dá um xarope pra tosse seca, por favor.",
    "Aceita cartão? No débito.",
    HOSTILE,
)
Started = tuple[PanelRunning, asyncio.AbstractEventLoop]


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("painel")
    with contextlib.chdir(folder), panel_in_thread(folder / "dados", retencao_audio_horas=1.0) as started:
        running, loop = started
        asyncio.run_coroutine_threadsafe(_past(running), loop).result(120)
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=SCREENS)
def page(request: pytest.FixtureRequest, browser: Browser, panel: Started) -> Iterator[Page]:
    """Signed in as the operator; complains of nothing until the end."""
    context = browser.new_context(
        viewport=SCREENS[request.param], locale="pt-BR", reduced_motion="reduce", accept_downloads=True
    )
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    with without_faults(opened):
        sign_in(opened, panel[0].address, "olga")
        yield opened
    context.close()


async def _past(panel: PanelRunning) -> None:
    """A week of three counters, from a fixed draw."""
    store, maker = panel.server.live.store, random.Random(7)
    today = panel.server.live.now().replace(minute=0, second=0, microsecond=0)
    names = ("Balcão 2", "Balcão da loja Centro, perto da porta")
    keys = [panel.mine, *[(await store.create_key("Rede Saúde", name, today)).holder for name in names]]
    for number in range(14):
        holder = keys[number % 3]
        begun = today - timedelta(hours=9 * number + 2)
        record = SessionRecord(
            new_id(), holder.counter_id, holder.key_id, begun, "pcm16", 16_000, 1, "Balto Desktop 2.1"
        )
        await store.open_session(record)
        for index in range(8):
            await _interaction(panel, record, begun + timedelta(seconds=20 * index), index, maker)
        await store.end_session(record.id, begun + timedelta(minutes=5), "encerrar", 0)


async def _interaction(
    panel: PanelRunning, record: SessionRecord, said_at: datetime, index: int, maker: random.Random
) -> None:
    store = panel.server.live.store
    start, spoken_s = index * 20 * 16_000, maker.uniform(1.2, 4.5)
    ended = said_at + timedelta(seconds=spoken_s)
    cut_at = ended + timedelta(milliseconds=620)
    segment = NewSegment(
        index, start, start + int(spoken_s * 16_000), "pausa", maker.uniform(6, 22), None, None, ended, ended, cut_at
    )
    await store.cut(Cut(record, (segment,), b"x", 0, 0, start))
    identity, text = segment_id(record.id, index), SAID[index]
    pieces = text.split()
    step = spoken_s / len(pieces)
    words = tuple(Word(piece, n * step, (n + 1) * step, maker.uniform(0.4, 1.0)) for n, piece in enumerate(pieces))
    latency_s = maker.lognormvariate(-0.6, 0.35)
    answered = cut_at + timedelta(seconds=latency_s)
    failed = maker.random() < 0.05
    await store.transcribed(
        Outcome(
            identity, TranscriptState.FAILED if failed else TranscriptState.OK, answered, "" if failed else text,
            "rede" if failed else None, () if failed else words, "pt", maker.choice(["ElevenLabs", "AssemblyAI"]),
            "scribe_v2", 0.9, latency_s, 0.0021, 0.0, 1, cut_at + timedelta(milliseconds=30),
        )
    )  # fmt: skip
    if failed:
        return
    action = {1: "sugerir", 2: "encaminhar", 5: "sugerir", 7: "sugerir"}.get(index, "silencio")
    message: dict[str, Any] = {}
    product = {1: "Dipirona 1 g", 5: "Xarope de guaco"}.get(index, HOSTILE)
    if action == "sugerir":
        message = {
            "produto": product, "mensagem": f"Ofereça {product}.",
            "itens": [{"sugestao": product, "explicacao": "alivia sem receita"}],
        }  # fmt: skip
    elif action == "encaminhar":
        message = {"motivo": "Criança com febre: chame o farmacêutico."}
    row = NewSuggestion(
        identity,
        action,
        "Dor e febre" if message else None,
        "Sintoma dito pelo cliente",
        message,
        "2026.11",
        "374",
        None,
        0.0,
        answered + timedelta(milliseconds=40),
        bool(message),
        f"dor_{index}" if message else "sem_pedido",
        ({1: "M002"}.get(index, f"produto-{index}"),) if action == "sugerir" else (),
    )
    await store.add_suggestion(row)
    if action == "sugerir" and maker.random() < 0.8:
        outcome = maker.choice(["venda_realizada", "venda_realizada", "venda_perdida", "ignorada"])
        await store.add_feedback(record.counter_id, identity, outcome, answered + timedelta(seconds=40))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_for_everybody(page: Page, panel: Started, name: str) -> None:
    page.goto(f"{panel[0].address}/admin/{name}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, name)


def test_a_counter_is_seen_while_it_is_heard(page: Page, panel: Started) -> None:
    running, loop = panel
    page.goto(f"{running.address}/admin/ao-vivo")
    card = page.locator(f"[data-balcao='{running.mine.counter_id}']")
    expect(page.get_by_text("Atualizando ao vivo")).to_be_visible()
    expect(card.locator("[data-campo=estado]")).to_have_text("desligado")
    pcm = pcm_of(SPEECH)
    begun = asyncio.Event()
    seen = asyncio.Event()

    async def talk() -> None:
        async with running.server.client() as client:
            await client.auth(running.server.key, eventos=EVENTS)
            begun.set()
            await client.send(pcm[: 32_000 * 12])
            await client.wait_for("transcricao")
            while not seen.is_set():
                # As a microphone does: sound all the time.
                await client.send(pcm[:6_400])
                await asyncio.sleep(0.2)
            await client.finish()

    talking = asyncio.run_coroutine_threadsafe(talk(), loop)
    try:
        asyncio.run_coroutine_threadsafe(begun.wait(), loop).result(20)
        expect(card.locator("[data-campo=estado]")).to_have_text(re.compile("ouvindo"), timeout=10_000)
        expect(card.locator("[data-campo=texto]")).to_have_text(re.compile("^palavra "))
        expect(card.locator("[data-campo=nivel_texto]")).to_have_text(re.compile("dB|silêncio"))
        look(page, "ao-vivo-falando")
        with page.expect_response(re.compile("/audio$")) as answered:
            card.get_by_role("button", name=re.compile("Ouvir o último trecho")).click()
        assert answered.value.status in (200, 206)
    finally:
        loop.call_soon_threadsafe(seen.set)
        talking.result(30)
    expect(card.locator("[data-campo=estado]")).to_have_text("desligado")


def test_history_is_searched_filtered_opened_and_exported(page: Page, panel: Started) -> None:
    page.goto(f"{panel[0].address}/admin/historico")
    page.get_by_label("Buscar no que foi dito").fill("DIPÍRONA gotas")
    page.get_by_role("button", name="Filtrar").click()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("Tem dipirona em gotas", ignore_case=True)
    found = rows.count()
    assert 5 < found <= 14
    page.get_by_text("Mais filtros").click()
    page.get_by_label("Balcão", exact=True).select_option(label="Rede Saúde · Balcão 2")
    page.get_by_role("button", name="Filtrar").click()
    expect(rows.first).to_contain_text("Balcão 2")
    assert 0 < rows.count() < found
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Exportar para Excel").click()
    assert downloaded.value.suggested_filename == "Balto_Historico.xlsx"
    page.get_by_role("link", name="Limpar").click()
    page.get_by_text("Mais filtros").click()
    page.get_by_label("Decisão").select_option(label="Sugestão")
    page.get_by_label("Retorno do balcão").select_option(label="Venda realizada")
    page.get_by_role("button", name="Filtrar").click()
    expect(rows.first).to_contain_text("Venda realizada")
    page.get_by_label("Buscar no que foi dito").fill("palavraquenaohouve")
    page.get_by_role("button", name="Filtrar").click()
    expect(page.get_by_text("Nada encontrado com estes filtros.")).to_be_visible()


def test_older_and_newer_pages_lead_there_and_back(page: Page, panel: Started) -> None:
    page.goto(f"{panel[0].address}/admin/historico")
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name="Mais antigas").click()
    assert page.locator("tbody tr").first.inner_text() != first
    page.get_by_role("link", name="Mais recentes").click()
    expect(page.locator("tbody tr").first).to_contain_text(first.split("\t")[0].strip().splitlines()[0])


def test_an_interaction_shows_words_stages_decision_and_feedback(page: Page, panel: Started) -> None:
    page.goto(f"{panel[0].address}/admin/historico?busca=onerror&resultado=venda_realizada")
    page.locator("tbody tr a").first.click()
    expect(page.get_by_role("heading", name="O que foi dito")).to_be_visible()
    expect(page.locator(".conversa .esta")).to_contain_text(HOSTILE)
    expect(page.get_by_role("heading", name="Decisão")).to_be_visible()
    expect(page.get_by_text("dor_7")).to_be_visible()
    expect(page.locator(".retornos")).to_contain_text("Venda realizada")
    expect(page.get_by_role("img", name=re.compile("Fala: .*Transcrição: "))).to_be_visible()
    assert page.locator("main script, main img[onerror]").count() == 0
    page.get_by_text("Palavra por palavra").click()
    look(page, "interacao")


def test_what_was_kept_is_heard_word_by_word(page: Page, panel: Started) -> None:
    running, loop = panel

    async def talk() -> str:
        async with running.server.client() as client:
            session: str = (await client.auth(running.server.key))["sessao"]
            await client.send((await asyncio.to_thread(pcm_of, SPEECH))[: 32_000 * 12])
            await client.finish()
        return (await running.server.interactions(session))[0].id

    identity = asyncio.run_coroutine_threadsafe(talk(), loop).result(60)
    page.goto(f"{running.address}/admin/historico/{identity}")
    page.locator("button.palavra").nth(1).click()
    page.wait_for_function("document.getElementById('som').currentTime > 0")
    look(page, "interacao-som")


def test_charts_have_a_table_beside_them(page: Page, panel: Started) -> None:
    page.goto(f"{panel[0].address}/admin/analises?periodo=30")
    expect(page.get_by_role("heading", name="Por regra")).to_be_visible(timeout=30_000)
    pictures = page.locator("figure.grafico img")
    assert pictures.count() >= 5
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        handle = picture.element_handle()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=handle, timeout=30_000)
    expect(page.get_by_role("region", name="Sugestões por regra")).to_contain_text("dor_1")
    products = page.get_by_role("region", name="Sugestões por produto")
    name = next(product.name for product in load_catalogue().products if product.id == "M002")
    expect(products.get_by_role("rowheader", name=f"{name} M002")).to_be_visible()
    expect(products.get_by_role("rowheader", name="produto-5", exact=True)).to_be_visible()
    for table in page.get_by_role("region").filter(has=page.locator("table")).all():
        reached = table.evaluate(
            "box => { box.scrollLeft = 1e4; const end = box.scrollLeft + box.clientWidth >= box.scrollWidth - 1;"
            " box.scrollLeft = 0; return end; }"
        )
        assert reached
    look(page, "analises-30")
