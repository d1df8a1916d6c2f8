"""What a run's folder keeps is enough to judge it again, and a folder that is none says so in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.audio.pcm import Pcm
from balto_cli.errors import Failure, ProviderError, UsageError
from balto_cli.evaluation.analysis import analyse
from balto_cli.evaluation.findings import Part
from balto_cli.evaluation.gathering import gather
from balto_cli.evaluation.run import Request
from balto_cli.evaluation.run_folder import load_run
from balto_cli.evaluation.session import Session, run_session
from balto_cli.pipeline import PipelineConfig
from testes.doubles import FakeTranscriber, Silent
from testes.gravacoes import speech


def session(folder: Path, output: Path) -> Session:
    def sometimes(audio: Pcm) -> str:
        if len(audio) % 3 == 0:
            raise ProviderError("fora do ar", kind=Failure.SERVER)
        return "bom dia pode falar"

    files = find_inputs([folder]).files
    known = gather(files, Silent())
    providers = (
        FakeTranscriber("Bom", answer=lambda _: "bom dia pode falar"),
        FakeTranscriber("Ruim", answer=sometimes),
    )
    request = Request(files, known.references, providers, PipelineConfig(reduction=0.0), facts=known.facts)
    return run_session(request, output, Silent())


@pytest.fixture
def ended(tmp_path: Path) -> Session:
    folder = tmp_path / "entrada"
    folder.mkdir()
    (folder / "a.wav").write_bytes(speech(5))
    (folder / "b.wav").write_bytes(speech(4))
    (folder / "c.wav").write_bytes(b"RIFF nada")
    (folder / "a.txt").write_text("Bom dia, pode falar.", "utf-8")
    (folder / "tabela.csv").write_text("arquivo;loja;referência\nb.wav;Centro;bom dia pode falar moça\n", "utf-8")
    return session(folder, tmp_path / "saida")


def test_a_run_read_back_says_what_it_said_before_it_was_closed(ended: Session) -> None:
    before = analyse(ended.stored_run())
    assert before.comparison == ended.comparison
    assert ended.close() is None
    after = analyse(load_run(ended.folder.path))
    assert after.comparison == before.comparison
    assert after.parts == before.parts
    assert after.cutting == before.cutting
    assert after.details == {"b.wav": {"loja": "Centro"}}
    assert after.audio["a.wav"].endswith("a.wav")
    assert after.run.made_by == after.run.judged_by
    assert {one.reason for one in after.parts[Part.ORIGINALS].coverage.left_out} >= {"sem áudio"}


def test_a_run_may_be_named_by_its_manifest(ended: Session) -> None:
    ended.close()
    assert load_run(ended.folder.path / "execucao.json").header.name == ended.folder.path.name


def test_results_for_people_hold_texts_and_states_of_every_segment(ended: Session) -> None:
    ended.close()
    results = json.loads((ended.folder.path / "resultados.json").read_text("utf-8"))
    assert [file["arquivo"] for file in results["arquivos"]] == ["a.wav", "b.wav", "c.wav"]
    assert results["arquivos"][0]["originais"]["Bom"]["wer"] == 0.0
    assert len(results["arquivos"][0]["segmentos"]) == len(ended.comparison.files[0].segments)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "execucao.json").unlink(), "não é uma execução"),
        (lambda folder: (folder / "execucao.json").write_text("{"), "está danificada"),
        (lambda folder: (folder / "execucao.json").write_text("[]"), "está danificada"),
        (lambda folder: (folder / "arquivos.jsonl").unlink(), "está danificada"),
        (lambda folder: (folder / "arquivos.jsonl").write_text('{"arquivo": "a.wav"}\n'), "está danificada"),
        (lambda folder: (folder / "respostas.jsonl").write_text("3\n"), "está danificada"),
        (lambda folder: (folder / "respostas.jsonl").write_bytes(b"\xff\xfe"), "está danificada"),
        (lambda folder: change(folder, formato=99), "Balto mais novo"),
        (lambda folder: change(folder, formato=1), "Balto antigo"),
        (lambda folder: change(folder, fim=None), "não terminou"),
        (lambda folder: change(folder, inicio="ontem"), "está danificada"),
    ],
)
def test_a_folder_that_is_no_finished_run_says_so_in_one_sentence(ended: Session, spoil, says: str) -> None:  # type: ignore[no-untyped-def]
    ended.close()
    spoil(ended.folder.path)
    with pytest.raises(UsageError, match=says) as raised:
        load_run(ended.folder.path)
    assert str(raised.value).count("\n") == 0
    assert str(raised.value).endswith(".")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Não encontrei"):
        load_run(tmp_path / "nada")


def change(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "execucao.json").read_text("utf-8"))
    (folder / "execucao.json").write_text(json.dumps({**manifest, **values}), "utf-8")
