"""Privacidade: what is held comes out, what is erased is gone, and the audit says who."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from balto_cli.server.panel import privacidade, reading
from balto_cli.server.panel.page import read_moment
from balto_cli.store.records import ErasureCount, Scope, new_id
from testes.live import EVENTS
from testes.painel import PanelRunning, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def said(panel: PanelRunning, pcm: bytes, key: str | None = None) -> str:
    """A session at a counter, to its end; its id."""
    async with panel.server.client() as client:
        session: str = (await client.auth(key or panel.server.key, eventos=EVENTS))["sessao"]
        await client.send(pcm)
        await client.finish()
    assert await panel.server.interactions(session)
    return session


async def exported(visitor: Visitor, query: str) -> list[dict[str, Any]]:
    answer = await visitor.get(f"/admin/privacidade/exportar?{query}")
    assert answer.status == 200, await answer.text()
    assert "attachment" in answer.headers["Content-Disposition"]
    return [json.loads(line) for line in (await answer.text()).splitlines()]


async def sentence(visitor: Visitor) -> str:
    found = re.search(r'role="status">([^<]*)', await (await visitor.get("/admin/privacidade")).text())
    assert found
    return found[1]


async def test_what_is_held_comes_out_whole_or_by_counter_and_is_audited(
    panel: PanelRunning, balcao_pcm: bytes
) -> None:
    mine = await said(panel, balcao_pcm)
    key = await panel.server.live.store.create_key("Drogaria Vizinha", "Balcão 9", datetime.now(UTC))
    theirs = await said(panel, balcao_pcm, key.secret)
    async with panel.visitor("olga") as olga, panel.visitor("clara") as clara:
        assert {row["sessao"] for row in await exported(olga, "")} >= {mine, theirs}
        assert {row["sessao"] for row in await exported(olga, f"balcao={panel.other.counter_id}")} == {theirs}
        assert {row["sessao"] for row in await exported(clara, f"balcao={panel.mine.counter_id}")} == {mine}
        assert {row["sessao"] for row in await exported(clara, f"sessao={mine}")} == {mine}
        # Both conditions hold: naming one's own counter does not open another's session.
        assert (
            await clara.get(f"/admin/privacidade/exportar?balcao={panel.mine.counter_id}&sessao={theirs}")
        ).status == 404
    newest = (await panel.server.live.store.audit_trail(1))[0]
    assert (newest.actor, newest.action) == ("clara", "exportar")


async def test_an_erasure_is_shown_confirmed_done_and_audited(panel: PanelRunning, balcao_pcm: bytes) -> None:
    session, kept = await said(panel, balcao_pcm), await said(panel, balcao_pcm)
    count = len(await panel.server.interactions(session))
    async with panel.visitor("olga") as visitor:
        page = await (await visitor.get(f"/admin/privacidade/apagar?sessao={session}")).text()
        assert f"<dt>Trechos de fala</dt><dd>{count}</dd>" in page
        form = {"sessao": session, "balcao": "", "desde": "", "ate": ""}
        for word in ("", "sim", "apagar tudo"):
            await visitor.post("/admin/privacidade/apagar", {**form, "confirmo": word})
            assert "Nada foi apagado" in await sentence(visitor)
        assert await panel.server.interactions(session)
        await visitor.post("/admin/privacidade/apagar", {**form, "confirmo": " Apagar "})
        assert "Apagado: " in await sentence(visitor)
    assert not await panel.server.interactions(session)
    assert await panel.server.interactions(kept)
    done = (await panel.server.live.store.audit_trail(1))[0]
    assert (done.actor, done.action, done.detail["sessoes"]) == ("olga", "apagado", 1)


async def test_a_session_that_is_going_on_ends_when_it_is_erased(panel: PanelRunning, balcao_pcm: bytes) -> None:
    async with panel.visitor("olga") as visitor, panel.server.client() as client:
        session = (await client.auth(panel.server.key, eventos=EVENTS))["sessao"]
        await client.send(balcao_pcm)
        await client.wait_for("segmento")
        await visitor.post("/admin/privacidade/apagar", {"sessao": session, "confirmo": "apagar"})
        assert await client.closed() == 4006
    assert await panel.server.live.store.session(session) is None


async def test_everything_at_once_and_nonsense_are_refused(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        assert (await visitor.post("/admin/privacidade/apagar", {"confirmo": "apagar"})).status == 422
        await visitor.get("/admin/privacidade/apagar")
        assert "Diga o que apagar" in await sentence(visitor)
        for query in (
            "sessao=nada",
            "balcao=1%27%20OR%201",
            "desde=ontem",
            "ate=2026-13-01",
            "desde=2026-11-03T10:00&ate=2026-11-03T09:00",
        ):
            assert (await visitor.get(f"/admin/privacidade/exportar?{query}")).status == 422, query
            assert (await visitor.get(f"/admin/privacidade/apagar?{query}")).status == 422, query
        assert (await visitor.get(f"/admin/privacidade/apagar?balcao={new_id()}")).status == 404
        for query in ("antes=x", "antes=" + "9" * 30, "desde=x"):
            assert (await visitor.get(f"/admin/privacidade/registro?{query}")).status == 422, query


async def test_a_long_erasure_goes_on_behind_the_page(panel: PanelRunning, monkeypatch: pytest.MonkeyPatch) -> None:
    store, ended = panel.server.live.store, asyncio.Event()

    async def slow(scope: Scope, actor: str, at: datetime) -> ErasureCount:
        await ended.wait()
        return ErasureCount(0, 0)

    monkeypatch.setattr(store, "erase", slow)
    monkeypatch.setattr(privacidade, "_WAIT_S", 0.01)
    async with panel.visitor("olga") as visitor:
        await visitor.post("/admin/privacidade/apagar", {"balcao": panel.mine.counter_id, "confirmo": "apagar"})
        assert "a exclusão continua" in await sentence(visitor)
    ended.set()


async def test_the_audit_is_filtered_by_who_what_and_when_and_paged(panel: PanelRunning) -> None:
    store, now = panel.server.live.store, datetime.now(UTC)
    for number in range(120):
        await store.audit(
            "zelia", "ouvir" if number % 2 else "listar", "interacoes", {"n": number}, now - timedelta(days=9)
        )
    async with panel.visitor("olga") as visitor:

        async def page(query: str) -> tuple[list[int], str]:
            text = await (await visitor.get(f"/admin/privacidade/registro?{query}")).text()
            return [int(found) for found in re.findall(r"\bn: (\d+)", text)], text

        seen, text = await page("quem=zelia")
        assert seen == list(range(119, 69, -1))
        while found := re.search(r'href="(/admin/privacidade/registro\?[^"]*)" rel="next"', text):
            more, text = await page(found[1].partition("?")[2].replace("&amp;", "&"))
            seen += more
        assert seen == list(range(119, -1, -1))
        assert (await page("quem=zelia&acao=ouvir"))[0] == list(range(119, 19, -2))
        day = (now - timedelta(days=9)).astimezone().strftime("%Y-%m-%d")
        # The last day is in.
        assert len((await page(f"quem=zelia&desde={day}&ate={day}"))[0]) == 50
        seen, text = await page(f"quem=zelia&desde={(now - timedelta(days=8)).astimezone():%Y-%m-%d}")
        assert not seen
        assert "Nada com esses filtros." in text


async def test_moments_are_read_and_written_in_the_servers_zone() -> None:
    moment = read_moment("2026-11-03T09:15")
    assert moment is not None
    assert moment.tzinfo is UTC
    assert reading.date_and_time(moment) == "03/11/2026 09:15"
    assert reading.date_and_time(read_moment("2026-11-03")) == "03/11/2026 00:00"
    assert read_moment("  ") is None
