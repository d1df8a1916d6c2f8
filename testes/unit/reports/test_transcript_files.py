"""Where transcripts go, in which order, what is asked again, and what is never overwritten."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import Pcm
from balto_cli.errors import Failure, OutputError, ProviderError, UsageError
from balto_cli.pipeline import PipelineConfig
from balto_cli.reports.transcript_files import TranscriptOptions, WrittenTranscripts, write_transcripts
from balto_cli.stt.base import Capabilities
from testes.doubles import FakeTranscriber, Silent
from testes.gravacoes import FALA, speech


@dataclass
class Paid(FakeTranscriber):
    """Has a price, and closes once."""

    closed: int = 0

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(4, usd_per_hour=3600.0)

    async def aclose(self) -> None:
        self.closed += 1


def broken(_: Pcm) -> str:
    raise ProviderError("o provedor está fora do ar", kind=Failure.KEY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "entrada"
    folder.mkdir()
    for seconds, name in ((3, "a.wav"), (2, "b.wav")):
        (folder / name).write_bytes(speech(seconds))
    (folder / "quebrado.wav").write_bytes(b"x")
    return folder


def run(
    entrada: Path, *providers: FakeTranscriber, show: Callable[[str], None] = print, **options: object
) -> WrittenTranscripts:
    asked = replace(TranscriptOptions(), **options)  # type: ignore[arg-type]
    return write_transcripts(find_inputs([entrada]).files, providers, asked, Silent(), show)


def shown(entrada: Path, *providers: FakeTranscriber, **options: object) -> str:
    parts: list[str] = []
    run(entrada, *providers, show=parts.append, **options)
    return "".join(parts)


def test_one_file_each_and_the_broken_one_named(folder: Path, tmp_path: Path) -> None:
    written = run(folder, FakeTranscriber(), style="json", folder=tmp_path / "saida")
    assert [name for name, _ in written.failed] == ["quebrado.wav"]
    assert [path.name for path in written.saved] == ["a.json", "b.json"]
    for name in ("a", "b"):
        assert json.loads((tmp_path / "saida" / f"{name}.json").read_text("utf-8"))["provider"] == "Local"


def test_several_files_on_the_terminal_are_one_json_in_order(folder: Path) -> None:
    slow_first = FakeTranscriber(answer=lambda audio: "longa" if len(audio) > 40_000 else "curta", max_concurrency=2)
    data = json.loads(shown(folder, slow_first, style="json"))
    assert [(item["arquivo"], item["estado"]) for item in data] == [
        ("a.wav", "ok"), ("b.wav", "ok"), ("quebrado.wav", "falha"),
    ]  # fmt: skip


def test_text_comes_in_order_of_the_files_however_long_each_takes(folder: Path) -> None:
    first, second = FakeTranscriber("Um", delay_s=0.2), FakeTranscriber("Dois", answer=lambda _: "dois")
    text = shown(folder, first, second)
    assert text.index("== a.wav ==") < text.index("== b.wav ==")
    assert text.index("-- Um --") < text.index("-- Dois --")
    assert text.endswith("dois\n")


def test_one_recording_by_one_provider_is_its_words_alone(folder: Path) -> None:
    (folder / "b.wav").unlink()
    (folder / "quebrado.wav").unlink()
    assert shown(folder, FakeTranscriber(answer=lambda _: "bom dia")) == "bom dia\n"


def test_several_subtitles_do_not_share_a_terminal(folder: Path) -> None:
    with pytest.raises(UsageError, match="--output"):
        run(folder, FakeTranscriber(), style="srt")


def test_subtitles_are_a_file_a_provider_and_the_rest_side_by_side(folder: Path, tmp_path: Path) -> None:
    both = FakeTranscriber("Um"), FakeTranscriber("OpenAI org/modelo")
    run(folder, *both, style="srt", folder=tmp_path / "saida")
    run(folder, *both, style="txt", folder=tmp_path / "saida")
    run(folder, *both, style="tsv", folder=tmp_path / "saida")
    assert sorted(path.name for path in (tmp_path / "saida").iterdir() if path.is_file()) == [
        "a.OpenAI org-modelo.srt", "a.Um.srt", "a.tsv", "a.txt",
        "b.OpenAI org-modelo.srt", "b.Um.srt", "b.tsv", "b.txt",
    ]  # fmt: skip
    assert (tmp_path / "saida" / "a.txt").read_text("utf-8").startswith("-- Um --\npalavra ")
    assert (tmp_path / "saida" / "a.tsv").read_text("utf-8").startswith("\ufeffArquivo Original\tProvedor\t")


def test_a_second_time_asks_for_nothing_even_in_another_format(folder: Path, tmp_path: Path) -> None:
    provider = FakeTranscriber()
    run(folder, provider, style="txt", folder=tmp_path / "saida")
    assert len(provider.calls) == 2
    again = run(folder, provider, style="vtt", folder=tmp_path / "saida")
    assert (len(provider.calls), again.reused) == (2, 2)
    run(folder, provider, style="vtt", folder=tmp_path / "saida", ask_anew=True)
    assert len(provider.calls) == 4


def test_without_a_folder_nothing_is_kept(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    shown(folder, FakeTranscriber())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_transcript_never_passes_for_the_reference_beside_the_recording(folder: Path) -> None:
    (folder / "a.txt").write_text("o que foi dito", "utf-8")
    provider = FakeTranscriber()
    with pytest.raises(UsageError, match=r"a\.txt ao lado da gravação"):
        run(folder, provider, style="txt", folder=folder)
    assert provider.calls == []
    assert (folder / "a.txt").read_text("utf-8") == "o que foi dito"


def test_a_folder_that_refuses_is_found_out_before_anything_is_paid_for(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "saida").write_text("não sou pasta")
    provider = FakeTranscriber()
    with pytest.raises(OutputError, match="Escolha outra pasta"):
        run(folder, provider, folder=tmp_path / "saida")
    assert provider.calls == []


def test_a_disk_that_fills_up_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "saida").mkdir()
    (tmp_path / "saida" / "a.txt").mkdir()
    with pytest.raises(OutputError, match="há uma pasta onde deveria haver um arquivo"):
        run(folder, FakeTranscriber(), folder=tmp_path / "saida")


def test_a_provider_that_fails_leaves_the_others(folder: Path, tmp_path: Path) -> None:
    written = run(folder, FakeTranscriber("Um"), FakeTranscriber("Dois", answer=broken), folder=tmp_path / "saida")
    assert ("a.wav (Dois)", "o provedor está fora do ar") in written.failed
    assert "Dois" not in (tmp_path / "saida" / "a.txt").read_text("utf-8")


def test_a_file_whose_segment_failed_is_not_written_in_part(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(FALA.read_bytes())
    heard: list[int] = []

    def second_fails(audio: Pcm) -> str:
        heard.append(len(audio))
        if len(heard) == 2:
            raise ProviderError("o trecho não pôde ser lido", kind=Failure.AUDIO)
        return "oi"

    options = {"folder": tmp_path / "saida", "config": PipelineConfig()}
    written = run(tmp_path / "a.wav", FakeTranscriber(answer=second_fails), **options)
    assert written.saved == []
    assert "segmentos sem resposta: o trecho não pôde ser lido" in written.problems[0]
    mended = FakeTranscriber()
    assert run(tmp_path / "a.wav", mended, **options).failed == []
    # What was answered before is not asked for again.
    assert len(mended.calls) == 1
    assert len((tmp_path / "saida" / "a.txt").read_text("utf-8").splitlines()) == len(heard)


def test_what_was_spent_is_known_and_bounded(folder: Path, tmp_path: Path) -> None:
    paid = Paid("Pago")
    # One dollar a second, at five reais: two seconds fit, three do not.
    written = run(folder, paid, budget_brl=11.0, reais_per_dollar=5.0, folder=tmp_path / "saida")
    assert [name for name, _ in written.failed] == ["a.wav", "quebrado.wav"]
    assert "orçamento de R$ 11,00" in written.failed[0][1]
    assert (written.spending[0].provider, written.spending[0].attempts) == ("Pago", 1)
    assert paid.closed == 1
