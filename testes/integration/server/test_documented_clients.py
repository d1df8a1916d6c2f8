"""The clients of docs/protocolo.md, word for word, against a real server."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from pathlib import Path

from playwright.async_api import Page

from balto_cli.audio.pcm import pcm_from_bytes
from balto_cli.audio.wav import write_wav
from testes.doubles import words_of
from testes.live import LEVE, Running, offline, pcm_of, running, until
from testes.microfone import chromium, opened
from testes.shared import require_shared

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocolo.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)


async def test_the_python_client_prints_what_was_said(tmp_path: Path) -> None:
    (program,) = blocks("python")
    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[:1_000_000]
    write_wav(tmp_path / "gravacao.wav", pcm_from_bytes(pcm))
    (tmp_path / "cliente.py").write_text(program, "utf-8")
    async with running(tmp_path / "dados") as server:
        arguments = [str(tmp_path / "cliente.py"), server.server.address, server.key, str(tmp_path / "gravacao.wav")]
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
        printed, _ = await process.communicate()
    assert process.returncode == 0
    first, *events = [ast.literal_eval(line) for line in printed.decode("utf-8").splitlines()]
    assert first["comando"] == "autenticado"
    assert [event["texto"] for event in events] == [words_of(segment.samples) for segment in offline(pcm, LEVE)]


async def test_the_browser_clients_say_what_was_said(tmp_path: Path) -> None:
    """The one with the browser's recorder, and the one that imports the server's own script."""
    plain, with_script = blocks("js")
    pcm = pcm_of(require_shared("speech") / "balcao-1.flac")[:640_000]
    write_wav(tmp_path / "microfone.wav", pcm_from_bytes(pcm))

    async def hears(server: Running, page: Page, start: str, stop: str) -> None:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.evaluate(start, [server.server.address, server.key])
        await until(lambda: any("transcricao" in line for line in said), 40)
        await page.evaluate(stop)
        (session,) = re.findall(r"sessao: ([-0-9a-f]+)", " ".join(said))
        await until(lambda: session not in server.live.sessions.sessions)
        found = await server.interactions(session)
        assert found
        assert found[0].text in " ".join(said)

    async with (
        running(tmp_path / "dados") as server,
        chromium(tmp_path / "microfone.wav") as browser,
    ):
        async with opened(browser, f"{server.server.address}/exemplo") as page:
            start = f"async ([url, chave]) => {{ {plain}; window.gravador = await falar(url, chave); }}"
            await hears(server, page, start, "gravador.stop()")
        async with opened(browser, f"{server.server.address}/exemplo") as page:
            start = f"async ([url, chave]) => {{ {with_script}; window.parar = await ouvir(chave); }}"
            await hears(server, page, start, "parar()")
