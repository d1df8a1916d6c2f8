"""Histórico, Ao vivo and Análises over HTTP: what each role finds there, and what it never does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from balto_cli.audio.pcm import SAMPLE_RATE_HZ
from balto_cli.server.panel import analises, ao_vivo, comparativos, page
from balto_cli.server.panel.sums import SumsKept
from balto_cli.store.feedback import Which
from balto_cli.store.records import Interaction, NewSuggestion, Scope
from testes.doubles import FakeTranscriber
from testes.live import pcm_of
from testes.painel import PanelRunning, Visitor, running_panel

HOSTILE = "<img src=x onerror=alert(1)> <script>alert('dipirona')</script> =1+1 &amp; \"x\""
ESCAPED = "&lt;script&gt;alert(&#39;dipirona&#39;)&lt;/script&gt;"
SOUND = Path(__file__).parents[3] / "1_input" / "balcao-02_20261103094037.wav"
PAGES = ("/admin/ao-vivo", "/admin/historico", "/admin/analises")


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[PanelRunning]:
    provider = FakeTranscriber(answer=lambda _: HOSTILE, max_concurrency=8)
    async with running_panel(tmp_path, provider=provider, retencao_audio_horas=1.0) as running:
        yield running


async def heard(panel: PanelRunning, key: str | None = None, seconds: int = 12) -> list[Interaction]:
    """What a counter that played a recording left in the store."""
    pcm = await asyncio.to_thread(pcm_of, SOUND)
    async with panel.server.client() as client:
        session = (await client.auth(key or panel.server.key))["sessao"]
        await client.send(pcm[: seconds * 2 * SAMPLE_RATE_HZ])
        await client.finish()
    found = await panel.server.interactions(session)
    assert found
    return found


async def suggested(panel: PanelRunning, one: Interaction) -> None:
    """A decision made of markup, as a model might answer."""
    store = panel.server.live.store
    if (await store.interaction(one.id)).action is None:  # type: ignore[union-attr]
        at = panel.server.live.now()
        payload = {"produto": HOSTILE, "mensagem": HOSTILE, "itens": [{"sugestao": HOSTILE, "explicacao": HOSTILE}]}
        row = NewSuggestion(one.id, "sugerir", HOSTILE[:80], HOSTILE[:80], payload, "1", "1", None, 0.0, at, True)
        await store.add_suggestion(row)
    await store.add_feedback(one.counter_id, one.id, HOSTILE, panel.server.live.now())


async def page_of(visitor: Visitor, path: str) -> str:
    answer = await visitor.get(path)
    assert answer.status == 200, (path, answer.status)
    return await answer.text()


async def test_what_is_said_in_markup_is_text_on_every_page_and_in_the_workbook(panel: PanelRunning) -> None:
    interactions = await heard(panel)
    for one in interactions:
        await suggested(panel, one)
    async with panel.visitor("olga") as olga:
        for path in (*PAGES, f"/admin/historico/{interactions[0].id}", "/admin/historico?busca=dipirona"):
            text = await page_of(olga, path)
            assert "<script>alert" not in text
            assert "<img src=x" not in text
            if "historico" in path:
                assert ESCAPED in text
        answer = await olga.get("/admin/historico/xlsx?busca=dipirona")
        book = load_workbook(BytesIO(await answer.read()))
    rows = list(book["Interacoes"].iter_rows(min_row=2))
    assert len(rows) == len(interactions)
    assert all(cell.data_type in ("s", "n") for row in rows for cell in row)
    assert rows[0][7].value == HOSTILE
    costs = list(book["Custos"].iter_rows(min_row=2, values_only=True))
    assert sum(row[4] for row in costs) == len(interactions)


async def test_a_search_box_gives_back_what_was_typed_as_text(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as olga:
        text = await page_of(olga, '/admin/historico?busca="><script>alert(1)</script>&antes=1')
    assert "<script>alert" not in text


async def test_another_clients_rows_are_nowhere(panel: PanelRunning) -> None:
    mine = (await heard(panel))[0]
    async with panel.visitor("caio") as caio:
        for path in (
            "/admin/historico",
            "/admin/historico?busca=dipirona",
            f"/admin/historico?balcao={mine.counter_id}",
        ):
            assert mine.id not in await page_of(caio, path)
        assert "Balcão 1" not in await page_of(caio, "/admin/ao-vivo")
        for path in (f"/admin/historico/{mine.id}", f"/admin/historico/{mine.id}/audio"):
            assert (await caio.get(path)).status == 404
        answer = await caio.get("/admin/historico/xlsx")
        assert load_workbook(BytesIO(await answer.read()))["Interacoes"].max_row == 1
        assert "Nada foi ouvido" in await page_of(caio, "/admin/analises")
        for path in ("/admin/comparativos", "/admin/comparativos/painel/2026-11-03_101500"):
            assert (await caio.get(path)).status == 403
    async with panel.visitor("clara") as clara:
        assert mine.id in await page_of(clara, "/admin/historico")
        assert (await clara.get(f"/admin/historico/{mine.id}")).status == 200


async def test_listening_is_noted_before_and_ends_with_what_is_kept(panel: PanelRunning) -> None:
    one = (await heard(panel))[0]
    store = panel.server.live.store
    async with panel.visitor("fabio") as fabio:
        answer = await fabio.get(f"/admin/historico/{one.id}/audio")
        sound = await answer.read()
        assert (answer.status, answer.content_type, sound[:4]) == (200, "audio/wav", b"RIFF")
        assert len(sound) == 44 + 2 * (one.end_sample - one.start_sample)
        part = await fabio.get(f"/admin/historico/{one.id}/audio", headers={"Range": "bytes=44-143"})
        assert (part.status, await part.read()) == (206, sound[44:144])
        assert part.headers["Content-Range"] == f"bytes 44-143/{len(sound)}"
        entries = [entry for entry in await store.audit_trail() if entry.action == "ouvir"]
        assert [(entry.actor, entry.detail) for entry in entries] == [("fabio", {"id": one.id})] * 2
        await store.erase(Scope(session_id=one.session_id), "teste", panel.server.live.now())
        assert (await fabio.get(f"/admin/historico/{one.id}/audio")).status == 404
        assert one.id not in await page_of(fabio, "/admin/historico?busca=dipirona")


async def test_the_words_that_triggered_a_suggestion_are_shown_again(tmp_path: Path) -> None:
    provider = FakeTranscriber(answer=lambda _: "tô com dor de cabeça", max_concurrency=8)
    async with running_panel(tmp_path, provider=provider) as panel, panel.visitor("olga") as olga:
        decided = next(one for one in await heard(panel) if one.action == "sugerir")
        text = await page_of(olga, f"/admin/historico/{decided.id}")
    assert "Palavras que a acionaram</dt><dd><mark>dor de cabeca</mark>" in text


async def test_pages_of_the_history_lead_to_each_other(panel: PanelRunning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("balto_cli.server.panel.historico.PAGE_ROWS", 1)
    interactions = await heard(panel, seconds=30)
    assert len(interactions) >= 3
    async with panel.visitor("olga") as olga:
        path, seen = "/admin/historico", []
        for one in reversed(interactions):
            text = await page_of(olga, path)
            assert one.id in text
            seen.append(one.id)
            if one is not interactions[0]:
                path = text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
        assert len(seen) == len(interactions)
        assert 'rel="next"' not in text
        for nonsense in ("x", "9" * 30, "1e3", ""):
            assert (await olga.get(f"/admin/historico?antes={nonsense}")).status in (200, 422)


async def next_event(answer: object) -> list[list[object]]:
    while True:
        line = await answer.content.readline()  # type: ignore[attr-defined]
        assert line
        if line.startswith(b"data: ["):
            return json.loads(line[6:])  # type: ignore[no-any-return]


async def test_the_stream_tells_only_what_changed_and_all_of_it_to_whoever_comes_back(panel: PanelRunning) -> None:
    pcm = await asyncio.to_thread(pcm_of, SOUND)
    async with panel.visitor("clara") as clara, panel.visitor("caio") as caio:
        events = await clara.get("/admin/ao-vivo/eventos", headers={"Accept": "text/event-stream"})
        others = await caio.get("/admin/ao-vivo/eventos", headers={"Accept": "text/event-stream"})
        assert await next_event(events) == []
        assert await next_event(others) == []
        async with panel.server.client() as client:
            await client.auth(panel.server.key, eventos=["transcricao"])
            await client.send(pcm[: 12 * 2 * SAMPLE_RATE_HZ])
            async with asyncio.timeout(20):
                while True:
                    (change,) = await next_event(events)
                    assert change[0] == panel.mine.counter_id
                    state = change[1]
                    assert isinstance(state, dict)
                    if state["ultima"]:
                        break
            assert state["ligado"]
            assert state["ultima"]["texto"] == HOSTILE
            events.close()
            again = await clara.get("/admin/ao-vivo/eventos", headers={"Accept": "text/event-stream"})
            ((identity, state),) = await next_event(again)
            assert (identity, state["ultima"]["texto"]) == (panel.mine.counter_id, HOSTILE)  # type: ignore[index]
        again.close()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(next_event(others), 0.2)
        others.close()


async def test_a_chart_that_could_not_be_drawn_is_drawn_the_next_time(
    panel: PanelRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise MemoryError

    await heard(panel)
    async with panel.visitor("clara") as clara:
        with monkeypatch.context() as patch:
            patch.setattr(analises, "draw", broken)
            assert (await clara.get("/admin/analises/horas.svg")).status == 500
        assert (await clara.get("/admin/analises/horas.svg")).status == 200


async def test_sums_that_somebody_waits_for_are_not_given_up_for_others() -> None:
    answers = asyncio.Event()

    class Slow:
        """A store whose answers wait."""

        async def read(self, *_: object) -> list[object]:
            await answers.wait()
            return []

    async def no_names(_: object) -> dict[str, str]:
        return {}

    kept = SumsKept(Slow(), lambda: datetime.now(UTC), no_names)  # type: ignore[arg-type]
    asked = [kept.ask((number,), Which()) for number in range(30)]
    answers.set()
    assert len(await asyncio.gather(*asked)) == 30
    last = kept.ask(("last",), Which())
    assert len(kept._kept) <= 13
    assert kept.ask(("last",), Which()) is last
    await kept.close()


@pytest.mark.parametrize("path", ["/admin/ao-vivo/eventos", "/admin/comparativos/eventos"])
async def test_a_stream_ends_with_the_session_that_it_began_in(
    panel: PanelRunning, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for module in (page, ao_vivo, comparativos):
        monkeypatch.setattr(module, "STREAM_IDLE_S", 0.1)
    async with panel.visitor("olga") as olga:
        events = await olga.get(path, headers={"Accept": "text/event-stream"})
        assert await events.content.readline() == b"retry: 1000\n"
        assert (await olga.post("/admin/sair")).status == 303
        assert (await asyncio.wait_for(events.read(), 10)).endswith(b"event: fim\ndata: sessao\n\n")


async def test_charts_are_drawn_for_both_themes_and_only_of_what_may_be_seen(panel: PanelRunning) -> None:
    await heard(panel)
    async with panel.visitor("clara") as clara:
        text = await page_of(clara, "/admin/analises")
        addresses = [part.split('"')[0].replace("&amp;", "&") for part in text.split('src="/admin/analises')[1:]]
        assert addresses
        for address in addresses:
            for theme in ("claro", "escuro"):
                answer = await clara.get("/admin/analises" + address.replace("tema=claro", f"tema={theme}"))
                body = await answer.read()
                assert (answer.status, answer.content_type) == (200, "image/svg+xml")
                assert b"<script" not in body
        assert (await clara.get("/admin/analises/nada.svg")).status == 404
        assert (await clara.get("/admin/analises/provedores.svg")).status == 403
    async with panel.visitor("caio") as caio:
        assert (await caio.get("/admin/analises/horas.svg")).status == 404
