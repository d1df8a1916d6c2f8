"""Which files are worked on, what they are called, and what is passed over."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from balto_cli.audio.inputs import find_inputs, segment_name
from balto_cli.errors import UsageError
from testes.gravacoes import ENTRADA, speech


def put(folder: Path, *names: str, data: bytes | None = None) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(speech(0.2) if data is None else data)


def stems(*entradas: Path) -> dict[str, str]:
    return {file.name: file.stem for file in find_inputs(entradas).files}


def test_the_shipped_folder_holds_twelve_recordings() -> None:
    inputs = find_inputs([ENTRADA])
    assert len(inputs.files) == 12
    assert inputs.passed_over == {"texto": 1}


def test_names_are_relative_to_the_folder_and_reach_into_subfolders(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "loja 2/balcão/b.mp3")
    assert stems(tmp_path) == {"a.wav": "a", "loja 2/balcão/b.mp3": "loja 2/balcão/b"}


def test_two_endings_of_one_name_keep_their_endings(tmp_path: Path) -> None:
    put(tmp_path, "a.wav", "a.mp3", "b.wav")
    assert stems(tmp_path) == {"a.mp3": "a.mp3", "a.wav": "a.wav", "b.wav": "b"}
    assert segment_name("a.wav", 0) == "a.wav_seg_000.wav"


def test_names_that_differ_in_case_or_unicode_form_alone_never_share_a_segment(tmp_path: Path) -> None:
    composed, decomposed = unicodedata.normalize("NFC", "é.wav"), unicodedata.normalize("NFD", "é.wav")
    put(tmp_path, composed, decomposed, "A.wav", "a.wav", "a.mp3", "a.wav.mp3")
    made = stems(tmp_path)
    assert len(made) == 6
    assert len({unicodedata.normalize("NFC", stem).casefold() for stem in made.values()}) == 6


def test_the_same_name_in_two_folders_gets_the_folder_before_it(tmp_path: Path) -> None:
    put(tmp_path, "loja1/a.wav", "loja2/a.wav")
    assert set(stems(tmp_path / "loja1", tmp_path / "loja2")) == {"a.wav", "loja2/a.wav"}


def test_a_file_named_twice_is_one_input(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    assert list(stems(tmp_path, tmp_path / "a.wav")) == ["a.wav"]


def test_hidden_and_system_files_are_not_even_counted(tmp_path: Path) -> None:
    put(tmp_path, ".a.wav", "._b.wav", "~$c.wav", "Thumbs.db", ".git/d.wav")
    assert find_inputs([tmp_path]).files == ()
    assert find_inputs([tmp_path]).passed_over_line is None


def test_what_is_no_recording_is_counted_in_one_line(tmp_path: Path) -> None:
    put(tmp_path, "a.md", "b.csv", data=b"texto")
    put(tmp_path, "c.zip", data=b"PK\x03\x04")
    line = find_inputs([tmp_path]).passed_over_line
    assert line is not None
    assert "2 de texto" in line
    assert "1 de documento" in line


def test_a_file_named_one_by_one_is_an_input_whatever_it_is(tmp_path: Path) -> None:
    put(tmp_path, "a.md", data=b"texto")
    assert list(stems(tmp_path / "a.md")) == ["a.md"]


def test_a_path_that_does_not_exist_is_the_persons_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Não encontrei"):
        find_inputs([tmp_path / "nada"])


def test_a_name_too_long_for_its_segments_is_shortened(tmp_path: Path) -> None:
    name = "é" * 124 + ".wav"
    put(tmp_path, name)
    assert len(segment_name(stems(tmp_path)[name], 12_345).encode()) <= 255


def test_a_name_that_is_no_valid_text_is_shown_with_marks(tmp_path: Path) -> None:
    name = b"a\xff.wav".decode("utf-8", "surrogateescape")
    put(tmp_path, name)
    assert list(stems(tmp_path)) == ["a\ufffd.wav"]
