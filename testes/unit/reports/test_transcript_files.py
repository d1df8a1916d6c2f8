"""Transcripts as players and people read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.errors import UsageError
from balto_cli.reports.transcript_files import as_srt, as_vtt, write_transcripts
from balto_cli.stt.base import Transcript, Word
from testes.doubles import FakeTranscriber, Silent
from testes.gravacoes import speech


def transcript(*words: tuple[str, float, float]) -> Transcript:
    return Transcript(
        " ".join(text for text, *_ in words), tuple(Word(*word) for word in words), "pt", "Local", "base", 0.1
    )


SAID = transcript(("bom", 0.5, 0.8), ("dia", 0.8, 1.2), ("3661", 3661.0, 3661.5))


def test_srt_has_numbered_cues_that_part_at_pauses() -> None:
    assert as_srt(SAID, "") == ("1\n00:00:00,500 --> 00:00:01,200\nbom dia\n\n2\n01:01:01,000 --> 01:01:01,500\n3661\n")


def test_vtt_begins_with_its_name_and_uses_points() -> None:
    assert as_vtt(SAID, "a.wav").startswith("WEBVTT\n\nNOTE a.wav\n\n00:00:00.500 --> 00:00:01.200\nbom dia\n")


def test_words_that_look_like_markup_stay_words() -> None:
    hostile = transcript(("<script>", 0.0, 0.5), ("-->", 0.5, 0.9))
    for text in (as_srt(hostile, ""), as_vtt(hostile, "")):
        assert "<" not in text
        assert len(re.findall("-->", text)) == 1


def test_a_cue_fits_a_screen() -> None:
    long = transcript(*((f"palavra{n}", n * 0.3, n * 0.3 + 0.3) for n in range(60)))
    cues = as_srt(long, "").split("\n\n")
    assert len(cues) > 5
    assert all(len(cue.splitlines()[2]) <= 84 for cue in cues)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(speech(2))
    (tmp_path / "quebrado.wav").write_bytes(b"x")
    return tmp_path


def test_one_file_each_and_the_broken_one_named(folder: Path, tmp_path: Path) -> None:
    written = write_transcripts(find_inputs([folder]).files, [FakeTranscriber()], "json", tmp_path / "saida", Silent())
    assert [name for name, _ in written.failed] == ["quebrado.wav"]
    for name in ("a", "b"):
        assert json.loads((tmp_path / "saida" / f"{name}.json").read_text("utf-8"))["provider"] == "Local"


def test_several_files_on_the_terminal_are_one_json(folder: Path) -> None:
    written = write_transcripts(find_inputs([folder]).files, [FakeTranscriber()], "json", None, Silent())
    assert [item["arquivo"] for item in json.loads(written.text)] == ["a.wav", "b.wav"]


def test_several_subtitles_do_not_share_a_terminal(folder: Path) -> None:
    with pytest.raises(UsageError, match="--output"):
        write_transcripts(find_inputs([folder]).files, [FakeTranscriber()], "srt", None, Silent())
