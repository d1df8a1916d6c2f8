"""Every page, for nobody, for each role, and for another client; and what a browser is told of all of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from aiohttp import web

from balto_cli.server.panel.page import SIGN_IN
from balto_cli.server.panel.routes import add_panel
from balto_cli.store.records import new_id
from testes.painel import PanelRunning

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>'\"{{7*7}}"


def routes() -> list[tuple[str, str]]:
    """Method and path of everything under `/admin` but the doors, with ids that are nobody's."""
    app = web.Application()
    add_panel(app)
    found = set()
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if not path.startswith("/admin/static") and path != SIGN_IN:
            found.add((route.method, re.sub(r"\{[^}]*\}", new_id(), path)))
    return sorted(found)


async def test_without_a_session_there_is_no_page_and_no_action(panel: PanelRunning) -> None:
    checked = routes()
    assert len(checked) > 20
    async with panel.visitor() as visitor:
        for method, path in checked:
            answer = await visitor.http.request(
                method, f"{panel.address}{path}", headers={"Origin": panel.address}, allow_redirects=False
            )
            assert answer.status in (303, 401), (method, path, answer.status)
            if answer.status == 303:
                assert answer.headers["Location"].startswith("/admin/entrar"), (method, path)


@pytest.mark.parametrize(
    ("login", "closed"),
    [
        ("fabio", ["/admin/balcoes", "/admin/balcoes/microfone", "/admin/privacidade", "/admin/sistema"]),
        (
            "clara",
            ["/admin/balcoes/microfone", "/admin/sistema", "/admin/privacidade/registro", "/admin/privacidade/apagar"],
        ),
    ],
)
async def test_another_roles_pages_are_refused_and_not_in_the_navigation(
    panel: PanelRunning, login: str, closed: list[str]
) -> None:
    async with panel.visitor(login) as visitor:
        page = await (await visitor.get("/admin/conta")).text()
        for path in closed:
            answer = await visitor.get(path)
            assert answer.status == 403, path
            assert "não tem acesso" in await answer.text()
            assert f'href="{path}"' not in page


async def test_another_roles_actions_are_refused(panel: PanelRunning) -> None:
    counter = f"/admin/balcoes/{panel.mine.counter_id}"
    actions = [
        ("/admin/balcoes", {"nome": "X", "cliente": panel.mine.client_id}),
        ("/admin/balcoes/clientes", {"razao_social": "X", "email": "x@rede.com.br", "telefone": "1"}),
        (f"{counter}/nome", {"nome": "X"}),
        (f"{counter}/chaves", {}),
        (f"{counter}/chaves/{panel.mine.key_id}/revogar", {}),
        ("/admin/balcoes/microfone/chave", {}),
        ("/admin/balcoes/microfone/fim", {"chave": panel.mine.key_id}),
        ("/admin/privacidade/apagar", {"balcao": panel.mine.counter_id, "confirmo": "apagar"}),
    ]
    for login in ("fabio", "clara"):
        async with panel.visitor(login) as visitor:
            for path, form in actions:
                assert (await visitor.post(path, form)).status == 403, (login, path)
    assert await panel.server.live.store.find_key(panel.server.key) == panel.mine


async def test_a_client_sees_its_own_counters_and_nothing_says_that_there_are_others(panel: PanelRunning) -> None:
    async with panel.visitor("clara") as visitor:
        listed = await (await visitor.get("/admin/balcoes")).text()
        assert panel.mine.counter_id in listed
        assert panel.other.counter_id not in listed
        assert "Vizinha" not in listed
        assert (await visitor.get(f"/admin/balcoes/{panel.mine.counter_id}")).status == 200
        theirs, none = panel.other.counter_id, new_id()
        for form in (
            "/admin/balcoes/{}",
            "/admin/privacidade/exportar?balcao={}",
            "/admin/privacidade/exportar?sessao={}",
        ):
            answers = [await visitor.get(form.format(one)) for one in (theirs, none)]
            assert [answer.status for answer in answers] == [404, 404], form
            texts = [await answer.text() for answer in answers]
            assert texts[0].replace(theirs, none) == texts[1]
        # All counters at once would be others' too.
        assert (await visitor.get("/admin/privacidade/exportar")).status == 422


async def test_headers_of_pages_errors_files_and_downloads(panel: PanelRunning) -> None:
    async with panel.visitor("olga") as visitor:
        page = await (await visitor.get("/admin/sistema")).text()
        files = re.findall(r'(?:href|src)="(/admin/static/[^"]+)"', page)
        assert len(files) >= 3
        for path in ("/admin/sistema", "/admin/nada", "/admin/privacidade/exportar", "/admin", *files):
            answer = await visitor.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            kept = answer.headers["Cache-Control"]
            assert kept == ("public, max-age=31536000, immutable" if path in files else "no-store"), path
        assert (await visitor.get("/admin/static/../page.py")).status == 404
        assert (await visitor.get("/admin/static/%2e%2e%2fpage.py")).status == 404


async def test_pages_hold_no_script_or_style_of_their_own(panel: PanelRunning) -> None:
    """The policy would stop them; a page that needs them would be broken."""
    async with panel.visitor("olga") as visitor:
        for method, path in routes():
            answer = await visitor.get(path) if method == "GET" else None
            if answer is not None and answer.content_type == "text/html":
                text = await answer.text()
                assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text), path
            elif answer is not None:
                answer.close()  # A stream has no end.


async def test_names_made_of_markup_are_text_on_every_page(panel: PanelRunning) -> None:
    store = panel.server.live.store
    made = await store.create_key(f"Rede {HOSTILE}", f"Balcão {HOSTILE}", datetime.now(UTC))
    await store.audit(HOSTILE[:80], "testar", HOSTILE[:80], {HOSTILE: [HOSTILE]}, datetime.now(UTC))
    async with panel.visitor("olga") as visitor:
        shown = 0
        for path in (
            "/admin/balcoes",
            f"/admin/balcoes?busca={HOSTILE}",
            f"/admin/balcoes/{made.holder.counter_id}",
            "/admin/privacidade",
            f"/admin/privacidade/apagar?balcao={made.holder.counter_id}",
            f"/admin/privacidade/registro?quem={HOSTILE}",
            "/admin/privacidade/registro",
        ):
            text = await (await visitor.get(path)).text()
            assert "<script>alert" not in text, path
            assert "<img src=x" not in text, path
            assert "'\"49" not in text, path
            shown += "&lt;script&gt;alert(1)" in text
        assert shown >= 6
