"""`balto transcribe`: recordings to transcripts, on the terminal in the order of files, or one file each when ready.

With a folder every answer is kept in it, where `compare` keeps its own, so that repeating the command asks for nothing
twice. Without one nothing is kept.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from balto_cli.audio.recording import Recording
from balto_cli.errors import AudioError, ProviderError, UsageError
from balto_cli.evaluation.hearing import Heard, hear
from balto_cli.evaluation.results import Spending
from balto_cli.evaluation.room import Place, Room
from balto_cli.evaluation.session import RESPONSES
from balto_cli.files import folder_refused, write_atomically
from balto_cli.pipeline import PipelineConfig
from balto_cli.reports.transcript_cues import Passage, Reading, passage
from balto_cli.reports.transcript_page import Page, Style, rendered
from balto_cli.stt.base import LANGUAGE
from balto_cli.stt.prices import REAIS_PER_DOLLAR
from balto_cli.stt.resilience.budget import Purse
from balto_cli.stt.resilience.cache import Cached
from balto_cli.stt.resilience.stack import offline_stack
from balto_cli.stt.response_store import ResponseStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from balto_cli.audio.inputs import InputFile
    from balto_cli.audio.recording import Audio
    from balto_cli.evaluation.progress import Progress
    from balto_cli.stt.base import Transcriber, Transcript

_SUBTITLES = ("srt", "vtt")
_MARK = "\ufeff"
"""By which a spreadsheet knows UTF-8."""
_FILES_AT_ONCE = 8
_DECODED_AT_ONCE = 2
_SOUND_BYTES = 128 << 20
"""An hour of sound. Files are let in below it, so that the longest two may go over it."""
_UNSAFE_IN_NAMES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))


@dataclass(frozen=True, slots=True)
class TranscriptOptions:
    """What is asked of each recording, and where it goes."""

    style: Style = "txt"
    config: PipelineConfig | None = None
    """Of the pipeline that cuts each recording into segments; None transcribes it whole."""
    speakers: bool = False
    """Whether who speaks is shown; the providers must have been built to ask for it."""
    folder: Path | None = None
    ask_anew: bool = False
    """Take no answer that is kept in `folder`."""
    budget_brl: float | None = None
    reais_per_dollar: float = REAIS_PER_DOLLAR


@dataclass(slots=True)
class WrittenTranscripts:
    """What `balto transcribe` made."""

    failed: list[tuple[str, str]] = field(default_factory=list)
    """File, with the provider where there are several, and reason."""
    remarks: list[tuple[str, str]] = field(default_factory=list)
    saved: list[Path] = field(default_factory=list)
    spending: tuple[Spending, ...] = ()
    """In the order of the providers."""
    reused: int = 0
    """Answers that were kept before."""
    unwritten: int = 0
    """Answers that the disk did not take."""

    @property
    def problems(self) -> list[str]:
        """One line for each file that failed or is worth a remark."""
        return [f"{name}: {reason}" for name, reason in (*self.failed, *self.remarks)]

    def as_dict(self) -> dict[str, Any]:
        """For a machine."""
        return {
            "arquivos": [str(path) for path in self.saved],
            "falhas": [{"arquivo": name, "motivo": reason} for name, reason in self.failed],
            "observacoes": [{"arquivo": name, "motivo": reason} for name, reason in self.remarks],
            "reaproveitadas": self.reused,
        }


def write_transcripts(
    files: Sequence[InputFile],
    providers: Sequence[Transcriber],
    options: TranscriptOptions,
    progress: Progress,
    show: Callable[[str], None],
) -> WrittenTranscripts:
    """Transcribe every file by every provider; closes the providers.

    Without a folder `show` gets the text of each recording, in order of the files. In a folder it is one file a
    recording (`NAME.txt`), with the providers side by side, but one a provider for subtitles (`NAME.Provider.srt`).
    Raises `OutputError` when the folder cannot be written, `UsageError` when several subtitles would share the
    terminal or a transcript would pass for a recording's reference.
    """
    if options.folder is None and options.style in _SUBTITLES and len(files) * len(providers) > 1:
        raise UsageError(f"Várias legendas {options.style} não cabem em uma só saída: diga a pasta com --output PASTA.")
    if options.folder:
        _check_folder(options.folder, options.style, files)
    try:
        return asyncio.run(_Run(files, providers, options, progress, show).run())
    except BaseExceptionGroup as group:
        _raise_first(group)


def _check_folder(folder: Path, style: Style, files: Iterable[InputFile]) -> None:
    """Find out what would go wrong before anything is paid for."""
    for file in files:
        if style == "txt" and (folder / file.stem).parent.resolve() == file.path.parent.resolve():
            raise UsageError(
                f"{file.stem}.txt ao lado da gravação vale como referência do que foi dito: escolha outra pasta com "
                "--output."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise folder_refused(folder, error) from None


def _raise_first(group: BaseExceptionGroup[BaseException]) -> NoReturn:
    """What went wrong in a task, as itself."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    raise error from None


