"""Help and complaints of the command-line parser in Portuguese; its own texts are English and cannot be configured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import typer.core

if TYPE_CHECKING:
    import typer

_HELP = (
    ("Usage:", "Uso:"),
    ("[OPTIONS]", "[OPÇÕES]"),
    ("COMMAND [ARGS]...", "COMANDO [ARGUMENTOS]..."),
    (" <int range>", " NÚMERO     "),
    ("Arguments:", "Argumentos:"),
    ("Options:", "Opções:"),
    ("Show this message and exit.", "Mostra esta ajuda e sai."),
    ("  [required]", ""),
)
_DEFAULT = re.compile(r"\[default:(\s+)")
_REQUIRED = re.compile(r"\{([^{}]+)\}")
_OPTIONAL_TWICE = re.compile(r"\[\[([^\[\]]+)\]\]")
_ARGUMENT = re.compile(r"^(  \[?\w+\]?) <(?:str|path|list\[str\])>", re.MULTILINE)
_REFUSALS = (
    ("^Value error, ", ""),
    ("is not one of", "não é um de"),
    ("^Input should be a valid integer.*", "não é um número inteiro."),
    (r"^Input should be less than or equal to (.*)", r"o máximo é \1."),
    (r"^Input should be greater than or equal to (.*)", r"o mínimo é \1."),
)
_WHOLE = 1000


class Group(typer.core.TyperGroup):
    """A group of commands whose help is Portuguese."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """Help of the group."""
        return _translated(super().get_help(ctx))

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """The commands, each with its whole first sentence: the parser's own list cuts it to one line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(_WHOLE)) for name, command in commands if command]
        with formatter.section("Comandos"):
            formatter.write_dl(rows)


class Command(typer.core.TyperCommand):
    """A command whose help is Portuguese."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]
        """Help of the command."""
        return _translated(super().get_help(ctx))


def complaint(error: typer.TyperException) -> str:
    """What the parser did not understand, in one sentence; of a group without a command, its help."""
    kind, option = type(error).__name__, getattr(error, "option_name", "")
    if kind == "NoArgsIsHelpError":
        return error.message
    see_help = f"Veja `{_command(error)} --help`."
    if kind == "NoSuchOption":
        return f"Opção desconhecida: {option}. {see_help}"
    if kind == "BadOptionUsage":
        return f"A opção {option} precisa de um valor. {see_help}"
    parameter = getattr(error, "param", None)
    name = (parameter.metavar if parameter.param_type_name == "argument" else parameter.opts[0]) if parameter else ""
    if kind == "MissingParameter":
        return f"Falta {name}. {see_help}"
    if kind == "BadParameter":
        return f"Valor inválido para {name}: {_refusal(error.message)} {see_help}"
    if found := re.match(r"No such command '(.*?)'", error.message):
        return f"Comando desconhecido: {found.group(1)}. {see_help}"
    if found := re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message):
        return f"Argumento a mais: {found.group(1)} (um nome com espaços vai entre aspas). {see_help}"
    return f"Não entendi o comando: {error.message} {see_help}"


def _command(error: typer.TyperException) -> str:
    """The command that was asked for, as a person types it."""
    context, names = getattr(error, "ctx", None), []
    while context is not None and context.parent is not None:
        names.append(context.info_name)
        context = context.parent
    return " ".join(["balto", *reversed(names)])


def _refusal(message: str) -> str:
    for english, portuguese in _REFUSALS:
        message = re.sub(english, portuguese, message)
    return message


def _translated(text: str) -> str:
    for english, portuguese in _HELP:
        text = text.replace(english, portuguese)
    text = _ARGUMENT.sub(lambda found: found[1] + " " * (len(found[0]) - len(found[1])), text)
    text = _OPTIONAL_TWICE.sub(r"[\1]", _REQUIRED.sub(r"\1", text))
    return _DEFAULT.sub(r"[padrão:\1", text)
