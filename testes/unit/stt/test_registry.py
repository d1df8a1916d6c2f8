"""Names of providers, as a person writes them, become the providers that were meant."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from balto_cli.errors import MissingKeyError, UsageError, WeightsError
from balto_cli.settings import Settings
from balto_cli.stt import registry
from balto_cli.stt.registry import ProviderContext, build, parse
from testes.doubles import FakeTranscriber


def settings(**values: Any) -> Settings:
    """Settings that no environment touches."""
    return Settings.model_construct(**values)


def keys(*providers: str) -> dict[str, SecretStr]:
    return {f"{provider}_key": SecretStr("sk-segredo") for provider in providers}


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
        ("ElevenLabs:scribe_v3", ("elevenlabs", "scribe_v3")),
        ("openai:Systran/faster-whisper-large-v3", ("openai", "Systran/faster-whisper-large-v3")),
    ],
)
def test_a_name_is_split_at_the_first_colon_only(name: str, meant: tuple[str, str | None]) -> None:
    assert parse(name) == meant


def test_an_unknown_provider_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"“elevenlab”.*local"):
        build(["elevenlab"], settings=settings(), cache_dir=tmp_path, say=print)


def test_an_unknown_size_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"“enorme”.*tiny.*large-v3"):
        build(["local:enorme"], settings=settings(), cache_dir=tmp_path, say=print)


def test_the_setting_names_the_weights_and_the_column_stays_local(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "meus pesos")
    said: list[str] = []
    (engine,) = build(["local"], settings=settings(whisper=str(folder)), cache_dir=tmp_path, say=said.append)
    assert engine.name == "Local"
    assert len(said) == 1
    assert str(folder) in said[0]
    assert "não conferido" in said[0]


def test_a_model_given_by_name_shows_in_the_column(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "farmacia-v2")
    (engine,) = build([f"local:{folder}"], settings=settings(), cache_dir=tmp_path, say=print)
    assert engine.name == "Local farmacia-v2"


def test_the_same_engine_asked_for_twice_is_built_once(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "a")
    engines = build(
        ["local", "local", f"local:{folder}"], settings=settings(whisper=str(folder)), cache_dir=tmp_path, say=print
    )
    assert [engine.name for engine in engines] == ["Local"]


def test_two_folders_with_one_name_would_share_a_column_and_are_refused(tmp_path: Path) -> None:
    first = folder_of_weights(tmp_path / "x", "pesos", b"1")
    second = folder_of_weights(tmp_path / "y", "pesos", b"2")
    with pytest.raises(UsageError, match="Local pesos"):
        build([f"local:{first}", f"local:{second}"], settings=settings(), cache_dir=tmp_path, say=print)


def test_other_weights_are_another_identity(tmp_path: Path) -> None:
    folders = [folder_of_weights(tmp_path, "a", b"1"), folder_of_weights(tmp_path, "b", b"2")]
    engines = build([f"local:{f}" for f in folders], settings=settings(), cache_dir=tmp_path, say=print)
    assert engines[0].identity["weights_sha256"] != engines[1].identity["weights_sha256"]


def test_a_folder_that_lacks_a_file_says_which(tmp_path: Path) -> None:
    folder = folder_of_weights(tmp_path, "a")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match=r"tokenizer\.json.*BALTO_WHISPER"):
        build(["local"], settings=settings(whisper=str(folder)), cache_dir=tmp_path, say=print)


def names_of(*asked: str, tmp_path: Path, say: Any = print, **values: Any) -> list[str]:
    return [one.name for one in build(asked, settings=settings(**values), cache_dir=tmp_path, say=say)]


def test_columns_are_spelt_as_the_workbooks_have_them(tmp_path: Path) -> None:
    asked = ("elevenlabs", "assemblyai", "deepgram", "gladia", "openai")
    spelt = ["ElevenLabs", "AssemblyAI", "Deepgram", "Gladia", "OpenAI"]
    assert names_of(*asked, tmp_path=tmp_path, **keys(*asked)) == spelt


def test_a_model_shows_only_where_two_of_one_provider_are_compared(tmp_path: Path) -> None:
    one = names_of("openai:gpt-transcribe", "deepgram", tmp_path=tmp_path, **keys("openai", "deepgram"))
    assert one == ["OpenAI", "Deepgram"]
    two = names_of("openai", "deepgram", "openai:gpt-transcribe", tmp_path=tmp_path, **keys("openai", "deepgram"))
    assert two == ["OpenAI whisper-1", "Deepgram", "OpenAI gpt-transcribe"]


def test_the_default_model_asked_for_by_name_is_the_same_provider(tmp_path: Path) -> None:
    assert names_of("deepgram", "deepgram:nova-3", "DEEPGRAM", tmp_path=tmp_path, **keys("deepgram")) == ["Deepgram"]


def test_a_provider_without_a_key_is_left_out_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    names = names_of("elevenlabs", "gladia", "openai", tmp_path=tmp_path, say=said.append, **keys("gladia"))
    assert names == ["Gladia"]
    assert [line.split()[0] for line in said] == ["elevenlabs", "openai"]
    assert "ELEVENLABS_API_KEY" in said[0]


def test_with_nobody_left_the_variables_to_set_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError, match=r"ELEVENLABS_API_KEY ou GLADIA_API_KEY"):
        names_of("elevenlabs", "gladia", "elevenlabs:scribe_v3", tmp_path=tmp_path)


def test_providers_of_one_command_share_their_connections_and_the_dollar(tmp_path: Path) -> None:
    built: list[Any] = build(
        ["deepgram", "gladia"],
        settings=settings(dolar=6.0, **keys("deepgram", "gladia")),
        cache_dir=tmp_path,
        say=print,
    )
    assert built[0]._pool is built[1]._pool
    assert {one._reais_per_dollar for one in built} == {6.0}


class Third:
    """What a third party's package may hold."""

    @staticmethod
    def good(context: ProviderContext, model: str | None) -> FakeTranscriber:
        assert isinstance(context.settings, Settings)
        return FakeTranscriber(name=f"Outro {model}")

    @staticmethod
    def broken(context: ProviderContext, model: str | None) -> FakeTranscriber:
        raise RuntimeError("sk-segredo")

    @staticmethod
    def half(context: ProviderContext, model: str | None) -> object:
        return object()


