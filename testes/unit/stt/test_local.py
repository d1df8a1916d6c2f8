"""What the local engine does around Whisper: cutting long audio, joining word pieces, odd inputs."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from balto_cli.errors import UsageError, WeightsError
from balto_cli.stt import local
from balto_cli.stt.weights import Weights

SECOND = 16_000
WEIGHTS = Weights(folder=Path("não-existe"), model="base", origin="teste", sha256="0" * 64, pinned=False)


def piece(text: str, start_s: float = 0.0, end_s: float = 0.1, confidence: float = 0.9) -> dict[str, object]:
    return {"text": text, "start_s": start_s, "end_s": end_s, "confidence": confidence}


@given(
    st.lists(
        st.builds(
            lambda space, text: space + text,
            st.sampled_from(["", " "]),
            st.sampled_from(["R$", "7", ",49", "-se", "oi", ""]),
        ),
        max_size=12,
    )
)
def test_words_joined_by_spaces_are_the_text(texts: list[str]) -> None:
    words = local.join_pieces([piece(text) for text in texts])
    assert " ".join(word.text for word in words) == " ".join("".join(texts).split())


def test_a_joined_word_spans_its_pieces_and_is_as_sure_as_the_least_sure() -> None:
    (word,) = local.join_pieces([piece(" dá", 1.0, 1.2, 0.9), piece("-se", 1.2, 1.5, 0.4)])
    assert (word.text, word.start_s, word.end_s, word.confidence) == ("dá-se", 1.0, 1.5, 0.4)


@given(seconds=st.floats(0.0, 9.0), seed=st.integers(0, 99))
def test_pieces_of_long_audio_join_to_the_audio(seconds: float, seed: int) -> None:
    audio = np.random.default_rng(seed).integers(-1000, 1000, round(seconds * SECOND), dtype=np.int16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "MAX_PIECE_S", 2.0)
        patch.setattr(local, "CUT_SEARCH_S", 1.0)
        cut = list(local.pieces(audio))
    assert np.array_equal(np.concatenate([samples for _, samples in cut]), audio)
    assert all(samples.size <= 2 * SECOND for _, samples in cut)
    assert [start for start, _ in cut] == [sum(s.size for _, s in cut[:i]) for i in range(len(cut))]


def test_long_audio_is_cut_in_its_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MAX_PIECE_S", 2.0)
    monkeypatch.setattr(local, "CUT_SEARCH_S", 1.0)
    audio = np.full(3 * SECOND, 2000, dtype=np.int16)
    audio[round(1.3 * SECOND) : round(1.7 * SECOND)] = 3
    (_, first), _ = local.pieces(audio)
    assert 1.3 < first.size / SECOND < 1.7


@pytest.mark.parametrize("samples", [0, 1, 1599])
async def test_audio_too_short_for_a_word_gives_an_empty_transcript_without_opening_weights(samples: int) -> None:
    transcript = await local.LocalWhisper(WEIGHTS).transcribe(np.ones(samples, dtype=np.int16))
    assert (transcript.text, transcript.words) == ("", ())


async def test_weights_that_do_not_open_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nada")
    weights = Weights(folder=tmp_path, model="x", origin="teste", sha256="0" * 64, pinned=False)
    with pytest.raises(WeightsError, match=r"não abrem.*BALTO_WHISPER"):
        await local.LocalWhisper(weights).transcribe(np.ones(SECOND, dtype=np.int16))


def test_without_the_extra_the_person_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r'pip install -e "\.\[local\]"'):
        local.LocalWhisper(WEIGHTS)


async def test_a_call_cancelled_while_it_waits_or_runs_leaves_the_engine_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        """Stands for faster-whisper: a segment each 20 ms, for 5 s."""

        def __init__(self) -> None:
            self.segments = 0

        def transcribe(self, _audio: object, **_options: object) -> tuple[object, None]:
            def found() -> object:
                import time

                for _ in range(250):
                    time.sleep(0.02)
                    self.segments += 1
                    yield type("S", (), {"text": " oi", "start": 0, "end": 1, "words": [], "avg_logprob": 0,
                                         "no_speech_prob": 0, "compression_ratio": 1})  # fmt: skip

            return found(), None

    engine = Engine()
    monkeypatch.setattr(local, "_load", lambda _weights: engine)
    whisper = local.LocalWhisper(WEIGHTS)
    calls = [asyncio.create_task(whisper.transcribe(np.ones(20 * SECOND, dtype=np.int16))) for _ in range(2)]
    await asyncio.sleep(0.2)
    for call in calls:
        call.cancel()
    assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*calls, return_exceptions=True))
    await asyncio.sleep(0.1)
    after = engine.segments
    await asyncio.sleep(0.2)
    assert engine.segments == after < 100
