"""`balto catalog` and `balto suggest` on what a server keeps, run in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from balto_cli.cli.app import app
from balto_cli.errors import UsageError
from balto_cli.store.records import NewSuggestion
from balto_cli.store.store import Store
from testes.unit.store import making

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command with an own data folder; what it wrote to the standard output and to the standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALTO_DATA", str(tmp_path / "dados"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{(tmp_path / 'b.db').as_posix()}")

    def command(*arguments: str | Path) -> tuple[str, str]:
        app([str(argument) for argument in arguments], standalone_mode=False)
        said = capsys.readouterr()
        return said.out, said.err

    return command


def test_the_review_sheet_is_written_signed_and_kept(tmp_path: Path, run: Run) -> None:
    sheet = tmp_path / "r.xlsx"
    run("catalog", "review", "--output", sheet)
    book = openpyxl.load_workbook(sheet)
    rules = book.worksheets[1]
    headers = [cell.value for cell in rules[1]]
    signed = {"Farmacêutico": "Ana Souza", "CRF": "SP 12345", "Data": "26/11/2026", "Parecer": "aprovado"}
    for name, value in signed.items():
        rules.cell(2, headers.index(name) + 1, value)
    book.save(sheet)
    for _ in range(2):
        told, _ = run("catalog", "review", sheet)
        assert "1 aprovados" in told
    assert "Ana Souza" in (tmp_path / "dados" / "catalogos" / "assinaturas.csv").read_text(encoding="utf-8")
    with pytest.raises(UsageError):
        run("catalog", "review")


def test_a_clients_products_are_kept_for_its_counters(tmp_path: Path, run: Run) -> None:
    own = tmp_path / "p.csv"
    own.write_text(
        "codigo,nome,tipo,categoria,necessidades,explicacao\n"
        "1,Bala da Casa,mercadoria,boca_garganta,dor_garganta,umedece\n",
        encoding="utf-8",
    )
    with pytest.raises(UsageError, match="Não há cliente"):
        run("catalog", "import", own, "--cliente", "Rede Saúde")
    run("keys", "create", "Balcão 1", "--cliente", "Rede Saúde")
    _, told = run("catalog", "import", own, "--cliente", "rede saúde")
    assert "1 produtos" in told
    (kept,) = (tmp_path / "dados" / "catalogos").glob("*/produtos.csv")
    assert "Bala da Casa" in kept.read_text(encoding="utf-8")


async def _stored(url: str) -> str:
    """A database in which one suggestion was sold and both would be others today; the id of the second."""
    store = await Store.open(url)
    key = await making.counter(store)
    texts = ["Tô com dor de cabeça.", "Minha garganta tá arranhando."]
    ids = await making.said(store, await making.session(store, key), texts)
    for segment in ids:
        row = NewSuggestion(
            segment, "sugerir", "pele", "", {}, "0", "0", None, 0.0, making.NOON, sent=True, rule="velha",
            products=("S204",),
        )  # fmt: skip
        await store.add_suggestion(row)
    await store.add_feedback(key.holder.counter_id, ids[0], "venda_realizada", making.NOON)
    await store.close()
    return ids[1]


def test_what_is_stored_gives_rates_and_what_would_be_said_today(tmp_path: Path, run: Run) -> None:
    last = asyncio.run(_stored(f"sqlite:///{(tmp_path / 'b.db').as_posix()}"))
    (rule,) = json.loads(run("suggest", "--taxas", "--json")[0])["regra"]
    assert (rule["key"], rule["sent"], rule["sold"], rule["share"]) == ("velha", 2, 1, 1.0)
    told, _ = run("suggest", "--taxas", "--cliente", "Rede Saúde")
    assert "velha: 2 enviadas, vendas 100,0 % de 1" in told
    assert "S204 Paracetamol" in told
    out, remarks = run("suggest", "--guardadas", "--json", "--desde", "2026-11-03")
    changed = {row["id_interacao"]: row for row in map(json.loads, out.splitlines())}
    assert changed[last]["antes"]["regra"] == "velha"
    assert changed[last]["agora"]["regra"] != "velha"
    assert "2 decisões refeitas, 2 mudaram" in remarks
    assert "garganta tá" not in out + remarks
    assert "0 decisões" in run("suggest", "--guardadas", "--ate", "2026-11-03")[1]


@pytest.mark.parametrize(
    "wrong",
    [("--taxas", "--guardadas"), ("--taxas", "-"), ("--desde", "2026-11-03"), ("--taxas", "--desde", "ontem")],
)
def test_what_does_not_go_together_is_said(wrong: tuple[str, ...], run: Run) -> None:
    with pytest.raises(UsageError, match=r"--guardadas|data"):
        run("suggest", *wrong)
