"""Runs a comparison: every file heard by the pipeline, whole and in segments, by every provider, and scored.

The order of work never shows in the results. Answers that are stored already are not asked for again, and two equal
pieces of audio are answered once. A file that gives no audio, or a call that fails, is a state with its reason and
harms nothing else. Providers are asked side by side, each within its own limits.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from balto_cli import __version__
from balto_cli.audio.inputs import InputFile, segment_name
from balto_cli.audio.recording import Audio, Recording
from balto_cli.errors import AudioError, ProviderError
from balto_cli.evaluation.hearing import Heard, hear
from balto_cli.evaluation.judging import Answer, HeardFile, HeardSegment, judge
from balto_cli.evaluation.response_lines import ResponseLines
from balto_cli.evaluation.results import Spending
from balto_cli.evaluation.room import Place, Room
from balto_cli.stt.base import LANGUAGE, Transcriber
from balto_cli.stt.prices import REAIS_PER_DOLLAR
from balto_cli.stt.resilience.budget import Purse
from balto_cli.stt.resilience.cache import Cached
from balto_cli.stt.resilience.stack import offline_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from balto_cli.evaluation.progress import Progress
    from balto_cli.evaluation.references import Reference
    from balto_cli.evaluation.results import Comparison
    from balto_cli.evaluation.stored_run import FileFacts
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.stt.response_store import ResponseStore

_FILES_AT_ONCE = 8
_DECODED_AT_ONCE = 2
_SOUND_BYTES = 256 << 20
"""Two hours and a quarter of sound. Files are let in below it, so that the longest two may go over it."""


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
    budget_brl: float | None = None
    """What the run may spend at all providers together; None sets no limit."""
    reais_per_dollar: float = REAIS_PER_DOLLAR
    facts: Mapping[Path, FileFacts] = field(default_factory=dict)
    """What tables beside the recordings say of them, by the audio's path; decides no answer."""

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
    spending: tuple[Spending, ...] = ()
    """In the order of the providers."""
    responses: Iterable[Mapping[str, Any]] = ()
    """Every answer with what it was for, in order of file, part and provider."""
    files: Sequence[HeardFile] = ()
    """What was judged, without words and raw answers."""


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
    """Transcribe and score everything that `request` asks for, in a run that began at `began_at`.

    Closes the providers.
    """
    purse = None
    if request.budget_brl is not None:
        purse = Purse(request.budget_brl, await asyncio.to_thread(store.paid_since, began_at))
    desks = tuple(
        Cached(
            offline_stack(provider, purse=purse, reais_per_dollar=request.reais_per_dollar, tell=progress.say),
            store,
            now,
            began_at=began_at,
            ask_anew=request.ask_anew,
        )
        for provider in request.providers
    )
    responses = ResponseLines()
    try:
        files = await _hear_all(request, desks, progress, responses)
    finally:
        for desk in desks:
            await desk.aclose()
    tally = Tally(
        sum(desk.reused for desk in desks),
        tuple(_spending(files, desk.name) for desk in desks),
        responses,
        files,
    )
    return judge(files, tuple(provider.name for provider in request.providers)), tally


async def _hear_all(
    request: Request, desks: Sequence[Transcriber], progress: Progress, responses: ResponseLines
) -> list[HeardFile]:
    room = Room(files=_FILES_AT_ONCE, decoding=_DECODED_AT_ONCE, sound_bytes=_SOUND_BYTES)
    progress.begin(len(request.inputs))

    async def work(number: int, file: InputFile, place: Place) -> HeardFile:
        heard = await _work(file, request, desks, place, progress)
        responses.put(number, _response_lines(heard))
        return _without_details(heard)

    tasks = []
    async with asyncio.TaskGroup() as group:
        for number, file in enumerate(request.inputs):
            place = await room.enter()
            tasks.append(group.create_task(work(number, file, place)))
    return [task.result() for task in tasks]


