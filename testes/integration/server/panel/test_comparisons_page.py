"""Comparativos: runs are listed, reported, handed out and erased, and nothing outside their folders is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from balto_cli.evaluation.stored_run import RunHeader
from balto_cli.server.panel import jobs as jobs_module
from balto_cli.server.panel.runs import MADE, SUMMARY, RunsShelf
from balto_cli.store.records import Erased
from testes.painel import PanelRunning, Visitor, running_panel
from testes.stored_runs import Told, header, lines

RUN = "2026-11-03_101500"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PanelRunning]:
    monkeypatch.chdir(tmp_path)
    async with running_panel(tmp_path / "dados") as running:
        yield running


def write_run(runs: Path, name: str = RUN, session: str = "1a2b3c4d") -> Path:
    """A finished run over one recorded session, as `balto compare` leaves it."""
    told = [
        Told("2026-11-03_101500_x.wav", ["tem dipirona"], {"Local": ["tem dipirona"], "Gladia": [f"tem {HOSTILE}"]})
    ]
    parts = ("originais", "segmentos")
    files, answers = lines(told, parts)
    folder = runs / name
    folder.mkdir(parents=True)
    about: RunHeader = header(["Local", "Gladia"], parts)
    manifest = {
        "formato": 2, "chave": "x", "inicio": about.started_at.isoformat(), "pedido": dict(about.settings),
        "entradas": {f"2026-11-03_101500_{session}.wav": "0" * 64}, "nomes": ["Local", "Gladia"], "dolar": 5.0,
        "precos_usd_por_hora": {}, "versoes": {}, "fim": about.started_at.isoformat(),
    }  # fmt: skip
    (folder / "execucao.json").write_text(json.dumps(manifest), "utf-8")
    for path, rows in (("arquivos.jsonl", files), ("respostas.jsonl", answers)):
        (folder / path).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


async def finished(visitor: Visitor, path: str) -> str:
    """The page of a run, once its report is made."""
    async with asyncio.timeout(120):
        while True:
            text = await (await visitor.get(path)).text()
            if "Abrir o relatório" in text:
                return text
            assert "falhou" not in text
            await asyncio.sleep(0.2)


async def test_a_run_is_reported_opened_and_downloaded(panel: PanelRunning, tmp_path: Path) -> None:
    write_run(tmp_path / "planilhas" / "execucoes")
    page = f"/admin/comparativos/pasta/{RUN}"
    async with panel.visitor("fabio") as fabio, panel.visitor("olga") as olga:
        assert page in await (await fabio.get("/admin/comparativos")).text()
        assert (await fabio.post(page)).status == 403
        assert (await olga.post(page)).status == 303
        text = await finished(olga, page)
        assert "Gladia" in text
        assert HOSTILE not in text
        report = await fabio.get(f"{page}/relatorio")
        policy = report.headers["Content-Security-Policy"]
        body = await report.text()
        assert report.status == 200
        assert policy.startswith("sandbox allow-scripts")
        assert "allow-same-origin" not in policy
        assert HOSTILE not in body
        book = await fabio.get(f"{page}/segmentos")
        assert (await book.read())[:2] == b"PK"
        assert "attachment" in book.headers["Content-Disposition"]
        assert "Qualidade dos provedores" in await (await fabio.get("/admin/analises")).text()
        picture = await fabio.get("/admin/analises/provedores.svg")
        assert picture.status == 200
        assert b"Gladia" in await picture.read()


@pytest.mark.parametrize(
    "path",
    [
        "painel/..%2f..", "pasta/%2e%2e", "pasta/2026-11-03_101500%2f..", "pasta/2026-11-03_101500/..%2fexecucao.json",
        "pasta/2026-11-03_101500/execucao.json", "pasta/2026-11-03_101500/resumo", "etc/passwd",
        "pasta/2026-11-03_999999", "pasta/elo_2026-11-03_101500", "pasta/2026-11-03_101502",
    ],
)  # fmt: skip
async def test_no_address_leads_out_of_the_runs(panel: PanelRunning, tmp_path: Path, path: str) -> None:
    runs = tmp_path / "planilhas" / "execucoes"
    write_run(runs)
    (runs / "2026-11-03_101502").symlink_to(tmp_path / "dados", target_is_directory=True)
    async with panel.visitor("olga") as olga:
        assert (await olga.get(f"/admin/comparativos/{path}")).status == 404


@pytest.mark.parametrize("told", [True, False])
async def test_the_run_that_is_reported_is_the_one_that_the_comparison_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    mine, newer = (write_run(tmp_path / "execucoes", name) for name in (RUN, "2026-11-04_101500"))
    commands: list[tuple[str, ...]] = []

    class Done:
        """`balto`, done at once."""

        returncode = 0

        def __init__(self, said: str) -> None:
            self.stdout, self.stderr = asyncio.StreamReader(), asyncio.StreamReader()
            self.stdout.feed_data(said.encode())
            self.stdout.feed_eof()
            self.stderr.feed_eof()

        async def wait(self) -> int:
            return 1 if len(commands) == 1 else 0

    async def started(*command: str, **_: Any) -> Done:
        commands.append(command)
        return Done(json.dumps({"execucao": str(mine)}) if told else "")

    monkeypatch.setattr(jobs_module.asyncio, "create_subprocess_exec", started)
    jobs = jobs_module.Jobs(lambda: datetime.now(UTC), tmp_path)
    jobs.compare("olga", [tmp_path], [])
    async with asyncio.timeout(10):
        while jobs.is_busy:
            await jobs.changed.wait()
    assert jobs.job is not None
    assert "--json" in commands[0]
    assert [command[-1] for command in commands[1:]] == ([str(mine)] if told else [])
    assert jobs.job.failed is not told
    assert newer.exists()


async def test_a_comparison_is_started_watched_and_stopped_by_the_operator_alone(
    panel: PanelRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    class Slow:
        """`balto`, as far as the panel sees it: tells how far it is until it is stopped."""

        def __init__(self) -> None:
            self.stdout, self.stderr = asyncio.StreamReader(), asyncio.StreamReader()
            self.returncode: int | None = None
            self.stdout.feed_eof()
            self.stderr.feed_data("[1/3] balcao.wav — passaram 1 s\n".encode())

        def send_signal(self, _number: int) -> None:
            self.stderr.feed_eof()
            self.returncode = 130

        kill = terminate = lambda self: self.send_signal(9)

        async def wait(self) -> int:
            return self.returncode or 0

    async def started(*command: str, **_: Any) -> Slow:
        commands.append(list(command))
        return Slow()

    monkeypatch.setattr(jobs_module.asyncio, "create_subprocess_exec", started)
    session = "11111111-2222-3333-4444-555555555555"
    record(panel, session)
    form = {"sessao": session, "provedor": "local", "orcamento": "12,50"}
    async with panel.visitor("fabio") as fabio, panel.visitor("olga") as olga:
        assert (await fabio.post("/admin/comparativos", form)).status == 403
        assert (await olga.post("/admin/comparativos", {**form, "sessao": "../../etc"})).status == 303
        assert (await olga.post("/admin/comparativos", {**form, "orcamento": "-1"})).status == 422
        assert commands == []
        assert (await olga.post("/admin/comparativos", form)).status == 303
        stream = await fabio.get("/admin/comparativos/eventos", headers={"Accept": "text/event-stream"})
        async with asyncio.timeout(10):
            while True:
                line = await stream.content.readline()
                if b'"feitos": 1' in line and b'"de": 3' in line:
                    break
        (command,) = commands
        assert command[command.index("balto_cli") + 1] == "compare"
        assert command[command.index("--orcamento") + 1] == "12.50"
        assert command[-1].endswith(session)
        assert (await olga.post("/admin/comparativos", form)).status == 303
        assert len(commands) == 1
        assert (await fabio.post("/admin/comparativos/parar")).status == 403
        assert (await olga.post("/admin/comparativos/parar")).status == 303
        async with asyncio.timeout(10):
            while b'"estado": "parada"' not in await stream.content.readline():
                pass
        stream.close()
    actions = [(entry.actor, entry.action) for entry in await panel.server.live.store.audit_trail()]
    assert ("olga", "comparar") in actions
    assert ("olga", "parar") in actions


def record(panel: PanelRunning, session: str) -> None:
    """A recorded session of the panel's counter."""
    from balto_cli.server.recorder import FOLDER
    from balto_cli.server.recordings import RecordedSession
    from balto_cli.store.records import SessionRecord

    at = panel.server.live.now()
    made = SessionRecord(session, panel.mine.counter_id, None, at, "pcm16", 16_000, 1, "teste")
    saved = RecordedSession.create(panel.server.live._data_folder / FOLDER, made)
    saved.write(0, bytes(32_000))


