"""A counter's own settings: what is accepted, and that what is wrong is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from balto_cli.errors import UsageError
from balto_cli.pipeline import PipelineConfig
from balto_cli.profile import load_profile, parse_profile


def test_what_is_not_in_the_file_keeps_its_default() -> None:
    config = parse_profile("# balcão 3\nclose_after_ms = 600\n", "balcao.toml")
    assert config.close_after_ms == 600
    assert config.open_threshold == PipelineConfig().open_threshold


def test_a_file_for_the_light_detector_begins_from_its_own_thresholds() -> None:
    config = parse_profile('detector = "leve"\nclose_after_ms = 600\n', "balcao.toml")
    assert config.open_threshold == PipelineConfig.leve().open_threshold


def test_leve_needs_no_file() -> None:
    assert load_profile("leve") == PipelineConfig.leve()


def test_a_whole_number_of_seconds_is_the_same_setting() -> None:
    assert parse_profile("max_length_s = 20", "b").as_dict() == PipelineConfig().as_dict()
    assert isinstance(parse_profile("max_length_s = 20", "b").max_length_s, float)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n# oi\nclose_aftr_ms = 300", "b.toml, linha 3: `close_aftr_ms` não é um parâmetro; será `close_after_ms`?"),
        ("reduction = 0.5\n[pipeline]\ndetector = 1", "b.toml, linha 2: `pipeline` não é um parâmetro"),
        ("\nreduction = 2", "b.toml, linha 2: `reduction` deve ser um número de 0 a 1, e não 2"),
        ("# reduction = 1\n\nreduction = true", "b.toml, linha 3: `reduction` deve ser um número"),
        ('reduction = 1\n"detector" = "foo"', "b.toml, linha 2: `detector` deve ser um de rede, leve"),
        ("keep_threshold = 0.9", "b.toml, linha 1: `keep_threshold` (0,9) não pode passar de `open_threshold`"),
        ("\nopen_threshold = 0.3", "b.toml, linha 2: `keep_threshold` (0,4) não pode passar"),
        ("open_threshold = 0.5\nkeep_threshold = 0.6\nstart_threshold = 0.4", "b.toml, linha 2 e 1: `keep_threshold`"),
        ("reduction = 0.5\nopen_threshold = 0,8", "b.toml, linha 2, coluna 19: número com vírgula"),
        ("reduction 1", "b.toml, linha 1, coluna 11: não é TOML"),
        ("\nreduction = ", "b.toml, linha 2"),
        ("reduction = 1\nreduction = 1\n", "b.toml, linha 2, coluna 14: este parâmetro aparece duas vezes"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_profile(text, "b.toml")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_from_notepad_is_read(tmp_path: Path) -> None:
    path = tmp_path / "balcão.toml"
    path.write_bytes(b"\xef\xbb\xbfclose_after_ms = 600\r\nreduction = 0\r\n")
    assert load_profile(str(path)).close_after_ms == 600


@pytest.mark.parametrize(
    ("data", "said"),
    [(None, "Não encontrei o perfil"), (b"\xff\xfea\0", "não é texto UTF-8"), (b"#" * 100_000, "grande demais")],
)
def test_what_is_no_profile_is_one_sentence(tmp_path: Path, data: bytes | None, said: str) -> None:
    path = tmp_path / "perfil.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UsageError, match=said):
        load_profile(str(path))
