"""`balto backup` and `balto restore` as processes: what a person reads, and how they end."""

from __future__ import annotations

from pathlib import Path

from testes.commands import balto


def test_a_folder_is_copied_and_put_back(tmp_path: Path) -> None:
    old, new = {"BALTO_DATA": str(tmp_path / "dados")}, {"BALTO_DATA": str(tmp_path / "novos")}
    assert balto(None, "keys", "create", "Balcão 1", "--cliente", "Rede Saúde", cwd=tmp_path, **old).returncode == 0
    made = balto(None, "backup", "copias", cwd=tmp_path, **old)
    assert made.returncode == 0, made.stderr
    path = tmp_path / made.stdout.decode().strip()
    assert path.exists()
    assert "chaves: 1" in made.stderr.decode()
    assert "mesmo disco" in made.stderr.decode()
    listed = balto(None, "backup", "--so-apagamentos", "copias", cwd=tmp_path, **old)
    assert listed.stdout.decode().strip() == "copias/balto-apagamentos.jsonl"
    back = balto(None, "restore", path, cwd=tmp_path, **new)
    assert back.returncode == 0, back.stderr
    assert "conhecidos até" in back.stderr.decode()
    again = balto(None, "restore", path, cwd=tmp_path, **new)
    assert again.returncode == 2
    assert "--substituir" in again.stderr.decode()
    other = balto(None, "backup", cwd=tmp_path, DATABASE_URL="postgresql://u:senha123@h/b")
    assert other.returncode == 2
    assert "pg_dump" in other.stderr.decode()
    assert "senha123" not in other.stderr.decode()
