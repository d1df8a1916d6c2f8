"""Arguments and options that several commands share, and what they turn into."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import say
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from balto_cli.audio.inputs import Inputs
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.settings import Settings
    from balto_cli.stt.base import Transcriber

Entrada = Annotated[
    list[str],
    typer.Argument(
        metavar="ENTRADA", help="Arquivos e pastas de áudio ou vídeo; `-` é a entrada padrão.", show_default=False
    ),
]
Provider = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        metavar="P[:MODELO]",
        help="Provedor, várias vezes para comparar: local, local:small, local:PASTA.",
    ),
]
Perfil = Annotated[
    str | None,
    typer.Option(
        "--perfil",
        metavar="ARQUIVO|leve",
        help="Parâmetros do pipeline em TOML, ou o perfil leve, sem rede neural; vence BALTO_PERFIL.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Resultado em JSON na saída padrão.")]


@contextlib.contextmanager
def opened_inputs(entrada: Sequence[str]) -> Iterator[Inputs]:
    """The recordings that ENTRADA names; standard input, where named, is a file for as long as this lasts."""
    from balto_cli.audio.decode import spooled_stdin
    from balto_cli.audio.inputs import STDIN, InputFile, Inputs, find_inputs

    if "" in entrada:
        raise UsageError("ENTRADA vazia: diga o arquivo ou a pasta (para a pasta atual, um ponto).")
    inputs = find_inputs([Path(path) for path in entrada if path != STDIN])
    if line := inputs.passed_over_line:
        say(line)
    with contextlib.ExitStack() as stack:
        if STDIN in entrada:
            spooled = stack.enter_context(spooled_stdin(sys.stdin.buffer))
            inputs = Inputs((*inputs.files, InputFile(spooled, "entrada padrão", "entrada")), inputs.passed_over)
        if not inputs.files:
            raise UsageError("Nenhuma gravação em ENTRADA: ponha os áudios na pasta ou confira o caminho.")
        yield inputs


def read_settings() -> Settings:
    """The settings of the environment and `.env`; names what begins with `BALTO_` and means nothing."""
    from balto_cli.settings import load_settings, unknown_names

    settings = load_settings()
    for name in unknown_names():
        say(f"Aviso: {name} não significa nada para o Balto; confira a grafia.")
    return settings


def build_providers(names: Sequence[str] | None, settings: Settings) -> tuple[Transcriber, ...]:
    """The providers asked for by name, or those of the settings; says what a person should know of them."""
    from balto_cli.settings import cache_folder
    from balto_cli.stt.registry import build

    return tuple(build(names or settings.providers, whisper=settings.whisper, cache_dir=cache_folder(), say=say))


def build_config(perfil: str | None, settings: Settings) -> PipelineConfig:
    """The pipeline's settings: the profile asked for, else that of the settings, else the defaults."""
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.profile import load_profile

    choice = perfil or settings.perfil
    return load_profile(choice) if choice else PipelineConfig()
