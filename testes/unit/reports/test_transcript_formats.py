"""Transcripts as players, spreadsheets and people read them; the judge of subtitles is ffmpeg."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import subprocess

import imageio_ffmpeg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balto_cli.reports.transcript_cues import Passage, Reading, cues, passage
from balto_cli.reports.transcript_formats import (
    TABLE_COLUMNS,
    as_json,
    as_srt,
    as_tsv,
    as_txt,
    as_vtt,
    side_by_side,
)
from balto_cli.stt.base import Transcript, Word

SRT_CUE = re.compile(r"^\d+\n([\d:,]+) --> ([\d:,]+)\n(.*?)\n(?:\n|\Z)", re.M | re.S)


def transcript(*words: tuple[str, float, float], speakers: str = "") -> Transcript:
    found = tuple(
        Word(text, start, end, speaker=speakers[place] if speakers else None)
        for place, (text, start, end) in enumerate(words)
    )
    return Transcript(" ".join(text for text, *_ in words), found, "pt", "Local", "base", 0.1)


def reading(heard: Transcript, *, end_s: float = 3700.0, speakers: bool = False) -> Reading:
    return Reading("a.wav", "Local", (Passage(0.0, end_s, heard),), speakers=speakers)


SAID = reading(transcript(("bom", 0.5, 0.8), ("dia", 0.8, 1.2), ("3661", 3661.0, 3661.5)))
DIALOGUE = reading(
    transcript(("tem", 0.0, 0.4), ("dipirona?", 0.4, 1.0), ("tem", 1.1, 1.4), ("sim", 1.4, 1.8), speakers="7733"),
    speakers=True,
)


def read_by_ffmpeg(text: str, form: str) -> list[tuple[float, float, str]]:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", form, "-i", "pipe:0", "-f", "srt", "pipe:1"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return [(_seconds(a), _seconds(b), said) for a, b, said in SRT_CUE.findall(done.stdout.decode())]


def _seconds(clock: str) -> float:
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))


def test_srt_has_numbered_cues_that_part_at_pauses() -> None:
    assert as_srt(SAID) == "1\n00:00:00,500 --> 00:00:01,200\nbom dia\n\n2\n01:01:01,000 --> 01:01:01,500\n3661\n"


def test_vtt_begins_with_its_name_and_uses_points() -> None:
    assert as_vtt(SAID).startswith("WEBVTT\n\nNOTE a.wav\n\n00:00:00.500 --> 00:00:01.200\nbom dia\n")


@pytest.mark.parametrize(("render", "form"), [(as_srt, "srt"), (as_vtt, "webvtt")])
def test_ffmpeg_reads_back_what_was_said_and_when(render: object, form: str) -> None:
    assert callable(render)
    assert read_by_ffmpeg(render(SAID), form) == [(0.5, 1.2, "bom dia"), (3661.0, 3661.5, "3661")]


def test_words_that_look_like_markup_stay_words() -> None:
    hostile = reading(transcript(("<script>", 0.0, 0.5), ("-->", 0.5, 0.9), ("P&G", 0.9, 1.2)))
    assert "<" not in as_srt(hostile)
    assert "-->" not in as_srt(hostile).splitlines()[2]
    # ffmpeg's SubRip writer gives back what it understood of WebVTT's escapes.
    assert read_by_ffmpeg(as_vtt(hostile), "webvtt")[0][2].replace("\\", "") == "<script> --> P&G"


def test_a_name_cannot_end_the_note() -> None:
    named = Reading("a\n\n--> b.wav", "Local", SAID.passages)
    assert len(read_by_ffmpeg(as_vtt(named), "webvtt")) == 2


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(categories=("L", "N", "P", "S", "Zs", "Cc")), min_size=1, max_size=12),
            st.floats(0, 3),
            st.floats(0, 2),
        ),
        max_size=40,
    )
)
def test_every_word_is_in_one_cue_and_cues_go_forward(words: list[tuple[str, float, float]]) -> None:
    spoken, at_s = [], 0.0
    for text, pause_s, long_s in words:
        spoken.append((text, at_s + pause_s, at_s + pause_s + long_s))
        at_s += pause_s + long_s
    found = cues(reading(transcript(*spoken), end_s=at_s + 1))
    assert " ".join(cue.text for cue in found).split() == " ".join(text for text, *_ in spoken).split()
    assert all(cue.start_s < cue.end_s for cue in found)
    assert all(a.start_s <= b.start_s for a, b in itertools.pairwise(found))
    for text in (as_srt(reading(transcript(*spoken))), as_vtt(reading(transcript(*spoken)))):
        assert text.count(" --> ") == len(found)


def test_a_cue_fits_a_screen() -> None:
    long = reading(transcript(*((f"palavra{n}", n * 0.3, n * 0.3 + 0.3) for n in range(60))))
    found = cues(long)
    assert len(found) > 5
    assert all(len(cue.text) <= 84 and cue.end_s - cue.start_s <= 7.0 for cue in found)


def test_text_without_times_is_spread_over_its_passage_and_said_to_be_guessed() -> None:
    said = Transcript("tem dipirona? " * 20, (), "pt", "OpenAI", "gpt-4o-transcribe", 0.1)
    spread = Reading("a.wav", "OpenAI", (Passage(10.0, 30.0, said),), in_segments=True)
    assert spread.guesses_times
    assert not SAID.guesses_times
    found = cues(spread)
    assert found[0].start_s == 10.0
    assert found[-1].end_s == pytest.approx(30.0)
    assert all(len(cue.text) <= 84 for cue in found)
    assert " ".join(cue.text for cue in found).split() == said.text.split()


def test_who_speaks_is_named_in_order_and_parts_the_cues() -> None:
    assert as_txt(DIALOGUE) == "Falante 1: tem dipirona?\nFalante 2: tem sim"
    assert [line for line in as_srt(DIALOGUE).splitlines() if "Falante" in line] == [
        "Falante 1: tem dipirona?", "Falante 2: tem sim",
    ]  # fmt: skip
    assert "<v Falante 2>tem sim" in as_vtt(DIALOGUE)
    assert [said for *_, said in read_by_ffmpeg(as_vtt(DIALOGUE), "webvtt")] == ["tem dipirona?", "tem sim"]


def test_labels_that_were_not_asked_for_are_not_shown() -> None:
    assert "Falante" not in as_srt(Reading("a.wav", "Local", DIALOGUE.passages))


def test_segments_keep_the_time_of_the_recording() -> None:
    parts = tuple(passage(at_s, at_s + 1.0, transcript(("oi", 0.1, 0.5))) for at_s in (2.0, 60.0))
    cut = Reading("a.wav", "Local", parts, in_segments=True)
    assert [(cue.start_s, cue.text) for cue in cues(cut)] == [(2.1, "oi"), (60.1, "oi")]
    assert as_txt(cut) == "oi\noi"
    data = json.loads(as_json(cut))
    assert data["text"] == "oi oi"
    assert [part["start_s"] for part in data["segments"]] == [2.0, 60.0]
    assert [word["start_s"] for word in data["words"]] == [2.1, 60.1]


def test_a_failure_is_a_state_in_json_and_nothing_in_text() -> None:
    failed = Reading("a.wav", "Deepgram", reason="Deepgram não respondeu a tempo: tente de novo.")
    assert json.loads(as_json(failed)) == {
        "arquivo": "a.wav", "provider": "Deepgram", "estado": "falha", "motivo": failed.reason,
    }  # fmt: skip
    assert side_by_side([SAID, failed], "a.wav") == "== a.wav ==\n-- Local --\nbom dia 3661"
    assert side_by_side([failed]) == ""


def test_the_raw_answer_stays_out_of_json() -> None:
    data = json.loads(as_json(SAID))
    assert "raw" not in data
    assert (data["estado"], data["text"], data["words"][0]["start_s"]) == ("ok", "bom dia 3661", 0.5)


def test_a_table_is_read_back_and_never_computes() -> None:
    odd = Reading("=a.wav", "Local", reading(transcript(("=1+1", 0.0, 0.5), ('"um\ttab"', 0.5, 0.9))).passages)
    table = list(csv.reader(io.StringIO(as_tsv([odd, SAID], header=True)), delimiter="\t"))
    assert tuple(table[0]) == TABLE_COLUMNS
    assert table[1] == ["./=a.wav", "Local", "0.000", "0.900", "", '\'=1+1 "um tab"']
    assert [row[5] for row in table[2:]] == ["bom dia", "3661"]
