"""Counters, sessions and segments for the tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from balto_cli.store.records import (
    Cut,
    NewKey,
    NewSegment,
    Outcome,
    SessionRecord,
    TranscriptState,
    new_id,
    segment_id,
)
from balto_cli.store.store import Store

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
SECOND_SAMPLES = 16_000


async def counter(store: Store, name: str = "Balcão 1", client: str = "Rede Saúde") -> NewKey:
    return await store.create_key(client, name, NOON)


async def session(store: Store, key: NewKey | None = None, started_at: datetime = NOON) -> SessionRecord:
    key = key or await counter(store)
    fresh = SessionRecord(
        new_id(), key.holder.counter_id, key.holder.key_id, started_at, "pcm16", 16_000, 1, "teste 1.0", {"eventos": []}
    )
    return await store.open_session(fresh)


def segment(index: int, **changes: object) -> NewSegment:
    """One second of speech at `2 * index` seconds."""
    start = 2 * index * SECOND_SAMPLES
    fields: dict[str, object] = {
        "index": index,
        "start_sample": start,
        "end_sample": start + SECOND_SAMPLES,
        "cut": "pausa",
        "snr_db": 12.5,
        "audio_path": None,
        "seq": None,
        "received_at": NOON,
        "speech_ended_at": NOON,
        "cut_at": NOON,
    }
    return NewSegment(**{**fields, **changes})  # type: ignore[arg-type]


def cut(of: SessionRecord, *segments: NewSegment, position: int = 0, state: bytes | None = b"estado") -> Cut:
    return Cut(of, segments, state, position, position * 2, position)


def answer(segment: str, text: str = "tem dipirona?", **changes: object) -> Outcome:
    fields: dict[str, object] = {
        "segment_id": segment,
        "state": TranscriptState.OK,
        "transcribed_at": NOON + timedelta(seconds=3),
        "text": text,
        "provider": "Local",
        "model": "base",
        "cost_brl": 0.25,
        "lost_brl": 0.05,
    }
    return Outcome(**{**fields, **changes})  # type: ignore[arg-type]


async def said(store: Store, of: SessionRecord, texts: list[str], **changes: object) -> list[str]:
    """Store one segment a text, transcribed; return their ids."""
    await store.cut(cut(of, *(segment(index, **changes) for index in range(len(texts)))))
    ids = [segment_id(of.id, index) for index in range(len(texts))]
    for identity, text in zip(ids, texts, strict=True):
        await store.transcribed(answer(identity, text))
    return ids
