"""Answers are kept whole or not at all, found by content, and survive a full disk in memory."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from balto_cli.audio.recording import Recording
from balto_cli.stt import response_store
from balto_cli.stt.base import Transcript, Word
from balto_cli.stt.response_store import ResponseStore, Stored, response_key

NOW = datetime(2026, 11, 3, 10, 15, tzinfo=UTC)
ANSWER = Transcript(
    "tem sim", (Word("tem", 0.1, 0.3, 0.9), Word("sim", 0.4, 0.6)), "pt", "Local", "base", 0.5, raw={"a": [1]}
)
AUDIO = np.arange(100, dtype=np.int16)
KEY = response_key(AUDIO, {"model": "base"}, "pt")
STORED = Stored(ANSWER, NOW)


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    ResponseStore(tmp_path).put(KEY, ANSWER, NOW)
    assert ResponseStore(tmp_path).get(KEY) == STORED


def test_the_key_is_content_and_settings() -> None:
    assert response_key(AUDIO.copy(), {"model": "base"}, "pt") == KEY
    assert (
        len({KEY, response_key(AUDIO + 1, {"model": "base"}, "pt"), response_key(AUDIO, {"model": "small"}, "pt")}) == 3
    )


def test_terms_are_part_of_the_key() -> None:
    keys = [response_key(AUDIO, {}, "pt", terms=terms) for terms in ((), ("dipirona",), ("dipirona", "losartana"))]
    assert len(set(keys)) == 3


def test_a_file_that_is_sent_as_it_is_has_another_key_than_its_sound(tmp_path: Path) -> None:
    """A lossy file and a lossless one of the same decoded sound are heard differently by who takes the file itself."""
    path, other = tmp_path / "a.mp3", tmp_path / "b.mp3"
    path.write_bytes(b"um")
    other.write_bytes(b"outro")
    itself = response_key(Recording(path, "mp3", AUDIO), {}, "pt", containers={"mp3"})
    sound = response_key(AUDIO, {}, "pt", containers={"mp3"})
    assert itself != sound
    assert itself != response_key(Recording(other, "mp3", AUDIO), {}, "pt", containers={"mp3"})
    assert itself == response_key(
        Recording(path.rename(tmp_path / "c.mp3"), "mp3", AUDIO), {}, "pt", containers={"mp3"}
    )
    assert response_key(Recording(path, "mp3", AUDIO), {}, "pt", containers={"ogg"}) == sound


def test_an_answer_of_format_1_is_read(tmp_path: Path) -> None:
    ResponseStore(tmp_path).put(KEY, ANSWER, NOW)
    (file,) = tmp_path.rglob("*.json")
    record = json.loads(file.read_text("utf-8"))
    for later in ("attempts", "lost_brl", "sent_as"):
        del record["transcript"][later]
    file.write_text(json.dumps({**record, "format": 1}), "utf-8")
    assert ResponseStore(tmp_path).get(KEY) == STORED
    # What a format 1 store calls this piece of audio.
    assert KEY == "739833bf1cb7b6da86811d96533dbb12bf272bf009c45089e9a51f84c4c83a82"


def test_what_was_paid_since_a_moment_is_summed_up(tmp_path: Path) -> None:
    store = ResponseStore(tmp_path)
    now = datetime.now(UTC)
    for key, stored_at in (("aa1", now - timedelta(days=1)), ("bb2", now), ("cc3", now)):
        store.put(key, replace(ANSWER, cost_brl=1.0, lost_brl=0.5), stored_at)
    assert store.paid_since(now - timedelta(minutes=1)) == 3.0


def test_an_answer_older_than_the_run_is_not_taken_when_all_is_asked_anew(tmp_path: Path) -> None:
    store = ResponseStore(tmp_path)
    store.put(KEY, ANSWER, NOW)
    assert store.get(KEY, not_before=NOW - timedelta(seconds=1)) == STORED
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
    assert store.get(KEY) == STORED
    assert store.flush() == 1
    monkeypatch.setattr(response_store, "write_atomically", write)
    assert store.flush() == 0
    assert ResponseStore(tmp_path).get(KEY) == STORED


def test_no_partial_file_is_left(tmp_path: Path) -> None:
    ResponseStore(tmp_path).put(KEY, ANSWER, NOW)
    (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert json.loads(file.read_text("utf-8"))["transcript"]["text"] == "tem sim"
