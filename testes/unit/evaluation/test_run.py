"""What a run asks, and what it makes of the answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import Pcm
from balto_cli.errors import Failure, ProviderError
from balto_cli.evaluation.judging import totals
from balto_cli.evaluation.response_store import ResponseStore
from balto_cli.evaluation.results import Comparison, State
from balto_cli.evaluation.run import Request, Tally, compare
from balto_cli.evaluation.session import gather_references
from balto_cli.pipeline import PipelineConfig
from testes.doubles import FakeTranscriber, Silent
from testes.gravacoes import speech, wav_bytes

NOW = datetime(2026, 11, 3, tzinfo=UTC)
CONFIG = PipelineConfig(reduction=0.0)


def run(folder: Path, *providers: FakeTranscriber, store: Path | None = None) -> tuple[Comparison, Tally]:
    files = find_inputs([folder]).files
    request = Request(files, gather_references(files, Silent()), providers, CONFIG)
    answers = ResponseStore(store or folder.parent / "respostas")
    return asyncio.run(compare(request, answers, NOW, Silent(), lambda: NOW))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "entrada"
    path.mkdir()
    (path / "a.wav").write_bytes(speech(5))
    return path


def test_equal_audio_under_two_names_is_asked_once(folder: Path) -> None:
    (folder / "copia.wav").write_bytes(speech(5))
    provider = FakeTranscriber(max_concurrency=4, delay_s=0.01)
    comparison, _ = run(folder, provider)
    assert len(provider.calls) == len(set(provider.calls))
    one, other = comparison.files
    assert one.outcomes == other.outcomes


def test_no_more_calls_are_in_flight_than_the_provider_allows(folder: Path) -> None:
    class Counting(FakeTranscriber):
        now = most = 0

        async def transcribe(self, audio: Pcm, **options: object):  # type: ignore[override]
            type(self).now += 1
            type(self).most = max(self.most, self.now)
            await asyncio.sleep(0.01)
            type(self).now -= 1
            return await super().transcribe(audio)

    for number in range(4):
        (folder / f"{number}.wav").write_bytes(speech(3 + number))
    run(folder, Counting(max_concurrency=2))
    assert Counting.most == 2


def test_a_failed_call_leaves_the_file_out_of_the_totals_and_is_counted(folder: Path) -> None:
    (folder / "a.txt").write_text("bom dia pode falar", "utf-8")

    def down(audio: Pcm) -> str:
        raise ProviderError("fora do ar", kind=Failure.SERVER)

    comparison, tally = run(folder, FakeTranscriber("Bom"), FakeTranscriber("Ruim", answer=down))
    good, bad = totals(comparison)
    assert (good.whole_files, good.failures) == (1, 0)
    assert (bad.whole, bad.in_segments) == (None, None)
    assert bad.failures == 1 + len(comparison.files[0].segments)
    assert comparison.files[0].outcomes["Ruim"].state is State.FAILED
    assert {line["motivo"] for line in tally.responses if line["provedor"] == "Ruim"} == {"fora do ar"}


def test_silence_is_a_file_without_segments_whose_words_were_all_lost(folder: Path) -> None:
    import numpy as np

    (folder / "mudo.wav").write_bytes(wav_bytes(np.zeros(32_000)))
    (folder / "mudo.txt").write_text("três palavras perdidas", "utf-8")
    comparison, _ = run(folder, FakeTranscriber())
    (silent,) = [file for file in comparison.files if file.name == "mudo.wav"]
    assert silent.segments == ()
    assert "nenhuma fala encontrada" in silent.remarks
    in_segments = totals(comparison)[0].in_segments
    assert in_segments is not None
    assert (in_segments.deletions, in_segments.reference_words) == (3, 3)


def test_the_share_of_each_segment_joins_to_the_reference(folder: Path) -> None:
    (folder / "a.txt").write_text("Bom dia, pode falar. Bom dia, moça!", "utf-8")
    comparison, _ = run(folder, FakeTranscriber())
    shares = " ".join(segment.reference or "" for segment in comparison.files[0].segments)
    assert shares.split() == ["bom", "dia", "pode", "falar", "bom", "dia", "moça"]


def test_a_bad_reference_is_said_and_leaves_the_file_unscored(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"PK\x03\x04 um documento")
    comparison, _ = run(folder, FakeTranscriber())
    assert comparison.files[0].reference is None
    assert any("documento do Office" in remark for remark in comparison.files[0].remarks)
