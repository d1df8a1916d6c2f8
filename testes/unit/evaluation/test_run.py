"""What a run asks, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import Pcm
from balto_cli.audio.recording import Audio, Recording, samples_of
from balto_cli.errors import Failure, ProviderError
from balto_cli.evaluation.gathering import gather
from balto_cli.evaluation.results import Comparison, State
from balto_cli.evaluation.run import Request, Tally, compare, failed_calls
from balto_cli.pipeline import PipelineConfig
from balto_cli.stt.base import Capabilities, Transcriber, Transcript
from balto_cli.stt.response_store import ResponseStore
from testes import virtual_time
from testes.doubles import FakeTranscriber, Silent
from testes.gravacoes import speech, wav_bytes
from testes.unit.stt.resilience.fakes import Scripted, failure

NOW = datetime(2026, 11, 3, tzinfo=UTC)
CONFIG = PipelineConfig(reduction=0.0)


def run(folder: Path, *providers: Transcriber, store: Path | None = None, **options: Any) -> tuple[Comparison, Tally]:
    """In virtual time: what waits between two attempts takes none."""
    files = find_inputs([folder]).files
    request = Request(files, gather(files, Silent()).references, providers, CONFIG, **options)
    answers = ResponseStore(store or folder.parent / "respostas")
    return virtual_time.run(compare(request, answers, NOW, Silent(), lambda: NOW))


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


def test_a_failed_call_is_a_state_without_a_score_and_is_counted(folder: Path) -> None:
    (folder / "a.txt").write_text("bom dia pode falar", "utf-8")

    def down(audio: Pcm) -> str:
        raise ProviderError("fora do ar", kind=Failure.SERVER)

    comparison, tally = run(folder, FakeTranscriber("Bom"), FakeTranscriber("Ruim", answer=down))
    (file,) = comparison.files
    of_bad = [file.outcomes["Ruim"], *(segment.outcomes["Ruim"] for segment in file.segments)]
    assert {(outcome.state, outcome.score) for outcome in of_bad} == {(State.FAILED, None)}
    assert failed_calls(comparison) == {"fora do ar": 1 + len(file.segments)}
    assert file.outcomes["Bom"].score is not None
    assert {line["motivo"] for line in tally.responses if line["provedor"] == "Ruim"} == {"fora do ar"}


def test_silence_is_a_file_without_segments(folder: Path) -> None:
    import numpy as np

    (folder / "mudo.wav").write_bytes(wav_bytes(np.zeros(32_000)))
    (folder / "mudo.txt").write_text("três palavras perdidas", "utf-8")
    comparison, _ = run(folder, FakeTranscriber())
    (silent,) = [file for file in comparison.files if file.name == "mudo.wav"]
    assert silent.segments == ()
    assert "nenhuma fala encontrada" in silent.remarks


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


PAID = Capabilities(4, usd_per_hour=3600.0)
"""One dollar a second."""


def test_an_original_is_a_recording_that_names_its_file_and_the_answer_says_how_it_was_sent(folder: Path) -> None:
    heard: list[Audio] = []

    class Sending(FakeTranscriber):
        async def transcribe(self, audio: Audio, **options: Any) -> Transcript:
            heard.append(audio)
            sent_as = f"arquivo {audio.container}" if isinstance(audio, Recording) else "pcm"
            return Transcript("tem sim", (), "pt", self.name, "m", 0.1, sent_as=sent_as)

    comparison, tally = run(folder, Sending())
    (original,) = [audio for audio in heard if isinstance(audio, Recording)]
    assert (original.path.name, original.container) == ("a.wav", "wav")
    assert samples_of(original).size == 80_000
    (file,) = comparison.files
    assert file.outcomes["Local"].sent_as == "arquivo wav"
    sent = {line["parte"]: line["resposta"]["sent_as"] for line in tally.responses}
    assert sent == {"original": "arquivo wav", "segmento": "pcm"}


def test_what_each_provider_took_and_cost_is_summed_up_with_what_was_lost(folder: Path) -> None:
    provider = Scripted([failure(Failure.TIMEOUT, billed=True)], name="Pago", capabilities=PAID)
    free = FakeTranscriber("Local")
    _, tally = run(folder, provider, free, in_segments=False, reais_per_dollar=2.0)
    paid, local = tally.spending
    assert (paid.provider, paid.attempts, paid.answered_brl, paid.lost_brl) == ("Pago", 2, 5.0, 10.0)
    assert (local.attempts, local.total_brl) == (1, 0.0)
    (line, _) = tally.responses
    assert (line["tentativas"], line["custo_brl"]) == (2, 15.0)


def test_answers_that_were_there_cost_nothing(folder: Path) -> None:
    run(folder, Scripted(name="Pago", capabilities=PAID), store=folder.parent / "antes")
    later = datetime(2026, 11, 4, tzinfo=UTC)
    files = find_inputs([folder]).files
    request = Request(files, {}, (Scripted(name="Pago", capabilities=PAID),), CONFIG)
    work = compare(request, ResponseStore(folder.parent / "antes"), later, Silent(), lambda: later)
    _, tally = virtual_time.run(work)
    assert tally.reused > 1
    assert (tally.spending[0].attempts, tally.spending[0].total_brl) == (0, 0.0)


def test_a_budget_is_kept_across_providers_and_leaves_states_with_a_reason(folder: Path) -> None:
    providers = [Scripted(name=name, capabilities=PAID) for name in ("A", "B")]
    comparison, tally = run(folder, *providers, FakeTranscriber("Local"), budget_brl=6.0, reais_per_dollar=1.0)
    assert sum(one.total_brl for one in tally.spending) <= 6.0
    outcomes = [
        outcome
        for file in comparison.files
        for row in (file.outcomes, *(segment.outcomes for segment in file.segments))
        for outcome in row.values()
    ]
    refused = [one for one in outcomes if one.state is State.FAILED]
    assert refused
    assert all("R$ 6,00" in one.reason for one in refused)
    assert all(file.outcomes["Local"].text for file in comparison.files)


def test_a_provider_that_hangs_does_not_hold_the_others_back(folder: Path) -> None:
    """It stops the run for its own deadlines; the others have gone through all the files that fit in memory."""
    for number in range(6):
        (folder / f"{number}.wav").write_bytes(speech(3 + number / 10))
    ended: list[float] = []

    class Good(Scripted):
        async def transcribe(self, audio: Audio, **options: Any) -> Transcript:
            transcript = await super().transcribe(audio, **options)
            ended.append(asyncio.get_running_loop().time())
            return transcript

    hanging = Scripted(rule=lambda audio, number: math.inf, name="Trava", capabilities=Capabilities(1))
    good = Good(name="Bom", takes_s=1.0, capabilities=Capabilities(4))
    comparison, _ = run(folder, hanging, good, in_segments=False)
    assert len(ended) == 7
    assert max(ended) < 10.0
    assert all(file.outcomes["Trava"].state is State.FAILED for file in comparison.files)


def test_lines_come_in_order_of_the_files_whichever_ended_first(folder: Path) -> None:
    for number in range(4):
        (folder / f"b{number}.wav").write_bytes(speech(3 + number / 10))
    slow_first = Scripted(rule=lambda audio, number: 9.0 - number)
    _, tally = run(folder, slow_first, in_segments=False)
    assert [line["arquivo"] for line in tally.responses] == ["a.wav", "b0.wav", "b1.wav", "b2.wav", "b3.wav"]
    assert [json.dumps(line) for line in tally.responses] == [json.dumps(line) for line in tally.responses]


def test_providers_are_closed_whatever_happens(folder: Path) -> None:
    class Broken(Scripted):
        async def transcribe(self, audio: Audio, **options: Any) -> Transcript:
            raise RuntimeError

    good, broken = Scripted(name="Bom"), Broken(name="Ruim")
    with pytest.raises(ExceptionGroup):
        run(folder, good, broken)
    assert (good.closed, broken.closed) == (1, 1)
