from __future__ import annotations

import errno
import json
import os
import re
from datetime import datetime
from pathlib import Path

import pytest

from balto_cli.errors import OutputError
from balto_cli.reports.saving import SavedWorkbook, save_workbook

NAME = "Relatorio_Originais.xlsx"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "planilhas"


def save(folder: Path, content: bytes, *fallbacks: Path) -> SavedWorkbook:
    record = folder / "execucoes" / "planilhas.json"
    return save_workbook(folder / NAME, lambda _: content, record=record, fallbacks=fallbacks)


def workbooks(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_workbook_is_written_and_an_unchanged_one_replaced(folder: Path) -> None:
    assert save(folder, b"um") == SavedWorkbook(folder / NAME, None)
    assert save(folder, b"dois") == SavedWorkbook(folder / NAME, None)
    assert workbooks(folder) == {NAME: b"dois"}


def test_a_workbook_that_somebody_changed_is_kept_with_its_date(folder: Path) -> None:
    save(folder, b"um")
    (folder / NAME).write_bytes(b"revisada")
    changed_at = datetime(2026, 11, 3, 9, 5).timestamp()
    os.utime(folder / NAME, (changed_at, changed_at))
    saved = save(folder, b"dois")
    kept = "Relatorio_Originais_2026-11-03_09h05.xlsx"
    assert workbooks(folder) == {NAME: b"dois", kept: b"revisada"}
    assert saved.path == folder / NAME
    assert saved.note is not None
    assert kept in saved.note


def test_a_workbook_that_balto_does_not_know_is_kept(folder: Path) -> None:
    folder.mkdir()
    (folder / NAME).write_bytes(b"de outra pessoa")
    save(folder, b"um")
    assert sorted(workbooks(folder).values()) == [b"de outra pessoa", b"um"]


def test_two_workbooks_changed_in_the_same_minute_are_both_kept(folder: Path) -> None:
    folder.mkdir()
    for content in (b"a", b"b", b"c"):
        (folder / NAME).write_bytes(content)
        os.utime(folder / NAME, (1_800_000_000, 1_800_000_000))
        save(folder, b"novo")
    assert sorted(workbooks(folder).values()) == [b"a", b"b", b"c", b"novo"]


def test_a_workbook_that_is_already_there_is_left_as_it_is(folder: Path) -> None:
    save(folder, b"um")
    before = (folder / NAME).stat()
    assert save(folder, b"um").note is None
    assert (folder / NAME).stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("record", [b"", b"\xff", b"[]", b'{"sha256": 3}', b'{"sha256": [1, null]}'])
def test_a_broken_record_costs_no_workbook(folder: Path, record: bytes) -> None:
    save(folder, b"um")
    (folder / "execucoes" / "planilhas.json").write_bytes(record)
    save(folder, b"dois")
    assert sorted(workbooks(folder).values()) == [b"dois", b"um"]


def test_the_record_does_not_grow_for_ever(folder: Path) -> None:
    record = folder / "execucoes" / "planilhas.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"sha256": [str(number) for number in range(1000)]}))
    save(folder, b"um")
    assert len(json.loads(record.read_text("utf-8"))["sha256"]) == 200


@pytest.mark.parametrize("owner", [f".~lock.{NAME}#", f"~${NAME}"])
def test_a_workbook_that_is_open_is_left_alone_and_the_new_one_stands_beside_it(folder: Path, owner: str) -> None:
    save(folder, b"um")
    (folder / owner).touch()
    for content in (b"dois", b"tres"):
        saved = save(folder, content)
        assert saved.path == folder / "Relatorio_Originais (2).xlsx"
        assert saved.note is not None
        assert "aberta" in saved.note
        assert workbooks(folder) == {NAME: b"um", "Relatorio_Originais (2).xlsx": content, owner: b""}
    (folder / owner).unlink()
    assert save(folder, b"quatro").path == folder / NAME


def test_a_workbook_that_windows_holds_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(folder, b"um")
    replace = Path.replace

    def held(self: Path, target: Path) -> Path:
        if target.name == NAME:
            raise PermissionError(errno.EACCES, "sharing violation", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", held)
    assert save(folder, b"dois").path == folder / "Relatorio_Originais (2).xlsx"
    assert workbooks(folder) == {NAME: b"um", "Relatorio_Originais (2).xlsx": b"dois"}


def test_a_folder_in_the_workbooks_place_is_left_alone(folder: Path) -> None:
    (folder / NAME).mkdir(parents=True)
    assert save(folder, b"um").path == folder / "Relatorio_Originais (2).xlsx"


def full_disk(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nothing more find room in `folder`."""
    replace = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if self.parent == folder:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refused)


def test_a_full_disk_is_told_in_one_sentence_and_costs_no_workbook(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, b"um")
    full_disk(monkeypatch, folder)
    with pytest.raises(OutputError, match=re.escape(f"{NAME} em {folder} (o disco está cheio)")):
        save(folder, b"dois")
    assert workbooks(folder) == {NAME: b"um"}


def test_a_disk_that_fills_up_while_writing_keeps_no_half_workbook(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    save(folder, b"um")
    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(OutputError):
        save(folder, b"dois")
    assert workbooks(folder) == {NAME: b"um"}


def test_a_full_disk_gives_way_to_the_next_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(folder, b"um")
    full_disk(monkeypatch, folder)
    saved = save(folder, b"dois", tmp_path / "outra")
    assert saved.path == tmp_path / "outra" / NAME
    assert saved.note is not None
    assert "o disco está cheio" in saved.note
    assert workbooks(tmp_path / "outra") == {NAME: b"dois"}
    assert workbooks(folder) == {NAME: b"um"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "planilhas").write_bytes(b"um arquivo no lugar da pasta")
    with pytest.raises(OutputError, match="--output"):
        save(tmp_path / "planilhas", b"um")


def test_a_build_that_finds_no_space_is_told_too(folder: Path) -> None:
    def build(_: Path) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="o disco está cheio"):
        save_workbook(folder / NAME, build, record=folder / "r.json")
    assert not folder.exists()


def test_others_may_read_a_workbook_as_they_may_any_new_file(folder: Path) -> None:
    folder.mkdir()
    (folder / "modelo").touch()
    assert save(folder, b"um").path.stat().st_mode == (folder / "modelo").stat().st_mode
