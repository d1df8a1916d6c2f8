"""A run as it was kept: what each file gave, what each provider answered, and what was known of both.

The same value comes from a run that has just been made and from its folder (`run_folder.load_run`): both are built here
from the same lines, so that a report never depends on which of the two it was made of.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from balto_cli.evaluation.judging import Answer, HeardFile, HeardSegment
from balto_cli.evaluation.references import Reference
from balto_cli.evaluation.word_times import WordTimes, word_times
from balto_cli.stt.base import Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

WHOLE = "original"
"""As `parte` of a response; "segmento" otherwise."""
_TRANSCRIPT = ("text", "language", "provider", "model", "latency_s", "confidence", "cost_brl", "lost_brl", "attempts",
               "sent_as")  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What is true of a run as a whole."""

    name: str
    started_at: datetime
    ended_at: datetime | None
    settings: Mapping[str, Any]
    """As `Request.settings`."""
    providers: tuple[str, ...]
    """As the workbooks spell them, in the order of the command line."""
    reais_per_dollar: float | None = None
    usd_per_hour: Mapping[str, float] = field(default_factory=dict)
    """Price of an hour by provider, from the table of that day."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """As `rule_versions` when the run was made."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the manifest beside the recordings says of one file."""

    path: str = ""
    """Of the recording when the run was made."""
    unit: str = ""
    """What its errors go together with: a conversation, or the recording that noise was mixed into; "" for itself."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Further columns, by header."""


@dataclass(frozen=True, slots=True)
class StoredRun:
    """Everything that a report needs, without transcribing again."""

    header: RunHeader
    files: tuple[HeardFile, ...]
    """Answers without words and raw answers; in the order of the workbooks."""
    facts: Mapping[str, FileFacts]
    """By file name."""
    word_times: Mapping[tuple[str, str], WordTimes]
    """Of originals, by file and provider; absent where the provider gave no times."""


def file_line(file: HeardFile, facts: FileFacts) -> dict[str, Any]:
    """Everything of a file but its answers, as plain JSON."""
    return {
        "arquivo": file.name,
        "caminho": facts.path,
        "duracao_s": file.duration_s,
        "problema": file.problem,
        "observacoes": list(file.remarks),
        "cortado": file.cut,
        "referencia": asdict(file.reference) if file.reference else None,
        "segmentos": [[part.name, part.start_s, part.end_s, part.snr_db] for part in file.segments],
        "unidade": facts.unit,
        "detalhes": dict(facts.details),
    }


def stored_run(
    header: RunHeader, file_lines: Iterable[Mapping[str, Any]], response_lines: Iterable[Mapping[str, Any]]
) -> StoredRun:
    """Build a run from its lines.

    Raises KeyError, TypeError or ValueError where a line is not what `file_line` and the run write.
    """
    lines = list(file_lines)
    answers: dict[tuple[str, str, str], dict[str, Answer]] = {}
    times: dict[tuple[str, str], WordTimes] = {}
    for line in response_lines:
        answered = line["resposta"]
        transcript = None
        if answered is not None:
            transcript = Transcript(words=(), **{name: answered[name] for name in _TRANSCRIPT})
            if line["parte"] == WHOLE and answered["words"]:
                times[line["arquivo"], line["provedor"]] = word_times(answered["words"])
        lost_brl = line["custo_brl"] - (transcript.cost_brl if transcript else 0.0)
        answer = Answer(transcript, line["motivo"], line["tentativas"], max(0.0, lost_brl))
        place = (line["arquivo"], line["parte"], line["nome"])
        answers.setdefault(place, {})[line["provedor"]] = answer
    return StoredRun(
        header,
        tuple(_file(line, answers) for line in lines),
        {line["arquivo"]: FileFacts(line["caminho"], line["unidade"], line["detalhes"]) for line in lines},
        times,
    )


def _file(line: Mapping[str, Any], answers: Mapping[tuple[str, str, str], Mapping[str, Answer]]) -> HeardFile:
    name = line["arquivo"]
    reference = line["referencia"]
    return HeardFile(
        name,
        line["duracao_s"],
        line["problema"],
        tuple(line["observacoes"]),
        None if reference is None else Reference(**reference),
        answers.get((name, WHOLE, name), {}),
        tuple(
            HeardSegment(part, start_s, end_s, snr_db, answers.get((name, "segmento", part), {}))
            for part, start_s, end_s, snr_db in line["segmentos"]
        ),
        line["cortado"],
    )
