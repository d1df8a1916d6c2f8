"""Answers are kept whole or not at all, found by content, and survive a full disk in memory."""

from __future__ import annotations

import errno
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from balto_cli.evaluation import response_store
from balto_cli.evaluation.response_store import ResponseStore, response_key
from balto_cli.stt.base import Transcript, Word

NOW = datetime(2026, 11, 3, 10, 15, tzinfo=UTC)
ANSWER = Transcript(
    "tem sim", (Word("tem", 0.1, 0.3, 0.9), Word("sim", 0.4, 0.6)), "pt", "Local", "base", 0.5, raw={"a": [1]}
)
AUDIO = np.arange(100, dtype=np.int16)
KEY = response_key(AUDIO, {"model": "base"}, "pt")


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    ResponseStore(tmp_path).put(KEY, ANSWER, NOW)
    assert ResponseStore(tmp_path).get(KEY) == ANSWER


def test_the_key_is_content_and_settings() -> None:
    assert response_key(AUDIO.copy(), {"model": "base"}, "pt") == KEY
    assert (
        len({KEY, response_key(AUDIO + 1, {"model": "base"}, "pt"), response_key(AUDIO, {"model": "small"}, "pt")}) == 3
    )


def test_an_answer_older_than_the_run_is_not_taken_when_all_is_asked_anew(tmp_path: Path) -> None:
    store = ResponseStore(tmp_path)
    store.put(KEY, ANSWER, NOW)
    assert store.get(KEY, not_before=NOW - timedelta(seconds=1)) == ANSWER
    assert store.get(KEY, not_before=NOW + timedelta(seconds=1)) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"format": 99}', b"\xff\xfe"])
def test_a_damaged_answer_is_asked_again(tmp_path: Path, damage: bytes) -> None:
    store = ResponseStore(tmp_path)
    store.put(KEY, ANSWER, NOW)
    next(tmp_path.rglob("*.json")).write_bytes(damage)
    assert store.get(KEY) is None


def test_a_full_disk_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = response_store.write_atomically

    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    store = ResponseStore(tmp_path)
    monkeypatch.setattr(response_store, "write_atomically", full)
    store.put(KEY, ANSWER, NOW)
    assert store.get(KEY) == ANSWER
    assert store.flush() == 1
    monkeypatch.setattr(response_store, "write_atomically", write)
    assert store.flush() == 0
    assert ResponseStore(tmp_path).get(KEY) == ANSWER


def test_no_partial_file_is_left(tmp_path: Path) -> None:
    ResponseStore(tmp_path).put(KEY, ANSWER, NOW)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert json.loads(file.read_text("utf-8"))["transcript"]["text"] == "tem sim"