@pytest.fixture
def third_parties(monkeypatch: pytest.MonkeyPatch) -> None:
    value = f"{__name__}:Third."
    points = [EntryPoint(name, value + name, registry.PLUGINS) for name in ("good", "broken", "half")]
    points.append(EntryPoint("gone", "nao_existe_mesmo:f", registry.PLUGINS))
    points.append(EntryPoint("local", f"{value}broken", registry.PLUGINS))
    monkeypatch.setattr(registry, "_entry_points", lambda: points)


@pytest.mark.usefixtures("third_parties")
def test_a_third_party_provider_is_built_with_its_model(tmp_path: Path) -> None:
    assert names_of("good:grande", tmp_path=tmp_path) == ["Outro grande"]


@pytest.mark.usefixtures("third_parties")
@pytest.mark.parametrize("name", ["broken", "half", "gone"])
def test_a_third_party_provider_that_does_not_load_is_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"“{name}”.*") as caught:
        names_of(name, tmp_path=tmp_path)
    assert "segredo" not in str(caught.value)


@pytest.mark.usefixtures("third_parties")
def test_a_third_party_cannot_take_a_name_of_ours_and_is_listed_where_a_name_is_wrong(tmp_path: Path) -> None:
    assert "local" not in registry.plugin_names()
    with pytest.raises(UsageError, match=r"“outro”.*openai, local, broken, gone, good, half"):
        names_of("outro", tmp_path=tmp_path)