def test_what_is_erased_leaves_no_run(tmp_path: Path) -> None:
    shelf = RunsShelf(tmp_path / "dados", tmp_path / "aqui")
    runs = shelf.output / "execucoes"
    mine = write_run(runs, session="11111111")
    other = write_run(runs, "2026-11-03_101501", session="99999999")
    answers = runs / "respostas"
    answers.mkdir()
    (shelf.output / "Relatorio_Segmentos.xlsx").write_bytes(b"x")
    shelf.forget(Erased(sessions=("22222222-2222-3333-4444-555555555555",)))
    assert mine.exists()
    assert answers.exists()
    shelf.forget(Erased(sessions=("11111111-2222-3333-4444-555555555555",)))
    assert not mine.exists()
    assert not answers.exists()
    assert not (shelf.output / "Relatorio_Segmentos.xlsx").exists()
    assert other.exists()


def test_a_damaged_summary_is_no_summary(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "aqui" / "planilhas" / "execucoes")
    (folder / MADE).mkdir()
    broken = (
        "",
        "[]",
        "{",
        '{"execucoes": 5}',
        '{"execucoes": [7]}',
        '{"execucoes": [{"partes": {"segmentos": [1]}}]}',
    )
    for text in broken:
        (folder / MADE / SUMMARY).write_text(text)
        (entry,) = RunsShelf(tmp_path / "dados", tmp_path / "aqui").entries()
        assert (entry.verdict, entry.providers) == ("", ())
