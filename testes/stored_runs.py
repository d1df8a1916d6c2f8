"""Runs that nobody made: files, segments and answers from texts, as the folder of a run would give them back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from balto_cli.evaluation.judging import HeardFile, HeardSegment
from balto_cli.evaluation.references import Reference
from balto_cli.evaluation.stored_run import FileFacts, RunHeader, StoredRun, file_line, stored_run

SEGMENT_S = 5.0
GAP_S = 1.0
BEGAN = datetime(2026, 11, 3, 10, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """One file: what was said in each segment, and what each provider heard in it (None: the call failed)."""

    name: str
    said: Sequence[str] | None
    heard: Mapping[str, Sequence[str | None]]
    whole: Mapping[str, str | None] | None = None
    """Of the original; None joins the segments."""
    words: Mapping[str, Sequence[tuple[str, float, float]]] | None = None
    """Words with their times in the original, of the providers that give them."""
    facts: FileFacts = field(default_factory=FileFacts)
    snr_db: float = 15.0
    reference: Reference | None = None
    latency_s: float = 0.5
    cost_brl: float = 0.01


def header(providers: Sequence[str], parts: Sequence[str] = ("originais", "segmentos"), **more: Any) -> RunHeader:
    return RunHeader(
        name="2026-11-03_101500",
        started_at=BEGAN,
        ended_at=BEGAN,
        settings={"partes": list(parts), "balto": "0.1.0"},
        providers=tuple(providers),
        reais_per_dollar=5.0,
        **more,
    )


def lines(files: Sequence[Told], parts: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The lines of `arquivos.jsonl` and of `respostas.jsonl`."""
    about, answers = [], []
    for told in files:
        count = max((len(texts) for texts in told.heard.values()), default=0)
        segments = tuple(
            HeardSegment(
                f"{told.name}_seg_{number:03d}.wav",
                number * (SEGMENT_S + GAP_S),
                number * (SEGMENT_S + GAP_S) + SEGMENT_S,
                told.snr_db,
                {},
            )
            for number in range(count if "segmentos" in parts else 0)
        )
        reference = told.reference
        if reference is None and told.said is not None:
            reference = Reference(" ".join(told.said))
        length_s = max(1, count) * (SEGMENT_S + GAP_S)
        about.append(
            file_line(HeardFile(told.name, length_s, "", (), reference, {}, segments, "segmentos" in parts), told.facts)
        )
        for provider, texts in told.heard.items():
            if "originais" in parts:
                whole = told.whole.get(provider) if told.whole is not None else _joined(texts)
                timed = (told.words or {}).get(provider, ())
                answers.append(_answer(told, told.name, "original", provider, whole, timed))
            for segment, text in zip(segments, texts, strict=False):
                answers.append(_answer(told, segment.name, "segmento", provider, text, ()))
    return about, answers


def make_run(
    files: Sequence[Told],
    providers: Sequence[str] | None = None,
    parts: Sequence[str] = ("originais", "segmentos"),
    **more: Any,
) -> StoredRun:
    names = providers or list(files[0].heard)
    return stored_run(header(names, parts, **more), *lines(files, parts))


def _joined(texts: Sequence[str | None]) -> str | None:
    return None if None in texts else " ".join(text or "" for text in texts)


def _answer(
    told: Told,
    name: str,
    part: str,
    provider: str,
    text: str | None,
    words: Sequence[tuple[str, float, float]],
) -> dict[str, Any]:
    answered = None
    if text is not None:
        answered = {
            "text": text,
            "words": [{"text": word, "start_s": start_s, "end_s": end_s} for word, start_s, end_s in words],
            "language": "pt",
            "provider": provider,
            "model": "fake",
            "latency_s": told.latency_s,
            "confidence": None,
            "cost_brl": told.cost_brl,
            "lost_brl": 0.0,
            "attempts": 1,
            "sent_as": "pcm",
            "raw": {},
        }
    return {
        "arquivo": told.name,
        "nome": name,
        "parte": part,
        "provedor": provider,
        "motivo": "" if answered else "O servidor não respondeu.",
        "tentativas": 1,
        "custo_brl": told.cost_brl if answered else 0.002,
        "resposta": answered,
    }