async def _work(
    file: InputFile, request: Request, desks: Sequence[Transcriber], place: Place, progress: Progress
) -> HeardFile:
    try:
        with place.decoding():
            heard = await asyncio.to_thread(
                hear, file.path, request.config, whole=request.whole, cut=request.in_segments
            )
        with place.holding(heard.samples.nbytes + sum(segment.samples.nbytes for segment in heard.segments)):
            return await _ask_all(file, heard, request, desks, progress)
    except AudioError as error:
        progress.advance(1, f"{file.name}: {error}")
        return HeardFile(file.name, None, str(error), (), request.references.get(file.path))
    finally:
        place.leave()


async def _ask_all(
    file: InputFile, heard: Heard, request: Request, desks: Sequence[Transcriber], progress: Progress
) -> HeardFile:
    pieces: list[Audio] = [Recording(file.path, heard.report.container, heard.samples)] if request.whole else []
    pieces += [segment.samples for segment in heard.segments]
    calls = [(piece, desk) for piece in pieces for desk in desks]
    step = 1 / max(1, len(calls))

    async def ask(piece: Audio, desk: Transcriber) -> Answer:
        answer = await _answer(piece, desk)
        progress.advance(step, f"{file.name} ({desk.name})")
        return answer

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(*call)) for call in calls]
    if not calls:
        progress.advance(1, file.name)
    by_piece = _rows([task.result() for task in tasks], [desk.name for desk in desks])
    whole = next(by_piece) if request.whole else {}
    segments = tuple(
        HeardSegment(segment_name(file.stem, part.index), part.start_s, part.end_s, part.snr_db, row)
        for part, row in zip(heard.segments, by_piece, strict=True)
    )
    return HeardFile(
        file.name,
        heard.report.duration_s,
        "",
        _remarks(heard, request),
        request.references.get(file.path),
        whole,
        segments,
        request.in_segments,
    )


async def _answer(piece: Audio, desk: Transcriber) -> Answer:
    """The answer to one piece of audio; a failure is an answer too."""
    try:
        transcript = await desk.transcribe(piece, language=LANGUAGE)
    except ProviderError as error:
        return Answer(None, str(error), error.attempts, error.cost_brl)
    return Answer(transcript, "", transcript.attempts, transcript.lost_brl)


def _rows(answers: Sequence[Answer], names: Sequence[str]) -> Iterator[dict[str, Answer]]:
    for start in range(0, len(answers), len(names)):
        yield dict(zip(names, answers[start : start + len(names)], strict=True))


def _remarks(heard: Heard, request: Request) -> tuple[str, ...]:
    remarks = list(heard.report.remarks)
    if request.in_segments and not heard.segments:
        remarks.append("nenhuma fala encontrada")
    return tuple(remarks)


def _without_details(file: HeardFile) -> HeardFile:
    """What scores and sums need: no words with their times, no raw answers, which would fill the memory."""

    def bare(answers: Mapping[str, Answer]) -> dict[str, Answer]:
        return {
            name: replace(answer, transcript=answer.transcript and replace(answer.transcript, words=(), raw={}))
            for name, answer in answers.items()
        }

    segments = tuple(replace(segment, answers=bare(segment.answers)) for segment in file.segments)
    return replace(file, whole=bare(file.whole), segments=segments)


def _spending(files: Sequence[HeardFile], provider: str) -> Spending:
    answers = [
        answers[provider]
        for file in files
        for answers in (file.whole, *(segment.answers for segment in file.segments))
        if provider in answers
    ]
    return Spending(
        provider,
        sum(answer.attempts for answer in answers),
        sum(answer.transcript.cost_brl for answer in answers if answer.transcript),
        sum(answer.lost_brl for answer in answers),
    )


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
                "tentativas": answer.attempts,
                "custo_brl": answer.cost_brl,
                "resposta": answered,
            }


def failed_calls(comparison: Comparison) -> Counter[str]:
    """How many calls failed, by reason."""
    reasons: Counter[str] = Counter()
    for file in comparison.files:
        for outcomes in (file.outcomes, *(segment.outcomes for segment in file.segments)):
            reasons.update(outcome.reason for outcome in outcomes.values() if outcome.reason)
    return reasons
