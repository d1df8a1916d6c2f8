"""Transcripts for people and players: plain text, JSON, SubRip and WebVTT, to the terminal or one file each."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from balto_cli.audio.decode import Decoder
from balto_cli.audio.pcm import pcm_from_bytes
from balto_cli.errors import AudioError, OutputError, ProviderError, UsageError
from balto_cli.files import os_reason, write_atomically
from balto_cli.stt.base import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from balto_cli.audio.inputs import InputFile
    from balto_cli.audio.pcm import Pcm
    from balto_cli.evaluation.progress import Progress
    from balto_cli.stt.base import Transcriber, Transcript, Word

_CUE_CHARACTERS = 84
"""Two lines of 42, what subtitle guides allow on a screen."""
_CUE_S = 7.0
_CUE_PAUSE_S = 0.8
"""A pause of this length starts a new cue."""


@dataclass(slots=True)
class WrittenTranscripts:
    """What `balto transcribe` made."""

    text: str = ""
    """For standard output; empty where files were written."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """One line for each file that failed or is worth a remark."""
        return [f"{name}: {reason}" for name, reason in (*self.failed, *self.remarks)]


def write_transcripts(
    files: Sequence[InputFile], providers: Sequence[Transcriber], style: str, folder: Path | None, progress: Progress
) -> WrittenTranscripts:
    """Transcribe every file whole by every provider, as `style` (txt, json, srt, vtt).

    With `folder`, one file each (`NAME.srt`; `NAME.Provider.srt` where there are several providers), written as soon
    as it is there. Raises `OutputError` when the folder cannot be written, `UsageError` when several subtitles would
    share the terminal.
    """
    if folder is None and style in ("srt", "vtt") and len(files) * len(providers) > 1:
        raise UsageError(f"Várias legendas {style} não cabem em uma só saída: diga a pasta com --output PASTA.")
    return asyncio.run(_write(files, providers, style, folder, progress))


async def _write(
    files: Sequence[InputFile], providers: Sequence[Transcriber], style: str, folder: Path | None, progress: Progress
) -> WrittenTranscripts:
    written = WrittenTranscripts()
    parts: list[str] = []
    progress.begin(len(files))
    for file in files:
        try:
            samples, remark = await asyncio.to_thread(_decode, file.path)
        except AudioError as error:
            written.failed.append((file.name, str(error)))
            progress.advance(1, file.name)
            continue
        if remark:
            written.remarks.append((file.name, remark))
        for provider in providers:
            try:
                transcript = await provider.transcribe(samples, language=LANGUAGE)
            except ProviderError as error:
                written.failed.append((f"{file.name} ({provider.name})", str(error)))
                continue
            if not transcript.text.strip():
                written.remarks.append((file.name, "nenhuma palavra ouvida"))
            heading = f"{file.name} ({provider.name})" if len(providers) > 1 else file.name
            if folder:
                suffix = f".{provider.name}.{style}" if len(providers) > 1 else f".{style}"
                _save(folder / f"{file.stem}{suffix}", WRITERS[style](transcript, heading))
            else:
                parts.append(WRITERS[style](transcript, heading if len(files) * len(providers) > 1 else ""))
        progress.advance(1, file.name)
    written.text = _joined(parts, style)
    return written


def _decode(path: Path) -> tuple[Pcm, str | None]:
    decoder = Decoder(path)
    samples = pcm_from_bytes(b"".join(decoder))
    return samples, decoder.report.remark


def _save(path: Path, text: str) -> None:
    try:
        write_atomically(path, text if text.endswith("\n") else text + "\n")
    except OSError as error:
        raise OutputError(
            f"Não consegui gravar {path}: {os_reason(error)}. Escolha outra pasta com --output."
        ) from None


def _joined(parts: Sequence[str], style: str) -> str:
    if style == "json" and len(parts) != 1:
        return "[\n" + ",\n".join(parts) + "\n]" if parts else ""
    return "\n\n".join(part.rstrip("\n") for part in parts)


def as_txt(transcript: Transcript, heading: str) -> str:
    """The words, under a heading where there are several files."""
    return f"== {heading} ==\n{transcript.text}" if heading else transcript.text


def as_json(transcript: Transcript, heading: str) -> str:
    """Everything known of the transcript but the provider's raw answer."""
    data = asdict(transcript)
    del data["raw"]
    return json.dumps({"arquivo": heading, **data} if heading else data, ensure_ascii=False, indent=1)


def as_srt(transcript: Transcript, heading: str) -> str:
    """SubRip, which knows no headings."""
    cues = (
        f"{number}\n{_clock(words[0].start_s, ',')} --> {_clock(words[-1].end_s, ',')}\n{_cue_text(words)}\n"
        for number, words in enumerate(_cues(transcript.words), start=1)
    )
    return "\n".join(cues)


def as_vtt(transcript: Transcript, heading: str) -> str:
    """WebVTT (W3C), with the file's name as a note."""
    note = [f"NOTE {heading}\n"] if heading else []
    cues = (
        f"{_clock(words[0].start_s, '.')} --> {_clock(words[-1].end_s, '.')}\n{_cue_text(words)}\n"
        for words in _cues(transcript.words)
    )
    return "\n".join(["WEBVTT\n", *note, *cues])


WRITERS: dict[str, Callable[[Transcript, str], str]] = {"txt": as_txt, "json": as_json, "srt": as_srt, "vtt": as_vtt}
"""By the name that `--format` takes."""


def _cues(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Group words into cues that fit a screen and end at pauses."""
    cue: list[Word] = []
    for word in words:
        if cue and (
            word.start_s - cue[-1].end_s > _CUE_PAUSE_S
            or word.end_s - cue[0].start_s > _CUE_S
            or len(_cue_text([*cue, word])) > _CUE_CHARACTERS
        ):
            yield cue
            cue = []
        cue.append(word)
    if cue:
        yield cue


def _cue_text(words: Sequence[Word]) -> str:
    """Words of a cue on one line; `-->` inside would end it, and `<` would open a tag."""
    text = " ".join(word.text.strip() for word in words)
    return text.replace("-->", "→").replace("<", "‹").replace(">", "›")


def _clock(seconds: float, decimal: str) -> str:
    total_ms = round(seconds * 1000)
    hours, minutes = total_ms // 3_600_000, total_ms // 60_000 % 60
    return f"{hours:02d}:{minutes:02d}:{total_ms // 1000 % 60:02d}{decimal}{total_ms % 1000:03d}"
