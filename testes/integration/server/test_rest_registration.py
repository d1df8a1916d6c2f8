"""Who comes in over REST, and who does not: registration, the administrator, keys, loopback, proxies."""

from __future__ import annotations

import asyncio
import os
import stat
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from balto_cli.server.secrets import SECRET_FILE, encode_typed
from balto_cli.store.failure import StoreUnavailable
from balto_cli.store.store import Store
from testes.integration.server.rest_app import ADMIN, OUTSIDE, SECRET, Clock, running

CLIENT = {"email": "qa@rede.com.br", "razao_social": "Rede Saúde Ltda", "telefone": "11 5555-0000"}
PROXY = (ip_network("127.0.0.0/8"),)


async def test_a_counter_registers_with_the_code_of_its_client_and_its_key_works(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        made = await server.client.post("/cadastro/cliente", json=CLIENT, headers=ADMIN)
        assert made.status == 201
        code = (await made.json())["codigo"]
        assert len(code) == 6
        counter = await server.client.post("/cadastro/balcao", json={"nome_balcao": "Caixa 1", "user_codigo": code})
        assert counter.status == 201
        answer = await counter.json()
        assert answer["status"] == "ativo"
        holder = await store.find_key(answer["api_key"])
        assert holder is not None
        assert holder.counter_id == answer["balcao_id"]
        bearer = {"Authorization": f"Bearer {answer['api_key']}"}
        assert (await server.client.post("/api/test/analisar", json={"texto": "oi"}, headers=bearer)).status == 200
        again = await server.client.post("/cadastro/balcao", json={"nome_balcao": "Caixa 1", "user_codigo": code})
        assert (again.status, (await again.json())["erro"]["codigo"]) == (409, "balcao_existe")


async def test_a_code_ends_after_fifteen_minutes(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        code = (await (await server.client.post("/cadastro/cliente", json=CLIENT, headers=ADMIN)).json())["codigo"]
        server.clock.forward(timedelta(minutes=15))
        late = await server.client.post("/cadastro/balcao", json={"nome_balcao": "A", "user_codigo": code})
        assert (late.status, (await late.json())["erro"]["codigo"]) == (403, "codigo_invalido")


async def test_guessing_a_code_ends_at_ten_tries_also_with_made_up_forwarded_headers(
    store: Store, tmp_path: Path
) -> None:
    async with running(store, tmp_path) as server:
        body = {"nome_balcao": "A", "user_codigo": "123456"}

        async def attempt(number: int) -> int:
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            return (await server.client.post("/cadastro/balcao", json=body, headers=headers)).status

        statuses = await asyncio.gather(*(attempt(number) for number in range(25)))
        assert sorted(set(statuses)) == [403, 429]
        assert statuses.count(403) == 10
        refused = await server.client.post("/cadastro/balcao", json=body)
        assert int(refused.headers["Retry-After"]) == 3600
        server.clock.forward(timedelta(hours=1))
        assert await attempt(1) == 403


async def test_behind_a_proxy_that_is_believed_each_address_has_its_own_tries(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path, proxies=PROXY) as server:
        body = {"nome_balcao": "A", "user_codigo": "123456"}

        async def attempt(chain: str) -> int:
            answer = await server.client.post("/cadastro/balcao", json=body, headers={"X-Forwarded-For": chain})
            return answer.status

        assert [await attempt("6.6.6.6, 198.51.100.1") for _ in range(11)] == [403] * 10 + [429]
        assert await attempt("198.51.100.1, 198.51.100.2") == 403
        assert await attempt("7.7.7.7, 198.51.100.1") == 429


async def test_limits_are_off_on_loopback_alone(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path, rate_limits="off") as server:
        body = {"nome_balcao": "A", "user_codigo": "123456"}
        inside = [(await server.client.post("/cadastro/balcao", json=body)).status for _ in range(12)]
        outside = [(await server.client.post("/cadastro/balcao", json=body, headers=OUTSIDE)).status for _ in range(12)]
        assert inside == [403] * 12
        assert outside == [403] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/cadastro/cliente"),
        ("POST", "/api/test/segmentar"),
        ("POST", "/api/test/transcrever"),
        ("POST", "/api/test/analisar"),
        ("GET", "/api/data/interacoes"),
        ("DELETE", "/api/data/interacoes"),
        ("GET", "/api/export/xlsx"),
        ("GET", "/api/export/dados"),
    ],
)
async def test_no_anonymous_route_spends_or_creates_and_keys_are_no_administrator(
    store: Store, tmp_path: Path, method: str, path: str
) -> None:
    async with running(store, tmp_path) as server:
        for headers in (
            {},
            {"Authorization": "Bearer errado"},
            {"Authorization": "Bearer \x80\xff"},
            {"Authorization": "Basic YTpi"},
            {"Authorization": "Bearer"},
            {"Cookie": "balto_admin=errado"},
        ):
            answer = await server.client.request(method, f"{path}?api_key={SECRET}", headers=headers)
            assert answer.status == 401, headers
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert set((await answer.json())["erro"]) == {"codigo", "mensagem"}
        if not path.startswith("/api/test"):
            answer = await server.client.request(method, path, headers=await server.key())
            assert answer.status == 403
        assert server.provider.calls == []
        assert [entry.holder.counter_name for entry in await store.list_keys()] in ([], ["Balcão 1"])


