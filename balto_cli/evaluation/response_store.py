"""Every answer that a provider gave, on disk, under the content of what was asked.

The key is the content of the audio with the provider's settings, never a file's name, so a renamed file costs nothing
and a changed one is asked anew. An answer is one small JSON file that appears whole or not at all, so a kill at any
moment leaves nothing to repair; this is all the bookkeeping that resuming needs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from balto_cli.audio.pcm import Pcm, pcm_to_bytes
from balto_cli.files import write_atomically
from balto_cli.stt.base import Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

_FORMAT = 1


def audio_sha256(audio: Pcm) -> str:
    """Content of PCM16 16 kHz mono."""
    return hashlib.sha256(pcm_to_bytes(audio)).hexdigest()


def response_key(audio: Pcm, identity: Mapping[str, str], language: str) -> str:
    """Key of an answer: what was heard, by whom, with which options."""
    asked = {"audio": audio_sha256(audio), "language": language, "provider": dict(identity)}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class ResponseStore:
    """Answers in `folder`, one file each. What cannot be written stays in memory until `flush`, and is said there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unwritten: dict[str, dict[str, Any]] = {}

    def get(self, key: str, *, not_before: datetime | None = None) -> Transcript | None:
        """The stored answer, or None where there is none, it is older than `not_before`, or its file is damaged."""
        record = self._unwritten.get(key)
        if record is None:
            try:
                record = json.loads(self._path(key).read_text("utf-8"))
            except (OSError, ValueError):
                return None
        try:
            if record["format"] != _FORMAT or (not_before and record["stored_at"] < not_before.isoformat()):
                return None
            answer = dict(record["transcript"])
            return Transcript(**{**answer, "words": tuple(Word(**word) for word in answer["words"])})
        except (KeyError, TypeError):
            return None

    def put(self, key: str, transcript: Transcript, stored_at: datetime) -> None:
        """Keep an answer; a disk that is full costs nothing but is remembered for `flush`."""
        record = {"format": _FORMAT, "stored_at": stored_at.isoformat(), "transcript": asdict(transcript)}
        if not self._write(key, record):
            self._unwritten[key] = record

    def flush(self) -> int:
        """Try once more what could not be written; return how many answers are still only in memory."""
        self._unwritten = {key: record for key, record in self._unwritten.items() if not self._write(key, record)}
        return len(self._unwritten)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def _write(self, key: str, record: Mapping[str, Any]) -> bool:
        try:
            write_atomically(self._path(key), json.dumps(record, ensure_ascii=False))
        except OSError:
            return False
        return True
