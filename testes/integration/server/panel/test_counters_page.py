"""Balcões: a key is shown once and works, a revoked one drops its socket, a trial of the microphone leaves nothing."""

from __future__ import annotations

import asyncio
import html
import re
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import Connection, func, select, update

from balto_cli.server.panel import microphone
from balto_cli.store import counters
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.records import Scope
from balto_cli.store.tables import CLIENTS, COUNTERS, KEYS, SEGMENTS, SESSIONS
from testes.live import EVENTS, until
from testes.painel import PanelRunning, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def shown_key(answer: aiohttp.ClientResponse) -> str:
    text = await answer.text()
    found = re.search(r'id="chave">(balto_[\w-]+)<', text)
    assert found, text
    return found[1]


async def said_next(visitor: Visitor, path: str) -> str:
    """The sentence that the next page says."""
    text = await (await visitor.get(path)).text()
    found = re.search(r'<p class="mensagem (?:ok|erro)" role="status">([^<]*)', text)
    assert found, text
    return html.unescape(found[1])


async def test_a_counter_is_registered_its_key_shown_once_and_heard(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        form = {"nome": "Balcão do fundo", "cliente": panel.mine.client_id}
        answer = await visitor.post("/admin/balcoes", form)
        key = await shown_key(answer)
        holder = await panel.server.live.store.find_key(key)
        assert holder is not None
        assert (holder.counter_name, holder.client_name) == ("Balcão do fundo", "Rede Saúde")
        async with panel.server.client() as client:
            assert (await client.auth(key))["balcao_id"] == holder.counter_id
            page = await (await visitor.get(f"/admin/balcoes/{holder.counter_id}")).text()
            assert '<span class="etiqueta ok">ligado</span>' in page
        assert key not in page
        # The same name again is no second counter.
        assert (await visitor.post("/admin/balcoes", form)).status == 303
        assert "já tem um balcão" in await said_next(visitor, "/admin/balcoes")
        trail = await panel.server.live.store.audit_trail(20)
        assert ("olga", "cadastrar", "balcao") in [(one.actor, one.action, one.subject) for one in trail]
        assert key not in str(trail)


async def test_a_client_that_is_new_comes_with_its_first_counter(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        form = {"nome": "Balcão 1", "cliente": "", "cliente_novo": "Farmácia Nova"}
        await shown_key(await visitor.post("/admin/balcoes", form))
        again = await visitor.post("/admin/balcoes", {**form, "cliente_novo": "farmácia nova"})
        assert again.status == 409
        for bad in ({"nome": " "}, {"nome": "x" * 201}, {"cliente_novo": "…"}):
            assert (await visitor.post("/admin/balcoes", {**form, **bad})).status == 422
        assert (await visitor.post("/admin/balcoes", {"nome": "A", "cliente": "nenhum"})).status == 303


async def test_a_revoked_key_drops_its_socket_and_lets_nobody_in(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        path = f"/admin/balcoes/{panel.other.counter_id}"
        key = await shown_key(await visitor.post(f"{path}/chaves"))
        holder = await panel.server.live.store.find_key(key)
        assert holder is not None
        async with panel.server.client() as client:
            await client.auth(key)
            # A key is revoked on its own counter's page, not on another's.
            wrong = f"/admin/balcoes/{panel.mine.counter_id}/chaves/{holder.key_id}/revogar"
            assert (await visitor.post(wrong)).status == 404
            assert (await visitor.post(f"{path}/chaves/{holder.key_id}/revogar")).status == 303
            assert await client.closed() == 4001
        assert await panel.server.live.store.find_key(key) is None
        assert "revogada" in await said_next(visitor, path)


async def test_a_counter_is_renamed_unless_the_name_is_taken(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        path = f"/admin/balcoes/{panel.other.counter_id}"
        await visitor.post(f"{path}/nome", {"nome": "Balcão da praça"})
        assert "se chama Balcão da praça" in await said_next(visitor, path)
        key = await shown_key(
            await visitor.post("/admin/balcoes", {"nome": "Balcão 2", "cliente": panel.other.client_id})
        )
        holder = await panel.server.live.store.find_key(key)
        assert holder is not None
        await visitor.post(f"/admin/balcoes/{holder.counter_id}/nome", {"nome": "Balcão da praça"})
        assert "já tem um balcão" in await said_next(visitor, f"/admin/balcoes/{holder.counter_id}")


async def test_a_code_registers_the_programs_of_a_client(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        form = {"razao_social": "Rede Longe", "email": "ti@longe.com.br", "telefone": "71 3333-0000"}
        text = await (await visitor.post("/admin/balcoes/clientes", form)).text()
        found = re.search(r'id="codigo">(\d{6})<', text)
        assert found
        asked = {"nome_balcao": "Caixa", "user_codigo": found[1]}
        answer = await visitor.http.post(f"{panel.address}/cadastro/balcao", json=asked)
        assert answer.status == 201
        for bad in ({"email": "nada"}, {"telefone": "sem"}, {"razao_social": ""}):
            assert (await visitor.post("/admin/balcoes/clientes", {**form, **bad})).status == 422


async def left_of(panel: PanelRunning, counter_id: str) -> tuple[int, ...]:
    """Rows of a trial: counters, keys, sessions, segments, its client."""

    def work(connection: Connection) -> tuple[int, ...]:
        of_counter = (COUNTERS.c.id, KEYS.c.counter_id, SESSIONS.c.counter_id, SEGMENTS.c.counter_id)
        counts = [select(func.count()).where(column == counter_id) for column in of_counter]
        counts.append(select(func.count()).where(CLIENTS.c.name == "Testes de microfone"))
        return tuple(int(connection.scalar(one) or 0) for one in counts)

    return await panel.server.live.store.read(work)


async def test_a_microphone_trial_is_heard_is_in_no_figure_and_leaves_nothing(
    panel: PanelRunning, balcao_pcm: bytes
) -> None:
    store = panel.server.live.store
    before = await store.cost_table(Scope())
    async with panel.visitor("olga") as visitor:
        made = await (await visitor.post("/admin/balcoes/microfone/chave")).json()
        holder = await store.find_key(made["api_key"])
        assert holder is not None
        async with panel.server.client() as client:
            session = (await client.auth(made["api_key"], eventos=EVENTS))["sessao"]
            await client.send(balcao_pcm)
            heard = await client.wait_for("transcricao")
            assert heard["estado"] == "ok"
            # Nobody who looks at counters sees it.
            page = await (await visitor.get("/admin/balcoes")).text()
            assert "Teste" not in page.replace("Testar", "")
            assert holder.counter_id not in [one.id for one in await store.read(counters.list_counters, None)]
            assert (await visitor.get(f"/admin/balcoes/{holder.counter_id}")).status == 404
            assert await store.cost_table(Scope()) == before
            # Another operator's trial goes on, this one ends.
            other = await (await visitor.post("/admin/balcoes/microfone/chave")).json()
            ended = await visitor.post("/admin/balcoes/microfone/fim", {"chave": made["chave"]})
            assert ended.status == 303
            assert await client.closed() in (4001, 4006)
        assert await store.find_key(made["api_key"]) is None
        assert await store.find_key(other["api_key"]) is not None
        assert await store.session(session) is None
        assert await left_of(panel, holder.counter_id) == (0, 0, 0, 0, 1)
        await visitor.post("/admin/balcoes/microfone/fim", {"chave": other["chave"]})
        assert (await left_of(panel, holder.counter_id))[-1] == 0


async def test_a_trial_ends_after_ten_minutes_and_there_are_few_at_once(panel: PanelRunning) -> None:
    store = panel.server.live.store
    async with panel.visitor("olga") as visitor:
        made = [await (await visitor.post("/admin/balcoes/microfone/chave")).json() for _ in range(microphone.MOST)]
        refused = await visitor.post("/admin/balcoes/microfone/chave")
        assert refused.status == 429
        assert "espere" in (await refused.json())["mensagem"]
        holders = [await store.find_key(one["api_key"]) for one in made]
        async with panel.server.client() as client:
            await client.auth(made[0]["api_key"])

            def ten_minutes_ago(connection: Connection) -> None:
                for key in connection.execute(select(KEYS).where(KEYS.c.expires_at.is_not(None))).all():
                    over = key.expires_at - counters.TRIAL_VALID - timedelta(seconds=1)
                    connection.execute(update(KEYS).where(KEYS.c.id == key.id).values(expires_at=over))

            await store.write(ten_minutes_ago)
            # Does what the keeper of time does every quarter of a minute.
            await visitor.post("/admin/balcoes/microfone/fim", {"chave": "nenhuma"})
            assert await client.closed() in (4001, 4006)
        assert [await store.find_key(one["api_key"]) for one in made] == [None] * microphone.MOST
        for holder in holders:
            assert holder is not None
            assert await left_of(panel, holder.counter_id) == (0, 0, 0, 0, 0)


async def test_the_page_says_where_there_is_no_https(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        path = "/admin/balcoes/microfone"
        assert "não está em HTTPS" not in await (await visitor.get(path)).text()
        plain = await visitor.get(path, headers={"Host": "balto.farmacia.example"})
        assert "não está em HTTPS" in await plain.text()
        safe = await visitor.get(path, headers={"Host": "balto.farmacia.example", "X-Forwarded-Proto": "https"})
        assert "não está em HTTPS" not in await safe.text()


async def test_the_keeper_of_time_outlives_a_database_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    async def down(_app: web.Application) -> None:
        asked.append(1)
        raise StoreUnavailable("não respondeu")

    monkeypatch.setattr(microphone, "_LOOK_EVERY_S", 0.001)
    monkeypatch.setattr(microphone, "end_trials", down)
    task = asyncio.create_task(microphone._watch(web.Application()))
    await until(lambda: len(asked) > 2)
    task.cancel()
