"""Runs a comparison: every file heard by the pipeline, whole and in segments, by every provider, and scored.

The order of work never shows in the results. Answers that are stored already are not asked for again, and two equal
pieces of audio are asked for once. A file that gives no audio, or a call that fails, is a state with its reason and
harms nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from balto_cli import __version__
from balto_cli.audio.inputs import InputFile, segment_name
from balto_cli.errors import AudioError, ProviderError
from balto_cli.evaluation.hearing import Heard, hear
from balto_cli.evaluation.judging import Answer, HeardFile, HeardSegment, judge
from balto_cli.evaluation.response_store import ResponseStore, response_key
from balto_cli.stt.base import LANGUAGE, Transcriber

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from balto_cli.audio.pcm import Pcm
    from balto_cli.evaluation.progress import Progress
    from balto_cli.evaluation.references import Reference
    from balto_cli.evaluation.results import Comparison
    from balto_cli.pipeline import PipelineConfig

_FILES_AT_ONCE = 2
"""One is transcribed while the next is decoded; more would only hold more audio in memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """What one comparison is asked to do."""

    inputs: tuple[InputFile, ...]
    references: Mapping[Path, Reference]
    """By the audio's path; a file that is absent has none."""
    providers: tuple[Transcriber, ...]
    config: PipelineConfig
    whole: bool = True
    """Transcribe each original as a whole."""
    in_segments: bool = True
    """Transcribe each original segment by segment."""
    ask_anew: bool = False
    """Take no answer that was stored before this run."""

    def settings(self) -> dict[str, Any]:
        """Everything but the audio that decides the answers, as plain JSON."""
        parts = [name for name, wanted in (("originais", self.whole), ("segmentos", self.in_segments)) if wanted]
        return {
            "provedores": [dict(provider.identity) for provider in self.providers],
            "pipeline": self.config.as_dict(),
            "partes": parts,
            "refazer": self.ask_anew,
            "balto": __version__,
        }


@dataclass(slots=True)
class Tally:
    """What a run did beside its results."""

    reused: int = 0
    """Answers that were stored before."""
    responses: list[dict[str, Any]] = field(default_factory=list)
    """Every answer with what it was for, in order of file, part and provider."""


def content_sha256(path: Path) -> str:
    """Content of a file, whatever its name; a file that cannot be read has the content "ilegível"."""
    digest = hashlib.sha256()
    try:
        if path.is_file():
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
            return digest.hexdigest()
    except OSError:
        pass
    return "ilegível"


async def compare(
    request: Request, store: ResponseStore, began_at: datetime, progress: Progress, now: Callable[[], datetime]
) -> tuple[Comparison, Tally]:
    """Transcribe and score everything that `request` asks for, in a run that began at `began_at`."""
    desk = _Desk(request, store, began_at, now)
    gate = asyncio.Semaphore(_FILES_AT_ONCE)
    progress.begin(len(request.inputs))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_work(file, request, desk, gate, progress)) for file in request.inputs]
    files = [task.result() for task in tasks]
    tally = Tally(desk.reused, [line for file in files for line in _response_lines(file)])
    return judge(files, tuple(provider.name for provider in request.providers)), tally


async def _work(
    file: InputFile, request: Request, desk: _Desk, gate: asyncio.Semaphore, progress: Progress
) -> HeardFile:
    async with gate:
        reference = request.references.get(file.path)
        try:
            heard = await asyncio.to_thread(
                hear, file.path, request.config, whole=request.whole, cut=request.in_segments
            )
        except AudioError as error:
            progress.advance(1, f"{file.name}: {error}")
            return HeardFile(file.name, None, str(error), (), reference)
        pieces = ([heard.samples] if request.whole else []) + [segment.samples for segment in heard.segments]
        calls = [(piece, provider) for piece in pieces for provider in request.providers]
        step = 1 / max(1, len(calls))

        async def ask(piece: Pcm, provider: Transcriber) -> Answer:
            answer = await desk.ask(piece, provider)
            progress.advance(step, f"{file.name} ({provider.name})")
            return answer

        answers = await asyncio.gather(*(ask(*call) for call in calls))
        if not calls:
            progress.advance(1, file.name)
        by_piece = _rows(answers, [provider.name for provider in request.providers])
        whole = next(by_piece) if request.whole else {}
        segments = tuple(
            HeardSegment(segment_name(file.stem, part.index), part.start_s, part.end_s, part.snr_db, row)
            for part, row in zip(heard.segments, by_piece, strict=True)
        )
        remarks = _remarks(heard, request)
        return HeardFile(
            file.name, heard.report.duration_s, "", remarks, reference, whole, segments, request.in_segments
        )


def _rows(answers: Sequence[Answer], names: Sequence[str]) -> Iterator[dict[str, Answer]]:
    for start in range(0, len(answers), len(names)):
        yield dict(zip(names, answers[start : start + len(names)], strict=True))


def _remarks(heard: Heard, request: Request) -> tuple[str, ...]:
    remarks = list(heard.report.remarks)
    if request.in_segments and not heard.segments:
        remarks.append("nenhuma fala encontrada")
    return tuple(remarks)


class _Desk:
    """Where answers are fetched: from the store, from a call already under way, or from the provider."""

    def __init__(self, request: Request, store: ResponseStore, began_at: datetime, now: Callable[[], datetime]) -> None:
        self._store = store
        self._not_before = began_at if request.ask_anew else None
        self._now = now
        self._slots = {
            id(provider): asyncio.Semaphore(provider.capabilities.max_concurrency) for provider in request.providers
        }
        # An engine looks its versions up to say who it is: once a run is enough.
        self._identities = {id(provider): provider.identity for provider in request.providers}
        self._under_way: dict[str, asyncio.Future[Answer]] = {}
        self.reused = 0

    async def ask(self, audio: Pcm, provider: Transcriber) -> Answer:
        """The answer to one piece of audio; a failure is an answer too."""
        key = await asyncio.to_thread(response_key, audio, self._identities[id(provider)], LANGUAGE)
        if key in self._under_way:
            return await asyncio.shield(self._under_way[key])
        future = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._fetch(key, audio, provider)
        except BaseException:
            future.cancel()
            raise
        future.set_result(answer)
        return answer

    async def _fetch(self, key: str, audio: Pcm, provider: Transcriber) -> Answer:
        stored = await asyncio.to_thread(self._store.get, key, not_before=self._not_before)
        if stored:
            self.reused += 1
            return Answer(stored)
        async with self._slots[id(provider)]:
            try:
                transcript = await provider.transcribe(audio, language=LANGUAGE)
            except ProviderError as error:
                return Answer(None, str(error))
        await asyncio.to_thread(self._store.put, key, transcript, self._now())
        return Answer(transcript)


def _response_lines(file: HeardFile) -> Iterator[dict[str, Any]]:
    parts = [(file.name, "original", file.whole)]
    parts += [(segment.name, "segmento", segment.answers) for segment in file.segments]
    for name, part, answers in parts:
        for provider, answer in answers.items():
            answered = asdict(answer.transcript) if answer.transcript else None
            yield {
                "arquivo": file.name,
                "nome": name,
                "parte": part,
                "provedor": provider,
                "motivo": answer.reason,
                "resposta": answered,
            }


def failed_calls(comparison: Comparison) -> Counter[str]:
    """How many calls failed, by reason."""
    reasons: Counter[str] = Counter()
    for file in comparison.files:
        for outcomes in (file.outcomes, *(segment.outcomes for segment in file.segments)):
            reasons.update(outcome.reason for outcome in outcomes.values() if outcome.reason)
    return reasons
