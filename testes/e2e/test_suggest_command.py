"""`balto suggest` and `balto catalog`, as processes."""

from __future__ import annotations

import json
from pathlib import Path

from testes.commands import balto

TALK = '["Tem dipirona?", "Tem sim."]\n{"id": "b", "turnos": ["Tô com dor no peito."]}\n"Bom dia!"\n'
LABELS = '{"id": "a", "turnos": ["Tem amoxicilina?"], "esperado": "encaminhar", "categorias": [], "proibidos": []}\n'


def test_stored_conversations_are_decided_line_by_line() -> None:
    done = balto(None, "suggest", "-", "--json", stdin=TALK.encode())
    assert done.returncode == 0, done.stderr
    first, second, third = map(json.loads, done.stdout.decode().splitlines())
    assert first["acao"] == "sugerir"
    assert first["mensagem"]["itens"]
    assert (second["id"], second["acao"], second["urgencia"]) == ("b", "encaminhar", "imediata")
    assert third["acao"] == "silencio"
    assert all(row["versoes"] for row in (first, second, third))


def test_people_read_one_line_a_conversation() -> None:
    done = balto(None, "suggest", "-", stdin=TALK.encode())
    lines = done.stdout.decode().splitlines()
    assert len(lines) == 3
    assert "encaminhar (imediata)" in lines[1]


def test_labels_give_the_table(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(LABELS, encoding="utf-8")
    done = balto(None, "suggest", "--score", tmp_path / "r.jsonl")
    assert done.returncode == 0, done.stderr
    assert "1 de 1 (100,0%)" in done.stdout.decode()
    table = json.loads(balto(None, "suggest", "--score", tmp_path / "r.jsonl", "--json").stdout)
    assert table["acertos"] == 1.0


def test_a_broken_line_is_named() -> None:
    done = balto(None, "suggest", "-", stdin=b"[\n")
    assert done.returncode == 2
    assert "linha 1" in done.stderr.decode()


def test_nothing_to_do_is_said() -> None:
    done = balto(None, "suggest")
    assert done.returncode == 2
    assert "--score" in done.stderr.decode()


def test_own_products_are_checked_kept_and_used(tmp_path: Path) -> None:
    own = tmp_path / "p.csv"
    own.write_text(
        "codigo,nome,tipo,categoria,necessidades,explicacao\n"
        "1,Bala da Casa,mercadoria,boca_garganta,dor_garganta,umedece\n",
        encoding="utf-8",
    )
    kept = tmp_path / "kept.csv"
    assert balto(None, "catalog", "import", own, "--output", kept).returncode == 0
    done = balto(None, "suggest", "-", "--catalogo", kept, stdin='["Minha garganta tá arranhando."]'.encode())
    assert "Bala da Casa" in done.stdout.decode()
    own.write_text("codigo,nome,tipo,categoria,explicacao\n1,X,nada,pele,y\n", encoding="utf-8")
    broken = balto(None, "catalog", "import", own)
    assert broken.returncode == 2
    assert "linha 2" in broken.stderr.decode()