class _Run:
    """One command at work."""

    def __init__(
        self,
        files: Sequence[InputFile],
        providers: Sequence[Transcriber],
        options: TranscriptOptions,
        progress: Progress,
        show: Callable[[str], None],
    ) -> None:
        self._files = files
        self._options = options
        self._progress = progress
        self._written = WrittenTranscripts()
        self._notes: list[list[tuple[str, str]]] = [[] for _ in files]
        self._failures: list[list[tuple[str, str]]] = [[] for _ in files]
        self._page = Page(options.style, show, alone=len(files) * len(providers) == 1)
        purse = None if options.budget_brl is None else Purse(options.budget_brl)
        self._store = ResponseStore(options.folder / RESPONSES) if options.folder else None
        self._desks = [self._desk(provider, purse) for provider in providers]
        self._spent = {provider.name: Spending(provider.name, 0, 0.0, 0.0) for provider in providers}

    def _desk(self, provider: Transcriber, purse: Purse | None) -> Transcriber:
        stack = offline_stack(
            provider, purse=purse, reais_per_dollar=self._options.reais_per_dollar, tell=self._progress.say
        )
        if self._store is None:
            return stack
        return Cached(stack, self._store, _now, began_at=_now(), ask_anew=self._options.ask_anew)

    async def run(self) -> WrittenTranscripts:
        room = Room(files=_FILES_AT_ONCE, decoding=_DECODED_AT_ONCE, sound_bytes=_SOUND_BYTES)
        self._progress.begin(len(self._files))
        try:
            async with asyncio.TaskGroup() as group:
                for number, file in enumerate(self._files):
                    place = await room.enter()
                    group.create_task(self._transcribe(number, file, place))
        finally:
            for desk in self._desks:
                await desk.aclose()
        if self._options.folder is None:
            self._page.end()
        written = self._written
        written.failed = [failure for failures in self._failures for failure in failures]
        written.remarks = [note for notes in self._notes for note in notes]
        written.saved.sort()
        written.spending = tuple(self._spent.values())
        written.reused = sum(desk.reused for desk in self._desks if isinstance(desk, Cached))
        if self._store:
            written.unwritten = await asyncio.to_thread(self._store.flush)
        return written

    async def _transcribe(self, number: int, file: InputFile, place: Place) -> None:
        config = self._options.config
        readings: list[Reading] = []
        try:
            with place.decoding():
                heard = await asyncio.to_thread(
                    hear, file.path, config or PipelineConfig(), whole=config is None, cut=config is not None
                )
            with place.holding(heard.samples.nbytes + sum(segment.samples.nbytes for segment in heard.segments)):
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(self._read(file, heard, desk)) for desk in self._desks]
            readings = [task.result() for task in tasks]
            self._note(number, file, heard, readings)
        except AudioError as error:
            self._failures[number].append((file.name, str(error)))
            readings = [Reading(file.name, desk.name, reason=str(error)) for desk in self._desks]
            self._progress.advance(1, file.name)
        finally:
            place.leave()
        if self._options.folder:
            await asyncio.to_thread(self._save, self._options.folder, file, readings)
        else:
            self._page.put(number, readings)

    async def _read(self, file: InputFile, heard: Heard, desk: Transcriber) -> Reading:
        """What one provider makes of one recording: all of it, or nothing where a part is missing."""
        duration_s = heard.report.duration_s
        pieces: list[tuple[float, float, Audio]] = [
            (segment.start_s, segment.end_s, segment.samples) for segment in heard.segments
        ]
        if self._options.config is None:
            pieces = [(0.0, duration_s, Recording(file.path, heard.report.container, heard.samples))]
        step = 1 / max(1, len(pieces)) / len(self._desks)

        async def ask(start_s: float, end_s: float, audio: Audio) -> Passage | ProviderError:
            answer = await self._ask(desk, audio)
            self._progress.advance(step, f"{file.name} ({desk.name})")
            return answer if isinstance(answer, ProviderError) else passage(start_s, end_s, answer)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(*piece)) for piece in pieces]
        if not pieces:
            self._progress.advance(step, file.name)
        answers = [task.result() for task in tasks]
        failures = [answer for answer in answers if isinstance(answer, ProviderError)]
        found = tuple(answer for answer in answers if isinstance(answer, Passage))
        reason = str(failures[0]) if failures else ""
        if failures and len(pieces) > 1:
            reason = f"{len(failures)} de {len(pieces)} segmentos sem resposta: {reason}"
        in_segments = self._options.config is not None
        return Reading(file.name, desk.name, found, reason, in_segments, self._options.speakers)

    async def _ask(self, desk: Transcriber, audio: Audio) -> Transcript | ProviderError:
        """The transcript, or the failure; both are counted."""
        try:
            answer: Transcript | ProviderError = await desk.transcribe(audio, language=LANGUAGE)
        except ProviderError as error:
            answer = error
        failed = isinstance(answer, ProviderError)
        spent = self._spent[desk.name]
        self._spent[desk.name] = Spending(
            spent.provider,
            spent.attempts + answer.attempts,
            spent.answered_brl + (0.0 if failed else answer.cost_brl),
            spent.lost_brl + (answer.cost_brl if isinstance(answer, ProviderError) else answer.lost_brl),
        )
        return answer

    def _note(self, number: int, file: InputFile, heard: Heard, readings: Sequence[Reading]) -> None:
        """Keep what the person should know of this file."""
        notes = [(file.name, heard.report.remark)] if heard.report.remark else []
        if self._options.config is not None and not heard.segments:
            notes.append((file.name, "nenhuma fala encontrada"))
        for reading in readings:
            name = f"{file.name} ({reading.provider})" if len(readings) > 1 else file.name
            if reading.reason:
                self._failures[number].append((name, reading.reason))
            elif reading.empty and reading.passages:
                notes.append((name, "nenhuma palavra ouvida"))
            elif self._options.style in (*_SUBTITLES, "tsv") and reading.guesses_times:
                notes.append(
                    (name, f"{reading.provider} não diz quando cada palavra foi dita: os tempos são estimados")
                )
        self._notes[number] = notes

    def _save(self, folder: Path, file: InputFile, readings: Sequence[Reading]) -> None:
        style = self._options.style
        said = [reading for reading in readings if not reading.reason]
        texts: dict[Path, str] = {}
        if style in _SUBTITLES:
            for reading in said:
                label = f".{reading.provider.translate(_UNSAFE_IN_NAMES)}" if len(readings) > 1 else ""
                texts[folder / f"{file.stem}{label}.{style}"] = rendered([reading], style)
        elif said:
            text = rendered(readings, style)
            if style == "json" and len(readings) > 1:
                text = "[\n" + text + "\n]"
            texts[folder / f"{file.stem}.{style}"] = (_MARK if style == "tsv" else "") + text
        for path, text in texts.items():
            try:
                write_atomically(path, text if text.endswith("\n") else text + "\n")
            except OSError as error:
                raise folder_refused(path.parent, error) from None
            self._written.saved.append(path)


def _now() -> datetime:
    return datetime.now().astimezone()
