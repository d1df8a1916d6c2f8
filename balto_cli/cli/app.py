"""The `balto` command: its subcommands, how it ends, and in which words it refuses.

Exit codes: 0 all done, 1 some inputs failed (each named), 2 the person's mistake, 3 a `--fail-if` holds, 130
interrupted (and resumable). Nothing heavy is imported here: `balto --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from balto_cli import __version__
from balto_cli.cli.admin import admin
from balto_cli.cli.backup import backup, restore
from balto_cli.cli.catalog import catalog
from balto_cli.cli.compare import compare
from balto_cli.cli.console import print_error, use_utf8
from balto_cli.cli.doctor import doctor
from balto_cli.cli.keys import keys
from balto_cli.cli.language import Command, Group, complaint
from balto_cli.cli.ouvir import ouvir
from balto_cli.cli.report import report
from balto_cli.cli.segment import segment
from balto_cli.cli.serve import serve
from balto_cli.cli.suggest import suggest
from balto_cli.cli.transcribe import transcribe
from balto_cli.errors import BaltoError, OutputError, ProviderError

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

app = typer.Typer(
    cls=Group,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(cls=Command)(compare)
app.command(cls=Command)(transcribe)
app.command(cls=Command)(segment)
app.command(cls=Command)(report)
app.command(cls=Command)(serve)
app.command(cls=Command)(ouvir)
app.command(cls=Command)(doctor)
app.command(cls=Command)(suggest)
app.command(cls=Command)(backup)
app.command(cls=Command)(restore)
app.add_typer(catalog, name="catalog")
app.add_typer(keys, name="keys")
app.add_typer(admin, name="admin")


@app.callback(invoke_without_command=True)
def balto(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Mostra a versão e sai.")] = False,
) -> None:
    """Balto ouve o balcão da farmácia e compara provedores de transcrição."""
    if version:
        typer.echo(f"balto {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line and end the process with its exit code."""
    use_utf8()
    code = _run()
    if code == EXIT_INTERRUPTED:
        print_error(_interrupted(next((word for word in sys.argv[1:] if not word.startswith("-")), "")))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # Whoever read our output is gone (`balto … | head`): nothing is left to say to them.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if code == EXIT_INTERRUPTED:
        # A speech engine in the middle of a file cannot be interrupted, and an ordinary exit would wait for it.
        os._exit(code)
    sys.exit(code)


def _interrupted(command: str) -> str:
    if command == "compare":
        return "Interrompido: repita o mesmo comando para continuar; o que já foi respondido está guardado."
    if command == "transcribe":
        return (
            "Interrompido: repita o mesmo comando para continuar; com --output, o que já foi respondido está guardado."
        )
    return "Interrompido."


def _run() -> int:
    try:
        result = app(standalone_mode=False)
    except typer.TyperException as error:
        print_error(complaint(error))
        return EXIT_USAGE
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except (OutputError, ProviderError) as error:
        print_error(str(error))
        return EXIT_FAILED
    except BaltoError as error:
        print_error(str(error))
        return EXIT_USAGE
    except BrokenPipeError:
        return 0
    return result if isinstance(result, int) else 0
