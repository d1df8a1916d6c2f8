"""Whatever lies in the folder ends as one row or one sentence, and harms no other file."""

from __future__ import annotations

import pytest

from balto_cli.audio.inputs import find_inputs
from balto_cli.pipeline import PipelineConfig
from balto_cli.reports.segment_files import write_segments
from testes.doubles import Silent
from testes.gravacoes import OddFile, odd_files, said_of_each


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was said of each file when all of them lie in one folder."""
    folder = tmp_path_factory.mktemp("entrada")
    for odd in odd_files():
        odd.make(folder / odd.name)
    (folder / "secreto.wav").write_bytes(b"nobody may read this through another file")
    inputs = find_inputs([folder])
    written = write_segments(inputs.files, tmp_path_factory.mktemp("saida"), PipelineConfig(), Silent())
    return said_of_each(written, {file.name for file in inputs.files})


def test_there_are_at_least_forty_of_them() -> None:
    assert len(odd_files()) >= 40


@pytest.mark.parametrize("odd", odd_files(), ids=lambda odd: odd.name[:40])
def test_an_odd_file_gets_its_own_sentence(odd: OddFile, results: dict[str, str]) -> None:
    said = results[odd.name]
    assert odd.said in said
    assert ("segmento" in said) == odd.segments or odd.name == "ruido.wav"
    assert "\n" not in said
    assert "Traceback" not in said
    assert "secreto" not in said
