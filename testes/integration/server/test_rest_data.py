"""What the administrator reads, exports and erases."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from balto_cli.store.records import (
    Cut,
    NewKey,
    NewSegment,
    NewSuggestion,
    Outcome,
    SessionRecord,
    TranscriptState,
    new_id,
    segment_id,
)
from balto_cli.store.store import Store
from testes.integration.server.rest_app import ADMIN, Clock, running

AT = Clock()()


async def heard(store: Store, texts: list[str], counter: str = "Balcão 1") -> tuple[NewKey, SessionRecord, list[str]]:
    """A session with one transcribed segment a text, two seconds apart."""
    key = await store.create_key("Rede", counter, AT)
    session = await store.open_session(
        SessionRecord(new_id(), key.holder.counter_id, key.holder.key_id, AT, "pcm16", 16_000, 1, "teste")
    )
    for index, text in enumerate(texts):
        start = index * 32_000
        segment = NewSegment(index, start, start + 16_000, "pausa", 10.0, None, None, AT, AT, AT)
        await store.cut(Cut(session, (segment,), None, 0, 0, start))
        await store.transcribed(
            Outcome(segment_id(session.id, index), TranscriptState.OK, AT, text, provider="Local", cost_brl=0.5)
        )
    return key, session, [segment_id(session.id, index) for index in range(len(texts))]


async def test_interactions_have_the_fields_of_the_protocol(store: Store, tmp_path: Path) -> None:
    key, session, (identity,) = await heard(store, ["tem dipirona?"])
    await store.add_feedback(key.holder.counter_id, identity, "venda_realizada", AT)
    async with running(store, tmp_path) as server:
        answer = await (await server.client.get("/api/data/interacoes", headers=ADMIN)).json()
    assert answer["proximo"] is None
    (row,) = answer["interacoes"]
    stages = row.pop("etapas")
    assert row == {
        "id_interacao": identity,
        "sessao": session.id,
        "balcao_id": key.holder.counter_id,
        "inicio_s": 0.0,
        "fim_s": 1.0,
        "inicio_utc": "2026-11-03T12:00:00+00:00",
        "texto": "tem dipirona?",
        "estado": "ok",
        "motivo": None,
        "provedor": "Local",
        "tardia": False,
        "resultado": "venda_realizada",
    }
    assert stages["corte"] == stages["transcrito"] == AT.isoformat()
    assert stages["entregue"] is None


async def test_pages_follow_each_other_and_filters_narrow(store: Store, tmp_path: Path) -> None:
    key, session, ids = await heard(store, [str(n) for n in range(7)])
    await heard(store, ["outro"], "Balcão 2")
    async with running(store, tmp_path) as server:
        query = {"balcao_id": key.holder.counter_id, "limite": "3"}
        found: list[str] = []
        while True:
            page = await (await server.client.get("/api/data/interacoes", params=query, headers=ADMIN)).json()
            found += [row["id_interacao"] for row in page["interacoes"]]
            if page["proximo"] is None:
                break
            query["cursor"] = page["proximo"]
        assert found == ids[::-1]
        span = f"sessao={session.id}&desde=2026-11-03T09:00:02-03:00&ate=2026-11-03T12:00:06+00:00"
        page = await (await server.client.get(f"/api/data/interacoes?{span}", headers=ADMIN)).json()
        assert [row["texto"] for row in page["interacoes"]] == ["2", "1"]
        actions = [entry.action for entry in await store.audit_trail()]
        assert actions.count("listar") == 4


@pytest.mark.parametrize(
    "query",
    [
        "limite=0",
        "limite=501",
        "limite=x",
        "limite=١",
        "cursor=zzz",
        "cursor=%00",
        "sessao=1",
        "balcao_id=%00",
        "desde=ontem",
        "ate=2026-11-03T12:00:00",
        "desde=0001-01-01T00:00:00%2B14:00",
        "desde=9999-12-31T23:59:59-14:00",
        "desde=2026-02-30T00:00:00Z",
    ],
)
async def test_filters_that_make_no_sense_are_named(store: Store, tmp_path: Path, query: str) -> None:
    async with running(store, tmp_path) as server:
        answer = await server.client.get(f"/api/data/interacoes?{query}", headers=ADMIN)
        assert answer.status == 422
        error = (await answer.json())["erro"]
        assert error["codigo"] == "campo_invalido"
        assert query.partition("=")[0] in error["mensagem"]


async def test_the_workbook_has_every_interaction_as_text_and_what_it_cost(store: Store, tmp_path: Path) -> None:
    _, _, ids = await heard(store, ["=HYPERLINK(1)", "bom\x0bdia"])
    await store.add_suggestion(
        NewSuggestion(ids[0], "sugerir", "dor", None, {"produto": "Dorflex"}, "1", "1", None, 0.25, AT, sent=True)
    )
    async with running(store, tmp_path) as server:
        answer = await server.client.get("/api/export/xlsx", headers=ADMIN)
        assert "attachment" in answer.headers["Content-Disposition"]
        book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
    rows = list(book["Interacoes"].iter_rows(values_only=True))
    first = dict(zip(rows[0], rows[2], strict=True))
    assert [row[rows[0].index("Transcrição")] for row in rows[1:]] == ["bom dia", "=HYPERLINK(1)"]
    assert book["Interacoes"].cell(3, rows[0].index("Transcrição") + 1).data_type == "s"
    assert (first["Sugestão"], first["Produto"], first["Custo da sugestão (R$)"]) == ("sugerir", "Dorflex", 0.25)
    costs = list(book["Custos"].iter_rows(values_only=True))
    assert costs[1] == ("2026-11-03", "Rede", "Balcão 1", "Local", 2, 2, 1.0, 0, 0.25)


async def test_all_that_is_held_comes_line_by_line(store: Store, tmp_path: Path) -> None:
    key, *_ = await heard(store, ["um", "dois"])
    await heard(store, ["três"], "Balcão 2")
    async with running(store, tmp_path) as server:
        answer = await server.client.get(f"/api/export/dados?balcao_id={key.holder.counter_id}", headers=ADMIN)
        lines: list[dict[str, Any]] = [json.loads(line) for line in (await answer.text()).splitlines()]
        assert [line["texto"] for line in lines] == ["dois", "um"]
        empty = await server.client.get(f"/api/export/dados?sessao={new_id()}", headers=ADMIN)
        assert (empty.status, await empty.text()) == (200, "")
    assert [entry.action for entry in await store.audit_trail()] == ["exportar", "exportar"]


async def test_erasing_takes_a_filter_and_takes_nothing_else(store: Store, tmp_path: Path) -> None:
    _, session, _ = await heard(store, ["um", "dois"])
    await heard(store, ["três"], "Balcão 2")
    async with running(store, tmp_path) as server:
        everything = await server.client.delete("/api/data/interacoes", headers=ADMIN)
        assert everything.status == 422
        erased = await server.client.delete(f"/api/data/interacoes?sessao={session.id}", headers=ADMIN)
        assert await erased.json() == {"sessoes": 1, "segmentos": 2}
        left = await (await server.client.get("/api/data/interacoes", headers=ADMIN)).json()
        assert [row["texto"] for row in left["interacoes"]] == ["três"]
        assert "apagado" in [entry.action for entry in await store.audit_trail()]


async def test_old_transcripts_go_while_the_server_runs(store: Store, tmp_path: Path) -> None:
    await heard(store, ["velho"])
    async with running(store, tmp_path) as server:
        await store.purge(AT + timedelta(days=30), server.clock())
        left = await (await server.client.get("/api/data/interacoes", headers=ADMIN)).json()
        assert left["interacoes"] == []
