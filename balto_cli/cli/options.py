"""Arguments and options that several commands share, and what they turn into."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from balto_cli.cli.console import say
from balto_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
        help="Provedor, várias vezes para comparar: elevenlabs, assemblyai, deepgram, gladia, openai, local; com "
        "modelo: openai:gpt-4o-transcribe, local:small, local:PASTA. Sem isto, os de BALTO_PROVIDERS.",
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
Orcamento = Annotated[
    str | None,
    typer.Option(
        "--orcamento",
        metavar="REAIS",
        help="Não gasta mais do que isto, em reais, nesta execução: 12,50.",
        show_default=False,
    ),
]
Refazer = Annotated[bool, typer.Option("--refazer", help="Pergunta de novo o que já foi respondido.")]
SemTermos = Annotated[
    bool,
    typer.Option(
        "--sem-termos",
        help="Não diz aos provedores que nomes de remédios esperar (onde aceitam; lá isso custa um pouco mais).",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Só diz quanto há para transcrever e o que custaria em cada provedor; não precisa de chave."
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


def build_providers(
    names: Sequence[str] | None, settings: Settings, *, speakers: bool = False, terms: bool = True
) -> tuple[Transcriber, ...]:
    """The providers asked for by name, or those of the settings; says what a person should know of them.

    With `terms` they expect the catalogue's medicine names, where they can.
    Raises `UsageError` for one that cannot tell who speaks where `speakers` asks for it.
    """
    from balto_cli.settings import cache_folder
    from balto_cli.stt.expecting import expecting_medicines
    from balto_cli.stt.registry import build

    built = build(names or settings.providers, settings=settings, cache_dir=cache_folder(), say=say, speakers=speakers)
    for provider in built:
        if speakers and not provider.capabilities.speakers:
            raise UsageError(
                f"{provider.name} não distingue quem fala: tire --falantes ou escolha outro provedor (na OpenAI, o "
                "modelo openai:gpt-4o-transcribe-diarize)."
            )
    return tuple(expecting_medicines(provider) for provider in built) if terms else tuple(built)


def read_reais(text: str | None) -> float | None:
    """An amount as a person writes it: 12, 12,50, 12.50, 1.234,50, with or without R$. Raises `UsageError`."""
    if text is None:
        return None
    amount = text.strip().removeprefix("R$").strip()
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+", amount):
        either = f"{amount.replace('.', '')} ou {amount.replace('.', ',')}"
        raise UsageError(f"Valor ambíguo para --orcamento: {amount} pode ser {either}; escreva um dos dois.")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]+|[0-9]+([.,][0-9]+)?", amount):
        raise UsageError(f"Valor inválido para --orcamento: {text} não é uma quantia em reais, como 12,50.")
    if "," in amount:
        amount = amount.replace(".", "").replace(",", ".")
    return float(amount)


def number(low: float, high: float) -> Callable[[str], float]:
    """What reads a number that a person writes with a comma or a point, and refuses others."""

    def read(written: str | float) -> float:
        text = str(written).strip()
        if not re.fullmatch(r"-?[0-9]+([.,][0-9]+)?", text):
            raise typer.BadParameter("não é um número, como 1,5.")
        value = float(text.replace(",", "."))
        if not low <= value <= high:
            raise typer.BadParameter(f"vai de {f'{low:g} a {high:g}'.replace('.', ',')}.")
        return value

    return read


def build_config(perfil: str | None, settings: Settings) -> PipelineConfig:
    """The pipeline's settings: the profile asked for, else that of the settings, else the defaults."""
    from balto_cli.pipeline import PipelineConfig
    from balto_cli.profile import load_profile

    choice = perfil or settings.perfil
    return load_profile(choice) if choice else PipelineConfig()
