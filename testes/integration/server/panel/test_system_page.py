"""Sistema: what runs and waits, and nothing that opens a door."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from balto_cli.server.shown_settings import settings_rows
from balto_cli.settings import Settings, variables
from balto_cli.store.failure import StoreUnavailable
from testes.live import ADMIN_SECRET
from testes.painel import PanelRunning

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_versions_queues_and_the_line_of_the_review_are_there(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        text = await (await visitor.get("/admin/sistema")).text()
    for said in ("Tudo em ordem", "SQLite", "Catálogo", "Revisão do farmacêutico", "em uso", "nada parado", "Local"):
        assert said in text, said
    assert ADMIN_SECRET not in text


async def test_no_secret_is_shown_whatever_is_set() -> None:
    values = {
        "admin_secret": SecretStr("segredo-1"),
        "elevenlabs_key": SecretStr("segredo-2"),
        "api_key": SecretStr("segredo-3"),
        "database_url": "postgresql://balto:segredo-4@banco/balto?password=segredo-5",
        "openai_base_url": "https://alguem:segredo-6@proxy.example/v1",
        "deepgram_base_url": "http://[segredo-7:x@",
    }
    rows = {row.name: row for row in settings_rows(Settings.model_construct(**values))}
    assert set(rows) == set(variables().values())
    assert "segredo" not in "".join(row.value for row in rows.values())
    assert rows["ADMIN_SECRET"].value == "definido"
    assert rows["GLADIA_API_KEY"].value == ""
    assert "banco/balto" in rows["DATABASE_URL"].value
    assert rows["DATABASE_URL"].given
    assert not rows["HOST"].given


async def test_a_database_that_is_down_and_a_stopped_provider_are_said(
    panel: PanelRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = panel.server.live.store

    async def down() -> None:
        raise StoreUnavailable("O banco de dados não respondeu.")

    async with panel.visitor("olga") as visitor:
        monkeypatch.setattr(store, "ping", down)
        text = await (await visitor.get("/admin/sistema")).text()
        assert "O banco de dados não respondeu." in text
        assert "não está aceitando" in text


async def test_every_page_says_that_the_database_is_down(panel: PanelRunning, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("x")

    async with panel.visitor("olga") as visitor:
        monkeypatch.setattr(panel.server.live.store, "read", down)
        answer = await visitor.get("/admin/balcoes")
        assert answer.status == 503
        assert "banco de dados não respondeu" in await answer.text()
