"""Names of providers, as a person writes them, become the engines that were meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from balto_cli.errors import UsageError, WeightsError
from balto_cli.stt.registry import build, parse

if TYPE_CHECKING:
    from pathlib import Path


def folder_of_weights(parent: Path, name: str, content: bytes = b"pesos") -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    for file in ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"):
        (folder / file).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("local", ("local", None)),
        (" Local ", ("local", None)),
        ("local:", ("local", None)),
        ("local:small", ("local", "small")),
        ("local:/dados/meus pesos", ("local", "/dados/meus pesos")),
        ("local:C:\\w", ("local", "C:\\w")),
    ],
)
def test_a_name_is_split_at_the_first_colon_only(name: str, meant: tuple[str, str | None]) -> None:
    assert parse(name) == meant


def test_an_unknown_provider_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"“elevenlab”.*local"):
        build(["elevenlab"], whisper=None, cache_dir=tmp_path, say=print)


def test_an_unknown_size_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"“enorme”.*tiny.*large-v3"):
        build(["local:enorme"], whisper=None, cache_dir=tmp_path, say=print)


def test_the_setting_names_the_weights_and_the_column_stays_local(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "meus pesos")
    said: list[str] = []
    (engine,) = build(["local"], whisper=str(folder), cache_dir=tmp_path, say=said.append)
    assert engine.name == "Local"
    assert len(said) == 1
    assert str(folder) in said[0]
    assert "não conferido" in said[0]


def test_a_model_given_by_name_shows_in_the_column(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "farmacia-v2")
    (engine,) = build([f"local:{folder}"], whisper=None, cache_dir=tmp_path, say=print)
    assert engine.name == "Local farmacia-v2"


def test_the_same_engine_asked_for_twice_is_built_once(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "a")
    engines = build(["local", "local", f"local:{folder}"], whisper=str(folder), cache_dir=tmp_path, say=print)
    assert [engine.name for engine in engines] == ["Local"]


def test_two_folders_with_one_name_would_share_a_column_and_are_refused(tmp_path: Path) -> None:
    first = folder_of_weights(tmp_path / "x", "pesos", b"1")
    second = folder_of_weights(tmp_path / "y", "pesos", b"2")
    with pytest.raises(UsageError, match="Local pesos"):
        build([f"local:{first}", f"local:{second}"], whisper=None, cache_dir=tmp_path, say=print)


def test_other_weights_are_another_identity(tmp_path: Path) -> None:
    folders = [folder_of_weights(tmp_path, "a", b"1"), folder_of_weights(tmp_path, "b", b"2")]
    engines = build([f"local:{f}" for f in folders], whisper=None, cache_dir=tmp_path, say=print)
    assert engines[0].identity["weights_sha256"] != engines[1].identity["weights_sha256"]


def test_a_folder_that_lacks_a_file_says_which(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "a")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"tokenizer\.json.*BALTO_WHISPER"):
        build(["local"], whisper=str(folder), cache_dir=tmp_path, say=print)
