"""Whatever a provider's JSON holds, the words are ordered, finite and inside the audio, or the shape is wrong."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.stt import answers, assemblyai, deepgram, elevenlabs, openai_compatible
from balto_cli.stt.remote import Heard

NUMBERS = st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(max_size=3)
TEXTS = st.none() | st.text(max_size=12) | st.integers()
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def eleven_answer(words: list[dict[str, Any]]) -> dict[str, Any]:
    return {"text": "oi", "language_code": "por", "words": words}


def assembly_answer(words: list[dict[str, Any]]) -> dict[str, Any]:
    return {"text": "oi", "words": words, "confidence": 0.5}


def deepgram_answer(words: list[dict[str, Any]]) -> dict[str, Any]:
    return {"results": {"channels": [{"alternatives": [{"transcript": "oi", "confidence": 0.5, "words": words}]}]}}


READERS: dict[str, tuple[Callable[[Any], Heard], Callable[[list[dict[str, Any]]], dict[str, Any]]]] = {
    "elevenlabs": (lambda a: elevenlabs.read(a, 9.0, "m", 1.0), eleven_answer),
    "assemblyai": (
        lambda a: assemblyai._heard(a, 9.0, model="m", price=1.0, billed_s=None),
        assembly_answer,
    ),
    "deepgram": (lambda a: deepgram.read(a, 9.0, "m", 1.0), deepgram_answer),
    "openai": (lambda a: openai_compatible.read(a, 9.0, "m", 1.0), assembly_answer),
}
WORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "text": TEXTS,
            "word": TEXTS,
            "punctuated_word": TEXTS,
            "start": NUMBERS,
            "end": NUMBERS,
            "confidence": NUMBERS,
            "logprob": NUMBERS,
            "speaker": NUMBERS,
            "speaker_id": NUMBERS,
            "type": st.sampled_from(["word", "spacing", "audio_event", None]),
        },
    ),
    max_size=8,
)


@pytest.mark.parametrize("provider", READERS)
@given(words=WORDS)
def test_words_are_ordered_finite_and_inside_the_audio(provider: str, words: list[dict[str, Any]]) -> None:
    reader, answer = READERS[provider]
    heard = reader(answer(words))
    starts = [word.start_s for word in heard.words]
    assert starts == sorted(starts)
    for word in heard.words:
        assert word.text
        assert 0 <= word.start_s <= word.end_s <= 9
        assert word.confidence is None or 0 <= word.confidence <= 1
        assert word.speaker is None or isinstance(word.speaker, str)


@pytest.mark.parametrize("provider", READERS)
@given(answer=JSON)
def test_any_other_json_is_a_wrong_shape_or_an_answer_and_nothing_else(provider: str, answer: object) -> None:
    reader, _ = READERS[provider]
    with contextlib.suppress(answers.WrongShapeError):
        assert isinstance(reader(answers.as_object(answer)).text, str)


@given(JSON)
def test_what_is_kept_is_plain_json(value: object) -> None:
    kept = answers.parsed(json.dumps({"a": value}).encode())
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept


def test_numbers_that_json_does_not_have_become_null() -> None:
    kept = answers.parsed(b'{"a": NaN, "b": [-Infinity, 1e999, 1.5, 2E+3]}')
    assert kept == {"a": None, "b": [None, None, 1.5, 2000]}


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'{"a": ', b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_what_is_no_object_is_a_wrong_shape(content: bytes) -> None:
    with pytest.raises(answers.WrongShapeError):
        answers.parsed(content)


def test_a_word_without_times_stands_where_the_one_before_it_ended() -> None:
    found = [answers.word({"w": "a", "start": 1, "end": 2}, "w"), answers.word({"w": "b"}, "w")]
    assert [(word.start_s, word.end_s) for word in answers.ordered(found, 9.0)] == [(1, 2), (2, 2)]


def test_log_probabilities_and_milliseconds_become_what_words_are_counted_in() -> None:
    answer = eleven_answer([{"text": "oi", "start": 0.5, "end": 1, "logprob": -0.5}])
    (eleven,) = elevenlabs.read(answer, 9, "m", 1).words
    assert eleven.confidence == pytest.approx(math.exp(-0.5))
    (assembly,) = READERS["assemblyai"][0](assembly_answer([{"text": "oi", "start": 500, "end": 1250}])).words
    assert (assembly.start_s, assembly.end_s) == (0.5, 1.25)


def test_spaces_and_noises_are_no_words() -> None:
    words = [
        {"text": "oi", "type": "word", "start": 0, "end": 1},
        {"text": " ", "type": "spacing", "start": 1, "end": 1.1},
        {"text": "(risos)", "type": "audio_event", "start": 1.1, "end": 2},
    ]
    assert [word.text for word in elevenlabs.read(eleven_answer(words), 9, "m", 1).words] == ["oi"]


def test_a_stretch_with_a_speaker_gives_its_words_the_speaker_and_their_share_of_its_time() -> None:
    answer = {"text": "bom dia", "segments": [{"speaker": "A", "text": " bom dia", "start": 1.0, "end": 3.0}]}
    words = openai_compatible.read(answer, 9, "m", 1).words
    assert [(w.text, w.start_s, w.end_s, w.speaker) for w in words] == [("bom", 1, 2, "A"), ("dia", 2, 3, "A")]


def test_half_of_a_surrogate_pair_does_not_reach_a_file() -> None:
    assert answers.text_in({"text": " a\ud83d b\ud83d\ude00 "}, "text").encode() == "a\ufffd b😀".encode()
