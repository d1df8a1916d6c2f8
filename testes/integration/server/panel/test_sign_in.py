"""Coming into the panel: who may, for how long, and from which page."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from balto_cli.server import secrets as server_secrets
from balto_cli.server.secrets import encode_typed
from balto_cli.store import accounts
from balto_cli.store.accounts import IDLE, Role
from balto_cli.store.tables import ADMIN_SESSIONS
from testes.live import ADMIN_SECRET
from testes.painel import PASSWORD, PanelRunning, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEW = "lanterna-verde-de-teste-8"


async def signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/admin/conta")).status == 200


async def age(panel: PanelRunning, **values: timedelta) -> None:
    """Make every session older than it is."""

    def work(connection: Connection) -> None:
        for row in connection.execute(select(ADMIN_SESSIONS)).all():
            aged = {name: getattr(row, name) - by for name, by in values.items() if getattr(row, name)}
            connection.execute(update(ADMIN_SESSIONS).where(ADMIN_SESSIONS.c.sha256 == row.sha256).values(aged))

    await panel.server.live.store.write(work)


async def test_the_cookie_is_random_hidden_from_scripts_and_other_sites_and_kept_as_a_hash(panel: PanelRunning) -> None:
    async with panel.visitor() as visitor:
        answer = await visitor.sign_in("olga")
        (header,) = answer.headers.getall("Set-Cookie")
        attributes = {part.strip().lower() for part in header.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes
        assert "secure" not in attributes
        token = visitor.cookie()
        assert len(token) >= 22

        def stored(connection: Connection) -> list[str]:
            return list(connection.scalars(select(ADMIN_SESSIONS.c.sha256)))

        assert all(token not in value for value in await panel.server.live.store.read(stored))


async def test_over_https_the_cookie_goes_over_https_alone(panel: PanelRunning, outside: dict[str, str]) -> None:
    async with panel.visitor() as visitor:
        headers = {**outside, "X-Forwarded-Proto": "https", "Origin": panel.address}
        answer = await visitor.sign_in("olga", headers=headers)
        assert "; secure" in answer.headers["Set-Cookie"].lower()
        assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_a_new_session_takes_the_place_of_the_one_before(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor, panel.visitor() as thief:
        old = visitor.cookie()
        await visitor.sign_in("olga")
        assert visitor.cookie() != old
        thief.http.cookie_jar.update_cookies({"balto_admin": old})
        assert not await signed_in(thief)
        assert await signed_in(visitor)


async def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor, panel.visitor() as thief:
        thief.http.cookie_jar.update_cookies({"balto_admin": visitor.cookie()})
        assert await signed_in(thief)
        assert (await visitor.post("/admin/sair")).status == 303
        assert not await signed_in(visitor)
        assert not await signed_in(thief)


async def test_a_session_ends_by_rest_and_in_any_case_after_twelve_hours(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        await age(panel, seen_at=IDLE - timedelta(minutes=1))
        assert await signed_in(visitor)  # which is a use
        await age(panel, seen_at=IDLE - timedelta(minutes=1))
        assert await signed_in(visitor)
        await age(panel, seen_at=IDLE + timedelta(minutes=1))
        assert not await signed_in(visitor)
    async with panel.visitor("olga") as visitor:
        await age(panel, expires_at=timedelta(hours=12))
        assert not await signed_in(visitor)


async def test_a_page_that_asks_by_itself_is_no_use_of_the_session(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        await age(panel, seen_at=IDLE - timedelta(minutes=1))
        await visitor.get("/admin/conta", headers={"Accept": "text/event-stream"})
        await age(panel, seen_at=timedelta(minutes=1))
        assert not await signed_in(visitor)


async def test_another_password_ends_every_other_session_and_renews_this_one(panel: PanelRunning) -> None:
    store = panel.server.live.store
    await store.write(accounts.add, "nilo", "Nilo", Role.PHARMACIST, None, encode_typed(PASSWORD), datetime.now(UTC))
    async with panel.visitor("nilo") as visitor, panel.visitor("nilo") as elsewhere:
        old = visitor.cookie()
        form = {"atual": PASSWORD, "nova": NEW, "repetida": NEW}
        for wrong in ({"atual": "outra"}, {"nova": "curta", "repetida": "curta"}, {"repetida": NEW + "x"}):
            assert (await visitor.post("/admin/conta/senha", {**form, **wrong})).status == 422
        assert (await visitor.post("/admin/conta/senha", form)).status == 303
        assert visitor.cookie() != old
        assert await signed_in(visitor)
        assert not await signed_in(elsewhere)
        assert (await elsewhere.sign_in("nilo")).status == 401
        assert (await elsewhere.sign_in("nilo", NEW)).status == 303
        await store.write(accounts.remove, "nilo", datetime.now(UTC))
        assert not await signed_in(elsewhere)
        assert (await elsewhere.sign_in("nilo", NEW)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://mal.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://[", "Referer": "http://127.0.0.1/admin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_change_that_another_page_sends_is_refused(panel: PanelRunning, headers: dict[str, str]) -> None:
    if "Sec-Fetch-Site" in headers:
        headers = {**headers, "Origin": panel.address}
    async with panel.visitor("olga") as visitor:
        for path in ("/admin/sair", "/admin/balcoes", "/admin/privacidade/apagar", "/admin/entrar"):
            answer = await visitor.post(path, headers=headers)
            assert answer.status == 403
            assert "não veio desta página" in await answer.text()
        assert await signed_in(visitor)


async def test_rest_calls_with_the_cookie_are_for_operators_from_our_own_page(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as olga, panel.visitor("clara") as clara:
        path = f"/api/data/interacoes?sessao={panel.mine.client_id}"
        assert (await olga.get("/api/data/interacoes")).status == 200
        assert (await clara.get("/api/data/interacoes")).status == 403
        deleted = await olga.http.delete(f"{panel.address}{path}", headers={"Origin": "https://mal.example"})
        assert deleted.status == 403
        deleted = await olga.http.delete(f"{panel.address}{path}", headers={"Origin": panel.address})
        assert deleted.status == 200
        newest = (await panel.server.live.store.audit_trail(1))[0]
        assert newest.actor == "olga"


async def test_tries_are_limited_by_address_also_when_they_come_at_once(
    panel: PanelRunning, own: dict[str, Any]
) -> None:
    async with panel.visitor() as visitor:
        answers = [await visitor.sign_in("olga", f"errada-{number}", **own) for number in range(8)]
        answers += await asyncio.gather(*(visitor.sign_in("olga", f"junta-{number}", **own) for number in range(12)))
        assert [answer.status for answer in answers].count(401) == 10
        blocked = await visitor.sign_in("olga", **own)
        assert blocked.status == 429
        assert int(blocked.headers["Retry-After"]) > 0
        assert "espere" in await blocked.text()
        # Nobody else is locked out by it.
        assert (await visitor.sign_in("olga")).status == 303


async def test_good_tries_are_not_counted(panel: PanelRunning, own: dict[str, Any]) -> None:
    async with panel.visitor() as visitor:
        for _ in range(12):
            assert (await visitor.sign_in("olga", **own)).status == 303


async def test_a_login_that_is_nobodys_is_answered_as_a_wrong_password_after_the_same_work(
    panel: PanelRunning, own: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = server_secrets._verify_typed

    def counted(encoded: str, given: str) -> bool:
        checked.append(encoded)
        return verify(encoded, given)

    monkeypatch.setattr(server_secrets, "_verify_typed", counted)
    async with panel.visitor() as visitor:
        texts = [await (await visitor.sign_in(name, "errada", **own)).text() for name in ("olga", "ninguem")]
        assert texts[0].replace("olga", "ninguem") == texts[1]
        assert "Usuário ou senha não conferem." in texts[0]
    assert len(checked) == 2


async def test_the_administrators_secret_comes_in_as_admin_and_the_protocols_cookie_opens_the_panel(
    panel: PanelRunning,
) -> None:
    async with panel.visitor("admin", ADMIN_SECRET) as visitor:
        page = await (await visitor.get("/admin/conta")).text()
        assert "balto admin add" in page
    async with panel.visitor() as visitor:
        await visitor.http.post(f"{panel.address}/admin/login", json={"password": ADMIN_SECRET})
        assert await signed_in(visitor)
    async with panel.visitor() as visitor:
        assert (await visitor.sign_in("admin", "errada")).status == 401


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/admin/sistema?x=1", "/admin/sistema?x=1"),
        ("https://mal.example/admin/", "/admin"),
        ("//mal.example/admin/", "/admin"),
        ("/\\mal.example", "/admin"),
        ("/admin/\r\nSet-Cookie: x=1", "/admin"),
        ("/api/data/interacoes", "/admin"),
        ("javascript:alert(1)", "/admin"),
    ],
)
async def test_signing_in_leads_to_a_page_of_the_panel_and_nowhere_else(
    panel: PanelRunning, asked: str, goes: str
) -> None:
    async with panel.visitor() as visitor:
        form = {"usuario": "olga", "senha": PASSWORD, "para": asked}
        assert (await visitor.post("/admin/entrar", form)).headers["Location"] == goes


async def test_whoever_has_not_signed_in_is_asked_to_and_comes_back_to_the_page(panel: PanelRunning) -> None:
    async with panel.visitor() as visitor:
        answer = await visitor.get("/admin/privacidade/registro?quem=olga")
        assert answer.status == 303
        page = await (await visitor.get(answer.headers["Location"])).text()
        assert 'name="para" value="/admin/privacidade/registro?quem=olga"' in page


async def test_what_was_typed_is_shown_as_text(panel: PanelRunning, own: dict[str, Any]) -> None:
    hostile = '"><script>alert(1)</script>'
    async with panel.visitor() as visitor:
        text = await (await visitor.sign_in(hostile, "x", **own)).text()
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


async def test_entries_and_refusals_are_in_the_audit_by_name(panel: PanelRunning, own: dict[str, Any]) -> None:
    async with panel.visitor() as visitor:
        await visitor.sign_in("fabio", "errada", **own)
        await visitor.sign_in("minha-senha-no-campo-errado", "x", **own)
        await visitor.sign_in("fabio", **own)
        await visitor.post("/admin/sair", **own)
    trail = [(one.actor, one.action) for one in await panel.server.live.store.audit_trail(3)]
    assert trail == [("fabio", "sair"), ("fabio", "entrar"), ("fabio", "recusar")]
