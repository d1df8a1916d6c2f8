"""Help and complaints of the command-line parser in Portuguese; its own texts are English and cannot be configured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer.core

if TYPE_CHECKING:
    import typer

_HELP = (
    ("Usage:", "Uso:"),
    ("[OPTIONS]", "[OPÇÕES]"),
    ("COMMAND [ARGS]...", "COMANDO [ARGUMENTOS]..."),
    ("{ENTRADA}...", "ENTRADA..."),
    ("{RUN}...", "RUN..."),
    (" <list[str]>", " " * len(" <list[str]>")),
    ("Arguments:", "Argumentos:"),
    ("Options:", "Opções:"),
    ("Commands:", "Comandos:"),
    ("Show this message and exit.", "Mostra esta ajuda e sai."),
    ("  [required]", ""),
)
_DEFAULT = re.compile(r"\[default:(\s+)")
_SEE_HELP = "Veja `balto --help`."


class Group(typer.core.TyperGroup):
    """A group of commands whose help is Portuguese."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """Help of the group."""
        return _translated(super().get_help(ctx))


class Command(typer.core.TyperCommand):
    """A command whose help is Portuguese."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """Help of the command."""
        return _translated(super().get_help(ctx))


def complaint(error: typer.TyperException) -> str:
    """What the parser did not understand, in one sentence."""
    kind, option = type(error).__name__, getattr(error, "option_name", "")
    if kind == "NoSuchOption":
        return f"Opção desconhecida: {option}. {_SEE_HELP}"
    if kind == "BadOptionUsage":
        return f"A opção {option} precisa de um valor. {_SEE_HELP}"
    parameter = getattr(error, "param", None)
    name = (parameter.metavar if parameter.param_type_name == "argument" else parameter.opts[0]) if parameter else ""
    if kind == "MissingParameter":
        return f"Falta {name}. {_SEE_HELP}"
    if kind == "BadParameter":
        why = error.message.removeprefix("Value error, ").replace("is not one of", "não é um de")
        return f"Valor inválido para {name}: {why} {_SEE_HELP}"
    if found := re.match(r"No such command '(.*?)'", error.message):
        return f"Comando desconhecido: {found.group(1)}. {_SEE_HELP}"
    return f"Não entendi o comando: {error.message} {_SEE_HELP}"


def _translated(text: str) -> str:
    for english, portuguese in _HELP:
        text = text.replace(english, portuguese)
    return _DEFAULT.sub(r"[padrão:\1", text)
