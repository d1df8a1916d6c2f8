"""Every answer that a provider gave, on disk, under the content of what was asked.

The key is the content of the audio with the provider's settings, never a file's name, so a renamed file costs nothing
and a changed one is asked anew. An answer is one small JSON file that appears whole or not at all, so a kill at any
moment leaves nothing to repair; this is all the bookkeeping that resuming needs.

Format 2 says how an answer was sent and what it took. Format 1 lacks that and is read too: its keys are those of
sound that was sent as it is, without terms, which have not changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from balto_cli.audio.pcm import Pcm, pcm_to_bytes
from balto_cli.audio.recording import Audio, Recording, samples_of
from balto_cli.files import write_atomically
from balto_cli.stt.base import Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

_FORMAT = 2
_READABLE = (1, 2)
_FIELDS = tuple(field.name for field in fields(Transcript))
_WORD_FIELDS = tuple(field.name for field in fields(Word))


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer and when it was kept."""

    transcript: Transcript
    stored_at: datetime


def audio_sha256(audio: Pcm) -> str:
    """Content of PCM16 16 kHz mono."""
    return hashlib.sha256(pcm_to_bytes(audio)).hexdigest()


def response_key(
    audio: Audio,
    identity: Mapping[str, str],
    language: str,
    *,
    terms: Sequence[str] = (),
    containers: Collection[str] = (),
) -> str:
    """Key of an answer: what was heard, by whom, with which options.

    A recording in one of `containers`, those that the provider takes as they are, is heard by it as the file's own
    bytes: these count beside the sound that was decoded of them, so that no answer to a lossy file passes for one to
    the same sound sent otherwise.
    """
    asked: dict[str, Any] = {"audio": audio_sha256(samples_of(audio)), "language": language, "provider": dict(identity)}
    if terms:
        asked["terms"] = list(terms)
    if isinstance(audio, Recording) and audio.container in containers:
        asked["file"] = f"{audio.container} {_file_sha256(audio.path)}"
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    """Content of a file; "" where it cannot be read, which the provider's client will say."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _as_json(transcript: Transcript) -> dict[str, Any]:
    """As `dataclasses.asdict`, without its deep copy of the raw answer, which costs more than writing it."""
    plain = {name: getattr(transcript, name) for name in _FIELDS}
    return {**plain, "words": [{name: getattr(word, name) for name in _WORD_FIELDS} for word in transcript.words]}


class ResponseStore:
    """Answers in `folder`, one file each. What cannot be written stays in memory until `flush`, and is said there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unwritten: dict[str, dict[str, Any]] = {}

    def get(self, key: str, *, not_before: datetime | None = None) -> Stored | None:
        """The stored answer, or None where there is none, it is older than `not_before`, or its file is damaged."""
        record = self._unwritten.get(key)
        if record is None:
            try:
                record = json.loads(self._path(key).read_text("utf-8"))
            except (OSError, ValueError):
                return None
        try:
            stored_at = datetime.fromisoformat(record["stored_at"])
            if record["format"] not in _READABLE or (not_before and stored_at < not_before):
                return None
            answer = dict(record["transcript"])
            words = tuple(Word(**word) for word in answer["words"])
            return Stored(Transcript(**{**answer, "words": words}), stored_at)
        except (KeyError, TypeError, ValueError):
            return None

    def paid_since(self, moment: datetime) -> float:
        """What the answers kept since `moment` cost in reais, their failed attempts included."""
        keys = [path.stem for path in self._folder.glob("??/*.json") if path.stat().st_mtime >= moment.timestamp()]
        found = [self.get(key, not_before=moment) for key in keys]
        return sum(stored.transcript.cost_brl + stored.transcript.lost_brl for stored in found if stored)

    def put(self, key: str, transcript: Transcript, stored_at: datetime) -> None:
        """Keep an answer; a disk that is full costs nothing but is remembered for `flush`."""
        record = {"format": _FORMAT, "stored_at": stored_at.isoformat(), "transcript": _as_json(transcript)}
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
