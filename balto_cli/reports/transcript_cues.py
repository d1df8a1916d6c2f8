"""From what a provider heard to cues: stretches of text that fit a screen, with their times and who speaks."""

from __future__ import annotations

import itertools
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from balto_cli.stt.base import Transcript, Word

_CHARACTERS = 84
"""Two lines of 42, what subtitle guides allow on a screen."""
_LONGEST_S = 7.0
_PAUSE_S = 0.8
"""A pause of this length starts a new cue."""
_SHORTEST_S = 0.5
"""Players do not show what begins and ends at once; a word may do so."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a recording that was transcribed by itself: all of it, or one segment."""

    start_s: float
    end_s: float
    transcript: Transcript
    """Its times are those of the recording."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one provider heard in one recording, or why there is nothing."""

    file: str
    """Name of the recording."""
    provider: str
    passages: tuple[Passage, ...] = ()
    """In order of time; none where no speech was found, too."""
    reason: str = ""
    """Why it failed, one sentence; empty otherwise."""
    in_segments: bool = False
    speakers: bool = False
    """Whether who speaks was asked for, and is to be shown."""

    @property
    def empty(self) -> bool:
        """Whether no word was heard."""
        return not any(passage.transcript.text.strip() for passage in self.passages)

    @property
    def guesses_times(self) -> bool:
        """Whether there is text whose words have no times."""
        return any(passage.transcript.text.strip() and not passage.transcript.words for passage in self.passages)


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of subtitles."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""
    """`Falante 1`; empty where nobody was told apart."""


def passage(start_s: float, end_s: float, transcript: Transcript) -> Passage:
    """A passage of a transcript whose times begin at 0 with its own audio."""
    words = tuple(
        replace(word, start_s=word.start_s + start_s, end_s=word.end_s + start_s) for word in transcript.words
    )
    return Passage(start_s, end_s, replace(transcript, words=words))


def cues(reading: Reading) -> list[Cue]:
    """Cues of a reading, in order of time; each ends after it begins."""
    names = _speaker_names(reading)
    found: list[Cue] = []
    for part in reading.passages:
        if part.transcript.words:
            found += [_cue(words, names) for words in _grouped(part.transcript.words, names)]
        else:
            found += _spread(part)
    found = [cue for cue in found if cue.text]
    return [
        replace(cue, end_s=max(cue.end_s, _shown_until(cue, following)))
        for cue, following in itertools.zip_longest(found, found[1:])
    ]


def turns(reading: Reading) -> list[tuple[str, str]]:
    """Speaker and text of each turn; words whose speaker is unknown stay in the turn they stand in."""
    names = _speaker_names(reading)
    found: list[tuple[str, str]] = []
    for part in reading.passages:
        for word in part.transcript.words:
            speaker = names.get(word.speaker or "", "")
            if found and speaker in ("", found[-1][0]):
                found[-1] = (found[-1][0], f"{found[-1][1]} {_flat(word.text)}")
            else:
                found.append((speaker, _flat(word.text)))
    return found


def _speaker_names(reading: Reading) -> dict[str, str]:
    """`Falante 1` … by the provider's own labels, in the order in which they are first heard."""
    if not reading.speakers:
        return {}
    labels = dict.fromkeys(
        word.speaker for part in reading.passages for word in part.transcript.words if word.speaker is not None
    )
    return {label: f"Falante {number}" for number, label in enumerate(labels, 1)}


def _grouped(words: Sequence[Word], names: dict[str, str]) -> Iterator[list[Word]]:
    """Group words into cues that fit a screen and end at pauses and at turns."""
    cue: list[Word] = []
    for word in words:
        if cue and (
            word.start_s - cue[-1].end_s > _PAUSE_S
            or word.end_s - cue[0].start_s > _LONGEST_S
            or len(_text([*cue, word])) > _CHARACTERS
            or (names and word.speaker != cue[-1].speaker)
        ):
            yield cue
            cue = []
        cue.append(word)
    if cue:
        yield cue


def _cue(words: Sequence[Word], names: dict[str, str]) -> Cue:
    end_s = max(word.end_s for word in words)
    return Cue(words[0].start_s, end_s, _text(words), names.get(words[0].speaker or "", ""))


def _spread(part: Passage) -> Iterator[Cue]:
    """Cues of a text without times: each gets its share of the passage, by its length."""
    lines = textwrap.wrap(_flat(part.transcript.text), _CHARACTERS, break_long_words=False, break_on_hyphens=False)
    total = sum(len(line) for line in lines)
    start_s = part.start_s
    for line in lines:
        end_s = start_s + (part.end_s - part.start_s) * len(line) / total
        yield Cue(start_s, end_s, line)
        start_s = end_s


def _shown_until(cue: Cue, following: Cue | None) -> float:
    """The earliest moment at which a player may take a cue away."""
    wanted_s = cue.start_s + _SHORTEST_S
    if following is not None and following.start_s < wanted_s:
        wanted_s = following.start_s
    return max(wanted_s, cue.start_s + 0.001)


def _text(words: Sequence[Word]) -> str:
    return _flat(" ".join(word.text for word in words))


def _flat(text: str) -> str:
    """On one line: an empty line would end a cue."""
    return " ".join(text.split())