async def test_a_revoked_key_is_refused_at_once(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        key = await server.key()
        assert (await server.client.post("/api/test/analisar", json={"texto": "oi"}, headers=key)).status == 200
        (entry,) = await store.list_keys()
        assert entry.last_used_at == server.clock()
        await store.revoke_key(entry.holder.key_id, server.clock())
        assert (await server.client.post("/api/test/analisar", json={"texto": "oi"}, headers=key)).status == 401


async def test_a_database_that_fails_is_503_and_never_a_wrong_credential(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(store, tmp_path) as server:
        key = await server.key()

        async def fails(*_: object) -> None:
            raise StoreUnavailable("o banco não respondeu")

        monkeypatch.setattr(store, "_read", fails)
        monkeypatch.setattr(store, "_write", fails)
        for headers in (key, ADMIN, {"Cookie": "balto_admin=x"}):
            answer = await server.client.get("/api/data/interacoes", headers=headers)
            assert (answer.status, (await answer.json())["erro"]["codigo"]) == (503, "indisponivel")
            assert "Retry-After" in answer.headers
        ready = await server.client.get("/ready")
        assert (ready.status, (await ready.json())["pronto"]) == (503, False)
        assert (await server.client.get("/health")).status == 200


@pytest.mark.parametrize(
    "weak", ["admin123", "admin", "123456789012345", "senhasenhasenha", "curta", "aaaaaaaaaaaaaaa"]
)
async def test_a_weak_secret_works_on_this_machine_alone(store: Store, tmp_path: Path, weak: str) -> None:
    async with running(store, tmp_path, admin_secret=SecretStr(weak)) as server:
        bearer = {"Authorization": f"Bearer {weak}"}
        assert (await server.client.get("/api/data/interacoes", headers=bearer)).status == 200
        for hint in (OUTSIDE, {"Forwarded": "for=1.2.3.4"}, {"Via": "1.1 caddy"}, {"X-Forwarded-Proto": "https"}):
            answer = await server.client.get("/api/data/interacoes", headers=bearer | hint)
            assert (answer.status, (await answer.json())["erro"]["codigo"]) == (403, "segredo_fraco"), hint
        login = await server.client.post("/admin/login", json={"password": weak}, headers=OUTSIDE)
        assert login.status == 403
        assert "Set-Cookie" not in login.headers


async def test_a_strong_secret_works_from_everywhere(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        assert (await server.client.get("/api/data/interacoes", headers=ADMIN | OUTSIDE)).status == 200


async def test_without_a_secret_the_first_start_makes_one_and_says_it_once(store: Store, tmp_path: Path) -> None:
    shown: list[str] = []
    async with running(store, tmp_path, show=shown.append, admin_secret=None) as server:
        (line,) = shown
        secret = line.rpartition(" ")[2]
        assert len(secret) >= 32
        bearer = {"Authorization": f"Bearer {secret}"}
        assert (await server.client.get("/api/data/interacoes", headers=bearer | OUTSIDE)).status == 200
    async with running(store, tmp_path, show=shown.append, admin_secret=None) as server:
        assert len(shown) == 1
        assert (await server.client.get("/api/data/interacoes", headers=bearer)).status == 200
    assert secret not in str(await store.admin_hash())
    assert not (tmp_path / SECRET_FILE).exists()


async def test_without_a_terminal_the_secret_goes_to_a_file_that_only_its_owner_reads(
    store: Store, tmp_path: Path
) -> None:
    async with running(store, tmp_path, admin_secret=None) as server:
        path = tmp_path / SECRET_FILE
        assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600
        bearer = {"Authorization": f"Bearer {path.read_text().strip()}"}
        assert (await server.client.get("/api/data/interacoes", headers=bearer)).status == 200


async def test_a_password_that_a_person_typed_works_and_a_changed_one_holds_at_once(
    store: Store, tmp_path: Path
) -> None:
    await store.set_admin_hash(encode_typed("cavalo-bateria-grampo"), Clock()())
    async with running(store, tmp_path, admin_secret=None) as server:
        good = {"Authorization": "Bearer cavalo-bateria-grampo"}
        assert (await server.client.get("/api/data/interacoes", headers=good)).status == 200
        assert (await server.client.get("/api/data/interacoes", headers=good)).status == 200
        await store.set_admin_hash(encode_typed("outra-senha-comprida"), server.clock())
        assert (await server.client.get("/api/data/interacoes", headers=good)).status == 401


async def test_guessing_the_password_ends_at_ten_tries(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        statuses = [
            (await server.client.post("/admin/login", json={"password": f"errada{n}"})).status for n in range(11)
        ]
        assert statuses == [401] * 10 + [429]
        assert (await server.client.post("/admin/login", json={"password": SECRET})).status == 429
        server.clock.forward(timedelta(hours=1))
        assert (await server.client.post("/admin/login", json={"password": SECRET})).status == 200


async def test_the_panels_cookie_is_out_of_reach_of_scripts_and_of_other_sites(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path, proxies=PROXY) as server:
        login = await server.client.post("/admin/login", json={"password": SECRET})
        cookie = login.cookies["balto_admin"]
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["max-age"]) == (
            True,
            "Strict",
            "",
            "43200",
        )
        server.client.session.cookie_jar.clear()
        over_https = {"X-Forwarded-Proto": "https"}
        login = await server.client.post("/admin/login", json={"password": SECRET}, headers=over_https)
        assert login.cookies["balto_admin"]["secure"] is True
        server.client.session.cookie_jar.clear()
        value = {"Cookie": f"balto_admin={login.cookies['balto_admin'].value}"}
        host = f"{server.client.host}:{server.client.port}"
        assert (await server.client.get("/api/data/interacoes", headers=value)).status == 200
        for origin, status in ((None, 403), ("http://mau.example", 403), ("null", 403), (f"http://{host}", 201)):
            headers = value | ({"Origin": origin} if origin else {})
            assert (await server.client.post("/cadastro/cliente", json=CLIENT, headers=headers)).status == status
        server.clock.forward(timedelta(hours=12))
        assert (await server.client.get("/api/data/interacoes", headers=value)).status == 401


async def test_two_cookies_are_never_the_same(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        values = [
            (await server.client.post("/admin/login", json={"password": SECRET})).cookies["balto_admin"].value
            for _ in range(2)
        ]
        assert values[0] != values[1]
        assert len(values[0]) >= 32


async def test_metrics_are_open_on_this_machine_and_the_administrators_elsewhere(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        assert await (await server.client.get("/metrics")).text() == "balto_sessions 0\n"
        assert (await server.client.get("/metrics", headers=OUTSIDE)).status == 401
        assert (await server.client.get("/metrics", headers=OUTSIDE | await server.key())).status == 403
        assert (await server.client.get("/metrics", headers=OUTSIDE | ADMIN)).status == 200


async def test_readiness_says_what_is_wrong(store: Store, tmp_path: Path) -> None:
    async with running(store, tmp_path) as server:
        assert await (await server.client.get("/ready")).json() == {"pronto": True, "problemas": []}
        server.problems.append("o disco está cheio")
        answer = await server.client.get("/ready")
        assert answer.status == 503
        assert (await answer.json())["problemas"] == ["o disco está cheio"]
