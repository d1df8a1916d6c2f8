"""A live server behind nginx and behind Caddy with the files of `deploy/`: sockets pass, numbers stay inside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest
import trustme
import yaml
from yarl import URL

from testes.live import EVENTS, Client, Running, free_port, running
from testes.tools import require_tool

DEPLOY = Path(__file__).parents[3] / "deploy"

Started = tuple[list[str], dict[str, str]]
"""A command and its environment."""


def nginx(folder: Path, port: int, balto: int) -> Started:
    """The sample with this test's ports and certificate, in the frame that Debian's nginx.conf gives it."""
    program = require_tool("nginx")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    (folder / "chave.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "certificado.pem").write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    live = "/etc/letsencrypt/live/balto.exemplo.com.br"
    sample = (DEPLOY / "nginx.conf").read_text("utf-8")
    for was, becomes in (
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("server 127.0.0.1:8765;", f"server 127.0.0.1:{balto};"),
        (f"{live}/fullchain.pem", str(folder / "certificado.pem")),
        (f"{live}/privkey.pem", str(folder / "chave.pem")),
        ("/var/log/nginx/balto.log", str(folder / "acesso.log")),
    ):
        assert was in sample
        sample = sample.replace(was, becomes)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/erros.log;\nevents {{}}\nhttp {{\n{temporary}{sample}}}\n"
    )
    arguments = [program, "-p", str(folder), "-e", str(folder / "erros.log"), "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr, checked.stderr
    return arguments, dict(os.environ)


def caddy(folder: Path, port: int, balto: int) -> Started:
    """The sample as it is; only the certificate is Caddy's own and nothing listens but the site."""
    program = require_tool("caddy")
    env = {
        **os.environ,
        "DOMINIO": f"https://127.0.0.1:{port}",
        "BALTO_DESTINO": f"127.0.0.1:{balto}",
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tlocal_certs\n}\n"
    (folder / "Caddyfile").write_text(options + (DEPLOY / "Caddyfile").read_text("utf-8"))
    for file in (folder / "Caddyfile", DEPLOY / "Caddyfile"):
        arguments = ["--config", str(file), "--adapter", "caddyfile"]
        checked = subprocess.run(
            [program, "validate", *arguments], capture_output=True, text=True, check=False, env=env
        )
        assert checked.returncode == 0, checked.stderr
    return [program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"], env


Proxy = Callable[[Path, int, int], Started]


@contextlib.asynccontextmanager
async def behind(proxy: Proxy, folder: Path, server: Running) -> AsyncIterator[str]:
    """Address of a proxy in front of a server."""
    port = free_port()
    command, env = await asyncio.to_thread(proxy, folder, port, server.server.port)
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        address = f"https://127.0.0.1:{port}"
        async with asyncio.timeout(20):
            while True:
                assert process.returncode is None, "the proxy ended"
                with contextlib.suppress(aiohttp.ClientConnectionError):
                    async with server.http.get(f"{address}/health", ssl=False) as answer:
                        assert answer.status == 200
                        break
                await asyncio.sleep(0.05)
        yield address
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("proxy", [nginx, caddy])
async def test_sockets_pass_and_numbers_stay_inside(proxy: Proxy, tmp_path: Path) -> None:
    folder = tmp_path / "proxy"
    folder.mkdir()
    networks = (ip_network("127.0.0.1"),)
    async with running(tmp_path / "dados", proxies=networks) as server, behind(proxy, folder, server) as address:
        async with server.http.ws_connect(f"{address}/ws", ssl=False) as socket:
            client = Client(socket)
            client.start()
            await client.auth(server.key, formato="pcm16", eventos=EVENTS)
            await client.send(bytes(32_000))
            await client.wait_for("recebido")
            await client.finish()
        for path in ("/metrics", "/metrics/", "/metrics?a=1", "//metrics", "/%6detrics", "/./metrics", "/x/../metrics"):
            async with server.http.get(URL(address + path, encoded=True), ssl=False) as answer:
                assert (answer.status, b"balto_" in await answer.read()) in ((404, False), (401, False)), path
        async with server.http.get(f"{server.server.address}/metrics") as answer:
            assert answer.status == 200
        # What the server knows of the caller comes through: no loopback, and HTTPS.
        async with server.http.get(f"{address}/admin/entrar", ssl=False, allow_redirects=False) as answer:
            assert answer.status == 200
            assert b"balto" in (await answer.read()).lower()
            assert "max-age" in answer.headers["Strict-Transport-Security"]


async def test_what_is_watched_and_shown_is_what_the_server_counts(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        counted: dict[str, set[str]] = {}
        for family in server.live.metrics.registry.collect():
            ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
            counted[family.name] = {family.name + end for end in ends}
    rules = yaml.safe_load((DEPLOY / "alertas.yml").read_text("utf-8"))
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for expression in (*alerts, *shown) for name in re.findall(r"\bbalto_\w+", expression)}
    assert names <= set().union(*counted.values())
    seen = {name for expression in shown for name in re.findall(r"\bbalto_\w+", expression)}
    assert {family for family, samples in counted.items() if not samples & seen} == set()
